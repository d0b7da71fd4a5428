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
