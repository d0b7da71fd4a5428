//! What a user would lose: history, totals, or a cycle to a broken file.

use super::*;
use crate::Fetch;
use crate::reader::Reader;
use tempfile::TempDir;

const LIMITS: Limits = Limits {
    keep_days: 30,
    max_bytes: 512 * 1024 * 1024,
};

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000 + minute * 60, 0).unwrap()
}

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/journal.sqlite");
    (folder, path)
}

fn ended(minute: i64) -> CycleEnd<'static> {
    CycleEnd {
        at: at(minute) + TimeDelta::seconds(3),
        outcome: CycleOutcome::Ok,
        failed_step: None,
        matches: Some(100),
        wall: Duration::from_secs(3),
        message: None,
        overrun: (minute == 7).then_some(Duration::from_millis(250)),
        fetched_at: Some(at(minute)),
        with_odds: Some(90),
        fetch: None,
        data_bytes: Some(40_000_000),
        disk_free: Some(9_000_000_000),
    }
}

fn end(journal: &mut Journal, key: CycleKey, minute: i64, outcome: CycleOutcome) {
    let fetch = Fetch {
        requests: 12,
        completeness: 0.75,
        errors: vec!["match/recent/list: timed out (1×)".to_owned()],
        ..Fetch::default()
    };
    let end = CycleEnd {
        outcome,
        failed_step: (outcome == CycleOutcome::Failed).then_some("step1"),
        fetch: Some(&fetch),
        ..ended(minute)
    };
    journal.end_cycle(key, &end).unwrap();
}

fn cycle(journal: &mut Journal, minute: i64, outcome: CycleOutcome) {
    let key = journal
        .begin_cycle(&format!("c{minute:09}"), at(minute), Some(at(minute)))
        .unwrap();
    journal.begin_step(key, 1, "step1", at(minute)).unwrap();
    journal
        .end_step(
            key,
            &StepEnd {
                position: 1,
                outcome: StepOutcome::Ok,
                wall: Duration::from_millis(1200),
                bytes_out: Some(39_500_000),
                matches: Some(100),
                message: None,
                attempts: 2,
                max_rss: Some(30_000_000),
                cpu: Some(Duration::from_millis(140)),
                leaked: true,
            },
        )
        .unwrap();
    end(journal, key, minute, outcome);
}

#[test]
fn what_a_cycle_cost_and_missed_comes_back_as_it_went_in() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    cycle(&mut journal, 7, CycleOutcome::Ok);
    let reader = Reader::open(&path).unwrap();
    let found = reader.newest(1).unwrap().remove(0);
    assert_eq!(found.scheduled_at, Some(at(7)));
    assert_eq!(found.overrun, Some(Duration::from_millis(250)));
    assert_eq!((found.fetched_at, found.with_odds), (Some(at(7)), Some(90)));
    assert_eq!(found.data_bytes, Some(40_000_000));
    assert_eq!(found.disk_free, Some(9_000_000_000));
    let fetch = found.fetch.clone().unwrap();
    assert_eq!((fetch.requests, fetch.errors.len()), (12, 1));
    let step = reader.steps(&found).unwrap().remove(0);
    assert_eq!((step.attempts, step.leaked), (2, true));
    assert_eq!(step.max_rss, Some(30_000_000));
    assert_eq!(step.cpu, Some(Duration::from_millis(140)));
}

