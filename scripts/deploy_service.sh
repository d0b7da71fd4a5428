#!/usr/bin/env bash
# Installs Football Bot as a systemd service and looks after it. `deploy_service.sh --help` says how.
set -euo pipefail

NAME=football-bot
UNIT=$NAME.service
PROGRAMS=(orchestrator health sandbox step1 step2 step3 step4 step5 step6)
HERE=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
DESTDIR=${DESTDIR:-}
PREFIX=/usr/local
BIN_DIR='' PROVIDER='' COUNT=100 WAIT=60 CREDENTIAL=''
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

# ---------------------------------------------------------------------- actions

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
    journalctl --no-pager -u "$UNIT" -n "$COUNT"
}

do_follow() {
    need_systemd
    exec journalctl -u "$UNIT" -n 20 -f
}

property() { systemctl show "$UNIT" --value -p "$1"; }

# Its parts lie beside it, here and where it is installed.
# shellcheck source=scripts/deploy_account.sh
. "$HERE/deploy_account.sh"
# shellcheck source=scripts/deploy_install.sh
. "$HERE/deploy_install.sh"
# shellcheck source=scripts/deploy_doctor.sh
. "$HERE/deploy_doctor.sh"

# ---------------------------------------------------------------------- the command line

PACKAGED='' PREFIX_GIVEN='' VERSION='' RELEASE='' ACTION=''
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
        if [ "$1" = --wait ]; then WAIT=$2; else COUNT=$2; fi
        shift 2
        ;;
    --dry-run) DRY=yes; shift ;;
    --purge) PURGE=yes; shift ;;
    --yes) YES=yes; shift ;;
    --any-system) FORCE=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *)
        case $ACTION:$1 in
        *:-*) die 64 "there is no option \`$1\`; --help lists them" ;;
        :help) usage; exit 0 ;;
        :install | :start | :stop | :restart | :status | :logs | :follow | :upgrade | :uninstall | :doctor | \
            :credentials | :configuration) ACTION=$1 ;;
        :*) die 64 "there is no action \`$1\`; --help lists them" ;;
        credentials:*)
            [ -z "$CREDENTIAL" ] || die 64 "credentials takes one name, not \`$1\` too"
            CREDENTIAL=$1
            ;;
        *) die 64 "$ACTION does not take \`$1\`; --help says what there is" ;;
        esac
        shift
        ;;
    esac
done
[ -n "$ACTION" ] || { usage >&2; exit 64; }
places
"do_$ACTION"
[ -z "$DRY" ] || say "Nothing was changed: --dry-run."
