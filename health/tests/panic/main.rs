//! A panic while the terminal is drawn on: the terminal is as it was found, and the message can be read.
//!
//! No harness of tests stands between: this program starts itself again on a pseudo terminal, has the
//! terminal there as `health monitor` has it, and panics while it draws.

#![expect(
    clippy::unwrap_used,
    reason = "a test may say unwrap: its panic is its report"
)]

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::process::{Command, Stdio};

use health::monitor::screen::with_terminal;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};

fn main() {
    if std::env::args().nth(1).as_deref() == Some("draw-and-panic") {
        draw_and_panic();
    } else {
        a_panic_leaves_the_terminal_as_it_was();
        println!("a panic leaves the terminal as it was: ok");
    }
}

fn draw_and_panic() {
    let drawn = with_terminal(|mut screen| {
        screen.draw(|_| {
            let now = tcgetattr(io::stdin()).unwrap();
            panic!("the drawing failed, raw: {}", raw(&now));
        })?;
        Ok(())
    });
    unreachable!("{drawn:?}");
}

/// Whether keys come at once, unseen and without a meaning of their own.
fn raw(terminal: &Termios) -> bool {
    !terminal
        .local_flags
        .intersects(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG)
}

fn a_panic_leaves_the_terminal_as_it_was() {
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let OpenptyResult { master, slave } = openpty(Some(&size), None).unwrap();
    let before = tcgetattr(slave.as_fd()).unwrap();
    assert!(!raw(&before));
    let end = || Stdio::from(slave.try_clone().unwrap());
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("draw-and-panic")
        .env("TERM", "xterm-256color")
        .env("RUST_BACKTRACE", "0")
        .stdin(end())
        .stdout(end())
        .stderr(end())
        .spawn()
        .unwrap();
    // The child's last words; what it wrote before stands before them.
    let words = "the drawing failed, raw: true";
    let mut seen = Vec::new();
    let mut file = File::from(master);
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains(words) {
        // Far more than it takes, on a machine that is busy with other things.
        let patience = PollTimeout::from(60_000_u16);
        let ready = poll(
            &mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)],
            patience,
        );
        assert!(ready.unwrap() > 0, "{}", String::from_utf8_lossy(&seen));
        let n = file.read(&mut piece).unwrap();
        seen.extend_from_slice(&piece[..n]);
        // A drawing that fails otherwise would be waited for without an end.
        assert!(seen.len() < 100_000 && n > 0);
        assert!(!String::from_utf8_lossy(&seen).contains("raw: false"));
    }
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(101));
    let text = String::from_utf8_lossy(&seen);
    let at = |what: &str| {
        text.find(what)
            .unwrap_or_else(|| panic!("no {what:?} in {text:?}"))
    };
    let (entered, left) = (at("\u{1b}[?1049h"), at("\u{1b}[?1049l"));
    let (shown, said) = (at("\u{1b}[?25h"), at(words));
    assert!(entered < left && left < said, "{text:?}");
    assert!(shown < said, "the cursor is shown: {text:?}");
    let after = tcgetattr(slave.as_fd()).unwrap();
    assert_eq!(after.local_flags, before.local_flags);
    assert_eq!(after.input_flags, before.input_flags);
    assert_eq!(after.output_flags, before.output_flags);
}
