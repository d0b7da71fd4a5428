# shellcheck shell=bash
# What the tests of the packaging share: a check, a wait, a count. Sourced.
PASSED=0 FAILED=0

section() { printf '== %s (%s s)\n' "$1" "$SECONDS"; }
passed() {
    PASSED=$((PASSED + 1))
    printf 'ok      %s\n' "$1"
}
failed() {
    FAILED=$((FAILED + 1))
    printf 'FAILED  %s\n' "$1"
}

# check WHAT COMMAND…: it holds when the command succeeds; what the command said is shown when it does not.
check() {
    local what=$1 said
    shift
    if said=$("$@" 2>&1); then
        passed "$what"
    else
        failed "$what"
        printf '%s\n' "${said:-(it said nothing)}" | tail -25 | sed 's/^/        /'
    fi
}

# within SECONDS COMMAND…: until it succeeds.
within() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@"; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.1
    done
}

# whole_files STATE BIN: every step can read what the one before left, and the last log ends as it should.
whole_files() {
    local n
    for n in 2 3 4 5; do
        runuser -u football-bot -- "$2/step$n" -q --data-dir "$1" --output - >/dev/null || return 1
    done
    runuser -u football-bot -- "$2/step6" -q --data-dir "$1" --no-log >/dev/null || return 1
    [ "$(tail -c1 "$1/step6_matches.log" | od -An -c | tr -d ' ')" = '\n' ]
}

summary() {
    printf '%s passed, %s failed\n' "$PASSED" "$FAILED"
    [ "$FAILED" = 0 ]
}
