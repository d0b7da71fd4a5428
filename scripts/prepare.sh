# shellcheck shell=bash
# Sourced by the other scripts: what a build needs, said or installed before cargo fails on it.

say() { printf '%s\n' "$*" >&2; }

# need_rust: cargo, also when the shell has not read rustup's environment yet.
need_rust() {
    if ! command -v cargo >/dev/null 2>&1 && [ -f "${CARGO_HOME:-$HOME/.cargo}/env" ]; then
        # shellcheck source=/dev/null
        . "${CARGO_HOME:-$HOME/.cargo}/env"
    fi
    if ! command -v cargo >/dev/null 2>&1; then
        say "Rust is missing. Install it with rustup (https://rustup.rs), then run this again."
        exit 69
    fi
}

# need_cc: a C compiler, for SQLite and ring, and for linking.
need_cc() {
    if command -v cc >/dev/null 2>&1; then
        return
    fi
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        say "A C compiler is missing; installing gcc and libc6-dev."
        apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev >&2
        return
    fi
    say "A C compiler is missing. On Debian and Ubuntu: sudo apt-get install gcc libc6-dev"
    exit 69
}
