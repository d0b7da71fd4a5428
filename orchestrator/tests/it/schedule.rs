//! When cycles start.

use std::time::Duration;

use journal::EventKind;

use crate::support::Bench;

#[test]
fn five_failures_in_a_row_are_followed_by_a_long_wait_and_the_next_one_by_another() {
    let bench = Bench::new();
    bench.config("[schedule]\ninterval = \"100ms\"\nbackoff_after = 5\nbackoff = \"1500ms\"\n");
    bench.step(1, "exit 69");
    let ran = bench.run(&["--cycles", "7"]);
    assert_eq!(ran.code, 69, "the code of the last failure");
    let reader = bench.reader();
    let mut cycles = reader.newest(10).unwrap();
    cycles.reverse();
    let gaps: Vec<_> = cycles
        .windows(2)
        .map(|pair| {
            (pair[1].started_at - pair[0].ended_at.unwrap())
                .to_std()
                .unwrap()
        })
        .collect();
    assert_eq!(gaps.len(), 6);
    let wait = Duration::from_millis(1490);
    assert!(gaps[..4].iter().all(|gap| *gap < wait), "{gaps:?}");
    assert!(gaps[4..].iter().all(|gap| *gap >= wait), "{gaps:?}");
    assert!(
        ran.stderr.contains("5 failures in a row: waiting 1."),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("done, 7 cycles: 0 good, 7 failed (0.0% good)"),
        "{}",
        ran.stderr
    );
    assert_eq!(reader.failures_in_a_row().unwrap(), 7);
    assert!(
        reader
            .newest_event(&[EventKind::Backoff])
            .unwrap()
            .is_some()
    );
    assert!(reader.totals().unwrap().skipped_backoff >= 15);
}

#[test]
fn a_streak_of_failures_is_not_forgotten_at_a_restart() {
    let bench = Bench::new();
    bench.config("[schedule]\ninterval = \"50ms\"\nbackoff_after = 5\nbackoff = \"1h\"\n");
    bench.step(1, "exit 69");
    for _ in 0..4 {
        assert_eq!(bench.run(&["--once"]).code, 69);
    }
    let running = bench.start(&[]);
    crate::support::until("it backs off", || {
        bench
            .reader()
            .newest_event(&[EventKind::Backoff])
            .unwrap()
            .is_some()
    });
    drop(running);
    assert_eq!(bench.reader().totals().unwrap().failed, 5);
}

#[test]
fn starts_that_a_long_cycle_covers_fall_out_and_are_counted() {
    let bench = Bench::new();
    bench.step(3, "sleep 0.5; succeed");
    let ran = bench.run(&["--cycles", "3", "--interval", "200ms"]);
    assert_eq!(ran.code, 0);
    let reader = bench.reader();
    let mut cycles = reader.newest(3).unwrap();
    cycles.reverse();
    for pair in cycles.windows(2) {
        assert!(
            pair[1].started_at >= pair[0].ended_at.unwrap(),
            "no overlap"
        );
    }
    let skipped = reader.totals().unwrap().skipped_overlap;
    assert!(skipped >= 4, "{skipped}");
    assert!(
        ran.stderr
            .contains("start(s) fell out: the cycle took too long"),
        "{}",
        ran.stderr
    );
}

#[test]
fn every_ten_cycles_the_log_has_a_status() {
    let bench = Bench::new();
    let ran = bench.run(&["--cycles", "11", "--interval", "10ms"]);
    assert_eq!(ran.code, 0);
    assert_eq!(
        ran.stderr.matches("status: 10 cycles: 10 good").count(),
        1,
        "{}",
        ran.stderr
    );
    assert!(
        bench
            .day_log()
            .contains("status: 10 cycles: 10 good, 0 failed (100.0% good), 70 matches")
    );
}
