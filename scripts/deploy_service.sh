#!/usr/bin/env bash
# Installs Football Bot as a systemd service and looks after it. `deploy_service.sh --help` says how.
set -euo pipefail

NAME=football-bot
UNIT=$NAME.service
PROGRAMS=(orchestrator health sandbox step1 step2 step3 step4 step5 step6)
HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
DESTDIR=${DESTDIR:-}
PREFIX=/usr/local
BIN_DIR='' PROVIDER='' LINES=100 WAIT=60 CREDENTIAL=''
DRY='' PURGE='' YES='' FORCE=''

usage() {
    cat <<'HELP'
deploy_service.sh ACTION [OPTION]…

  install      put programs, unit, user, configuration and credentials in place, and enable the service
  start        start it, and wait until it runs
  stop         stop it: a running step is asked to end, nothing is torn
  restart      both
  status       what systemd and `health` say of it (exit: 0 runs, 3 does not)
  logs         the last lines of its journal [--lines N]
  follow       its journal, as it grows; Ctrl-C ends
  upgrade      other programs in place of these, at once; back to the old ones if it is not healthy in a minute
  uninstall    remove it; data, configuration and credentials stay [--purge: those too]
  doctor       look at everything that it needs, and say what to do
  credentials  give or replace the account, or a sink's secret: credentials [NAME]
  configuration  print the configuration as it is shipped: every setting, with its default

  --bin-dir DIR     install or upgrade: programs that are built already [default: build them here]
  --provider NAME   install: thesports, or sandbox for a simulated evening without an account
  --prefix DIR      where programs go [default: /usr/local]
  --wait SECONDS    upgrade: how long the new one has to bring a good cycle [default: 60]
  --lines N         logs: how many [default: 100]
  --purge, --yes    uninstall: everything, without asking
  --dry-run         say what would be done, and do nothing
  --any-system      go on where this was never tried

install asks for the account's user and secret, without showing the secret; without a terminal it takes them
from THESPORTS_USER and THESPORTS_SECRET in its environment. They are stored for root alone.
DESTDIR=DIR puts the files below DIR and leaves this system alone.
Exit: 0 done; 1 it did not work, or doctor found a fault; 64 wrong usage; 69 something is missing here;
77 not root; 78 no credentials.
HELP
}

say() { printf '%s\n' "$*"; }
warn() { printf 'deploy_service: %s\n' "$*" >&2; }
die() {
    local code=$1
    shift
    warn "$*"
    exit "$code"
}

