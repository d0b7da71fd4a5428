//! `health monitor` on a real terminal (a pseudo one), and where there is none.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::pty::{OpenptyResult, Winsize, grantpt, openpty, posix_openpt, ptsname_r, unlockpt};

use crate::place::Place;

/// Far more than any of these takes, on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// A pseudo terminal: its far end and the near one, which no other program that is started meanwhile
/// holds open as well.
fn pair() -> (OwnedFd, File) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname_r(&master).unwrap();
    let slave = File::options()
        .read(true)
        .write(true)
        .custom_flags(OFlag::O_NOCTTY.bits())
        .open(name)
        .unwrap();
    (master.into(), slave)
}

fn open(place: &Place, args: &[&str]) -> (Child, OwnedFd) {
    let (master, slave) = pair();
    let mut command = place.command(args);
    command
        .env("TERM", "xterm-256color")
        .env("COLUMNS", "80")
        .env("LINES", "24")
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .stdout(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::from(slave));
    (command.spawn().unwrap(), master)
}

/// The same on a terminal that has a size, so that there is something to draw.
fn open_sized(place: &Place, args: &[&str]) -> (Child, OwnedFd) {
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let OpenptyResult { master, slave } = openpty(Some(&size), None).unwrap();
    let mut command = place.command(args);
    command
        .env("TERM", "xterm-256color")
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .stdout(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::from(slave));
    (command.spawn().unwrap(), master)
}

/// Reads until `wanted` has been written to the terminal.
fn read_until(master: &OwnedFd, wanted: &str) -> String {
    let mut file = File::from(master.try_clone().unwrap());
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let n = file.read(&mut piece).unwrap_or(0);
        seen.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&seen).into_owned();
        if text.contains(wanted) {
            return text;
        }
        assert!(n > 0, "the terminal ended without {wanted:?}: {text}");
    }
}

fn ended(child: &mut Child) -> Option<std::process::ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

#[test]
fn without_a_terminal_the_report_is_printed_once_with_its_exit_code() {
    let mut place = Place::new();
    let unknown = place.health(&["monitor"]);
    assert_eq!(unknown.code, 3);
    assert_eq!(
        unknown.first_line(),
        "UNKNOWN  football-bot: no orchestrator has run here yet"
    );
    let _lock = place.orchestrator();
    place.cycle(10, journal::CycleOutcome::Failed);
    place.files(10, "thesports");
    let (piped, report) = (place.health(&["monitor"]), place.health(&["report"]));
    assert_eq!((piped.code, report.code), (1, 1));
    assert_eq!(piped.first_line(), report.first_line());
    assert!(piped.stdout.contains("next: ") && !piped.stdout.contains('\u{1b}'));
    assert_eq!(place.health(&["monitor", "--bogus"]).code, 3);
    assert_eq!(
        place.health(&["monitor", "--once", "--size", "0x9"]).code,
        3
    );
}

#[test]
fn a_terminal_that_can_not_move_its_cursor_gets_the_report() {
    let place = Place::new();
    let (master, slave) = pair();
    let mut child = place
        .command(&["monitor"])
        .env("TERM", "dumb")
        .stdin(Stdio::from(slave.try_clone().unwrap()))
        .stdout(Stdio::from(slave))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = read_until(&master, "next: ");
    assert!(
        said.contains("UNKNOWN") && !said.contains("\u{1b}[?1049h"),
        "{said}"
    );
    assert_eq!(ended(&mut child).unwrap().code(), Some(3));
}

#[test]
fn one_frame_needs_no_terminal_and_has_the_verdicts_exit_code() {
    let place = Place::new();
    let said = place.health(&["monitor", "--once", "--size", "60x20", "--data-dir", "data"]);
    assert_eq!(said.code, 3);
    assert_eq!(said.stdout.lines().count(), 20);
    assert!(said.stdout.contains("UNKNOWN") && !said.stdout.contains('\u{1b}'));
}

