# shellcheck shell=bash
# `deploy_service.sh install|upgrade|uninstall|configuration`: what is put in place, changed for other programs,
# and taken away again. Sourced by it.

# Sets BIN_DIR to a folder with all programs, building them if none is named.
programs() {
    local program root
    root=$(cd "$HERE/.." && pwd)
    if [ -z "$BIN_DIR" ]; then
        [ -f "$root/Cargo.toml" ] || die 64 "there is no source here to build: name the programs with --bin-dir DIR"
        BIN_DIR=$root/target/release
        local build='cargo build --release --locked --quiet --bins'
        say "Building (the first time takes a few minutes) …"
        if [ -n "$DRY" ]; then
            say "would: $build"
        elif [ "$(id -u)" = 0 ] && [ -n "${SUDO_USER-}" ] && [ "$SUDO_USER" != root ]; then
            # Not as root: root has no toolchain, and the build folder should stay its owner's.
            runuser -u "$SUDO_USER" -- bash -lc "cd $(printf %q "$root") && $build" ||
                die 69 "the build failed; build it yourself and name the programs: --bin-dir $BIN_DIR"
        elif command -v cargo >/dev/null; then
            (cd "$root" && $build) || die 69 "the build failed"
        else
            die 69 "Rust is missing: get it from https://rustup.rs, or name programs that are built: --bin-dir DIR"
        fi
    fi
    # Without a build there is nothing to look at.
    [ -z "$DRY" ] || [ -x "$BIN_DIR/${PROGRAMS[0]}" ] || return 0
    local first='' version
    for program in "${PROGRAMS[@]}"; do
        [ -x "$BIN_DIR/$program" ] || die 69 "\`$BIN_DIR/$program\` is no program; --bin-dir must have all of: ${PROGRAMS[*]}"
        version=$("$BIN_DIR/$program" --version) || die 69 "\`$BIN_DIR/$program --version\` fails on this system"
        version=${version#* }
        first=${first:-$version}
        [ "$version" = "$first" ] || die 69 "$program is of another build ($version) than ${PROGRAMS[0]} ($first)"
    done
    VERSION=$first
}

# Puts the programs and what belongs to them into a folder of their own, named by what they are; sets RELEASE.
stage() {
    if [ -n "$DRY" ]; then
        RELEASE=$DESTDIR$LIB/releases/VERSION
        say "would: copy ${#PROGRAMS[@]} programs to $RELEASE"
        return
    fi
    # Back to one that is still here.
    case $BIN_DIR in "$DESTDIR$LIB"/releases/*) RELEASE=$BIN_DIR; return ;; esac
    local sum file
    sum=$(cd "$BIN_DIR" && cat "${PROGRAMS[@]}" "$(support $UNIT)" | sha256sum | cut -c1-8)
    RELEASE=$DESTDIR$LIB/releases/$(printf '%s' "$VERSION" | tr -d '()' | tr -cs 'A-Za-z0-9.' -)-$sum
    [ ! -d "$RELEASE" ] || return 0
    mkdir -p "$DESTDIR$LIB/releases"
    local new
    new=$(mktemp -d "$DESTDIR$LIB/releases/.new.XXXXXX")
    chmod 755 "$new"
    for file in "${PROGRAMS[@]}"; do install -m 755 "$BIN_DIR/$file" "$new/$file"; done
    install -m 755 "$HERE/deploy_service.sh" "$new/deploy_service.sh"
    install -m 644 "$HERE"/deploy_{account,doctor,install}.sh "$new/"
    sed "s|^lib=.*|lib=$CURRENT|" "$(support $NAME)" >"$new/$NAME"
    chmod 755 "$new/$NAME"
    for file in "$UNIT" "$NAME-serve.service" "$NAME.sysusers" "$NAME.tmpfiles"; do
        sed "s|/usr/lib/$NAME/|$CURRENT/|g" "$(support "$file")" >"$new/$file"
        chmod 644 "$new/$file"
    done
    default_configuration >"$new/$NAME.toml"
    chmod 644 "$new/$NAME.toml"
    mv -T "$new" "$RELEASE"
}

# The annotated configuration with every setting commented out, so that a later default is not shut out.
default_configuration() {
    local annotated=$HERE/../football-bot.toml
    [ -f "$annotated" ] || annotated=/usr/share/doc/$NAME/football-bot.toml
    if [ -f "$annotated" ] && [ ! -f "$HERE/$NAME.toml" ]; then
        awk '/^\[\[/ { list = 1 } /^\[[^[]/ { list = 0 }
             /^#/ || /^$/ || (/^\[/ && !list) { print; next } { print "#" $0 }' "$annotated"
    else
        cat "$HERE/$NAME.toml"
    fi
}

# activate RELEASE: from now on these programs run; in one step, so that nobody sees half of it.
activate() {
    local link=$DESTDIR$LIB/current
    run ln -sfn "releases/$(basename "$1")" "$link.new"
    run mv -fT "$link.new" "$link"
    if [ -n "$DRY" ]; then
        say "would: write the unit $UNITS/$UNIT, $UNITS/$NAME-serve.service and $COMMAND"
        return
    fi
    put 644 "$UNITS/$UNIT" <"$1/$UNIT"
    put 644 "$UNITS/$NAME-serve.service" <"$1/$NAME-serve.service"
    mkdir -p "$(dirname "$COMMAND")"
    ln -sfn "$CURRENT/$NAME" "$COMMAND"
    ! live || systemctl daemon-reload
}

# A configuration that was changed here is never written to; what is new in the shipped one lies beside it.
configuration() {
    local shipped=$1/$NAME.toml before=${2:+$2/$NAME.toml}
    if [ -n "$DRY" ]; then
        say "would: put $CONFIG there, unless there is one"
        return
    fi
    install -d -m 755 "$ETC"
    if [ ! -e "$CONFIG" ]; then
        if [ "$PROVIDER" = sandbox ]; then
            sed 's|^#provider = .*|provider = "sandbox"|' "$shipped" | put 644 "$CONFIG"
        else
            put 644 "$CONFIG" <"$shipped"
        fi
    elif cmp -s "$CONFIG" "$shipped"; then
        rm -f "$CONFIG.new"
    elif [ -n "$before" ] && cmp -s "$CONFIG" "$before"; then
        put 644 "$CONFIG" <"$shipped"
    elif [ -z "$before" ] || ! cmp -s "$shipped" "$before"; then
        put 644 "$CONFIG.new" <"$shipped"
        say "$CONFIG was changed here and stays; what is shipped now is in $CONFIG.new"
    fi
    if [ -n "$PROVIDER" ] && [ "$(provider)" != "$PROVIDER" ]; then
        say "$CONFIG says provider = \"$(provider)\" and stays; change it there to have $PROVIDER"
    fi
}

do_configuration() { default_configuration; }

do_install() {
    not_packaged "apt install ./football-bot_….deb; then: $NAME service credentials"
    need_root
    known_system
    case $PROVIDER in '' | thesports | sandbox) ;; *) die 64 "--provider is thesports or sandbox" ;; esac
    if [ -z "$DESTDIR" ]; then need_systemd; fi
    # Before a long build and before anything is changed: what only the operator knows.
    local wanted=${PROVIDER:-$(provider)}
    if [ "$wanted" = thesports ] && ! have_account; then
        if [ -n "$DRY" ]; then say "would: ask for the account and store it in $CREDENTIALS"; else ask_account; fi
    fi
    programs
    stage
    local before=''
    [ ! -L "$DESTDIR$LIB/current" ] || before=$(readlink -f "$DESTDIR$LIB/current")
    if [ -n "$DRY" ]; then
        say "would: make the user $NAME"
    else
        put 644 "$DESTDIR/etc/sysusers.d/$NAME.conf" <"$RELEASE/$NAME.sysusers"
        install -d -m 755 "$ETC"
        install -d -m 700 "$CREDENTIALS"
        if [ -z "$DESTDIR" ]; then systemd-sysusers "/etc/sysusers.d/$NAME.conf"; fi
    fi
    configuration "$RELEASE" "$before"
    ! account_given || store_account
    activate "$RELEASE"
    name_credentials
    if live; then run systemctl enable --quiet "$UNIT"; fi
    [ -z "$DRY" ] || return 0
    say "Installed${VERSION:+: $VERSION}. Next: $0 start"
    if live && systemctl is-active --quiet "$UNIT" && [ "$before" != "$RELEASE" ]; then
        say "It still runs the programs of before: $0 restart"
    fi
}

# Whether a cycle has brought a product since $MARK (a file); step 5's is what bots read.
good_cycle_since() { [ -n "$(find "$STATE/step5/step5.json" -newer "$1" 2>/dev/null)" ]; }

# Whether the product is younger than three minutes: what was going well before.
going_well() { [ -n "$(find "$STATE/step5/step5.json" -mmin -3 2>/dev/null)" ]; }

# healthy MARK PID: waits for a good cycle of this process.
healthy() {
    local mark=$1 pid=$2 until
    until=$((SECONDS + WAIT))
    while [ "$SECONDS" -lt "$until" ]; do
        if [ "$(property ActiveState)" != active ] || [ "$(property MainPID)" != "$pid" ]; then
            warn "the new programs do not stay up (systemd says: $(property ActiveState), $(property Result))"
            return 1
        fi
        ! good_cycle_since "$mark" || return 0
        sleep 0.5
    done
    if [ -z "$WELL" ]; then
        warn "no good cycle within $WAIT s; but there was none before the upgrade either, so the new programs stay"
        return 0
    fi
    warn "no good cycle within $WAIT s"
    return 1
}

# suits FOLDER: ends this when the programs there do not take today's configuration.
suits() {
    local said
    said=$(FOOTBALL_BOT_CONFIG=$CONFIG CREDENTIALS_DIRECTORY=$CREDENTIALS FOOTBALL_BOT_DATA_DIR=$STATE \
        LOGS_DIRECTORY=$LOGS "$1/orchestrator" check 2>&1) || {
        printf '%s\n' "$said" >&2
        die 1 "the new programs would not run here; nothing was changed"
    }
}

do_upgrade() {
    not_packaged "apt install ./football-bot_NEW.deb"
    need_root
    need_systemd
    need_installed
    programs
    stage
    if [ -n "$DRY" ]; then
        if [ ! -x "$BIN_DIR/orchestrator" ] || [ ! -e "$CONFIG" ]; then
            say "would: look whether the new programs take today's configuration"
        elif suits "$BIN_DIR"; then
            say "The new programs ($VERSION) take today's configuration."
        fi
        say "would: change to the new programs, restart, and go back if there is no good cycle within $WAIT s"
        return
    fi
    local before running='' WELL='' mark
    before=$(readlink -f "$LIB/current")
    if [ "$before" = "$RELEASE" ]; then
        say "These programs ($VERSION) are in place already."
        return
    fi
    # With today's configuration, before anything is changed.
    suits "$RELEASE"
    [ "$(property ActiveState)" != active ] || running=yes
    ! going_well || WELL=yes
    configuration "$RELEASE" "$before"
    activate "$RELEASE"
    if [ -z "$running" ]; then
        say "Upgraded to $VERSION. It was not running and was not started: $0 start"
        return
    fi
    mark=$(mktemp)
    if systemctl restart "$UNIT" && healthy "$mark" "$(property MainPID)"; then
        rm -f "$mark"
        prune "$before"
        say "Upgraded to $VERSION; it runs well."
        return
    fi
    rm -f "$mark"
    journalctl --no-pager -q -u "$UNIT" -n 15 >&2 || true
    warn "going back to $(basename "$before")"
    activate "$before"
    systemctl reset-failed "$UNIT" 2>/dev/null || true
    systemctl restart "$UNIT" || die 1 "the old programs do not start either: $0 doctor"
    [ "$RELEASE" = "$BIN_DIR" ] || rm -rf "$RELEASE"
    die 1 "not upgraded: the old programs run again. What the new ones said stands above"
}

# Of the releases only the running one and the one before stay.
prune() {
    local folder
    for folder in "$LIB/releases"/*; do
        [ "$folder" = "$RELEASE" ] || [ "$folder" = "$1" ] || rm -rf "$folder"
    done
    rm -rf "$LIB/releases"/.new.*
}

do_uninstall() {
    not_packaged "apt remove football-bot (data stays), or: apt purge football-bot"
    need_root
    if [ -n "$PURGE" ] && [ -z "$YES" ] && [ -z "$DRY" ]; then
        [ -t 0 ] || die 64 "--purge without a terminal needs --yes too"
        local answer
        read -r -p "Remove $STATE, $LOGS and $ETC with all that is in them? [y/N] " answer
        [ "$answer" = y ] || [ "$answer" = yes ] || die 1 "nothing was removed"
    fi
    if live; then
        run systemctl disable --quiet --now "$UNIT" 2>/dev/null || true
        run systemctl disable --quiet --now "$NAME-serve.service" 2>/dev/null || true
    fi
    run rm -f "$UNITS/$UNIT" "$UNITS/$NAME-serve.service" "$DESTDIR/etc/sysusers.d/$NAME.conf" "$COMMAND"
    run rm -rf "$DESTDIR$LIB"
    if [ -n "$PURGE" ]; then
        run rm -rf "$UNITS/$UNIT.d" "$STATE" "$LOGS" "$ETC" "$DESTDIR/run/$NAME"
        if [ -z "$DESTDIR" ] && getent passwd "$NAME" >/dev/null; then
            run userdel "$NAME"
            ! getent group "$NAME" >/dev/null || run groupdel "$NAME"
        fi
    fi
    if live; then
        run systemctl daemon-reload
        run systemctl reset-failed "$UNIT" 2>/dev/null || true
    fi
    [ -z "$DRY" ] || return 0
    if [ -n "$PURGE" ]; then
        say "Removed with everything that belonged to it."
    else
        say "Removed. Data ($STATE), day logs ($LOGS), configuration and credentials ($ETC) and the user $NAME stay."
    fi
}
