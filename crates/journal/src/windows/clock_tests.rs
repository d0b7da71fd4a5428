//! Spans of time after the clock was ahead: what it recorded then lies in no span that ends now, and is not read.

use chrono::TimeDelta;
use tempfile::TempDir;

use super::*;
use crate::writer::{CycleEnd, Journal, StepEnd};

/// A minute of a day on which the clock is right.
fn at(minute: i64) -> DateTime<Utc> {
    instant(1_795_000_000_000 + minute * 60_000)
}

/// A place in which a clock was `ahead` for the first `wrong` of so many cycles, one a minute.
fn place(cycles: i64, wrong: i64, ahead: TimeDelta) -> (TempDir, Reader) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.sqlite");
    let mut journal = Journal::open(&path).unwrap().0;
    for minute in 0..cycles {
        let began = if minute < wrong {
            at(minute) + ahead
        } else {
            at(minute)
        };
        let key = journal
            .begin_cycle(&format!("c{minute}"), began, None)
            .unwrap();
        journal.begin_step(key, 1, "step1", began).unwrap();
        let wall = Duration::from_secs(2);
        let step = StepEnd {
            position: 1,
            outcome: StepOutcome::Ok,
            wall,
            bytes_out: None,
            matches: None,
            message: None,
            attempts: 1,
            max_rss: None,
            cpu: None,
            leaked: false,
        };
        journal.end_step(key, &step).unwrap();
        let end = CycleEnd {
            at: began + wall,
            outcome: CycleOutcome::Ok,
            failed_step: None,
            matches: Some(100),
            wall,
            message: None,
            overrun: None,
            fetched_at: None,
            with_odds: None,
            fetch: None,
            data_bytes: Some(1000),
            disk_free: Some(9000),
        };
        journal.end_cycle(key, &end).unwrap();
    }
    drop(journal);
    let reader = Reader::open(&path).unwrap();
    (folder, reader)
}

#[test]
fn where_nothing_ran_in_a_span_what_a_clock_ahead_recorded_is_not_taken_for_it() {
    let (_folder, reader) = place(40, 10, TimeDelta::days(900));
    let steps = |since, until| {
        let steps = reader.step_windows(since, until).unwrap();
        steps.iter().map(|step| step.ok).sum::<u64>()
    };
    let fills = |since, until| reader.fills(since, until, 29).unwrap();
    assert_eq!((steps(at(0), at(39)), fills(at(0), at(39)).len()), (30, 29));
    // It was stopped then, and the rows of the clock that was ahead are the first since.
    assert_eq!(steps(at(100), at(160)), 0);
    assert_eq!(fills(at(100), at(160)), []);
}

#[test]
fn once_the_time_that_a_clock_ahead_told_comes_only_the_cycles_of_the_span_count() {
    // The first ten say that they began when the last ten did.
    let (_folder, reader) = place(1200, 10, TimeDelta::minutes(1190));
    let (since, until) = (at(1190), at(1200));
    let steps = reader.step_windows(since, until).unwrap();
    assert_eq!(steps.iter().map(|step| step.ok).sum::<u64>(), 20);
    let fills = reader.fills(since, until, 4).unwrap();
    assert!(
        fills
            .iter()
            .all(|fill| fill.at >= since && fill.at <= until)
    );
    assert_eq!(fills.last().map(|fill| fill.at), Some(at(1199)));
}

#[test]
fn a_look_is_sought_in_so_many_cycles_and_no_more() {
    let (folder, reader) = place(2 * i64::from(LOOKS), 0, TimeDelta::zero());
    drop(reader);
    let path = folder.path().join("journal.sqlite");
    let forget = |newest: u32| {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection
            .execute(
                "UPDATE cycle SET data_bytes = NULL, disk_free = NULL
                 WHERE seq > (SELECT max(seq) FROM cycle) - ?1",
                [newest],
            )
            .unwrap();
    };
    let found = || {
        let reader = Reader::open(&path).unwrap();
        let fills = reader.fills(at(0), at(2000), 2).unwrap();
        fills.last().unwrap().at
    };
    forget(LOOKS - 1);
    assert_eq!(found(), at(i64::from(LOOKS)));
    forget(LOOKS);
    assert_eq!(found(), at(0), "the first point is left");
}

#[test]
fn the_steps_of_a_span_are_found_by_its_cycles_and_theirs_alone() {
    let (_folder, reader) = place(1, 0, TimeDelta::zero());
    let sql = format!("EXPLAIN QUERY PLAN {STEPS}");
    let mut statement = reader.connection.prepare(&sql).unwrap();
    let plan = statement.query_map([0, 1], |row| row.get::<_, String>(3));
    let plan: Vec<_> = plan.unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        plan,
        [
            "SEARCH cycle USING COVERING INDEX cycle_started (started_at>? AND started_at<?)",
            "SEARCH step USING PRIMARY KEY (cycle=?)"
        ]
    );
}
