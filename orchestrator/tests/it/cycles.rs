//! What a cycle does with good, bad and dishonest steps.

use std::fs;
use std::time::Duration;

use journal::{CycleOutcome, EventKind, StepOutcome};

use crate::support::Bench;

#[test]
fn a_good_cycle_runs_six_steps_in_order_and_records_each() {
    let bench = Bench::new();
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let names = ["step1", "step2", "step3", "step4", "step5", "step6"];
    assert_eq!(bench.ran_names(), names);
    assert_eq!(ran.stdout, "", "stdout is data, and none was asked for");
    let (cycle, steps) = bench.newest();
    assert_eq!(cycle.outcome, Some(CycleOutcome::Ok));
    assert_eq!(cycle.matches, Some(7));
    assert_eq!(
        steps.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
        names
    );
    assert!(steps.iter().all(|s| s.outcome == Some(StepOutcome::Ok)));
    assert_eq!(steps[1].matches, Some(7));
    assert_eq!(
        steps[4].bytes_out,
        Some(fs::metadata(bench.data("step5/step5.json")).unwrap().len())
    );
    let reader = bench.reader();
    assert_eq!(reader.totals().unwrap().matches, 7);
    let last = reader.events(1).unwrap().remove(0);
    assert_eq!(last.kind, EventKind::Finished);
    for line in bench.ran() {
        let expected = format!(
            "--cycle {} --data-dir {}",
            cycle.id,
            bench.path("data").display()
        );
        assert!(line.contains(&expected), "{line}");
        assert_eq!(
            line.contains("--no-display"),
            line.starts_with("step6"),
            "{line}"
        );
        assert!(!line.contains("--provider"), "{line}");
    }
    assert!(
        ran.stderr
            .contains(&format!("cycle {} good: 7 matches in ", cycle.id))
    );
    assert!(
        ran.stderr
            .contains("done, 1 cycle: 1 good, 0 failed (100.0% good), 7 matches")
    );
}

#[test]
fn the_day_log_has_what_was_done_and_what_the_steps_said() {
    let bench = Bench::new();
    bench.step(
        2,
        "echo to stdout; echo 'WARN  step2: one match was rejected' >&2; succeed",
    );
    let ran = bench.run(&["--once"]);
    let log = bench.day_log();
    assert!(log.contains(" INFO  step2: to stdout\n"), "{log}");
    assert!(
        log.contains(" WARN  step2: one match was rejected\n"),
        "{log}"
    );
    assert!(log.contains(" INFO  step6: appended\n"), "{log}");
    assert!(log.contains(" INFO  orchestrator: cycle 2"), "{log}");
    assert!(
        !ran.stderr.contains("rejected"),
        "the console has our own words"
    );
    let loud = bench.run(&["--once", "-v"]);
    assert!(loud.stderr.contains("WARN  step2: one match was rejected"));
}

#[test]
fn a_failing_step_stops_the_cycle_and_its_exit_code_comes_through() {
    let bench = Bench::new();
    bench.step(
        3,
        "echo 'ERROR step3: the input is rotten' >&2; echo bye >&2; exit 65",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 65);
    assert_eq!(bench.ran_names(), ["step1", "step2", "step3"]);
    let (cycle, steps) = bench.newest();
    assert_eq!(cycle.outcome, Some(CycleOutcome::Failed));
    assert_eq!(cycle.failed_step.as_deref(), Some("step3"));
    let why = "exit 65, input unusable: the input is rotten";
    assert_eq!(cycle.message.as_deref(), Some(why));
    assert_eq!(steps[2].outcome, Some(StepOutcome::Failed(65)));
    assert!(
        steps[3..]
            .iter()
            .all(|s| s.outcome == Some(StepOutcome::NotRun))
    );
    assert_eq!(steps.len(), 6);
    let said = format!("ERROR orchestrator: step3 failed: {why}\n");
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
    assert!(bench.day_log().contains(&said));
}

#[test]
fn a_step_that_reports_success_without_its_file_fails_the_cycle() {
    let bench = Bench::new();
    bench.step(2, "exit 0");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 70);
    assert!(
        ran.stderr
            .contains("reported success but its file is missing"),
        "{}",
        ran.stderr
    );
    assert_eq!(bench.outcomes()[1], StepOutcome::NoOutput);

    bench.step(2, "CYCLE=yesterday; succeed");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 70);
    assert!(
        ran.stderr
            .contains("reported success but its file belongs to cycle yesterday"),
        "{}",
        ran.stderr
    );
    assert_eq!(bench.ran_names().last().unwrap(), "step2");
}

#[test]
fn a_step_that_a_signal_ends_gives_128_and_the_signal() {
    let bench = Bench::new();
    bench.step(4, "kill -9 $$");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 137);
    assert!(
        ran.stderr.contains("ended by SIGKILL, not by us"),
        "{}",
        ran.stderr
    );
    assert_eq!(bench.outcomes()[3], StepOutcome::Signalled(9));
}

#[test]
fn a_program_that_is_missing_or_not_executable_is_named() {
    let bench = Bench::new();
    fs::remove_file(bench.path("bin/step2")).unwrap();
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 78);
    assert!(
        ran.stderr.contains("bin/step2`: No such file"),
        "{}",
        ran.stderr
    );
    assert_eq!(bench.outcomes()[1], StepOutcome::SpawnFailed);
    fs::write(bench.path("bin/step2"), "#!/bin/sh\n").unwrap();
    let ran = bench.run(&["--once"]);
    assert!(
        ran.stderr.contains("(make it executable)"),
        "{}",
        ran.stderr
    );
}

