#!/usr/bin/env bash
# The life of the service in a booted systemd: installed, started, looked at, attacked, hurt, upgraded, removed.
# Runs as root inside packaging/test/with-systemd.sh, as scripts/test-deploy does.
set -uo pipefail
cd /opt/app || exit 1
# shellcheck source=packaging/test/place.sh
. source/packaging/test/place.sh
# shellcheck source=packaging/test/dry-run.sh
. source/packaging/test/dry-run.sh
# shellcheck source=packaging/test/limits.sh
. source/packaging/test/limits.sh
# shellcheck source=packaging/test/operating.sh
. source/packaging/test/operating.sh

useradd --create-home watcher
useradd --create-home stranger
echo private >/home/watcher/diary
chmod 644 /home/watcher/diary

section "install"
check "with --dry-run no action changes anything, before it is installed" dry "before install" \
    "install --bin-dir bin" "install --bin-dir bin --provider sandbox" start stop restart status logs "upgrade --bin-dir bin" \
    uninstall "uninstall --purge --yes" doctor credentials "credentials phone_token" configuration
check "without a terminal and without credentials it changes nothing" \
    bash -c "! env -u THESPORTS_USER $deploy install --bin-dir bin </dev/null && [ ! -e /etc/football-bot ]"
check "installs" install_it
check "again, it is the same" install_it
check "the account is for root alone" [ "$(stat -c '%U %a' /etc/football-bot/credentials/thesports_secret)" = "root 600" ]
check "the service has a user of its own" id football-bot
check "starts at boot" systemctl is-enabled --quiet "$unit"
check "the unit is understood without complaint" bash -c "! systemd-analyze verify /etc/systemd/system/$unit 2>&1 | grep -v 'man football-bot' | grep ."

settings_of_the_test
check "doctor finds credentials that others may read" \
    bash -c "chmod 644 /etc/football-bot/credentials/thesports_user; $deploy doctor | grep -q 'FAULT  credentials'"
check "doctor is content when they are as they should be" \
    bash -c "chmod 600 /etc/football-bot/credentials/thesports_user; $deploy doctor | tee /run/doctor | grep -q 'ok     credentials' && ! grep -E 'FAULT  (credentials|check|user|folder)' /run/doctor"

section "start"
check "start returns when it is ready" "$deploy" start
check "systemd got its READY" [ "$(property Type)$(property ActiveState)$(property SubState)" = notifyactiverunning ]
check "a good cycle, with the account's credentials" within 25 newer /run/good.toml
check "its STATUS is shown" within 10 bash -c "systemctl show $unit --value -p StatusText | grep -q ."
adduser --quiet watcher football-bot
check "status" bash -c "$deploy status | grep -q 'active (running)'"
check "logs" bash -c "$deploy logs --lines 50 | grep -q cycle"
check "health report, as another user of the group" bash -c "runuser -u watcher -- football-bot health report >/run/report; [ \$? -le 1 ] && grep -qi 'cycles' /run/report"
check "health check --live, as that user" as watcher football-bot health check --live
check "the day log is in its folder" bash -c "ls /var/log/football-bot/continuous_orchestrator_*.log"
check "a stranger may not look" bash -c "! runuser -u stranger -- ls $state && ! runuser -u stranger -- ls /var/log/football-bot && ! runuser -u stranger -- football-bot health report"
check "the product is readable for the group, and for nobody else" [ "$(stat -c '%U:%G %a' $state/step5/step5.json)" = "football-bot:football-bot 640" ]
check "root's hand leaves no file of root" bash -c "football-bot step2 && football-bot health report >/dev/null; [ -z \"\$(find $state ! -user football-bot -print -quit)\" ]"
check "by root's hand, step 1 has the account" bash -c "football-bot step1 --output - | head -c 200 | grep -q thesports"

# shellcheck source=packaging/test/terminal.sh
. source/packaging/test/terminal.sh
real_limits_begin
operating_look

section "the page"
get() { perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:8787") or exit 1;
    print $s "GET $ARGV[0] HTTP/1.0\r\nHost: 127.0.0.1:8787\r\n\r\n"; print while <$s>;' "$1"; }
check "the page starts" systemctl start football-bot-serve.service
answers() { get "$1" | head -1 | grep -q ' 200 '; }
for path in / /matches /livez /metrics /api/v1/status; do
    check "answers $path" within 10 answers "$path"
done
page_property() { systemctl show football-bot-serve.service --value -p "$1"; }
counts_matches() { get /metrics | grep -qE '^football_bot_matches.* [1-9]'; }
check "it counts the service's matches" within 10 counts_matches
check "it runs as the service's user, and listens on the loopback alone" \
    bash -c "[ \"\$(stat -c %U /proc/$(page_property MainPID))\" = football-bot ] && ! ss -Hltn 'sport = :8787' | grep -v '127.0.0.1:8787'"
page=$(page_property MainPID)
kill -9 "$page" # looked at again later

section "the secret"
check "is in no file" bash -c "! grep -rqsF -e '$secret' /var /etc/systemd /etc/football-bot/*.toml /tmp /usr/local /run/football-bot"
check "is in no line of the journal" bash -c "! journalctl -o export --no-pager | grep -aqF -e '$secret'"
check "is not in systemctl show" bash -c "! systemctl show $unit | grep -qF -e '$secret'"
seen_in_proc() { # by root, who sees everything; the test's own processes have it in their arguments
    local pid file
    for _ in $(seq 120); do
        for pid in $(pgrep -u football-bot); do
            for file in cmdline environ; do
                if tr '\0' '\n' 2>/dev/null <"/proc/$pid/$file" | grep -qF -e "$secret"; then return 0; fi
            done
        done
        sleep 0.05
    done
    return 1
}
check "is in no command line and no environment, while cycles run" refused seen_in_proc
check "the service sees only its own copy" bash -c "! runuser -u watcher -- cat /run/credentials/$unit/thesports_secret"

section "from inside, nothing else can be reached"
# The same unit with a probe in place of the orchestrator.
sed 's|^Type=.*|Type=oneshot|; s|^ExecStart=.*|ExecStart=/opt/app/source/packaging/test/escapes.sh|; /^Watchdog/d; /^Restart/d' \
    "/etc/systemd/system/$unit" >/etc/systemd/system/probe.service
systemctl daemon-reload
systemctl start probe.service
while IFS= read -r line; do
    case $line in
    passed*) passed "${line#passed }" ;;
    failed*) failed "${line#failed }" ;;
    esac