#[test]
fn a_key_leaves_and_the_terminal_is_as_it_was() {
    let place = Place::new();
    let (mut child, master) = open(&place, &["monitor", "--data-dir", "data"]);
    let drawn = read_until(&master, "UNKNOWN");
    assert!(
        drawn.contains("\u{1b}[?1049h"),
        "it draws on a screen of its own"
    );
    File::from(master.try_clone().unwrap())
        .write_all(b"q")
        .unwrap();
    // Its own screen is left, and then the cursor is shown.
    read_until(&master, "\u{1b}[?1049l\u{1b}[?25h");
    assert_eq!(ended(&mut child).unwrap().code(), Some(0));
}

#[test]
fn a_signal_ends_it_and_the_terminal_is_as_it_was() {
    let place = Place::new();
    let (mut child, master) = open(&place, &["monitor", "--data-dir", "data"]);
    read_until(&master, "UNKNOWN");
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    // Its own screen is left, and then the cursor is shown.
    read_until(&master, "\u{1b}[?1049l\u{1b}[?25h");
    assert_eq!(ended(&mut child).unwrap().code(), Some(0));
}

#[test]
fn a_signal_ends_it_also_when_its_terminal_takes_nothing_any_more() {
    let place = Place::new();
    let (mut child, master) = open(&place, &["monitor", "--data-dir", "data"]);
    // Its title is read and then nothing, so that what it draws fills the terminal in the end; whether it has
    // or not, the signal must do.
    read_until(&master, "UNKNOWN");
    std::thread::sleep(Duration::from_secs(2));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(ended(&mut child).is_some());
}

#[test]
fn without_colour_no_colour_is_written() {
    let place = Place::new();
    let args = ["monitor", "--data-dir", "data", "--color", "never"];
    let (mut child, master) = open_sized(&place, &args);
    let drawn = read_until(&master, "[q]uit");
    File::from(master.try_clone().unwrap())
        .write_all(b"q")
        .unwrap();
    read_until(&master, "\u{1b}[?1049l");
    assert!(ended(&mut child).is_some());
    let colors = [
        "38;5;",
        "48;5;",
        "\u{1b}[31m",
        "\u{1b}[32m",
        "\u{1b}[33m",
        "\u{1b}[41m",
    ];
    for color in colors {
        let found = drawn
            .find(color)
            .map(|at| &drawn[at..drawn.len().min(at + 12)]);
        assert_eq!(found, None, "{drawn:?}");
    }
}

#[test]
fn what_is_confirmed_is_done_and_what_came_of_it_is_said() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.cycle(10, journal::CycleOutcome::Ok);
    place.files(10, "thesports");
    let (mut child, master) = open_sized(&place, &["monitor", "--data-dir", "data"]);
    let mut keys = File::from(master.try_clone().unwrap());
    read_until(&master, "[p]ause");
    keys.write_all(b"p").unwrap();
    read_until(&master, "PAUSE the pipeline for");
    assert!(!place.data("state/pause").exists(), "it is not confirmed");
    keys.write_all(b"1").unwrap();
    read_until(&master, "paused until");
    let pause = std::fs::read_to_string(place.data("state/pause")).unwrap();
    assert!(pause.contains("until "), "{pause}");
    keys.write_all(b"q").unwrap();
    read_until(&master, "\u{1b}[?1049l");
    assert_eq!(ended(&mut child).unwrap().code(), Some(0));
}

#[test]
fn twenty_closed_terminals_leave_no_process() {
    let place = Place::new();
    let mut open: Vec<_> = (0..20)
        .map(|_| self::open(&place, &["monitor", "--data-dir", "data"]))
        .collect();
    for (_, master) in &open {
        read_until(master, "UNKNOWN");
    }
    let children: Vec<_> = open.drain(..).map(|(child, _closed)| child).collect();
    for mut child in children {
        let status = ended(&mut child).expect("a monitor outlives its terminal");
        // 129 as for SIGHUP; 0 when it was drawing just then and found that nobody reads any more.
        assert!(matches!(status.code(), Some(129 | 0)), "{status}");
    }
}