#[test]
fn a_journal_of_the_first_version_goes_on_with_all_its_cycles() {
    let (_folder, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE cycle (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
               started_at INTEGER NOT NULL, ended_at INTEGER, outcome TEXT, failed_step TEXT,
               matches INTEGER, wall_ms INTEGER, message TEXT);
             CREATE INDEX cycle_started ON cycle (started_at, outcome);
             CREATE INDEX cycle_outcome ON cycle (outcome, seq);
             CREATE TABLE step (cycle INTEGER NOT NULL REFERENCES cycle (seq),
               position INTEGER NOT NULL, name TEXT NOT NULL, started_at INTEGER, outcome TEXT,
               exit_code INTEGER, wall_ms INTEGER, bytes_out INTEGER, matches INTEGER,
               message TEXT, PRIMARY KEY (cycle, position)) WITHOUT ROWID;
             CREATE TABLE event (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL,
               kind TEXT NOT NULL, text TEXT NOT NULL);
             CREATE INDEX event_kind ON event (kind, seq);
             CREATE TABLE total (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
             INSERT INTO cycle VALUES (1, 'old', 5, 6, 'ok', NULL, 3, 1, NULL);
             PRAGMA user_version = 1;",
        )
        .unwrap();
    let (mut journal, opened) = Journal::open(&path).unwrap();
    assert_eq!(opened.moved_aside, None);
    cycle(&mut journal, 1, CycleOutcome::Ok);
    let ids: Vec<String> = Reader::open(&path)
        .unwrap()
        .newest(5)
        .unwrap()
        .into_iter()
        .map(|cycle| cycle.id)
        .collect();
    assert_eq!(ids, ["c000000001", "old"]);
}

#[test]
fn a_dead_run_is_marked_as_crashed_at_the_next_start_with_the_step_it_died_in() {
    let (_folder, path) = place();
    let (journal, _) = Journal::open(&path).unwrap();
    let key = journal.begin_cycle("c1", at(0), None).unwrap();
    journal.begin_step(key, 1, "step1", at(0)).unwrap();
    drop(journal);
    let (journal, opened) = Journal::open(&path).unwrap();
    assert_eq!(opened.crashed, 1);
    let reader = Reader::open(&path).unwrap();
    let found = reader.newest(1).unwrap().remove(0);
    assert_eq!(found.outcome, Some(CycleOutcome::Crashed));
    assert_eq!(found.failed_step.as_deref(), Some("step1"));
    assert_eq!(found.ended_at, Some(at(0)));
    let steps = reader.steps(&found).unwrap();
    assert_eq!(steps[0].outcome, Some(StepOutcome::Crashed));
    assert_eq!(reader.totals().unwrap().crashed, 1);
    drop(journal);
    let (_, again) = Journal::open(&path).unwrap();
    assert_eq!(again.crashed, 0, "counted once");
}

#[test]
fn retention_removes_old_cycles_and_their_steps_and_keeps_the_totals() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    let a_month = 30 * 1440;
    for minute in (0..700).chain(a_month + 700..a_month + 700 + A_DAY + 1) {
        cycle(&mut journal, minute, CycleOutcome::Ok);
    }
    let now = at(a_month + 700 + A_DAY);
    assert_eq!(journal.prune(now, LIMITS).unwrap(), 500, "one batch");
    assert_eq!(journal.prune(now, LIMITS).unwrap(), 200);
    assert_eq!(journal.prune(now, LIMITS).unwrap(), 0);
    let reader = Reader::open(&path).unwrap();
    let totals = reader.totals().unwrap();
    assert_eq!((totals.ok, totals.matches), (2141, 214_100));
    assert_eq!(reader.since(at(0)).unwrap().ok, 1441);
    let steps: i64 = journal
        .connection
        .query_row("SELECT count(*) FROM step", [], |row| row.get(0))
        .unwrap();
    assert_eq!(steps, 1441, "no steps without their cycle");
}

#[test]
fn a_clock_that_is_years_ahead_for_a_while_takes_nothing_away() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    for minute in 0..100 {
        cycle(&mut journal, minute, CycleOutcome::Ok);
    }
    let ahead = 3 * 365 * 1440;
    assert_eq!(journal.prune(at(ahead), LIMITS).unwrap(), 0);
    for minute in ahead..ahead + A_DAY {
        cycle(&mut journal, minute, CycleOutcome::Ok);
    }
    assert_eq!(journal.prune(at(ahead + A_DAY), LIMITS).unwrap(), 0);
    // Who runs by it for a day means it.
    cycle(&mut journal, ahead + A_DAY, CycleOutcome::Ok);
    assert_eq!(journal.prune(at(ahead + A_DAY), LIMITS).unwrap(), 100);
}

#[test]
fn a_file_above_its_size_loses_the_oldest_cycles_however_young() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    for minute in 0..600 {
        cycle(&mut journal, minute, CycleOutcome::Ok);
    }
    let small = Limits {
        max_bytes: 1,
        ..LIMITS
    };
    assert_eq!(journal.prune(at(601), small).unwrap(), 500);
    let reader = Reader::open(&path).unwrap();
    assert_eq!(reader.newest(1).unwrap()[0].id, "c000000599");
    assert_eq!(reader.totals().unwrap().ok, 600);
}

#[test]
fn a_file_that_is_no_journal_is_moved_aside_and_a_new_one_begun() {
    let (_folder, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let later = || {
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("CREATE TABLE t (x); PRAGMA user_version = 99;")
            .unwrap();
    };
    let without_tables = || {
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch("CREATE TABLE cycle (x); PRAGMA user_version = 1;")
            .unwrap();
    };
    let garbage = || fs::write(&path, vec![b'x'; 8192]).unwrap();
    let cases: [&dyn Fn(); 5] = [&garbage, &later, &without_tables, &garbage, &garbage];
    for make in cases {
        let _ = fs::remove_file(&path);
        make();
        let (mut journal, opened) = Journal::open(&path).unwrap();
        let (aside, why) = opened.moved_aside.expect("was moved aside");
        assert!(aside.exists() && !why.is_empty());
        cycle(&mut journal, 0, CycleOutcome::Ok);
        std::thread::sleep(Duration::from_millis(2));
    }
    let kept = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().contains(".corrupt-")
        })
        .count();
    assert_eq!(kept, 3, "their number is bounded");
}

