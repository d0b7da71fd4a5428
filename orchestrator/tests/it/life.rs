//! Steps that misbehave, one way each.

use std::fs;
use std::time::{Duration, Instant};

use journal::StepOutcome;

use crate::support::{Bench, lives, until};

#[test]
fn a_step_that_makes_a_session_of_its_own_and_forks_twice_leaves_nobody_behind() {
    let bench = Bench::new();
    bench.step(
        2,
        "setsid sh -c 'sleep 50 >/dev/null 2>&1 & echo $! > \"$0\"/escaped' \"$DATA\"; succeed",
    );
    bench.step(
        3,
        "kill -0 $(cat \"$DATA/escaped\") 2>/dev/null && echo still > \"$DATA/still\"; succeed",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("step2 left behind and killed: sleep ("),
        "{}",
        ran.stderr
    );
    assert!(!lives(bench.pid("escaped")));
    assert!(
        !bench.data("still").exists(),
        "the next step began only after the sweep"
    );
}

#[test]
fn a_timeout_ends_everything_that_the_step_started_in_whatever_session() {
    let bench = Bench::new();
    bench.limits(1, "400ms", "300ms");
    bench.step(
        1,
        "trap '' TERM; setsid sleep 50 & sleep 51 & echo $! > \"$DATA/member\"; sleep 52",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(bench.outcomes()[0], StepOutcome::TimedOut { forced: true });
    assert!(!lives(bench.pid("member")));
    assert!(
        ran.stderr.contains("step1 left behind and killed: "),
        "{}",
        ran.stderr
    );
}

#[test]
fn before_a_kill_the_last_words_and_the_state_of_the_process_are_kept() {
    let bench = Bench::new();
    bench.limits(2, "300ms", "200ms");
    bench.step(
        2,
        "trap '' TERM; echo 'waiting for godot' >&2; while :; do sleep 1; done",
    );
    let ran = bench.run(&["--once"]);
    assert!(
        ran.stderr.contains("step2 before the kill: state "),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("step2 had said: waiting for godot"),
        "{}",
        ran.stderr
    );
    let (cycle, _) = bench.newest();
    let message = cycle.message.unwrap();
    assert!(message.contains("waiting for godot (state "), "{message}");
}

#[test]
fn a_step_that_ends_within_the_grace_is_not_waited_for_any_longer() {
    let bench = Bench::new();
    bench.limits(2, "300ms", "40s");
    bench.step(2, "trap 'sleep 0.2; exit 9' TERM; sleep 50 & wait");
    let ran = bench.run(&["--once"]);
    assert_eq!(bench.outcomes()[1], StepOutcome::TimedOut { forced: false });
    assert!(ran.wall < Duration::from_secs(20));
    assert!(!ran.stderr.contains("killing"), "{}", ran.stderr);
}

#[test]
fn a_step_that_dies_of_any_signal_is_named_by_it() {
    for (number, name) in [
        (4, "SIGILL"),
        (6, "SIGABRT"),
        (8, "SIGFPE"),
        (11, "SIGSEGV"),
        (9, "SIGKILL"),
        (7, "SIGBUS"),
        (5, "SIGTRAP"),
        (31, "SIGSYS"),
        (3, "SIGQUIT"),
        (15, "SIGTERM"),
        (14, "SIGALRM"),
        (13, "SIGPIPE"),
    ] {
        let bench = Bench::new();
        bench.step(1, &format!("ulimit -c 0; kill -{number} $$; sleep 5"));
        let ran = bench.run(&["--once"]);
        assert_eq!(
            bench.outcomes()[0],
            StepOutcome::Signalled(number),
            "{name}"
        );
        assert!(
            ran.stderr.contains(&format!("ended by {name}, not by us")),
            "{}",
            ran.stderr
        );
        assert_eq!(ran.code, 128 + number);
    }
}

#[test]
fn a_leaked_pipe_is_noticed_and_recorded_and_the_exit_code_stands() {
    let bench = Bench::new();
    bench.step(
        2,
        "setsid sleep 50 & echo $! > \"$DATA/holder\"; echo 'ERROR step2: because' >&2; exit 65",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 65);
    let (_, steps) = bench.newest();
    assert!(steps[1].leaked && !steps[0].leaked);
    assert!(steps[1].message.as_deref().unwrap().contains("because"));
    assert!(ran.wall < Duration::from_secs(20));
    assert!(!lives(bench.pid("holder")));
}

#[test]
fn one_gibibyte_of_output_is_drained_without_growing() {
    let bench = Bench::new();
    bench.step(
        2,
        "head -c 1073741824 /dev/zero; head -c 1000000 /dev/urandom >&2; succeed",
    );
    let mut running = bench.start(&["--once"]);
    let peak = |pid: u32| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))?
            .to_owned();
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    let mut most = 0;
    until("the cycle is done", || {
        most = peak(running.child.id()).unwrap_or(0).max(most);
        running.child.try_wait().unwrap().is_some()
    });
    let ran = running.wait();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(most < 40_000, "{most} kB");
    assert!(bench.day_log().len() < 2_000_000);
}

