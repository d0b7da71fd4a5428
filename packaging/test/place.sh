# shellcheck shell=bash
# Where the service's lives are lived: names, questions, and the stand-in for the provider. Sourced by the scripts
# that scripts/test-deploy runs in a booted systemd, in /opt/app, which has:
#   bin/ (the programs), source/scripts, source/packaging, source/football-bot.toml, and debs/ if there are any.
# shellcheck source=packaging/test/checks.sh
. source/packaging/test/checks.sh

deploy=/opt/app/source/scripts/deploy_service.sh
unit=football-bot.service
state=/var/lib/football-bot
user=evening-watcher
secret=Q7x-$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
umask 022

main_pid() { systemctl show "$unit" --value -p MainPID; }
property() { systemctl show "$unit" --value -p "$1"; }
product() { stat -c %Y%s "$state/step5/step5.json" 2>/dev/null; }
# newer MARK: whether there is a product younger than the mark.
newer() { [ -n "$(find "$state/step5/step5.json" -newer "$1" 2>/dev/null)" ]; }
mark() { touch /run/mark && sleep 0.02; }
good_cycle() { mark && within 25 newer /run/mark; }
as() { runuser -u "$1" -- "${@:2}"; }
refused() { ! "$@"; }
# with_a_hog CONFIG: that configuration, with a step behind the six that takes all the memory it gets.
with_a_hog() {
    cat "$1"
    for n in 1 2 3 4 5 6; do printf '[[pipeline.step]]\nname = "step%s"\nprogram = "step%s"\ntimeout = "30s"\n' $n $n; done
    printf '[[pipeline.step]]\nname = "hog"\nprogram = "/opt/app/hog"\ntimeout = "30s"\n'
}
printf '#!/bin/sh\nexec tail /dev/zero\n' >/opt/app/hog
chmod 755 /opt/app/hog
# whole_product STATE: step 6 can read it.
whole_product() { runuser -u football-bot -- bin/step6 --no-log --input "$1/step5/step5.json" --output - >/dev/null; }
install_it() { THESPORTS_USER=$user THESPORTS_SECRET=$secret "$deploy" install --bin-dir bin; }
left_over() { find /etc /usr /var /run /tmp /home /root -xdev \( -path /var/lib/dpkg -o -path /var/lib/systemd \) -prune -o -name '*football-bot*' -print | grep . || id football-bot; }

# settings_of_the_test: over in minutes. Own feed, a cycle every 3 s, restarts after 1 s (limits.sh has those of the unit).
settings_of_the_test() {
    sed -i 's|^#base_url = .*|base_url = "http://127.0.0.1:8788"|; s|^#requests_per_minute = .*|requests_per_minute = 0|
        s|^#interval = .*|interval = "3s"|; s|^#backoff_after = .*|backoff_after = 50|' /etc/football-bot/football-bot.toml
    cp /etc/football-bot/football-bot.toml /run/good.toml
    mkdir -p "/etc/systemd/system/$unit.d"
    printf '[Service]\nRestartSec=1s\n' >"/etc/systemd/system/$unit.d/90-test.conf"
    systemctl daemon-reload
}

# ---------------------------------------------------------------------- the stand-in for the provider
# It lets in only this account, so a good cycle proves that the credentials arrive.
printf '%s\n' "$secret" >/run/feed-secret
systemd-run --quiet --unit=feed --service-type=exec bin/sandbox --listen 127.0.0.1:8788 --matches 40 \
    --user "$user" --secret-file /run/feed-secret
