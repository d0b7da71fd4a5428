//! How wide the terminal is: the one question that Rust's standard library can't ask.

use std::io::{self, IsTerminal};
use std::os::fd::AsRawFd;

/// Columns when nobody says how many there are.
pub(crate) const DEFAULT_WIDTH: usize = 100;

/// Columns of the terminal on standard output, else `$COLUMNS`, else [`DEFAULT_WIDTH`].
pub(crate) fn width() -> usize {
    of_stdout()
        .or_else(|| std::env::var("COLUMNS").ok()?.trim().parse().ok())
        .filter(|columns| *columns > 0)
        .unwrap_or(DEFAULT_WIDTH)
}

#[expect(
    unsafe_code,
    reason = "the kernel has no other door to the window size, and no crate of the workspace wraps it"
)]
fn of_stdout() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the descriptor is open as long as `stdout` lives, and TIOCGWINSZ writes one `winsize`.
    let answer = unsafe { libc::ioctl(stdout.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) };
    (answer == 0 && size.ws_col > 0).then_some(usize::from(size.ws_col))
}
