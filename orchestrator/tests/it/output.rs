//! Steps that say too much, and steps whose leftovers hold the line.

use std::fs;
use std::time::Duration;

use crate::support::{Bench, lives, until};

/// The most memory that a process ever had, in kB.
fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_hundred_megabytes_of_output_cost_neither_memory_nor_time_nor_disk() {
    let bench = Bench::new();
    // Many short lines on one pipe, one endless line on the other.
    bench.step(
        2,
        "yes 'the same words again and again' | head -c 50000000 & head -c 50000000 /dev/zero | tr '\\0' x >&2; wait; succeed",
    );
    let mut running = bench.start(&["--once"]);
    let mut peak = 0;
    until("the cycle is done", || {
        peak = peak_memory(running.child.id()).unwrap_or(0).max(peak);
        running.child.try_wait().unwrap().is_some()
    });
    let ran = running.wait();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(peak > 0 && peak < 25_000, "{peak} kB");
    assert!(
        ran.stderr.contains("step2 said more than is kept: "),
        "{}",
        ran.stderr
    );
    let log = bench.day_log();
    assert!(log.len() < 1_000_000, "{} bytes of log", log.len());
}

#[test]
fn something_left_behind_that_holds_the_pipe_delays_nothing_and_is_ended() {
    let bench = Bench::new();
    bench.step(
        2,
        "sleep 50 & echo $! > \"$DATA/left\"; echo 'said before the end'; succeed",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.wall < Duration::from_secs(10));
    assert!(bench.day_log().contains("step2: said before the end"));
    assert!(
        ran.stderr.contains("step2 left behind and killed: sleep ("),
        "{}",
        ran.stderr
    );
    let left = bench.pid("left");
    until("the leftover is gone", || !lives(left));
}

#[test]
fn an_exit_code_is_not_lost_to_a_pipe_that_stays_open() {
    let bench = Bench::new();
    bench.step(
        2,
        "setsid sleep 3 & sleep 0.2; echo 'ERROR step2: because' >&2; exit 65",
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 65);
    assert!(
        ran.stderr.contains("input unusable: because"),
        "{}",
        ran.stderr
    );
    assert!(ran.wall < Duration::from_secs(3), "{:?}", ran.wall);
}
