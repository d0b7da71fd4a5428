//! What systemd hears from us.

use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Bench, cycles, until};

/// A systemd of the test's own: a socket, and what was said to it.
struct Systemd {
    socket: UnixDatagram,
    heard: String,
}

impl Systemd {
    fn new(bench: &Bench) -> Systemd {
        let socket = UnixDatagram::bind(bench.path("notify")).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .unwrap();
        Systemd {
            socket,
            heard: String::new(),
        }
    }

    fn hears(&mut self, words: &str) -> bool {
        let mut piece = [0; 4096];
        while let Ok(n) = self.socket.recv(&mut piece) {
            self.heard.push_str(&String::from_utf8_lossy(&piece[..n]));
            self.heard.push('\n');
        }
        self.heard.contains(words)
    }
}

fn under_systemd(bench: &Bench, args: &[&str]) -> crate::support::Running {
    let mut command = bench.command(args);
    command
        .env("NOTIFY_SOCKET", bench.path("notify"))
        .env("WATCHDOG_USEC", "600000");
    bench.spawn(command)
}

#[test]
fn systemd_hears_ready_status_watchdog_and_stopping() {
    let bench = Bench::new();
    let mut systemd = Systemd::new(&bench);
    bench.step(2, "sleep 1; succeed");
    let running = under_systemd(&bench, &["--interval", "1h"]);
    until("ready", || systemd.hears("READY=1"));
    assert_eq!(cycles(&bench), 0, "before the first cycle ends");
    until("the status of a step", || {
        systemd.hears("STATUS=cycle 2") && systemd.hears(": step2 runs")
    });
    until("a good cycle", || systemd.hears(" good, 7 matches, at "));
    assert!(
        systemd.heard.matches("WATCHDOG=1").count() >= 2,
        "also while a step runs"
    );
    let before = systemd.heard.matches("WATCHDOG=1").count();
    until("and while it is idle", || {
        systemd.hears("READY=1");
        systemd.heard.matches("WATCHDOG=1").count() > before + 2
    });
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
    until("stopping", || systemd.hears("STOPPING=1"));
    assert!(systemd.heard.contains("EXTEND_TIMEOUT_USEC="));
    assert_eq!(systemd.heard.matches("READY=1").count(), 1);
    let env = fs::read_to_string(bench.data("ran")).unwrap();
    assert!(!env.contains("NOTIFY"));
}

#[test]
fn a_loop_that_stands_still_feeds_no_watchdog() {
    let bench = Bench::new();
    let mut systemd = Systemd::new(&bench);
    let running = under_systemd(&bench, &["--interval", "1h"]);
    until("a beat", || {
        systemd.hears("WATCHDOG=1") && cycles(&bench) == 1
    });
    running.signal(Signal::SIGSTOP);
    sleep(Duration::from_millis(100));
    systemd.hears("");
    systemd.heard.clear();
    sleep(Duration::from_millis(800));
    assert!(!systemd.hears("WATCHDOG=1"), "{}", systemd.heard);
    running.signal(Signal::SIGCONT);
    until("a beat again", || systemd.hears("WATCHDOG=1"));
}

#[test]
fn a_deaf_systemd_costs_nothing() {
    let bench = Bench::new();
    let mut command = bench.command(&["--once"]);
    command
        .env("NOTIFY_SOCKET", "/no/such/socket")
        .env("WATCHDOG_USEC", "junk");
    assert_eq!(bench.spawn(command).wait().code, 0);
}

#[test]
fn a_systemd_that_stands_still_does_not_hold_up_the_loop() {
    let bench = Bench::new();
    // Its queue is full before the first word.
    let _systemd = Systemd::new(&bench);
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    while other.send_to(b"x", bench.path("notify")).is_ok() {}
    let running = under_systemd(&bench, &["--interval", "200ms"]);
    until("cycles go on", || cycles(&bench) >= 5);
    running.signal(Signal::SIGTERM);
    let asked = Instant::now();
    assert_eq!(running.wait().code, 143);
    assert!(asked.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_socket_without_a_file_is_heard_too() {
    let bench = Bench::new();
    let name = format!("football-bot-test-{}", std::process::id());
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let mut command = bench.command(&["--once"]);
    command.env("NOTIFY_SOCKET", format!("@{name}"));
    assert_eq!(bench.spawn(command).wait().code, 0);
    let mut piece = [0; 4096];
    let n = socket.recv(&mut piece).unwrap();
    assert_eq!(&piece[..n], b"READY=1\n");
}

#[test]
fn under_systemds_journal_lines_carry_priorities() {
    use std::os::unix::fs::MetadataExt;
    let bench = Bench::new();
    bench.step(2, "exit 65");
    let mut command = bench.command(&["--once"]);
    let meta = fs::metadata(bench.path("stderr")).unwrap();
    command.env("JOURNAL_STREAM", format!("{}:{}", meta.dev(), meta.ino()));
    let ran = bench.spawn(command).wait();
    assert!(
        ran.stderr.contains("<3>ERROR orchestrator: step2 failed"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.lines().all(|line| line.starts_with('<')),
        "{}",
        ran.stderr
    );
    assert!(!bench.day_log().contains("<3>"));
}
