# shellcheck shell=bash
# `deploy_service.sh doctor`: looks at everything that the service needs, and says what to do. Sourced by it.

FAULTS=0
good() { printf 'ok     %-14s %s\n' "$1" "$2"; }
note() { printf 'note   %-14s %s\n' "$1" "$2"; }
fault() {
    printf 'FAULT  %-14s %s\n' "$1" "$2"
    FAULTS=$((FAULTS + 1))
}

doctor_system() {
    local version words
    words=$(os_release PRETTY_NAME)
    if (FORCE='' known_system) 2>/dev/null; then good system "$words"; else note system "${words:-unknown}: this was never tried"; fi
    version=$(systemctl --version 2>/dev/null | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
    if [ -z "$version" ]; then
        fault systemd "is not here; without it, see the container part of docs/OPERATING.md"
    elif [ "$version" -lt 247 ]; then
        fault systemd "$version is too old, 247 is needed (credentials)"
    elif ! live; then
        fault systemd "$version is here but does not run this system"
    else
        good systemd "$version"
    fi
}

doctor_programs() {
    local said line
    if [ ! -x "$CURRENT/orchestrator" ]; then
        fault programs "not in $CURRENT: $0 install"
        return
    fi
    # The service's own view; it lists programs, configuration, folders and credentials.
    said=$(FOOTBALL_BOT_CONFIG=$CONFIG CREDENTIALS_DIRECTORY=$CREDENTIALS FOOTBALL_BOT_DATA_DIR=$STATE \
        LOGS_DIRECTORY=$LOGS "$CURRENT/orchestrator" check 2>&1) || true
    # A fault may go over several lines; the others have a mark of their own.
    local one=''
    while IFS= read -r line; do
        case $line in
        FAULT*) [ -z "$one" ] || fault check "$one"; one=${line#FAULT} ;;
        'ok '* | 'ready '* | [0-9]*' fault'*) [ -z "$one" ] || fault check "$one"; one='' ;;
        *) [ -z "$one" ] || one="$one $line" ;;
        esac
        one=$(printf '%s' "$one" | tr -s ' ' | sed 's/^ //')
    done <<<"$said"
    [ -z "$one" ] || fault check "$one"
    case $said in *FAULT*) ;; *) good check "programs and configuration ($("$CURRENT/orchestrator" --version))" ;; esac
}

# doctor_folder FOLDER: owner and mode of a folder of the service.
doctor_folder() {
    local found other
    if [ ! -d "$1" ]; then
        note folder "$1 is made at the first start"
        return
    fi
    found=$(stat -c '%U:%G %a' "$1")
    other=${found: -1}
    if [ "${found%% *}" != "$NAME:$NAME" ]; then
        fault folder "$1 belongs to ${found%% *}: chown -R $NAME:$NAME $1"
    elif [ "$other" != 0 ]; then
        fault folder "$1 is open to everybody (${found##* }): chmod 750 $1"
    else
        other=$(find "$1" ! -user "$NAME" -print -quit 2>/dev/null)
        if [ -n "$other" ]; then
            fault folder "$other is not the service's: chown -R $NAME:$NAME $1"
        else
            good folder "$1 ($found)"
        fi
    fi
}

doctor_user() {
    if ! getent passwd "$NAME" >/dev/null; then
        fault user "$NAME is missing: systemd-sysusers, or $0 install"
        return
    fi
    good user "$(id "$NAME")"
    if [ -n "${SUDO_USER-}" ] && [ "$SUDO_USER" != root ]; then
        case " $(id -nG "$SUDO_USER") " in
        *" $NAME "*) good group "$SUDO_USER may read the data" ;;
        *) note group "$SUDO_USER may not read the data: adduser $SUDO_USER $NAME" ;;
        esac
    fi
    doctor_folder "$STATE"
    doctor_folder "$LOGS"
}

