//! What the machine does to us: no processes left, a program that is being written, a folder that is
//! gone, a full disk, midnight.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use chrono::{TimeDelta, Timelike, Utc};
use journal::StepOutcome;
use nix::sys::signal::Signal;

use crate::support::{Bench, until};

#[test]
fn a_program_that_is_being_written_is_a_failed_step_and_the_loop_lives() {
    let bench = Bench::new();
    // A program of its own, not a script: that one is opened by its shell, which may be denied or not.
    fs::remove_file(bench.path("bin/step2")).unwrap();
    fs::copy("/bin/true", bench.path("bin/step2")).unwrap();
    let writing = File::options()
        .append(true)
        .open(bench.path("bin/step2"))
        .unwrap();
    let kernel_refuses = Command::new(bench.path("bin/step2"))
        .status()
        .is_err_and(|why| why.kind() == std::io::ErrorKind::ExecutableFileBusy);
    if !kernel_refuses {
        eprintln!("skipped: this kernel runs a program that is being written");
        return;
    }
    let running = bench.start(&["--interval", "100ms"]);
    let said = || fs::read_to_string(bench.path("stderr")).unwrap();
    until("it is said", || {
        said().contains("somebody is writing it; wait until that is done")
    });
    assert_eq!(bench.outcomes()[1], StepOutcome::SpawnFailed);
    drop(writing);
    bench.step(2, "succeed");
    until("it goes on by itself", || {
        bench.reader().totals().unwrap().ok > 0
    });
    drop(running);
}

#[test]
fn no_process_left_to_start_is_a_failed_step_with_what_to_do() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: the limit is set for a user of the test's own, which needs root");
        return;
    }
    let bench = Bench::new();
    // The limit counts a user's processes and does not bind root: a user that has no others.
    for path in [bench.path(""), bench.path("bin")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    let program = bench.path("bin/supervisor");
    fs::copy(env!("CARGO_BIN_EXE_orchestrator"), &program).unwrap();
    let user = 2_000_000_000 + std::process::id();
    let mut command = Command::new("setpriv");
    bench.dress(&mut command);
    // Three threads are ours; nothing is left for a step.
    let script = "ulimit -u 3 && exec bin/supervisor --once --data-dir data --bin-dir bin";
    command
        .args([&format!("--reuid={user}"), "--clear-groups", "bash", "-c"])
        .arg(script);
    let ran = bench.spawn(command).wait();
    assert_eq!(ran.code, 78, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("too many processes; raise the limit"),
        "{}",
        ran.stderr
    );
    assert_eq!(bench.outcomes()[0], StepOutcome::SpawnFailed);
}

#[test]
fn a_working_directory_that_is_gone_costs_no_cycle() {
    let bench = Bench::new();
    let folder = bench.path("elsewhere");
    fs::create_dir(&folder).unwrap();
    bench.step(1, &format!("rmdir '{}'; succeed", folder.display()));
    let mut command = bench.command(&["--cycles", "2", "--interval", "100ms"]);
    command.current_dir(&folder);
    bench.step(2, "succeed");
    let running = bench.spawn(command);
    until("the first cycle is done", || bench.ran().len() >= 6);
    assert!(!folder.exists());
    bench.step(1, "succeed");
    let ran = running.wait();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_full_disk_costs_log_lines_that_are_counted_and_no_life() {
    // The bench is in a file system of its own, seen by this orchestrator alone.
    let possible = Command::new("unshare")
        .args([
            "-m", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/mnt",
        ])
        .output()
        .is_ok_and(|output| output.status.success());
    if !possible {
        eprintln!("skipped: a small file system can be mounted by root alone");
        return;
    }
    let bench = Bench::new();
    bench.config("[disk]\nmin_free_bytes = 0\n[schedule]\nbackoff_after = 1000\n");
    fs::create_dir(bench.path("data")).unwrap();
    let hold = bench.path("hold");
    // It fills the disk to the last byte, and when told to, makes room again.
    bench.step(
        2,
        &format!(
            "[ -e '{0}' ] && cat /dev/zero > \"$DATA/fill\" 2>/dev/null; [ -e '{0}' ] || rm -f \"$DATA/fill\"; yes 'more than the last page has room for' | head -500; succeed || exit 74",
            hold.display()
        ),
    );
    fs::write(&hold, "").unwrap();
    let mut command = Command::new("unshare");
    bench.dress(&mut command);
    let script = format!(
        "mount -t tmpfs -o size=3m tmpfs data && exec '{}' --interval 200ms --data-dir data --bin-dir bin",
        env!("CARGO_BIN_EXE_orchestrator")
    );
    command.args(["-m", "sh", "-c", &script]);
    let running = bench.spawn(command);
    // What that process sees.
    let data = std::path::PathBuf::from(format!("/proc/{}/root", running.child.id()))
        .join(bench.path("data").strip_prefix("/").unwrap());
    let said = || fs::read_to_string(bench.path("stderr")).unwrap();
    until("lines are lost and said to be", || {
        said().contains("lines could not be written to the day log")
    });
    fs::remove_file(&hold).unwrap();
    fs::remove_file(data.join("fill")).unwrap();
    until("it goes on", || said().contains(" good: "));
    let log = || {
        fs::read_dir(data.join("logs"))
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect::<String>()
    };
    until("the log counts what it has lost", || {
        log().contains(" log lines were lost: ")
    });
    let step1 = fs::read_to_string(data.join("step1.json")).unwrap();
    assert!(step1.ends_with('}'), "{step1}");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
}

#[test]
fn at_midnight_the_log_changes_to_the_new_day() {
    let bench = Bench::new();
    // A zone in which midnight is three seconds away.
    let midnight = Utc::now() + TimeDelta::seconds(3);
    let past = midnight.num_seconds_from_midnight();
    let zone = format!("HERE{}:{:02}:{:02}", past / 3600, past / 60 % 60, past % 60);
    let mut command = bench.command(&["--interval", "300ms"]);
    command.env("TZ", &zone);
    let running = bench.spawn(command);
    let today = midnight.date_naive();
    let log = |date: chrono::NaiveDate| {
        let name = format!("logs/continuous_orchestrator_{}.log", date.format("%Y%m%d"));
        fs::read_to_string(bench.data(&name)).unwrap_or_default()
    };
    until("the new day has a cycle", || log(today).contains(" good: "));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
    for date in [today.pred_opt().unwrap(), today] {
        let text = log(date);
        assert!(text.lines().count() > 3, "{date}: {text}");
        let start = date.format("%Y-%m-%dT").to_string();
        for line in text.lines() {
            assert!(line.starts_with(&start), "{date}: {line}");
        }
    }
    assert!(
        log(today.pred_opt().unwrap()).contains("starts: "),
        "the old day's file is whole"
    );
}
