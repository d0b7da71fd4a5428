# shellcheck shell=bash disable=SC2154
# The package's life: installed, started, upgraded, removed, purged. Sourced by in-systemd-second.sh, on the system
# that it has cleaned up.
section "the package"
old=(debs/*-1_*.deb) new=(debs/*-2_*.deb)
export DEBIAN_FRONTEND=noninteractive
systemctl daemon-reload
# An image for containers may forbid packages to touch services; a real system does not.
rm -f /usr/sbin/policy-rc.d
check "installs" dpkg -i "${old[0]}"
check "does not start by itself: there is no account yet" [ "$(property ActiveState)" = inactive ]
check "will start at boot" systemctl is-enabled --quiet "$unit"
check "the page stays off" refused systemctl is-enabled --quiet football-bot-serve.service
check "without an account it ends with 78, and says what to do" bash -c "! football-bot service start; [ \"\$(systemctl show $unit --value -p ExecMainStatus)\" = 78 ] || journalctl -u $unit --no-pager | grep -q 'no TheSports user'"
systemctl stop "$unit"
check "one command for all programs" bash -c "football-bot --version && football-bot step3 --version && football-bot health --help"
check "manual pages" bash -c "man -w football-bot football-bot-health football-bot-step1"
check "completions" bash -c ". /usr/share/bash-completion/completions/football-bot && complete -p football-bot"
check "upgrade and uninstall are left to apt" bash -c "football-bot service upgrade 2>&1 | grep -q 'apt install'"
check "the account is asked for, and stored" bash -c "THESPORTS_USER=$user THESPORTS_SECRET=$secret football-bot service credentials </dev/null && [ \"\$(stat -c %a /etc/football-bot/credentials/thesports_user)\" = 600 ]"
cp /run/good.toml /etc/football-bot/football-bot.toml
check "starts" football-bot service start
# The try without an account was a moment ago: the next one comes within [schedule] restart_wait (30 s).
mark
check "a good cycle" within 50 newer /run/mark
pid=$(main_pid)
check "upgrades" dpkg -i --force-confdef --force-confold "${new[0]}"
check "the upgrade restarted it" within 10 bash -c "[ \"\$(systemctl show $unit --value -p ActiveState)\" = active ] && [ \"\$(systemctl show $unit --value -p MainPID)\" != $pid ]"
check "a good cycle after it" good_cycle
check "the changed configuration stayed" cmp /run/good.toml /etc/football-bot/football-bot.toml
check "remove" dpkg -r football-bot
check "remove: nothing runs, the data is kept" bash -c "! pgrep -u football-bot && ls $state/step5/step5.json /etc/football-bot/football-bot.toml /etc/football-bot/credentials/thesports_user"
check "purge" dpkg -P football-bot
check "purge removes all of it" refused left_over
