# shellcheck shell=bash
# Lays out what a package installs, in a folder as it will be on the system. Sourced by scripts/release.

# lay_out BIN ROOT: programs from BIN, and all that belongs to them, below ROOT. BIN also has `manual`, which
# writes the pages and is not shipped.
lay_out() {
    local bin=$1 root=$2 program file
    rm -rf "$root"
    mkdir -p "$root"/usr/lib/football-bot/programs "$root"/usr/lib/{sysusers.d,tmpfiles.d} "$root"/etc/football-bot \
        "$root"/usr/share/{bash-completion/completions,zsh/vendor-completions,fish/vendor_completions.d,doc/football-bot,lintian/overrides}
    for program in orchestrator health sandbox step1 step2 step3 step4 step5 step6; do
        install -m 755 "$bin/$program" "$root/usr/lib/football-bot/programs/$program"
        strip --strip-all "$root/usr/lib/football-bot/programs/$program"
    done
    install -m 755 scripts/deploy_service.sh "$root/usr/lib/football-bot/programs/deploy_service.sh"
    install -m 644 scripts/deploy_{account,doctor,install}.sh "$root/usr/lib/football-bot/"
    install -m 755 packaging/football-bot "$root/usr/lib/football-bot/football-bot"
    install -m 644 packaging/football-bot.sysusers "$root/usr/lib/sysusers.d/football-bot.conf"
    install -m 644 packaging/football-bot.tmpfiles "$root/usr/lib/tmpfiles.d/football-bot.conf"
    install -m 644 packaging/lintian-overrides "$root/usr/share/lintian/overrides/football-bot"
    scripts/deploy_service.sh configuration >"$root/etc/football-bot/football-bot.toml"
    for file in README.md docs/*.md football-bot.toml; do
        install -m 644 "$file" "$root/usr/share/doc/football-bot/"
    done
    gzip -9n <CHANGELOG.md >"$root/usr/share/doc/football-bot/changelog.gz"
    mkdir -p "$root/../units"
    install -m 644 packaging/*.service "$root/../units/"
    local manual=$bin/manual
    "$manual" pages "$root/usr/share/man"
    gzip -9nf "$root"/usr/share/man/man1/*.1
    local made=$root/../completions
    "$manual" completions "$made"
    install -m 644 "$made/football-bot.bash" "$root/usr/share/bash-completion/completions/football-bot"
    install -m 644 "$made/_football-bot" "$root/usr/share/zsh/vendor-completions/_football-bot"
    install -m 644 "$made/football-bot.fish" "$root/usr/share/fish/vendor_completions.d/football-bot.fish"
    "$manual" parts >"$root/usr/share/doc/football-bot/parts.cdx.json"
    gzip -9nf "$root/usr/share/doc/football-bot/parts.cdx.json"
}

# need_cargo_deb: cargo-deb, below target/tools where it is not installed; a minute and a half, once.
need_cargo_deb() {
    CARGO_DEB=${CARGO_DEB:-$(command -v cargo-deb || true)}
    if [ -z "$CARGO_DEB" ]; then
        CARGO_DEB=$PWD/target/tools/bin/cargo-deb
        if [ ! -x "$CARGO_DEB" ]; then
            say "cargo-deb is missing; building it (once) …"
            cargo install --quiet --locked --version '^3.8' --root target/tools --target-dir target/tools/build cargo-deb
            rm -rf target/tools/build
        fi
    fi
}

# make_deb VERSION OUTPUT [OPTION]…: the package, from what lay_out laid out.
make_deb() {
    need_cargo_deb
    mkdir -p "$2"
    # What Debian calls a changelog has a form of its own; ours lies beside it.
    printf 'football-bot (%s) unstable; urgency=medium\n\n  * What is new: changelog.gz beside this file.\n\n -- %s  %s\n' \
        "$1" 'Football Bot maintainers <maintainers@football-bot.invalid>' "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" |
        gzip -9n >target/package/root/usr/share/doc/football-bot/changelog.Debian.gz
    "$CARGO_DEB" --quiet --no-build --no-strip --package manual --deb-version "$1" --output "$2" "${@:3}"
}