#[test]
fn what_a_step_costs_is_recorded() {
    let bench = Bench::new();
    bench.step(
        2,
        "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; succeed",
    );
    assert_eq!(bench.run(&["--once"]).code, 0);
    let (cycle, steps) = bench.newest();
    assert!(
        steps[1].cpu.unwrap() > Duration::from_millis(5),
        "{:?}",
        steps[1].cpu
    );
    assert!(steps[1].max_rss.unwrap() > 500_000);
    assert_eq!(steps[1].attempts, 1);
    assert!(cycle.data_bytes.unwrap() > 0 && cycle.disk_free.unwrap() > 0);
    let areas = bench
        .reader()
        .areas(cycle.started_at, chrono::Utc::now())
        .unwrap();
    assert!(areas[0].1.outputs > 0 && areas[0].1.state > 0, "{areas:?}");
    assert!(cycle.fetched_at.is_some());
}

#[test]
fn a_retryable_code_is_tried_again_within_the_cycle_with_growing_delays() {
    let bench = Bench::new();
    bench.config("[pipeline]\nretries = 3\nretry_delay = \"200ms\"\n");
    bench.step(
        1,
        "echo x >> \"$DATA/tries\"; [ $(wc -l < \"$DATA/tries\") -ge 3 ] || { echo 'ERROR step1: no answer' >&2; exit 69; }; succeed",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (_, steps) = bench.newest();
    assert_eq!(steps[0].attempts, 3);
    assert!(
        steps[0].wall.unwrap() >= Duration::from_millis(600),
        "200 and 400 ms"
    );
    assert!(
        ran.stderr.contains("trying again in 200ms")
            && ran.stderr.contains("trying again in 400ms")
    );

    bench.step(1, "exit 75");
    assert_eq!(bench.run(&["--once"]).code, 75);
    assert_eq!(bench.newest().1[0].attempts, 4, "one and three more");
    bench.step(1, "exit 65");
    assert_eq!(bench.run(&["--once"]).code, 65);
    assert_eq!(bench.newest().1[0].attempts, 1, "not one of the retryable");
}

#[test]
fn no_try_begins_beyond_the_next_start() {
    let bench = Bench::new();
    bench.config("[pipeline]\nretries = 9\nretry_delay = \"300ms\"\n");
    bench.step(1, "exit 69");
    let ran = bench.run(&["--once", "--interval", "1s"]);
    assert_eq!(ran.code, 69);
    let attempts = bench.newest().1[0].attempts;
    assert!(
        (1..=3).contains(&attempts),
        "the one after 300 and 600 ms is the last: {attempts}"
    );
}

#[test]
fn a_cycle_has_a_deadline_of_its_own() {
    let bench = Bench::new();
    bench.config("[pipeline]\ndeadline = \"1200ms\"\ngrace = \"200ms\"\n");
    for number in 1..=6 {
        bench.step(number, "sleep 0.5; succeed");
    }
    let ran = bench.run(&["--once"]);
    assert_ne!(ran.code, 0);
    let outcomes = bench.outcomes();
    assert_eq!(outcomes.len(), 6);
    assert_eq!(outcomes.last(), Some(&StepOutcome::NotRun));
    assert!(ran.wall < Duration::from_secs(10));
}

#[test]
fn a_step_that_is_not_required_may_fail_and_one_of_the_users_own_is_added() {
    let bench = Bench::new();
    bench.program("mine", "exit 7");
    bench.config(
        "[pipeline]\nwithout = [\"step6\"]\n[[pipeline.step]]\nname = \"publish\"\nprogram = \"./bin/mine\"\ntimeout = \"5s\"\nafter = \"step2\"\nrequired = false\n",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (_, steps) = bench.newest();
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["step1", "step2", "publish", "step3", "step4", "step5"]
    );
    assert_eq!(steps[2].outcome, Some(StepOutcome::Failed(7)));
    assert!(
        ran.stderr
            .contains("publish failed and is not required: exit 7"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_memory_limit_is_the_steps_own() {
    let bench = Bench::new();
    bench.config("[[pipeline.step]]\nname = \"big\"\nprogram = \"./bin/big\"\ntimeout = \"20s\"\nmemory = 300000000\n");
    bench.program("big", "sleep 0.1; ulimit -v > data/limit; exit 0");
    assert_eq!(bench.run(&["--once"]).code, 0);
    let limit = fs::read_to_string(bench.data("limit")).unwrap();
    assert_eq!(limit.trim().parse::<u64>().unwrap(), 300_000_000 / 1024);
}

#[test]
fn no_descriptor_of_ours_or_of_our_parent_reaches_a_step() {
    let bench = Bench::new();
    bench.step(1, "ls -l /proc/$$/fd > \"$DATA/fds\"; succeed");
    let mut command = std::process::Command::new("sh");
    bench.dress(&mut command);
    let script = format!(
        "exec 7< /etc/passwd; exec '{}' --once --data-dir data --bin-dir bin",
        env!("CARGO_BIN_EXE_orchestrator")
    );
    command.args(["-c", &script]);
    assert_eq!(bench.spawn(command).wait().code, 0);
    let open = fs::read_to_string(bench.data("fds")).unwrap();
    assert!(!open.contains("passwd"), "{open}");
    assert!(
        !open.contains("orchestrator.lock") && !open.contains("journal"),
        "{open}"
    );
}

#[test]
fn a_step_that_leaks_descriptors_and_zombies_does_not_leave_them_to_us() {
    let bench = Bench::new();
    bench.step(
        2,
        "i=0; while [ $i -lt 20 ]; do (sh -c 'exit 0' &) ; i=$((i+1)); done; exec 5</dev/null 6</dev/null; succeed",
    );
    let mut running = bench.start(&["--cycles", "20", "--interval", "20ms"]);
    let pid = running.child.id();
    let mut zombies = 0;
    let mut open = 0;
    until("the cycles are done", || {
        let children =
            fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        zombies = children.split_whitespace().count().max(zombies);
        open = fs::read_dir(format!("/proc/{pid}/fd"))
            .map_or(0, Iterator::count)
            .max(open);
        running.child.try_wait().unwrap().is_some()
    });
    let ran = running.wait();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(
        bench.reader().totals().unwrap().ok,
        20,
        "and every status was right"
    );
    assert!(zombies <= 25, "no pile: {zombies}");
    assert!(open < 40, "{open} open files");
}

#[test]
fn a_spawn_that_fails_is_a_failed_step_with_a_name_and_the_loop_lives() {
    let bench = Bench::new();
    // A script whose interpreter is missing, arguments that are too long.
    fs::write(bench.path("bin/step2"), "#!/no/such/interpreter\n").unwrap();
    let ran = bench.run(&["--cycles", "2", "--interval", "50ms"]);
    assert_eq!(bench.outcomes()[1], StepOutcome::SpawnFailed);
    assert!(ran.stderr.contains("can't start `"), "{}", ran.stderr);
    assert_eq!(bench.reader().totals().unwrap().failed, 2);
    let bench = Bench::new();
    let long = "x".repeat(3_000_000);
    bench.config(&format!(
        "[[pipeline.step]]\nname = \"a\"\nprogram = \"./bin/step1\"\nargs = [\"{long}\"]\ntimeout = \"5s\"\n"
    ));
    let ran = bench.run(&["--once"]);
    assert!(
        ran.stderr.contains("too long"),
        "{}",
        &ran.stderr[..ran.stderr.len().min(2000)]
    );
}

#[test]
fn a_stop_in_the_delay_before_a_retry_is_heard_at_once() {
    let bench = Bench::new();
    bench.config("[pipeline]\nretry_delay = \"40s\"\n");
    bench.step(1, "exit 69");
    let running = bench.start(&["--interval", "1h"]);
    until("the delay", || {
        fs::read_to_string(bench.path("stderr"))
            .unwrap()
            .contains("trying again in 40s")
    });
    let asked = Instant::now();
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
    assert!(asked.elapsed() < Duration::from_secs(3));
}