# run COMMAND…: does it, or with --dry-run says it.
run() {
    if [ -n "$DRY" ]; then
        printf 'would:'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

# put MODE FILE: standard input becomes FILE, whole or not at all.
put() {
    local mode=$1 file=$2
    if [ -n "$DRY" ]; then
        cat >/dev/null
        say "would: write $file (mode $mode)"
        return
    fi
    local temporary
    mkdir -p "$(dirname "$file")"
    temporary=$(umask 077 && mktemp "$file.XXXXXX")
    cat >"$temporary"
    chmod "$mode" "$temporary"
    mv -f "$temporary" "$file"
}

# ---------------------------------------------------------------------- places

# The packaging files: of a checkout, or beside this script where it is installed.
support() {
    if [ -d "$HERE/../packaging" ]; then
        printf '%s\n' "$HERE/../packaging/$1"
    else
        printf '%s\n' "$HERE/$1"
    fi
}

places() {
    case $HERE in
    */lib/$NAME/releases/*) [ -n "$PREFIX_GIVEN" ] || PREFIX=${HERE%/lib/"$NAME"/releases/*} ;;
    "/usr/lib/$NAME") PACKAGED=yes PREFIX=/usr ;;
    esac
    LIB=$PREFIX/lib/$NAME # as the unit names it
    if [ -n "$PACKAGED" ]; then CURRENT=$LIB; else CURRENT=$LIB/current; fi
    COMMAND=$DESTDIR$PREFIX/bin/$NAME
    ETC=$DESTDIR/etc/$NAME
    CONFIG=$ETC/$NAME.toml
    CREDENTIALS=$ETC/credentials
    UNITS=$DESTDIR/etc/systemd/system
    STATE=$DESTDIR/var/lib/$NAME
    LOGS=$DESTDIR/var/log/$NAME
    DROPIN=$UNITS/$UNIT.d/50-credentials.conf
}

# Whether this system's own systemd is meant.
live() { [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; }

need_root() {
    [ -n "$DRY" ] || [ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] || die 77 "$ACTION needs root: sudo $0 $ACTION"
}

need_systemd() {
    [ -n "$DRY" ] || live || die 69 "systemd does not run this system; in a container see docs/OPERATING.md"
}

need_installed() {
    [ -n "$DRY" ] || systemctl cat "$UNIT" >/dev/null 2>&1 ||
        die 69 "$NAME is not installed here: $0 install"
}

not_packaged() {
    [ -z "$PACKAGED" ] || die 64 "this one came as a package: $1"
}

# os_release KEY: what this system says of itself.
os_release() { sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | tr -d '"' || true; }

known_system() {
    local id version words
    id=$(os_release ID) version=$(os_release VERSION_ID) words=$(os_release PRETTY_NAME)
    case $id in
    debian) [ "${version%%.*}" -lt 12 ] || return 0 ;;
    ubuntu) [ "${version%%.*}" -lt 22 ] || return 0 ;;
    esac
    [ -n "$FORCE" ] || die 69 "this is ${words:-an unknown system}; it is made for Debian 12 and later and Ubuntu 22.04 and" \
        "later. It needs systemd 247 or later and glibc: to try it all the same, add --any-system"
    warn "this is ${words:-an unknown system}, where this was never tried"
}

# ---------------------------------------------------------------------- programs

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
    [ -z "$DRY" ] || return 0
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
    install -m 644 "$HERE/deploy_doctor.sh" "$new/deploy_doctor.sh"
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

# ---------------------------------------------------------------------- configuration and credentials

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

# Who answers step 1, by the configuration.
provider() {
    local word=''
    [ ! -r "$CONFIG" ] || word=$(sed -n 's/^ *provider *= *"\([a-z]*\)".*/\1/p' "$CONFIG" | head -1)
    printf '%s\n' "${word:-thesports}"
}

# store NAME: standard input becomes a credential.
store() {
    [ -n "$DRY" ] || install -d -m 700 "$CREDENTIALS"
    put 600 "$CREDENTIALS/$1"
    say "stored $CREDENTIALS/$1 (readable by root alone)"
}

# Takes the account from the terminal, or from the environment.
account() {
    local user='' secret=''
    if [ -t 0 ]; then
        read -r -p 'TheSports user: ' user
        read -r -s -p 'TheSports secret (not shown): ' secret
        printf '\n'
    else
        user=${THESPORTS_USER-} secret=${THESPORTS_SECRET-}
    fi
    if [ -z "$user" ] || [ -z "$secret" ]; then
        die 78 "no credentials: run this on a terminal, or give THESPORTS_USER and THESPORTS_SECRET in its environment" \
            "(with sudo: sudo --preserve-env=THESPORTS_USER,THESPORTS_SECRET …); without an account: --provider sandbox"
    fi
    printf '%s\n' "$user" | store thesports_user
    printf '%s\n' "$secret" | store thesports_secret
}

# Every credential beside the account's two (those of sinks) must be named to systemd.
name_credentials() {
    local file lines='' name
    for file in "$CREDENTIALS"/*; do
        name=${file##*/}
        if [ -f "$file" ] && [ "${name#thesports_}" = "$name" ]; then
            lines+="LoadCredential=$name:/etc/$NAME/credentials/$name"$'\n'
        fi
    done
    if [ -n "$lines" ]; then
        printf '# Written by deploy_service.sh credentials.\n[Service]\n%s' "$lines" | put 644 "$DROPIN"
    elif [ -e "$DROPIN" ]; then
        run rm -f "$DROPIN"
    fi
    ! live || run systemctl daemon-reload
}

