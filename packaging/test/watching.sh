# shellcheck shell=bash disable=SC2154
# `health watch` and the alert sinks inside the unit, and a configuration that changes while it runs. Sourced by
# in-systemd-second.sh, where the service runs; leaves it with the configuration that it had.
section "watch and sinks, inside the unit"
# Who is told: keeps what it is sent.
cat >/run/hearer <<'PERL'
use IO::Socket::INET; $| = 1;
my $door = IO::Socket::INET->new(LocalAddr => '127.0.0.1:8790', Listen => 20, ReuseAddr => 1) or die "no door: $@";
while (my $guest = $door->accept) {
    my ($text, $length) = ('', 0);
    while (my $line = <$guest>) { $text .= $line; $length = $1 if $line =~ /^content-length: *(\d+)/i; last if $line =~ /^\r?\n$/; }
    read($guest, my $body, $length) if $length;
    open(my $file, '>>', '/run/heard'); print $file $text, $body // '', "\n"; close $file;
    print $guest "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"; close $guest;
}
PERL
systemd-run --quiet --unit=hearer perl /run/hearer
token=token-$RANDOM$RANDOM
name_them() { printf '%s\n' "$2" | "$deploy" credentials "$1"; }
check "a sink's token is stored" name_them hook_token "$token"
check "an address that is a secret, too" name_them deadman_url "http://127.0.0.1:8790/ping-$token"
{
    sed '/^\[alerts\]/,/^$/s/^#every = .*/every = "1s"/
         /^\[alerts.rule.CrashLoop\]/,/^$/{s/^#threshold = .*/threshold = 2/; s/^#clear = .*/clear = 1/
             s/^#severity = .*/severity = "warning"/}' /run/good.toml
    printf '[[sink]]\nname = "hook"\nkind = "webhook"\nurl = "http://127.0.0.1:8790/hook"\n'
    printf '[[sink]]\nname = "deadman"\nkind = "ping"\n'
} >/etc/football-bot/football-bot.toml
"$deploy" restart
watch_pid() { pgrep -u football-bot -f 'health watch' | head -1; }
watched() { [ -n "$(watch_pid)" ] && grep -q "$unit" "/proc/$(watch_pid)/cgroup"; }
check "watch runs in the service's own group" within 15 watched
heard() { within 30 grep -aqE "$1" /run/heard; }
check "the dead-man's switch is called after a good cycle" heard "(GET|POST|HEAD) /ping-$token "
first=$(watch_pid)
kill -9 "$first"
again() { [ -n "$(watch_pid)" ] && [ "$(watch_pid)" != "$first" ]; }
check "a watch that is killed is started again" within 40 again
"$deploy" restart
check "an alert reaches the webhook" heard '"alertname": ?"CrashLoop"'
check "with the token" heard "^[Aa]uthorization: Bearer $token"
check "the token is in no file but its own, and in no line of the journal" bash -c "! grep -rqsF -e '$token' $state /var/log/football-bot /etc/football-bot/football-bot.toml && ! journalctl -o export --no-pager -u $unit | grep -aqF -e '$token'"

section "reload"
pid=$(main_pid)
sed -i '/^\[alerts\]/,/^$/s/^#companion = .*/companion = "off"/' /etc/football-bot/football-bot.toml
check "reload" systemctl reload "$unit"
said() { within 15 bash -c "journalctl -u $unit --no-pager -o cat _PID=$pid | grep -qF '$1'"; }
check "is read between two cycles" said 'the configuration was read again'
check "what was switched off ends" within 15 bash -c "! pgrep -u football-bot -f 'health watch'"
check "and cycles go on" good_cycle
cp /etc/football-bot/football-bot.toml /run/mended.toml
sed -i 's|^interval = .*|interval = "soon"|' /etc/football-bot/football-bot.toml
check "a bad one does not end it" systemctl reload "$unit"
check "it is refused, and says so" said 'the new configuration is refused, the old one stays'
check "doctor and check name the fault" bash -c "$deploy doctor | grep -q 'FAULT.*soon' && ! football-bot orchestrator check >/run/checked 2>&1 && grep -q soon /run/checked"
check "cycles go on with what was accepted last" good_cycle
check "the report is made, and names the fault" bash -c "football-bot health report >/run/report 2>/run/fault; [ -s /run/report ] && grep -q soon /run/fault"
check "a person can still ask for a cycle" bash -c "football-bot orchestrator run-now 2>/dev/null"
cp /run/mended.toml /etc/football-bot/football-bot.toml
check "mended, it is read again" systemctl reload "$unit"
check "cycles go on" good_cycle
check "without a restart" [ "$(main_pid) $(property ActiveState)" = "$pid active" ]

systemctl stop hearer
rm -f /etc/football-bot/credentials/{hook_token,deadman_url}
cp /run/good.toml /etc/football-bot/football-bot.toml
check "a sink's secret that is gone keeps nothing from starting" bash -c "THESPORTS_USER=$user THESPORTS_SECRET=$secret $deploy credentials </dev/null && $deploy restart"
check "with the configuration of before, all is well" good_cycle
