//! What people and systemd say to a running orchestrator, and what it says to them.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::thread::sleep;
use std::time::{Duration, Instant};

use journal::{CycleOutcome, EventKind};
use nix::sys::signal::Signal;

use crate::support::{Bench, lines, lives, until};

fn cycles(bench: &Bench) -> u64 {
    journal::Reader::open(&bench.data("state/journal.sqlite"))
        .and_then(|reader| reader.totals())
        .map_or(0, |totals| totals.cycles())
}

fn said(bench: &Bench, words: &str) -> bool {
    fs::read_to_string(bench.path("stderr"))
        .unwrap()
        .contains(words)
}

/// Runs the orchestrator's other commands without touching what the running one says.
fn ask(bench: &Bench, args: &[&str]) -> (i32, String) {
    let mut command = bench.command(args);
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let output = command.output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

/// [`Bench::command`] makes new files for what is said; here the running one's must stay.
fn start(bench: &Bench, args: &[&str]) -> crate::support::Running {
    bench.start(args)
}

#[test]
fn a_pause_survives_a_restart_skips_ticks_and_ends_by_itself() {
    let bench = Bench::new();
    let (code, words) = ask(&bench, &["pause", "--for", "3s"]);
    assert_eq!(code, 0);
    assert!(
        words.contains("paused until ") && words.contains("no orchestrator runs"),
        "{words}"
    );
    let started = Instant::now();
    let ran = bench.run(&["--cycles", "1", "--interval", "200ms"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(started.elapsed() > Duration::from_secs(2));
    let reader = bench.reader();
    assert!(reader.totals().unwrap().skipped_pause >= 5);
    assert!(reader.newest_event(&[EventKind::Pause]).unwrap().is_some());
    assert!(reader.newest_event(&[EventKind::Resume]).unwrap().is_some());
    assert!(!bench.data("state/pause").exists());
}

#[test]
fn pause_resume_and_run_now_reach_a_running_one() {
    let bench = Bench::new();
    let running = start(&bench, &["--interval", "1h"]);
    until("the first cycle", || cycles(&bench) == 1);
    drop(running);
    fs::write(bench.data("state/pause"), "").unwrap();
    let running = start(&bench, &["--interval", "100ms"]);
    until("it is paused", || {
        said(&bench, "paused until `orchestrator resume`")
    });
    sleep(Duration::from_millis(400));
    assert_eq!(cycles(&bench), 1, "paused");
    fs::write(bench.data("state/run-now"), "").unwrap();
    until("one cycle all the same", || cycles(&bench) == 2);
    assert_eq!(bench.newest().0.scheduled_at, None, "a person asked for it");
    sleep(Duration::from_millis(400));
    assert_eq!(cycles(&bench), 2, "one wish, one cycle");
    fs::remove_file(bench.data("state/pause")).unwrap();
    until("cycles again", || cycles(&bench) > 4);
    drop(running);
}

#[test]
fn sigusr1_runs_a_cycle_now() {
    let bench = Bench::new();
    let running = start(&bench, &["--interval", "1h"]);
    until("the first cycle", || cycles(&bench) == 1);
    running.signal(Signal::SIGUSR1);
    until("the second", || cycles(&bench) == 2);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
}

#[test]
fn sighup_reads_the_configuration_again_and_refuses_a_bad_one() {
    let bench = Bench::new();
    bench.config("[schedule]\ninterval = \"1h\"\n");
    let running = start(&bench, &[]);
    until("the first cycle", || cycles(&bench) == 1);
    bench.config("[schedule]\ninterval = \"nonsense\"\n");
    running.signal(Signal::SIGHUP);
    until("it is refused", || {
        said(
            &bench,
            "the new configuration is refused, the old one stays",
        )
    });
    bench.config("[schedule]\ninterval = \"100ms\"\n");
    running.signal(Signal::SIGHUP);
    until("cycles of the new interval", || cycles(&bench) > 3);
    assert!(
        bench
            .reader()
            .newest_event(&[EventKind::Reload])
            .unwrap()
            .is_some()
    );
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
}

/// Runs until it backs off because of `code`, then stops it.
fn backed_off(bench: &Bench, settings: &str, code: i32) {
    bench.config(&format!(
        "[schedule]\ninterval = \"100ms\"\nbackoff = \"1h\"\nbackoff_after = 1\n{settings}"
    ));
    bench.step(1, &format!("exit {code}"));
    let running = start(bench, &[]);
    until("it backs off", || said(bench, ": waiting "));
    assert_eq!(cycles(bench), 1);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
}

#[test]
fn refused_credentials_wait_long_at_once() {
    let bench = Bench::new();
    bench.config("[schedule]\ninterval = \"100ms\"\nbackoff = \"1h\"\n");
    bench.step(1, "exit 77");
    let running = start(&bench, &[]);
    until("it backs off", || {
        said(
            &bench,
            "in a way that another try will not change: waiting ",
        )
    });
    sleep(Duration::from_millis(500));
    assert_eq!(cycles(&bench), 1);
    running.signal(Signal::SIGTERM);
    let asked = Instant::now();
    assert_eq!(running.wait().code, 143);
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "a backoff hears a stop at once"
    );
}

#[test]
fn a_backoff_survives_a_restart_until_a_person_asks_for_a_cycle() {
    let bench = Bench::new();
    backed_off(&bench, "", 65);
    bench.step(1, "succeed");
    let running = start(&bench, &[]);
    until("it still waits", || {
        said(&bench, "still waiting after failures (step1: exit 65")
    });
    sleep(Duration::from_millis(500));
    assert_eq!(cycles(&bench), 1);
    let control = journal::control::Control::new(&bench.data("state"));
    control.ask_for_run().unwrap();
    until("a person is stronger", || cycles(&bench) > 2);
    assert_eq!(control.backoff(), None, "over");
    drop(running);
}

#[test]
fn who_restarts_it_after_mending_the_credentials_does_not_wait() {
    for code in [77, 78] {
        let bench = Bench::new();
        backed_off(&bench, "restart_wait = \"10ms\"\n", code);
        bench.step(1, "succeed");
        let running = start(&bench, &[]);
        until("it goes on at once", || cycles(&bench) > 2);
        assert!(said(&bench, "one try before the rest of the wait"));
        until("the word of the backoff is gone", || {
            !bench.data("state/backoff").exists()
        });
        drop(running);
    }
}

#[test]
fn restarts_in_a_row_do_not_hammer_whoever_refuses_us_however_a_try_ends() {
    let bench = Bench::new();
    backed_off(&bench, "restart_wait = \"1h\"\n", 77);
    for _ in 0..3 {
        let running = start(&bench, &[]);
        until("it waits", || {
            said(&bench, "still waiting after failures (step1: exit 77")
        });
        sleep(Duration::from_millis(300));
        drop(running);
    }
    assert_eq!(cycles(&bench), 1);

    // The one try of a new life is killed before it has an end.
    let bench = Bench::new();
    backed_off(&bench, "restart_wait = \"10ms\"\n", 77);
    bench.config("[schedule]\ninterval = \"100ms\"\nbackoff = \"1h\"\nrestart_wait = \"1h\"\n");
    bench.step(1, ": > \"$DATA/trying\"; exec sleep 50");
    let running = start(&bench, &[]);
    until("it tries", || bench.data("trying").exists());
    drop(running);
    let running = start(&bench, &[]);
    until("it waits", || said(&bench, "still waiting after failures"));
    sleep(Duration::from_millis(300));
    assert_eq!(bench.ran().len(), 2);
    drop(running);
}

#[test]
fn a_third_signal_leaves_a_wedged_loop_on_the_spot_and_takes_the_step_along() {
    let bench = Bench::new();
    bench.limits(2, "50s", "50s");
    bench.step(
        2,
        "trap '' TERM INT; echo $$ > \"$DATA/leader\"; while :; do sleep 50; done",
    );
    // Nobody reads the console and it is full. With `-q` the first word for it is that of the second
    // signal, before the kill: from there on the loop stands still and hears nothing.
    let (mut running, _console) = bench.start_with_full_console(&["-q"]);
    until("step2 runs", || !lines(&bench.data("leader")).is_empty());
    let leader = bench.pid("leader");
    running.signal(Signal::SIGTERM);
    sleep(Duration::from_millis(300));
    running.signal(Signal::SIGINT);
    sleep(Duration::from_secs(1));
    assert!(running.child.try_wait().unwrap().is_none() && lives(leader));
    let asked = Instant::now();
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
    assert!(asked.elapsed() < Duration::from_secs(2));
    until("the step is gone", || !lives(leader));
}

#[test]
fn it_says_every_five_seconds_what_it_still_waits_for() {
    let bench = Bench::new();
    bench.limits(2, "50s", "7s");
    bench.step(
        2,
        "trap '' TERM; echo $$ > \"$DATA/leader\"; while :; do sleep 50; done",
    );
    let running = start(&bench, &[]);
    until("step2 runs", || !lines(&bench.data("leader")).is_empty());
    running.signal(Signal::SIGTERM);
    let ran = running.wait();
    assert_eq!(ran.code, 143);
    assert!(
        ran.stderr.contains("still waiting for step2 (process "),
        "{}",
        ran.stderr
    );
    assert_eq!(bench.newest().0.outcome, Some(CycleOutcome::Cancelled));
}

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

#[test]
fn a_companion_is_kept_running_started_again_and_ended_with_us() {
    let bench = Bench::new();
    bench.config("[alerts]\ncompanion = \"on\"\n");
    bench.program(
        "health",
        "echo \"$*\" > data/health_args; echo $$ >> data/health; echo 'I watch'; trap 'exit 0' TERM; sleep 50 & wait",
    );
    let running = start(&bench, &["--interval", "1h"]);
    until("it runs", || lines(&bench.data("health")).len() == 1);
    until("a cycle went by", || cycles(&bench) == 1);
    let first = bench.pid("health");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(first), Signal::SIGKILL).unwrap();
    until("it runs again", || lines(&bench.data("health")).len() == 2);
    let second: i32 = lines(&bench.data("health"))[1].parse().unwrap();
    until("it is heard", || {
        bench.day_log().matches("health: I watch").count() == 2
    });
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
    assert!(!lives(second), "ended with us");
    let args = lines(&bench.data("health_args"))[0].clone();
    assert!(
        args.starts_with("watch --data-dir ") && args.contains("--config"),
        "{args}"
    );
}
