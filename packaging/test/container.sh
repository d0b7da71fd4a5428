#!/usr/bin/env bash
# The container's file system, assembled by the same script as the image's, and the pipeline in it: as the image's
# user, without capabilities, on a read-only root, in namespaces of its own. Needs root. No container engine is
# used: the Containerfile itself, compose and Kubernetes are not run here.
#
#   container.sh BIN_DIR
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(realpath "${1:?the folder of the programs}")
if [ "${2-}" != --inside ]; then
    work=$(mktemp -d)
    trap 'rm -rf --one-file-system "$work"' EXIT
    "$here/../container/rootfs.sh" "$bin" "$work/root" || exit 1
    unshare --mount --pid --net --ipc --uts --fork --kill-child --propagation private \
        timeout -k 5 60 bash "$0" "$bin" --inside "$work/root"
    exit
fi
# shellcheck source=packaging/test/checks.sh
. "$here/checks.sh"
root=$3
ip link set lo up 2>/dev/null || true
mount --bind "$root" "$root"
mount -t tmpfs -o mode=750,uid=65532,gid=65532 data "$root/var/lib/football-bot"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
mknod -m 666 "$root/dev/null" c 1 3
mknod -m 666 "$root/dev/urandom" c 1 9
mount -o remount,bind,ro "$root"

# in_it PROGRAM ARGUMENT…: as the image runs it. The capabilities go with the change of user.
as_image=(env -i FOOTBALL_BOT_DATA_DIR=/var/lib/football-bot FOOTBALL_BOT_CONFIG=/etc/football-bot/football-bot.toml)
confined=(setpriv --no-new-privs /usr/sbin/chroot --userspec=65532:65532 --groups= "$root")
in_it() {
    local program=$1
    shift
    "${as_image[@]}" FOOTBALL_BOT_FEED__PROVIDER="${PROVIDER:-sandbox}" "${confined[@]}" "/usr/lib/football-bot/$program" "$@"
}
section "the container's file system"
check "has no shell and no other program" bash -c "! find '$root' -xdev -type f -perm /111 ! -path '*/usr/lib/football-bot/*' ! -name '*.so*' | grep ."
check "every program starts" bash -c "for p in orchestrator health sandbox step1 step2 step3 step4 step5 step6; do chroot --userspec=65532:65532 '$root' /usr/lib/football-bot/\$p --version || exit 1; done"
check "one cycle, all six steps" in_it orchestrator --once --sandbox-matches 40
check "its product is there" [ -s "$root/var/lib/football-bot/step5/step5.json" ]
check "nothing is written elsewhere" bash -c "! find '$root' -xdev -newer '$root/etc/passwd' -type f -size +0 ! -path '*/etc/*' ! -path '*/lib/*' ! -path '*/lib64/*' | grep ."
no_account() { PROVIDER=thesports in_it step1; [ $? = 78 ]; }
check "without an account it ends with 78" no_account
# Without a shell in between, so that the signal reaches it.
"${as_image[@]}" FOOTBALL_BOT_FEED__PROVIDER=sandbox "${confined[@]}" \
    /usr/lib/football-bot/orchestrator run --interval 2s --sandbox-matches 40 >/dev/null 2>&1 &
running=$!
check "the health check is content while it runs" within 20 in_it health check --live --quiet
check "and says that all is well" within 20 in_it health check --quiet
kill -TERM "$running"
wait "$running"
check "SIGTERM ends it in good order" [ $? = 143 ]
stale() { ! in_it health check --live --quiet; }
check "the health check is not content when it does not run" stale
summary