#[test]
fn refused_and_misconfigured_are_said_with_what_to_do() {
    let bench = Bench::new();
    for (code, advice) in [
        (77, "the provider refuses us"),
        (78, "`orchestrator check`"),
    ] {
        bench.step(
            1,
            &format!("echo 'ERROR step1: no credentials' >&2; exit {code}"),
        );
        let ran = bench.run(&["--once"]);
        assert_eq!(ran.code, code);
        assert!(ran.stderr.contains(advice), "{}", ran.stderr);
        assert!(ran.stderr.contains(": no credentials\n"), "{}", ran.stderr);
    }
}

#[test]
fn with_show_step_6_speaks_on_our_stdout() {
    let bench = Bench::new();
    let ran = bench.run(&["--once", "--show"]);
    assert_eq!(ran.stdout, "shown\n");
    assert!(!bench.ran()[5].contains("--no-display"));
}

#[test]
fn provider_and_address_are_for_step_1_alone() {
    let bench = Bench::new();
    let address = "http://127.0.0.1:9/x";
    let args = ["--once", "--provider", "sandbox", "--base-url", address];
    assert_eq!(bench.run(&args).code, 0);
    let ran = bench.ran();
    assert!(
        ran[0].ends_with(&format!("--provider sandbox --base-url {address}")),
        "{}",
        ran[0]
    );
    assert!(ran[1..].iter().all(|line| !line.contains("--base-url")));
}

#[test]
fn a_step_of_the_users_own_gets_its_arguments_before_the_standard_ones() {
    let bench = Bench::new();
    bench.program("mine", "echo \"$*\" > args");
    bench.config(
        "[[pipeline.step]]\nname = \"publish\"\nprogram = \"./bin/mine\"\nargs = [\"--to\", \"there\"]\ntimeout = \"5s\"\n",
    );
    assert_eq!(bench.run(&["run", "--once"]).code, 0);
    let args = fs::read_to_string(bench.path("args")).unwrap();
    assert!(args.starts_with("--to there --cycle 2"), "{args}");
    let config = format!("--config {}\n", bench.data("state/accepted.toml").display());
    assert!(args.ends_with(&config), "{args}");
}

#[test]
fn a_step_starts_in_a_clean_environment() {
    let bench = Bench::new();
    bench.step(
        1,
        "env > \"$DATA/env\"; readlink /proc/self/fd/0 > \"$DATA/stdin\"; grep -E '^Sig(Blk|Ign)' /proc/self/status > \"$DATA/signals\"; succeed",
    );
    let mut command = std::process::Command::new("sh");
    bench.dress(&mut command);
    let script = format!(
        "trap '' INT; exec '{}' --once --data-dir data --bin-dir bin",
        env!("CARGO_BIN_EXE_orchestrator")
    );
    command
        .args(["-c", &script])
        .env("NOTIFY_SOCKET", "/x")
        .env("TMOUT", "9");
    command.env("WATCHDOG_USEC", "1").env("KEPT", "yes");
    assert_eq!(bench.spawn(command).wait().code, 0);
    let env = fs::read_to_string(bench.data("env")).unwrap();
    assert!(env.contains("KEPT=yes"));
    for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "TMOUT"] {
        assert!(!env.contains(name), "{name} came through");
    }
    assert_eq!(
        fs::read_to_string(bench.data("stdin")).unwrap(),
        "/dev/null\n"
    );
    for line in fs::read_to_string(bench.data("signals")).unwrap().lines() {
        let mask = line.rsplit('\t').next().unwrap();
        let mask = u64::from_str_radix(mask, 16).unwrap();
        assert_eq!(mask & 0b100_0000_0000_0010, 0, "INT or TERM in {line}");
    }
}

#[test]
fn a_full_or_missing_journal_costs_no_cycle() {
    let bench = Bench::new();
    fs::create_dir_all(bench.data("state/journal.sqlite")).unwrap();
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("cycles go on without a record"),
        "{}",
        ran.stderr
    );
    assert_eq!(
        ran.stderr.matches("without a record").count(),
        1,
        "said once"
    );

    let bench = Bench::new();
    bench.step(3, "rm -f \"$DATA\"/state/journal.sqlite*; succeed");
    let ran = bench.run(&["--cycles", "2", "--interval", "100ms"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_corrupt_journal_is_moved_aside_and_said() {
    let bench = Bench::new();
    fs::create_dir_all(bench.data("state")).unwrap();
    fs::write(bench.data("state/journal.sqlite"), vec![b'z'; 9000]).unwrap();
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("a new one is begun"), "{}", ran.stderr);
    assert_eq!(bench.reader().totals().unwrap().ok, 1);
}

#[test]
fn a_bad_configuration_and_wrong_usage_have_their_codes() {
    let bench = Bench::new();
    bench.config("[schedule]\nintervall = \"60s\"\n");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 78);
    assert!(ran.stderr.contains("intervall"), "{}", ran.stderr);
    assert_eq!(bench.run(&["--twice"]).code, 64);
    assert_eq!(bench.run(&["--interval", "0s"]).code, 64);
    assert!(bench.ran().is_empty());
    assert!(bench.run(&["--help"]).wall < Duration::from_secs(5));
}
