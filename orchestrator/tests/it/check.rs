//! `orchestrator check`: all faults at once.

use std::fs;

use crate::support::Bench;

fn ready() -> Bench {
    let bench = Bench::new();
    for name in [
        "step1", "step2", "step3", "step4", "step5", "step6", "sandbox",
    ] {
        bench.program(
            name,
            &format!("# {}{}]", pipeline::MARK_START, pipeline::VERSION),
        );
    }
    bench
}

#[test]
fn a_ready_installation_is_said_to_be_ready_and_nothing_is_touched() {
    let bench = ready();
    let ran = bench.run(&["check", "--provider", "sandbox"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout
            .ends_with("ready to run: the same command without `check`\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("ok     sandbox"), "{}", ran.stdout);
    assert!(!bench.path("data").exists(), "nothing was made");
}

#[test]
fn every_fault_is_listed_and_not_only_the_first() {
    let bench = ready();
    bench.config("[feed]\nconcurrency = 0\n");
    fs::remove_file(bench.path("bin/step2")).unwrap();
    bench.program("step3", &format!("# {}0.0.1 (abc)]", pipeline::MARK_START));
    fs::write(bench.path("data"), "a file in the way").unwrap();
    let ran = bench.run(&["check"]);
    assert_eq!(ran.code, 78);
    for fault in [
        "FAULT  configuration",
        "FAULT  step2           can't start",
        "FAULT  step3           is of another build: 0.0.1 (abc)\n",
        "FAULT  data directory",
        "FAULT  user            not given: set $THESPORTS_USER",
        "FAULT  secret          not given",
        "7 faults",
    ] {
        assert!(
            ran.stdout.contains(fault),
            "no `{fault}` in\n{}",
            ran.stdout
        );
    }
}

#[test]
fn every_fault_inside_the_configuration_has_a_line_of_its_own() {
    let bench = ready();
    bench.config(
        "[feed]\nconcurency = 4\nconcurrency = 0\nretries = \"many\"\n[schedule]\ninterval = \"soon\"\n[nonsense]\nx = 1\n\
         [[pipeline.step]]\nname = \"a\"\nprogram = \"./bin/step1\"\ntimeout = \"1s\"\nafter = \"nowhere\"\n",
    );
    let ran = bench.run(&["check", "--provider", "sandbox"]);
    assert_eq!(ran.code, 78);
    for word in [
        "concurency",
        "concurrency must be",
        "retries",
        "soon",
        "nonsense",
        "nowhere",
    ] {
        let line = ran.stdout.lines().find(|line| line.contains(word));
        let line = line.unwrap_or_else(|| panic!("no `{word}` in\n{}", ran.stdout));
        assert!(line.starts_with("FAULT  configuration"), "{line}");
    }
    assert!(ran.stdout.ends_with("6 faults\n"), "{}", ran.stdout);
}

#[test]
fn what_is_said_fits_into_eighty_columns() {
    let bench = ready();
    bench.config("[feed]\nretries = \"many\"\n[schedule]\ninterval = \"soon\"\n");
    fs::remove_file(bench.path("bin/step2")).unwrap();
    let mut command = bench.command(&["check"]);
    command.env("COLUMNS", "80");
    let ran = bench.spawn(command).wait();
    assert_eq!(ran.code, 78);
    let faults = ran.stdout.matches("\nFAULT  ").count();
    assert!(faults >= 5, "{}", ran.stdout);
    let mut said = vec![ran.stdout];
    for command in ["", "run", "check", "pause", "resume", "run-now"] {
        let args = [command, "--help"];
        let args = if command.is_empty() {
            &args[1..]
        } else {
            &args
        };
        said.push(bench.run(args).stdout);
    }
    for text in said {
        assert!(text.lines().count() > 5, "{text}");
        for line in text.lines() {
            // A path may be longer than a line and stays whole.
            let words = line.trim_start().split(' ').count();
            assert!(line.chars().count() <= 80 || words == 1, "{line}");
        }
        // No line was broken by the program's reader: a word alone under a full line.
        assert!(!text.contains("\n  here\n") && !text.contains("\n  stopped\n"));
    }
}

#[test]
fn credentials_are_found_where_step_1_looks_for_them_and_never_shown() {
    let bench = ready();
    let folder = bench.path("credentials");
    fs::create_dir(&folder).unwrap();
    let check = |set: &[(&str, String)]| {
        let mut command = bench.command(&["check"]);
        command.envs(set.iter().map(|(name, value)| (*name, value)));
        bench.spawn(command).wait()
    };
    let user = ("THESPORTS_USER", "hunter1".to_owned());
    let directory = ("CREDENTIALS_DIRECTORY", folder.display().to_string());
    let ran = check(&[user.clone(), directory.clone()]);
    assert_eq!(ran.code, 78);
    assert!(
        ran.stdout.contains("thesports_secret`: No such file"),
        "{}",
        ran.stdout
    );
    fs::write(folder.join("thesports_secret"), "hunter2\n").unwrap();
    let ran = check(&[user.clone(), directory]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(!ran.stdout.contains("hunter"), "{}", ran.stdout);
    let file = (
        "FOOTBALL_BOT_THESPORTS_SECRET_FILE",
        folder.join("thesports_secret").display().to_string(),
    );
    assert_eq!(check(&[user, file]).code, 0);
}