do_configuration() { default_configuration; }

have_account() { [ -s "$CREDENTIALS/thesports_user" ] && [ -s "$CREDENTIALS/thesports_secret" ]; }

# ---------------------------------------------------------------------- actions

do_install() {
    not_packaged "apt install ./football-bot_….deb; then: $NAME service credentials"
    need_root
    known_system
    case $PROVIDER in '' | thesports | sandbox) ;; *) die 64 "--provider is thesports or sandbox" ;; esac
    if [ -z "$DESTDIR" ]; then need_systemd; fi
    # Before anything is changed: what can't be had later.
    local wanted=${PROVIDER:-$(provider)}
    if [ "$wanted" = thesports ] && ! have_account && [ ! -t 0 ] && [ -z "$DRY" ] &&
        { [ -z "${THESPORTS_USER-}" ] || [ -z "${THESPORTS_SECRET-}" ]; }; then
        account
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
    if [ "$wanted" = thesports ] && ! have_account; then
        if [ -n "$DRY" ]; then say "would: ask for the account and store it in $CREDENTIALS"; else account; fi
    elif [ -n "${THESPORTS_USER-}" ] && [ -n "${THESPORTS_SECRET-}" ] && [ ! -t 0 ]; then
        account
    fi
    activate "$RELEASE"
    name_credentials
    if live; then run systemctl enable --quiet "$UNIT"; fi
    say "Installed${VERSION:+: $VERSION}. Next: $0 start"
    if live && [ -z "$DRY" ] && systemctl is-active --quiet "$UNIT" && [ "$before" != "$RELEASE" ]; then
        say "It still runs the programs of before: $0 restart"
    fi
}

# Who starts it by hand has done something about what failed: the wait after failures, which survives a restart,
# is ended. Refused credentials are tried again at once anyway, but no sooner than [schedule] restart_wait after the
# last try, and that wait stays, whoever starts it: it keeps a provider that bans who insists from being asked in a
# loop. It is said in other words ("the last try was a moment ago").
try_now() {
    sleep 0.5
    journalctl --sync 2>/dev/null || true
    case $(journalctl -q --no-pager "_PID=$(property MainPID)" || true) in
    *'still waiting after failures'*)
        runuser -u "$NAME" -- "$CURRENT/orchestrator" run-now --data-dir "/var/lib/$NAME" || true
        ;;
    *'the last try was a moment ago'*)
        say "It was refused a moment ago; the next try is within [schedule] restart_wait (30 s)."
        ;;
    esac
}

do_start() {
    need_root
    need_systemd
    need_installed
    if ! run systemctl start "$UNIT"; then
        journalctl --no-pager -q -u "$UNIT" -n 15 >&2 || true
        die 1 "it does not start. What it said stands above; next: $0 doctor"
    fi
    [ -n "$DRY" ] || try_now
    [ -n "$DRY" ] || say "It runs. Next: $0 status, or: $NAME health report"
}

do_stop() {
    need_root
    need_systemd
    need_installed
    run systemctl stop "$UNIT"
}

do_restart() {
    need_root
    need_systemd
    need_installed
    run systemctl reset-failed "$UNIT" 2>/dev/null || true
    if ! run systemctl restart "$UNIT"; then
        journalctl --no-pager -q -u "$UNIT" -n 15 >&2 || true
        die 1 "it does not start. What it said stands above; next: $0 doctor"
    fi
    [ -n "$DRY" ] || try_now
}

do_status() {
    need_systemd
    need_installed
    local code=0
    systemctl status --no-pager --lines=5 "$UNIT" || code=$?
    say
    "$COMMAND" health check || true
    exit "$code"
}

