#!/bin/bash
# shellcheck disable=SC2016 # what is quoted is for the shell that tries it
# What somebody could try who had taken over a step: run in place of the orchestrator, in its very sandbox.
# Every attempt must fail, every control must succeed; the findings go to the state directory.
out=$STATE_DIRECTORY/escapes.txt
: >"$out" || exit 1
must() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then echo "passed $what" >>"$out"; else echo "failed $what" >>"$out"; fi
}
cannot() {
    local what=$1
    shift
    if "$@" >/dev/null 2>&1; then echo "failed $what (it could)" >>"$out"; else echo "passed cannot $what" >>"$out"; fi
}
family() { perl -e 'socket(my $s, $ARGV[0], $ARGV[1], 0) or exit 1' "$1" "$2"; }

# Controls: what it is there for.
must "can write its state" bash -c 'echo x > "$STATE_DIRECTORY/probe" && rm "$STATE_DIRECTORY/probe"'
must "can write its logs" bash -c 'echo x > "$LOGS_DIRECTORY/probe" && rm "$LOGS_DIRECTORY/probe"'
must "can read its credential" grep -q . "$CREDENTIALS_DIRECTORY/thesports_secret"
must "can open IPv4" family 2 1
must "can open IPv6" family 10 1
must "can open a local socket" family 1 1

for folder in / /etc /etc/football-bot /usr /usr/lib /usr/local/lib/football-bot/current /opt/app /var /var/lib /var/log /boot /root /home; do
    cannot "write to $folder" bash -c "echo x > $folder/football-bot-probe"
done
cannot "read a home folder" cat /home/watcher/diary
cannot "list the home folders" bash -c 'ls /home/* | grep -q .'
cannot "list root's home" ls /root/
cannot "read the stored account" cat /etc/football-bot/credentials/thesports_secret
cannot "read the shadow file" cat /etc/shadow
cannot "leave a file in the common /tmp" bash -c 'echo x > /tmp/football-bot-probe && ls /proc/1/root/tmp/football-bot-probe'
cannot "become root by sudo or su" su -c true
cannot "become root by mount" mount -t tmpfs none /mnt
cannot "run with set-user-id" bash -c 'cp /bin/true "$STATE_DIRECTORY/suid" && chmod u+s "$STATE_DIRECTORY/suid"'
rm -f "$STATE_DIRECTORY/suid"
must "has no capability" bash -c 'grep -q "^CapEff:.*0000000000000000" /proc/self/status && grep -q "^CapBnd:.*0000000000000000" /proc/self/status'
must "can gain no privilege" grep -q '^NoNewPrivs:.*1' /proc/self/status
cannot "make a namespace" unshare -U true
cannot "make a network namespace" unshare -n true
cannot "make a device" mknod "$STATE_DIRECTORY/null" c 1 3
cannot "see a disk" bash -c 'ls /dev/vda /dev/sda /dev/mem /dev/kmsg 2>/dev/null | grep -q .'
cannot "open netlink" family 16 3
cannot "open raw packets" family 17 3
cannot "open bluetooth" family 31 3
cannot "open vsock" family 40 1
cannot "open a raw IPv4 socket" family 2 3
cannot "see other users' processes" bash -c 'ls -d /proc/1'
cannot "signal other processes" kill -0 1
cannot "change a kernel setting" bash -c 'echo 1 > /proc/sys/kernel/domainname'
cannot "change a control group" bash -c 'echo $$ > /sys/fs/cgroup/systemd/cgroup.procs || echo $$ > /sys/fs/cgroup/cgroup.procs'
cannot "read the kernel's log" dmesg
cannot "set the clock" date -s 2020-01-01
cannot "set the host's name" hostname taken-over
cannot "map memory to write and execute" perl -e 'exit(syscall(9, 0, 4096, 7, 0x22, -1, 0) == -1)'
cannot "trace a process" perl -e 'exit(syscall(101, 16, 1, 0, 0) == -1)'
must "leaves a core of nothing" bash -c '[ "$(ulimit -c)" = 0 ]'
rm -f "$STATE_DIRECTORY/null"
echo end >>"$out"
