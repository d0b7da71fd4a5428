# shellcheck shell=bash disable=SC2154
# --dry-run changes nothing, whatever the action. Sourced by in-systemd.sh.

# Every file of the places that an action may touch, with all that could change of it, and what systemd knows.
fingerprint() {
    find /etc /usr/local /var/lib /var/log /home /opt/app/bin -xdev -path /var/lib/systemd -prune -o \
        -printf '%p %y %m %U %G %T@ %s %l\n' | sort
    find /tmp -mindepth 1 -not -path '/tmp/systemd-private-*'
    getent passwd football-bot
    systemctl show "$unit" -p ActiveState,MainPID,UnitFileState,NeedDaemonReload,NRestarts,FragmentPath
}
# dry WHEN ACTION…: one after the other, and nothing is different afterwards.
dry() {
    local when=$1 action
    shift
    fingerprint >/run/before
    for action in "$@"; do
        # shellcheck disable=SC2086 # an action and its options
        THESPORTS_USER=$user THESPORTS_SECRET=$secret "$deploy" --dry-run $action </dev/null >"/run/dry" 2>&1 ||
            [[ $action =~ ^(doctor|status) ]] || { echo "$action:"; cat /run/dry; return 1; }
    done
    fingerprint >/run/after
    diff /run/before /run/after || { echo "changed $when"; return 1; }
}
