//! How steps and the orchestrator itself are ended.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use journal::{CycleOutcome, EventKind, StepOutcome};
use nix::sys::signal::Signal;

use crate::support::{Bench, lines, lives, until};

/// Sleeps in a way that a trap can interrupt.
const NAP: &str = "sleep 50 & wait";

#[test]
fn a_step_past_its_timeout_is_asked_and_its_own_end_is_awaited() {
    let bench = Bench::new();
    bench.limits(2, "300ms", "20s");
    bench.step(
        2,
        &format!("trap 'echo asked >> \"$DATA/asked\"; exit 0' TERM; {NAP}"),
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 70, "{}", ran.stderr);
    assert_eq!(lines(&bench.data("asked")).len(), 1);
    assert_eq!(bench.outcomes()[1], StepOutcome::TimedOut { forced: false });
    assert_eq!(bench.outcomes()[2], StepOutcome::NotRun);
    assert!(
        ran.wall < Duration::from_secs(10),
        "the grace was not waited out"
    );
    assert!(
        ran.stderr.contains("step2 ran into its timeout of 300ms"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_step_that_will_not_end_is_killed_after_the_grace_with_all_it_started() {
    let bench = Bench::new();
    bench.limits(1, "300ms", "300ms");
    bench.step(
        1,
        "trap '' TERM; sleep 50 & echo $! > \"$DATA/member\"; echo $$ > \"$DATA/leader\"; sleep 51",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(
        ran.code, 69,
        "step 1 out of time is a provider that does not answer"
    );
    assert_eq!(bench.outcomes()[0], StepOutcome::TimedOut { forced: true });
    assert!(!lives(bench.pid("member")) && !lives(bench.pid("leader")));
    assert!(ran.wall < Duration::from_secs(10));
    assert!(ran.stderr.contains("had to be killed"), "{}", ran.stderr);
}

#[test]
fn a_stopped_step_is_woken_to_hear_that_its_time_is_up() {
    let bench = Bench::new();
    bench.limits(1, "300ms", "30s");
    bench.step(1, "trap 'exit 143' TERM; kill -STOP $$; sleep 50");
    let ran = bench.run(&["--once"]);
    assert_eq!(bench.outcomes()[0], StepOutcome::TimedOut { forced: false });
    assert!(ran.wall < Duration::from_secs(20));
}

fn stop_in_step_2(signal: Signal, name: &str, code: i32) {
    let bench = Bench::new();
    bench.step(
        2,
        &format!(
            "trap 'echo {name} >> \"$DATA/heard\"; exit {code}' {name}; : > \"$DATA/ready\"; {NAP}"
        ),
    );
    let running = bench.start(&[]);
    until("step2 runs", || bench.data("ready").exists());
    let asked = Instant::now();
    running.signal(signal);
    let ran = running.wait();
    assert_eq!(ran.code, code, "{}", ran.stderr);
    assert!(asked.elapsed() < Duration::from_secs(4));
    assert_eq!(lines(&bench.data("heard")), [name], "exactly once");
    assert_eq!(bench.ran_names(), ["step1", "step2"]);
    let (cycle, steps) = bench.newest();
    assert_eq!(cycle.outcome, Some(CycleOutcome::Cancelled));
    assert_eq!(steps.last().unwrap().outcome, Some(StepOutcome::Cancelled));
    let reader = bench.reader();
    assert_eq!(reader.failures_in_a_row().unwrap(), 0, "no failure");
    assert_eq!(reader.events(1).unwrap()[0].kind, EventKind::Stop);
    assert!(bench.day_log().contains(&format!("stopped by SIG{name}")));
}

#[test]
fn sigterm_is_passed_on_to_the_running_step_and_ends_us_with_143() {
    stop_in_step_2(Signal::SIGTERM, "TERM", 143);
}

#[test]
fn sigint_is_passed_on_to_the_running_step_and_ends_us_with_130() {
    stop_in_step_2(Signal::SIGINT, "INT", 130);
}

#[test]
fn a_step_that_ignores_the_stop_is_killed_after_the_grace() {
    let bench = Bench::new();
    bench.limits(2, "30s", "500ms");
    bench.step(2, "trap '' TERM; echo $$ > \"$DATA/leader\"; sleep 50");
    let running = bench.start(&[]);
    until("step2 runs", || !lines(&bench.data("leader")).is_empty());
    let asked = Instant::now();
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
    assert!(asked.elapsed() < Duration::from_millis(3000));
    assert!(!lives(bench.pid("leader")));
}

#[test]
fn a_second_signal_does_not_wait_for_the_grace() {
    let bench = Bench::new();
    bench.limits(2, "50s", "50s");
    bench.step(2, "trap '' TERM INT; echo $$ > \"$DATA/leader\"; sleep 50");
    let running = bench.start(&[]);
    until("step2 runs", || !lines(&bench.data("leader")).is_empty());
    running.signal(Signal::SIGTERM);
    sleep(Duration::from_millis(300));
    let asked = Instant::now();
    running.signal(Signal::SIGINT);
    assert_eq!(
        running.wait().code,
        143,
        "the first signal is what ended us"
    );
    assert!(asked.elapsed() < Duration::from_secs(3));
    assert!(!lives(bench.pid("leader")));
    assert_eq!(bench.newest().0.outcome, Some(CycleOutcome::Cancelled));
}

#[test]
fn a_third_signal_leaves_a_wedged_loop_on_the_spot_and_takes_the_step_along() {
    let bench = Bench::new();
    bench.limits(2, "50s", "50s");
    // With the word of the first signal the loop stands still and hears nothing.
    let hold = bench.hold_the_loop();
    bench.step(
        2,
        &format!(
            "trap '' TERM INT; {hold}; echo $$ > \"$DATA/leader\"; while :; do sleep 50; done"
        ),
    );
    let mut running = bench.start(&[]);
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
    let running = bench.start(&[]);
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

/// From the signal to the end, in the best of five: the promise is about us, and a busy machine may
/// hold up one, but hardly each.
fn best_of_five(mut once: impl FnMut() -> Duration) -> Duration {
    (0..5).map(|_| once()).min().unwrap()
}

#[test]
fn between_cycles_a_stop_takes_under_200_ms() {
    let best = best_of_five(|| {
        let bench = Bench::new();
        let running = bench.start(&["--interval", "1h"]);
        until("one cycle is done", || {
            journal::Reader::open(&bench.data("state/journal.sqlite"))
                .is_ok_and(|reader| reader.totals().unwrap().ok == 1)
        });
        let asked = Instant::now();
        running.signal(Signal::SIGTERM);
        assert_eq!(running.wait().code, 143);
        let took = asked.elapsed();
        assert_eq!(bench.reader().totals().unwrap().cycles(), 1);
        took
    });
    assert!(best < Duration::from_millis(200), "{best:?}");
}

#[test]
fn in_a_backoff_a_stop_takes_under_200_ms() {
    let bench = Bench::new();
    bench.config("[schedule]\nbackoff = \"1h\"\nbackoff_after = 1\n");
    bench.step(1, "exit 65");
    let best = best_of_five(|| {
        let running = bench.start(&[]);
        until("it backs off", || {
            let said = fs::read_to_string(bench.path("stderr")).unwrap();
            said.contains(": waiting ") || said.contains("still waiting")
        });
        let asked = Instant::now();
        running.signal(Signal::SIGTERM);
        assert_eq!(running.wait().code, 143);
        asked.elapsed()
    });
    assert!(best < Duration::from_millis(200), "{best:?}");
}

#[test]
fn a_stop_between_two_steps_starts_no_further_one() {
    let bench = Bench::new();
    // What step 1 leaves behind is swept and said after its end, and with that word the loop stands
    // between the two steps while the signal comes.
    let hold = bench.hold_the_loop();
    bench.step(
        1,
        &format!("setsid sleep 50 & echo $! > \"$DATA/left\"; succeed; {hold}"),
    );
    let running = bench.start(&[]);
    until("what step 1 left is swept", || {
        !lines(&bench.data("left")).is_empty() && !lives(bench.pid("left"))
    });
    running.signal(Signal::SIGTERM);
    sleep(Duration::from_millis(200));
    bench.let_go();
    assert_eq!(running.wait().code, 143);
    assert_eq!(bench.ran_names(), ["step1"]);
    let (cycle, steps) = bench.newest();
    assert_eq!(cycle.outcome, Some(CycleOutcome::Cancelled));
    assert_eq!(steps[0].outcome, Some(StepOutcome::Ok), "it had ended well");
    assert_eq!(bench.reader().failures_in_a_row().unwrap(), 0);
}

#[test]
fn a_stop_while_steps_are_being_spawned_is_heard_and_leaves_nobody() {
    let bench = Bench::new();
    // So many steps that do nothing that it is nearly always starting one.
    let mut toml = String::new();
    for n in 0..200 {
        toml.push_str(&format!(
            "[[pipeline.step]]\nname = \"s{n}\"\nprogram = \"/bin/true\"\ntimeout = \"30s\"\n"
        ));
    }
    bench.config(&toml);
    let mut cancelled = 0;
    for round in 0..20 {
        let running = bench.start(&["--interval", "1h", "-q"]);
        until("steps run", || {
            let pid = running.child.id();
            fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
                .is_ok_and(|children| !children.is_empty())
        });
        sleep(Duration::from_micros(round * 700));
        let asked = Instant::now();
        let pid = running.child.id();
        running.signal(Signal::SIGTERM);
        assert_eq!(running.wait().code, 143, "round {round}");
        assert!(asked.elapsed() < Duration::from_secs(4), "round {round}");
        let orphans = fs::read_to_string(bench.data("state/children")).unwrap_or_default();
        assert!(
            !orphans.contains("s1"),
            "round {round}: {pid} left {orphans}"
        );
        let (cycle, steps) = bench.newest();
        if cycle.outcome == Some(CycleOutcome::Cancelled) {
            cancelled += 1;
            assert!(steps.len() < 200, "no further step was started");
        }
    }
    assert!(cancelled > 0, "the signals came too late to tell anything");
    assert_eq!(bench.reader().failures_in_a_row().unwrap(), 0);
}

#[test]
fn a_killed_orchestrator_leaves_a_crashed_cycle_and_no_lock() {
    let bench = Bench::new();
    bench.step(2, "echo $$ > \"$DATA/leader\"; sleep 50");
    let running = bench.start(&[]);
    until("step2 runs", || !lines(&bench.data("leader")).is_empty());
    running.signal(Signal::SIGKILL);
    running.wait();
    let leftover = bench.pid("leader");
    nix::sys::signal::killpg(nix::unistd::Pid::from_raw(leftover), Signal::SIGKILL).unwrap();
    bench.step(2, "succeed");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("1 open cycle(s) marked as crashed"),
        "{}",
        ran.stderr
    );
    let reader = bench.reader();
    let crashed = reader.newest_that(CycleOutcome::Crashed).unwrap().unwrap();
    assert_eq!(crashed.failed_step.as_deref(), Some("step2"));
}
