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
    say "stored $CREDENTIALS/$1 (readable by root alone)"
}

# Takes the account from the terminal, or from the environment.
account() {
    local user='' secret=''
    if [ -t 0 ]; then
        read -r -p 'TheSports user: ' user
        read -r -s -p 'TheSports secret (not shown): ' secret
        printf '\n'
    else
        user=${THESPORTS_USER-} secret=${THESPORTS_SECRET-}
    fi
    if [ -z "$user" ] || [ -z "$secret" ]; then
        die 78 "no credentials: run this on a terminal, or give THESPORTS_USER and THESPORTS_SECRET in its environment" \
            "(with sudo: sudo --preserve-env=THESPORTS_USER,THESPORTS_SECRET …); without an account: --provider sandbox"
    fi
    printf '%s\n' "$user" | store thesports_user
    printf '%s\n' "$secret" | store thesports_secret
}

# Every credential beside the account's two (those of sinks) must be named to systemd.
name_credentials() {
    local file lines='' name
    for file in "$CREDENTIALS"/*; do
        name=${file##*/}
        if [ -f "$file" ] && [ "${name#thesports_}" = "$name" ]; then
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
    local name=$CREDENTIAL value=''
    if [ -z "$name" ]; then
        account
    else
        [[ $name =~ ^[A-Za-z0-9_-]+$ ]] || die 64 "a credential's name is letters, digits, _ and -"
        if [ -t 0 ]; then
            read -r -s -p "$name (not shown): " value
            printf '\n'
        else
            IFS= read -r value || [ -n "$value" ] || true
        fi
        [ -n "$value" ] || die 78 "nothing was given for $name; nothing was changed"
        printf '%s\n' "$value" | store "$name"
    fi
    name_credentials
    say "The service sees it after: $0 restart"
}
