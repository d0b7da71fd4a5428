# shellcheck shell=bash disable=SC2154
# The unit's own limits: the rest of the test shortens them, so here is a second instance of the unit as it is
# shipped, beside the first, its folders under another name. Its watchdog and its wait before a restart take
# 90 s, which pass while the rest goes on. Sourced by in-systemd.sh.
real=football-real.service
real_state=/var/lib/football-real
real_property() { systemctl show "$real" --value -p "$1"; }
real_pid() { real_property MainPID; }

# The unit, and a configuration with a seventh step that takes all the memory it gets.
real_limits_begin() {
    section "the unit's own limits: a step that eats all memory"
    sed 's/^\(State\|Logs\|Runtime\|Configuration\)Directory=.*/\1Directory=football-real/
         s|^WorkingDirectory=.*|WorkingDirectory=/var/lib/football-real|' "/etc/systemd/system/$unit" >"/etc/systemd/system/$real"
    install -d /etc/football-real
    with_a_hog /run/good.toml >/etc/football-real/football-bot.toml
    systemctl daemon-reload
    check "it starts" systemctl start "$real"
    check "memory, watchdog and restart are those of the unit as shipped" \
        [ "$(real_property MemoryMax) $(real_property WatchdogUSec) $(real_property RestartUSec)" = "805306368 1min 30s" ]
    real_first=$(real_pid)
    check "the step is killed" within 60 bash -c "grep -hs hog /var/log/football-real/*.log | grep -qiE 'kill|signal|memory'"
    check "the product of its cycle is there and whole" whole_product "$real_state"
    check "the service itself went on" [ "$(real_pid)" = "$real_first" ]
    cp /run/good.toml /etc/football-real/football-bot.toml
    check "without that step, by a reload, cycles are good" real_good_cycle
    within 10 bash -c "! pgrep -P $real_first -x 'step[1-6]'" # so that no step is left behind
    kill -STOP "$real_first"
    real_stopped_at=$SECONDS
}
real_good_cycle() {
    systemctl reload "$real"
    touch /run/real-mark
    within 40 bash -c "journalctl --since '-40 seconds' --no-pager -o cat -u $real | grep -q 'read again' && find $real_state/step5/step5.json -newer /run/real-mark | grep -q ."
}

# Counted first: between two questions the old one may have died and nothing be up yet.
real_is_up_again() { [ "$(real_property NRestarts)" != 0 ] && [ "$(real_property ActiveState)" = active ]; }
real_limits_end() {
    section "the unit's own limits: a loop that hangs"
    check "is ended by the watchdog and started again 30 s later" within 125 real_is_up_again
    local took=$((SECONDS - real_stopped_at))
    check "not before its time (60 s at most without a sign of life, and 30 s; it took at most $took s)" [ "$took" -ge 55 ]
    check "the journal says watchdog" bash -c "journalctl -u $real --no-pager | grep -qi 'watchdog timeout (limit 1min)'"
    touch /run/real-mark
    check "cycles go on" within 25 bash -c "find $real_state/step5/step5.json -newer /run/real-mark | grep -q ."
    check "one restart, no more" [ "$(real_property NRestarts)" = 1 ]
    check "it stops" systemctl stop "$real"
    check "it is no failure" [ "$(real_property Result)" = success ]
    rm -rf "/etc/systemd/system/$real" /etc/football-real "$real_state" /var/log/football-real
    systemctl daemon-reload
}