#[test]
fn an_empty_file_is_a_new_journal() {
    let (_folder, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    assert!(matches!(
        Reader::open(&path),
        Err(JournalError::Missing { .. })
    ));
    let (_, opened) = Journal::open(&path).unwrap();
    assert_eq!(opened, Opened::default());
}

#[test]
fn a_reader_sees_each_commit_while_the_writer_goes_on() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    let reader = Reader::open(&path).unwrap();
    for minute in 0..50 {
        let key = journal
            .begin_cycle(&format!("c{minute}"), at(minute), None)
            .unwrap();
        assert_eq!(reader.newest(1).unwrap()[0].outcome, None, "it runs");
        end(&mut journal, key, minute, CycleOutcome::Ok);
        assert_eq!(reader.totals().unwrap().ok, minute as u64 + 1);
    }
}

#[test]
fn failures_in_a_row_end_with_a_good_cycle_and_ignore_cancelled_ones() {
    use CycleOutcome::{Cancelled, Failed, Ok};
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    for (minute, (outcome, expected)) in [
        (Failed, 1),
        (Failed, 2),
        (Cancelled, 2),
        (Failed, 3),
        (Ok, 0),
        (Failed, 1),
    ]
    .into_iter()
    .enumerate()
    {
        cycle(&mut journal, minute as i64, outcome);
        assert_eq!(journal.failures_in_a_row().unwrap(), expected);
    }
    let totals = Reader::open(&path).unwrap().totals().unwrap();
    assert_eq!(totals.success_rate(), Some(0.2));
    assert_eq!(totals.cycles(), 6);
}

#[test]
fn events_are_counted_by_how_often_they_stand_for() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    journal
        .event(at(0), EventKind::Start, 1, "started")
        .unwrap();
    journal
        .event(at(1), EventKind::SkippedOverlap, 4, "4 starts fell out")
        .unwrap();
    let reader = Reader::open(&path).unwrap();
    let totals = reader.totals().unwrap();
    assert_eq!((totals.starts, totals.skipped_overlap), (1, 4));
    let event = reader
        .newest_event(&[EventKind::Start, EventKind::Stop])
        .unwrap()
        .unwrap();
    assert_eq!((event.kind, event.at), (EventKind::Start, at(0)));
    assert_eq!(reader.events(9).unwrap().len(), 2);
}

#[test]
fn looks_at_the_disk_are_as_many_as_asked_for_and_reach_from_the_first_cycle_to_the_newest_that_ended()
 {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    for minute in 0..200 {
        cycle(&mut journal, minute, CycleOutcome::Ok);
    }
    // One that ended without a look, and one that runs.
    let key = journal.begin_cycle("d", at(200), None).unwrap();
    journal
        .end_cycle(
            key,
            &CycleEnd {
                data_bytes: None,
                disk_free: None,
                ..ended(200)
            },
        )
        .unwrap();
    journal.begin_cycle("e", at(201), None).unwrap();
    let reader = Reader::open(&path).unwrap();
    let times = |since, points| -> Vec<_> {
        reader
            .fills(since, at(500), points)
            .unwrap()
            .iter()
            .map(|fill| fill.at)
            .collect()
    };
    let found = times(at(0), 11);
    assert_eq!((found.len(), found[0], found[10]), (11, at(0), at(199)));
    for pair in found.windows(2) {
        let apart = (pair[1] - pair[0]).num_minutes();
        assert!((18..=21).contains(&apart), "{found:?}");
    }
    assert_eq!(times(at(198), 11), [at(198), at(199)]);
    assert!(times(at(201), 11).is_empty(), "only what runs");
    assert!(times(at(202), 11).is_empty());
}

#[test]
fn the_steps_of_a_span_are_those_of_the_cycles_that_began_in_it() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path).unwrap();
    for minute in [0, 10, 20] {
        cycle(&mut journal, minute, CycleOutcome::Ok);
    }
    let key = journal.begin_cycle("d", at(30), None).unwrap();
    journal.begin_step(key, 1, "step1", at(30)).unwrap();
    let reader = Reader::open(&path).unwrap();
    let good = |since| {
        let steps = reader.step_windows(since, at(30)).unwrap();
        let found = steps
            .iter()
            .map(|step| (&*step.name, step.ok, step.retries));
        format!("{:?}", found.collect::<Vec<_>>())
    };
    assert_eq!(good(at(0)), r#"[("step1", 3, 3)]"#);
    assert_eq!(good(at(10)), r#"[("step1", 2, 2)]"#);
    assert_eq!(
        good(at(25)),
        r#"[("step1", 0, 0)]"#,
        "what runs is no good one yet"
    );
    assert_eq!(good(at(31)), "[]");
    let step = reader.step_windows(at(0), at(30)).unwrap().remove(0);
    assert_eq!(step.times.unwrap().p50_s, 1.2);
    assert_eq!(step.max_rss, Some(30_000_000));
}

#[test]
fn a_deleted_file_is_noticed() {
    let (_folder, path) = place();
    let (journal, _) = Journal::open(&path).unwrap();
    assert!(journal.in_place());
    fs::remove_file(&path).unwrap();
    assert!(!journal.in_place());
}
