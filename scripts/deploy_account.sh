# shellcheck shell=bash
# `deploy_service.sh credentials`, and install's question for the account: how secrets get to where only root and
# systemd read them. Sourced by deploy_service.sh.

# Who answers step 1, by the configuration.
provider() {
    local word=''
    [ ! -r "$CONFIG" ] || word=$(sed -n 's/^ *provider *= *"\([a-z]*\)".*/\1/p' "$CONFIG" | head -1)
    printf '%s\n' "${word:-thesports}"
}

# store NAME: standard input becomes a credential.
store() {
    [ -n "$DRY" ] || install -d -m 700 "$CREDENTIALS"
    put 600 "$CREDENTIALS/$1"
    [ -n "$DRY" ] || say "stored $CREDENTIALS/$1 (readable by root alone)"
}

# What was given in the environment goes no further: no build and no other child sees it.
ACCOUNT_USER=${THESPORTS_USER-} ACCOUNT_SECRET=${THESPORTS_SECRET-}
unset THESPORTS_USER THESPORTS_SECRET

# Whether an account was given, in the environment or by ask_account.
account_given() { [ -n "$ACCOUNT_USER" ] && [ -n "$ACCOUNT_SECRET" ]; }

# unseen COMMAND…: nothing that is typed or pasted meanwhile is shown, however it ends.
unseen() {
    local terminal code=0
    terminal=$(stty -g)
    # shellcheck disable=SC2064 # the settings of now
    trap "stty '$terminal'; printf '\n'; exit 130" INT TERM HUP
    stty -echo
    "$@" || code=$?
    stty "$terminal"
    trap - INT TERM HUP
    return "$code"
}

# Two lines pasted at once are two answers, and none of them is shown by the terminal; the user is, by us.
ask_user_and_secret() {
    read -r -p 'TheSports user (shown when it is entered): ' ACCOUNT_USER || true
    printf '%s\n' "$ACCOUNT_USER"
    read -r -p 'TheSports secret (not shown): ' ACCOUNT_SECRET || true
    printf '\n'
}

# Takes the account from the terminal, or from the environment.
ask_account() {
    [ ! -t 0 ] || unseen ask_user_and_secret
    account_given ||
        die 78 "no credentials: run this on a terminal, or give THESPORTS_USER and THESPORTS_SECRET in its environment" \
            "(with sudo: sudo --preserve-env=THESPORTS_USER,THESPORTS_SECRET …); without an account: --provider sandbox"
}

store_account() {
    printf '%s\n' "$ACCOUNT_USER" | store thesports_user
    printf '%s\n' "$ACCOUNT_SECRET" | store thesports_secret
}

# Every credential beside the account's two (those of sinks) must be named to systemd.
name_credentials() {
    local file lines='' name
    for file in "$CREDENTIALS"/*; do
        name=${file##*/}
        if [ -f "$file" ] && [[ $name =~ ^[A-Za-z0-9_-]+$ ]] && [ "${name#thesports_}" = "$name" ]; then
            lines+="LoadCredential=$name:/etc/$NAME/credentials/$name"$'\n'
        fi
    done
    if [ -n "$lines" ]; then
        printf '# Written by deploy_service.sh credentials.\n[Service]\n%s' "$lines" | put 644 "$DROPIN"
    elif [ -e "$DROPIN" ]; then
        run rm -f "$DROPIN"
    fi
    ! live || run systemctl daemon-reload
}

have_account() { [ -s "$CREDENTIALS/thesports_user" ] && [ -s "$CREDENTIALS/thesports_secret" ]; }

do_credentials() {
    need_root
    if [ -n "$CREDENTIAL" ] && ! [[ $CREDENTIAL =~ ^[A-Za-z0-9_-]+$ ]]; then
        die 64 "a credential's name is letters, digits, _ and -"
    fi
    if [ -n "$DRY" ]; then
        say "would: ask for ${CREDENTIAL:-the account}, store it in $CREDENTIALS (root alone), and name it to systemd"
        return
    fi
    if [ -z "$CREDENTIAL" ]; then
        ask_account
        store_account
    else
        VALUE=''
        if [ -t 0 ]; then unseen ask_value; else IFS= read -r VALUE || true; fi
        [ -n "$VALUE" ] || die 78 "nothing was given for $CREDENTIAL; nothing was changed"
        printf '%s\n' "$VALUE" | store "$CREDENTIAL"
    fi
    name_credentials
    say "The service sees it after: $0 restart"
}

ask_value() {
    read -r -p "$CREDENTIAL (not shown): " VALUE || true
    printf '\n'
}