do_logs() {
    need_systemd
    journalctl --no-pager -u "$UNIT" -n "$LINES"
}

do_follow() {
    need_systemd
    exec journalctl -u "$UNIT" -n 20 -f
}

property() { systemctl show "$UNIT" --value -p "$1"; }

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

do_upgrade() {
    not_packaged "apt install ./football-bot_NEW.deb"
    need_root
    need_systemd
    need_installed
    programs
    stage
    if [ -n "$DRY" ]; then
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
    local said
    said=$(FOOTBALL_BOT_CONFIG=$CONFIG CREDENTIALS_DIRECTORY=$CREDENTIALS FOOTBALL_BOT_DATA_DIR=$STATE \
        LOGS_DIRECTORY=$LOGS "$RELEASE/orchestrator" check 2>&1) || {
        printf '%s\n' "$said" >&2
        die 1 "the new programs would not run here; nothing was changed"
    }
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
    rm -rf "$RELEASE"
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
    if [ -n "$PURGE" ]; then
        say "Removed with everything that belonged to it."
    else
        say "Removed. Data ($STATE), day logs ($LOGS), configuration and credentials ($ETC) and the user $NAME stay."
    fi
}

do_credentials() {
    need_root
    local name=$CREDENTIAL value=''
    if [ -z "$name" ]; then
        account
    else
        [[ $name =~ ^[A-Za-z0-9_-]+$ ]] || die 64 "a credential's name is letters, digits, _ and -"
        if [ -t 0 ]; then
            read -r -s -p "$name (not shown): " value
            printf '\n'
        else
            IFS= read -r value || [ -n "$value" ] || true
        fi
        [ -n "$value" ] || die 78 "nothing was given for $name; nothing was changed"
        printf '%s\n' "$value" | store "$name"
    fi
    name_credentials
    say "The service sees it after: $0 restart"
}

# shellcheck source=scripts/deploy_doctor.sh
. "$HERE/deploy_doctor.sh"

# ---------------------------------------------------------------------- the command line

PACKAGED='' PREFIX_GIVEN='' VERSION='' RELEASE='' ACTION=${1-}
case $ACTION in
-h | --help | help) usage; exit 0 ;;
'') usage >&2; exit 64 ;;
install | start | stop | restart | status | logs | follow | upgrade | uninstall | doctor | credentials | configuration) shift ;;
*) die 64 "there is no action \`$ACTION\`; --help lists them" ;;
esac
while [ $# -gt 0 ]; do
    case $1 in
    --bin-dir=* | --provider=* | --prefix=* | --wait=* | --lines=*)
        set -- "${1%%=*}" "${1#*=}" "${@:2}"
        continue
        ;;
    --bin-dir | --provider | --prefix | --wait | --lines) [ $# -gt 1 ] || die 64 "$1 needs a value" ;;
    esac
    case $1 in
    --bin-dir) BIN_DIR=$(realpath -e -- "$2" 2>/dev/null) || die 64 "the folder \`$2\` is not there"; shift 2 ;;
    --provider) PROVIDER=$2; shift 2 ;;
    --prefix) PREFIX=${2%/} PREFIX_GIVEN=yes; shift 2 ;;
    --wait | --lines)
        [[ $2 =~ ^[1-9][0-9]*$ ]] || die 64 "$1 needs a number"
        if [ "$1" = --wait ]; then WAIT=$2; else LINES=$2; fi
        shift 2
        ;;
    --dry-run) DRY=yes; shift ;;
    --purge) PURGE=yes; shift ;;
    --yes) YES=yes; shift ;;
    --any-system) FORCE=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *)
        if [ "$ACTION" = credentials ] && [ -z "$CREDENTIAL" ] && [ "${1#-}" = "$1" ]; then
            CREDENTIAL=$1
            shift
        else
            die 64 "$ACTION does not take \`$1\`; --help says what there is"
        fi
        ;;
    esac
done
places
"do_$ACTION"
