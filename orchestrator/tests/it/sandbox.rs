//! The sandbox that the orchestrator starts itself.

use nix::sys::signal::Signal;

use crate::support::{Bench, lines, lives, until};

const SANDBOX: &str = "echo $$ >> data/sandbox; echo \"$*\" > data/sandbox_args\ntrap 'exit 0' TERM\necho 'listening on http://127.0.0.1:4711'; echo 'a request' >&2\nsleep 50 & wait\n";

fn pids(bench: &Bench) -> Vec<i32> {
    lines(&bench.data("sandbox"))
        .iter()
        .map(|line| line.parse().unwrap())
        .collect()
}

#[test]
fn the_sandbox_is_started_handed_to_step_1_and_ended() {
    let bench = Bench::new();
    bench.program("sandbox", SANDBOX);
    let ran = bench.run(&[
        "--once",
        "--provider",
        "sandbox",
        "--sandbox-matches",
        "5",
        "--sandbox-seed",
        "3",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let step1 = &bench.ran()[0];
    assert!(
        step1.ends_with("--provider sandbox --base-url http://127.0.0.1:4711"),
        "{step1}"
    );
    let accepted = bench.data("state/accepted.toml").display().to_string();
    assert_eq!(
        lines(&bench.data("sandbox_args")),
        [format!(
            "--listen 127.0.0.1:0 --config {accepted} --matches 5 --seed 3"
        )]
    );
    assert!(!lives(pids(&bench)[0]), "ended with us");
    assert!(ran.stderr.contains("SIMULATED"), "{}", ran.stderr);
    assert!(bench.day_log().contains("INFO  sandbox: a request"));
}

#[test]
fn the_environment_can_ask_for_it_too_and_a_signal_ends_it() {
    let bench = Bench::new();
    bench.program("sandbox", SANDBOX);
    let mut command = bench.command(&["--interval", "1h"]);
    command.env("FOOTBALL_BOT_FEED__PROVIDER", "sandbox");
    let running = bench.spawn(command);
    until("a cycle is done", || bench.ran().len() == 6);
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait().code, 130);
    assert!(!lives(pids(&bench)[0]));
}

#[test]
fn a_dead_sandbox_is_started_again_for_the_next_cycle() {
    let bench = Bench::new();
    bench.program("sandbox", SANDBOX);
    bench.step(6, "kill -9 $(tail -1 \"$DATA/sandbox\")");
    let ran = bench.run(&[
        "--cycles",
        "2",
        "--interval",
        "300ms",
        "--provider",
        "sandbox",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(pids(&bench).len(), 2);
    assert!(
        ran.stderr
            .contains("the sandbox has ended: starting it again"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_sandbox_that_does_not_come_up_fails_the_cycle_with_its_own_words() {
    let bench = Bench::new();
    bench.program(
        "sandbox",
        "echo 'ERROR sandbox: no port is free' >&2; exit 74",
    );
    let ran = bench.run(&["--once", "--provider", "sandbox"]);
    assert_eq!(ran.code, 69);
    assert!(
        ran.stderr
            .contains("ended before it was ready: no port is free"),
        "{}",
        ran.stderr
    );
    assert_eq!(bench.newest().0.failed_step.as_deref(), Some("sandbox"));
    assert!(bench.ran().is_empty());
}

#[test]
fn nothing_falls_back_to_the_sandbox_by_itself() {
    let bench = Bench::new();
    bench.program("sandbox", SANDBOX);
    bench.step(1, "exit 78");
    assert_eq!(bench.run(&["--once"]).code, 78);
    assert!(!bench.data("sandbox").exists());
}