done <"$state/escapes.txt"
check "the probe came to its end" grep -q '^end' "$state/escapes.txt"
rm -f /etc/systemd/system/probe.service "$state/escapes.txt"

section "hurt"
pid=$(main_pid)
kill -9 "$pid"
check "kill -9: systemd starts it again" within 15 bash -c "[ \"\$(systemctl show $unit --value -p ActiveState)\" = active ] && [ \"\$(systemctl show $unit --value -p MainPID)\" != $pid ]"
check "kill -9: and cycles go on" good_cycle
step_runs() { pgrep -x step1 >/run/step.pid; }
systemctl kill -s STOP feed
check "a step that waits for the provider" within 15 step_runs
pid=$(main_pid)
kill -9 "$(head -1 /run/step.pid)"
systemctl kill -s CONT feed
check "kill -9 of a step: the next cycles are good" good_cycle
check "kill -9 of a step: the service itself went on" [ "$(main_pid)" = "$pid" ]

section "the page, killed"
page_again() { [ "$(page_property ActiveState)" = active ] && [ "$(page_property MainPID)" != "$page" ]; }
check "is started again 30 s later" within 45 page_again
check "it stops" systemctl stop football-bot-serve.service
check "it is no failure" [ "$(page_property Result)" = success ]

real_limits_end

section "stop in the middle of a step"
systemctl kill -s STOP feed
check "a step is running" within 15 step_runs
began=$SECONDS
check "stop" "$deploy" stop
check "within its limit" [ $((SECONDS - began)) -le 8 ]
check "it is no failure" [ "$(property ActiveState) $(property Result)" = "inactive success" ]
check "nothing is left running" bash -c "! pgrep -u football-bot"
check "nothing is torn" whole_files "$state" bin
check "no temporary file is left" [ -z "$(find "$state" -name '*.tmp*' -o -name '.tmp*')" ]
systemctl kill -s CONT feed
check "with --dry-run no action changes anything, where it is installed" dry "where it is installed" \
    "install --bin-dir bin" start stop restart status "logs --lines 5" "upgrade --bin-dir bin" uninstall \
    "uninstall --purge" doctor credentials "credentials phone_token" configuration

section "a wrong configuration"
echo 'no_such_setting = 1' >>/etc/football-bot/football-bot.toml
check "start says so, with 78" refused "$deploy" start
sleep 4
check "and is not tried again" [ "$(property ActiveState) $(property ExecMainStatus) $(property NRestarts)" = "failed 78 0" ]
check "doctor names the fault" bash -c "$deploy doctor | grep -q 'FAULT.*no_such_setting'"
cp /run/good.toml /etc/football-bot/football-bot.toml
check "right again, it starts" "$deploy" restart
check "with good cycles" good_cycle

section "upgrade"
cp -r bin new
echo >>new/sandbox # other bytes, the same program
check "to other programs" "$deploy" upgrade --bin-dir new --wait 25
check "these run now" bash -c "tail -c1 \$(readlink -f /usr/local/lib/football-bot/current)/sandbox | od -c | grep -q '\\\\n'"
now=$(readlink /usr/local/lib/football-bot/current)
before=$(find /usr/local/lib/football-bot/releases -mindepth 1 -maxdepth 1 ! -path "*/${now#*/}")
check "the release before stays" [ -x "$before/deploy_service.sh" ]
check "back to it by hand, with its own script" "$before/deploy_service.sh" upgrade --bin-dir "$before" --wait 25
check "it runs now" bash -c "! tail -c1 \$(readlink -f /usr/local/lib/football-bot/current)/sandbox | od -c | grep -q '\\\\n'"
now=$(readlink /usr/local/lib/football-bot/current)
check "a changed configuration stayed" cmp /run/good.toml /etc/football-bot/football-bot.toml
mkdir bad
cp bin/* bad/
# shellcheck disable=SC2016 # for the script that is written
printf '#!/bin/sh\n[ "$1" != --version ] || exec /opt/app/bin/step3 --version\nexit 70\n' >bad/step3
chmod 755 bad/step3
check "to programs that fail: refused" refused "$deploy" upgrade --bin-dir bad --wait 8
check "the old ones are back" [ "$(readlink /usr/local/lib/football-bot/current)" = "$now" ]
check "and run well" good_cycle
printf '#!/bin/sh\nexit 0\n' >bad/step3
check "to a mixed set: nothing is touched" refused "$deploy" upgrade --bin-dir bad

section "uninstall"
check "uninstall" "$deploy" uninstall
check "nothing of it runs, nothing of it is known" bash -c "! pgrep -u football-bot && ! systemctl cat $unit"
check "data, logs, configuration and credentials stay" ls "$state/step5/step5.json" /var/log/football-bot/*.log /etc/football-bot/football-bot.toml /etc/football-bot/credentials/thesports_secret
operating_move
check "purge asks, or wants --yes" bash -c "! $deploy uninstall --purge </dev/null"
check "purge" "$deploy" uninstall --purge --yes
check "removes all of it" refused left_over

summary
