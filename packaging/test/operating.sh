# shellcheck shell=bash disable=SC2154
# What docs/OPERATING.md tells an operator to type, typed. Sourced by in-systemd.sh: `operating_look` where the
# service runs, `operating_move` where it was uninstalled and its data is still there.

# answers_with CODES COMMAND: one of these exit codes.
answers_with() {
    local codes=$1 code=0
    bash -o pipefail -c "$2" || code=$?
    [[ " $codes " == *" $code "* ]] || { echo "exit code $code"; return 1; }
}

operating_look() {
    section "what OPERATING tells to type"
    local id
    id=$(grep -oE '"match_id":"[^"]*"' "$state/step4/step4.json" | head -1 | cut -d'"' -f4)
    check "health report" answers_with "0 1" "football-bot health report"
    check "health explain" answers_with 0 "football-bot health explain"
    check "health alerts" answers_with "0 1 2" "football-bot health alerts"
    check "health alerts explain NAME" answers_with 0 "football-bot health alerts explain CrashLoop"
    check "health alerts silence NAME" answers_with 0 "football-bot health alerts silence RecordsDrop --for 1h && [ -z \"\$(find $state ! -user football-bot -print -quit)\" ]"
    check "health logs --level error" answers_with "0 1" "football-bot health logs --level error"
    check "orchestrator check" answers_with 0 "football-bot orchestrator check"
    check "step 1 by hand, counted" answers_with 0 "football-bot step1 --output - | wc -c | grep -qE '[0-9]{4}'"
    check "one match by hand" answers_with 0 "football-bot step4 --output - --match '$id' --pretty | grep -qF '$id'"
    check "warnings of today" answers_with 0 "journalctl -u football-bot -p warning --since today"
    check "how often it was restarted" answers_with 0 "systemctl show football-bot -p NRestarts | grep -qE '=[0-9]+'"
    check "security" answers_with 0 "systemd-analyze security football-bot --threshold=13"
    check "twenty lines of its journal" answers_with 0 "journalctl -u football-bot -n 20 | grep -q ."
    mkdir -p /etc/credstore.encrypted
    check "a credential encrypted at rest" answers_with 0 "
        echo $secret | systemd-creds encrypt --name=thesports_secret - /etc/credstore.encrypted/thesports_secret &&
        printf '[Service]\nLoadCredentialEncrypted=thesports_secret:/etc/credstore.encrypted/thesports_secret\n' \
            >/etc/systemd/system/$unit.d/70-encrypted.conf &&
        mv /etc/football-bot/credentials/thesports_secret /run/plain && systemctl daemon-reload && systemctl restart football-bot"
    check "is the account's" good_cycle
    mv /run/plain /etc/football-bot/credentials/thesports_secret
    rm "/etc/systemd/system/$unit.d/70-encrypted.conf" /etc/credstore.encrypted/thesports_secret
    systemctl daemon-reload
    check "the plain one again" "$deploy" restart
}

operating_move() {
    section "what OPERATING tells to type: moved to another machine"
    local cycle
    cycle=$(grep -oE '"cycle":"[^"]*"' "$state/step5/step5.json" | head -1 | cut -d'"' -f4)
    check "back up" answers_with 0 "cd / && tar -C / -czf /run/backup.tgz --exclude='*.tmp' --ignore-failed-read etc/football-bot \
        etc/systemd/system/football-bot.service.d var/lib/football-bot/state"
    check "nothing of it stays here" "$deploy" uninstall --purge --yes
    check "installed there" install_it
    check "restore" answers_with 0 "tar -C / -xzf /run/backup.tgz && chown -R football-bot:football-bot /var/lib/football-bot && chmod 750 /var/lib/football-bot && systemctl daemon-reload"
    check "the account came along, for root alone" [ "$(stat -c '%U %a' /etc/football-bot/credentials/thesports_secret)" = "root 600" ]
    check "doctor finds no fault of ours" bash -c "$deploy doctor | tee /run/doctor; ! grep -E 'FAULT  (credentials|check|user|folder|service)' /run/doctor"
    check "starts" "$deploy" start
    check "a good cycle" good_cycle
    check "the record came along" bash -c "football-bot health explain $cycle | grep -F $cycle"
    check "stop" "$deploy" stop
}