doctor_credentials() {
    local file found
    if [ "$(provider)" = sandbox ]; then
        note credentials "none needed: the provider is the sandbox, all data is SIMULATED"
    fi
    if [ "$(id -u)" != 0 ]; then
        note credentials "only root can look at them"
        return
    fi
    if [ -d "$CREDENTIALS" ]; then
        found=$(stat -c '%U %a' "$CREDENTIALS")
        [ "$found" = 'root 700' ] || fault credentials "$CREDENTIALS is $found: chown root $CREDENTIALS; chmod 700 $CREDENTIALS"
        for file in "$CREDENTIALS"/*; do
            [ -e "$file" ] || continue
            found=$(stat -c '%U %a' "$file")
            if [ "$found" = 'root 600' ]; then
                good credentials "${file##*/}"
            else
                fault credentials "${file##*/} is $found: chown root $file; chmod 600 $file"
            fi
        done
    fi
    [ "$(provider)" = sandbox ] || have_account || fault credentials "the account is not stored: $0 credentials"
}

doctor_machine() {
    local free inodes memory synced
    synced=$(timedatectl show --value -p NTPSynchronized 2>/dev/null || true)
    if [ "$synced" = yes ]; then
        good clock "synchronised"
    else
        note clock "not known to be synchronised: ages and match minutes depend on it. apt install systemd-timesyncd, or chrony"
    fi
    local at=$STATE
    [ -d "$at" ] || at=$DESTDIR/var
    free=$(df -Pk "$at" | awk 'NR == 2 { print int($4 / 1024) }')
    inodes=$(df -Pi "$at" | awk 'NR == 2 { print $4 }')
    if [ "$free" -lt 512 ]; then
        fault disk "$free MB free at $at; 512 MB are the least, 2 GB are comfortable"
    elif [ "$free" -lt 2048 ]; then
        note disk "$free MB free at $at; 2 GB are comfortable"
    else
        good disk "$free MB free at $at"
    fi
    case $inodes in '' | *[!0-9]*) ;; *) [ "$inodes" -ge 1000 ] || [ "$inodes" = 0 ] || fault disk "only $inodes files can still be made" ;; esac
    memory=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
    if [ "$memory" -lt 256 ]; then note memory "$memory MB available; 256 MB are needed at busy times"; else good memory "$memory MB available"; fi
}

doctor_network() {
    local holder
    if ip -4 route show default 2>/dev/null | grep -q .; then
        good network "there is a way out over IPv4"
    elif [ "$(provider)" = sandbox ]; then
        note network "no way out over IPv4; the sandbox needs none"
    else
        fault network "no way out over IPv4, and the provider admits IPv4 addresses only: ip -4 route"
    fi
    if ! ip -4 addr show dev lo 2>/dev/null | grep -q 'inet 127'; then
        fault network "the loopback interface is down: ip link set lo up"
    fi
    if command -v ss >/dev/null; then
        holder=$(ss -Hltnp 'sport = :8787' 2>/dev/null | sed -n 's/.*users:((\(.*\)))/\1/p' | head -1)
        case $holder in
        '') good port "8787 is free for \`health serve\`" ;;
        *health*) good port "8787 has \`health serve\`" ;;
        *) note port "8787 is taken by $holder: give \`health serve\` another with --listen" ;;
        esac
    fi
}

doctor_service() {
    local state result
    live || return 0
    if ! systemctl cat "$UNIT" >/dev/null 2>&1; then
        fault service "systemd does not know $UNIT: $0 install"
        return
    fi
    state=$(property ActiveState)
    result=$(property ExecMainStatus)
    case $state in
    active) good service "runs since $(property ActiveEnterTimestamp), restarts $(property NRestarts)" ;;
    failed) fault service "failed: $(property Result), exit $result$([ "$result" != 78 ] || printf ', the configuration'): $0 logs" ;;
    activating) fault service "is being started again and again (exit $result): $0 logs" ;;
    *) note service "$state: $0 start" ;;
    esac
    systemctl is-enabled --quiet "$UNIT" || note service "does not start at boot: systemctl enable $UNIT"
    [ "$(property NeedDaemonReload)" = no ] || note service "its unit was changed on disk: systemctl daemon-reload"
    [ -d /var/log/journal ] || note journal "is kept in memory only: mkdir /var/log/journal keeps it across a reboot"
}

do_doctor() {
    doctor_system
    doctor_programs
    doctor_user
    doctor_credentials
    doctor_machine
    doctor_network
    doctor_service
    if [ "$FAULTS" = 0 ]; then
        say "No fault found. How the data is: $NAME health report"
    else
        say "$FAULTS fault(s)."
        exit 1
    fi
}
