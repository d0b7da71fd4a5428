//! One orchestrator for a data directory, whatever is removed or put in its place.

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::{Bench, lines, lives, until};

#[test]
fn a_second_orchestrator_is_turned_away_and_told_by_whom() {
    let bench = Bench::new();
    let running = bench.start(&["--interval", "1h"]);
    until("the lock is taken", || bench.data("ran").exists());
    let mut second = bench.command(&["--once"]);
    second.stderr(fs::File::create(bench.path("second")).unwrap());
    assert_eq!(second.status().unwrap().code(), Some(75));
    let said = fs::read_to_string(bench.path("second")).unwrap();
    assert!(
        said.contains(&format!("(process {}, since ", running.child.id())),
        "{said}"
    );
    until("the first one is still at it", || bench.ran().len() == 6);
}

#[test]
fn removing_the_state_folder_or_the_logs_under_a_running_one_lets_no_second_one_in() {
    let bench = Bench::new();
    let running = bench.start(&["--interval", "300ms"]);
    until("a cycle", || bench.ran().len() >= 6);
    let second = || {
        let mut second = bench.command(&["--once"]);
        second.stderr(fs::File::create(bench.path("second")).unwrap());
        second.status().unwrap().code()
    };
    let _ = fs::remove_dir_all(bench.data("state"));
    let _ = fs::remove_dir_all(bench.data("logs"));
    assert_eq!(second(), Some(75));
    until("lock, journal and log are there again", || {
        bench.data("state/orchestrator.lock").exists()
            && bench.data("state/journal.sqlite").exists()
            && bench.data("logs").exists()
    });
    assert_eq!(second(), Some(75));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
}

#[test]
fn a_data_directory_that_somebody_else_has_taken_ends_us() {
    let bench = Bench::new();
    let running = bench.start(&["--interval", "1h"]);
    until("a cycle", || bench.ran().len() == 6);
    fs::rename(bench.path("data"), bench.path("moved")).unwrap();
    let path = bench.data("state/orchestrator.lock");
    let Ok(_other) = journal::lock::Lock::take(&path, Duration::from_secs(1)) else {
        // The first one was quicker and has made it anew: also right.
        return;
    };
    let ran = running.wait();
    assert_eq!(ran.code, 75, "{}", ran.stderr);
}

#[test]
fn a_data_directory_that_is_taken_in_the_middle_of_a_step_ends_the_step_too() {
    let bench = Bench::new();
    bench.step(2, "echo $$ > \"$DATA/leader\"; exec sleep 50");
    let running = bench.start(&["--interval", "1h"]);
    until("step2 runs", || !lines(&bench.data("leader")).is_empty());
    let leader = bench.pid("leader");
    // While it looks away.
    running.signal(Signal::SIGSTOP);
    fs::rename(bench.path("data"), bench.path("moved")).unwrap();
    let path = bench.data("state/orchestrator.lock");
    let _other = journal::lock::Lock::take(&path, Duration::from_secs(1)).unwrap();
    running.signal(Signal::SIGCONT);
    let ran = running.wait();
    assert_eq!(ran.code, 75, "{}", ran.stderr);
    assert!(ran.wall < Duration::from_secs(30));
    assert!(!lives(leader));
    assert!(
        !bench.data("step3").exists(),
        "no further step on their data"
    );
    assert!(!bench.data("state/journal.sqlite").exists());
}
