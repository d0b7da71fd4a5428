# shellcheck shell=bash disable=SC2154
# deploy_service.sh as a person uses it, at a terminal. Sourced by in-systemd.sh, where the service runs.

# person COMMAND: it gets a terminal; what `types` writes are its keys, what it shows is in /run/screen.
person() {
    rm -f /run/keys
    mkfifo /run/keys
    : >/run/screen
    rm -f /run/ended
    { # What runs in the background ignores Ctrl-C; a person's shell does not.
        env --default-signal=INT script --quiet --return --flush --command "$1" /dev/null </run/keys >/run/screen 2>&1
        echo $? >/run/ended
    } &
    exec 9>/run/keys
}
shows() { within 15 grep -qF -e "$1" /run/screen; }
types() { printf '%b' "$1" >&9; }
ends_with() { within 15 [ -s /run/ended ] && { grep -qx "$1" /run/ended || { cat /run/screen /run/ended; false; }; }; }
stored() { cat "/etc/football-bot/credentials/$1"; }

section "a person at a terminal"
typed=Typed-$RANDOM$RANDOM
person "$deploy credentials"
check "the account is asked for" shows 'TheSports user'
types "somebody\n$typed\n" # pasted in one go
check "credentials ends well" ends_with 0
check "the user is shown" grep -q somebody /run/screen
check "the secret is not" refused grep -qF "$typed" /run/screen
check "both are stored" [ "$(stored thesports_user) $(stored thesports_secret)" = "somebody $typed" ]
check "for root alone" [ "$(stat -c '%U %a' /etc/football-bot/credentials/thesports_secret)" = "root 600" ]
person "bash -c 'trap : INT; $deploy credentials; echo ended \$?; stty -a'"
check "asked again" shows 'TheSports user'
types "somebody-else\n"
check "for the secret too" shows 'TheSports secret'
types 'half a secr\003'
check "Ctrl-C leaves the question" shows 'ended 130'
check "the terminal shows again what is typed" bash -c "grep -qE '(^|[ ;])echo( |;|\r)' /run/screen"
check "and the shell goes on" ends_with "[0-9]*"
check "nothing of it is shown" refused grep -q 'half a' /run/screen
check "nothing was changed" [ "$(stored thesports_user) $(stored thesports_secret)" = "somebody $typed" ]
person "$deploy credentials phone_token"
check "a sink's secret is asked for" shows 'phone_token'
types "$typed-token\n"
check "it is stored" ends_with 0
check "not shown, for root alone, and named to systemd" bash -c "! grep -qF '$typed' /run/screen && [ \"\$(stat -c '%U %a' /etc/football-bot/credentials/phone_token)\" = 'root 600' ] && systemctl cat $unit | grep -q ^LoadCredential=phone_token:"
rm -f /etc/football-bot/credentials/phone_token
check "the account from the environment" bash -c "THESPORTS_USER=$user THESPORTS_SECRET=$secret $deploy credentials </dev/null"
check "replaces what was typed" [ "$(stored thesports_secret)" = "$secret" ]
check "a secret that is gone is no longer named" bash -c "! systemctl cat $unit | grep -q phone_token"
person "$deploy follow"
check "follow shows the journal" shows 'cycle'
lines=$(wc -l </run/screen)
check "as it grows" within 15 bash -c "[ \$(wc -l </run/screen) -gt $lines ]"
types '\003'
check "Ctrl-C ends it" within 10 [ -s /run/ended ]
exec 9>&-
