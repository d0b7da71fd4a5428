//! What people say to a running orchestrator, by files and by signals, and what runs beside it.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use journal::EventKind;
use nix::sys::signal::Signal;

use crate::support::{Bench, cycles, lines, lives, said, until};

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
    let running = bench.start(&["--interval", "1h"]);
    until("the first cycle", || cycles(&bench) == 1);
    drop(running);
    fs::write(bench.data("state/pause"), "").unwrap();
    let running = bench.start(&["--interval", "100ms"]);
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
    let running = bench.start(&["--interval", "1h"]);
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
    let running = bench.start(&[]);
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

#[test]
fn a_companion_is_kept_running_started_again_and_ended_with_us() {
    let bench = Bench::new();
    bench.config("[alerts]\ncompanion = \"on\"\n");
    bench.program(
        "health",
        "echo \"$*\" > data/health_args; echo $$ >> data/health; echo 'I watch'; trap 'exit 0' TERM; sleep 50 & wait",
    );
    let running = bench.start(&["--interval", "1h"]);
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
        args.starts_with("watch --accepted --data-dir ") && args.ends_with("/football-bot.toml"),
        "{args}"
    );
}
