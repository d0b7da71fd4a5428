//! What the terminal says in each situation that a person may find, word for word where it matters:
//! the first two lines, why, and what to do. Each at 80x24, and sound at every size.

use std::fs;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use health::facts::Share;
use health::look::{Look, Looker, Range};
use health::monitor::draw::Beside;
use health::monitor::{View, snapshot};
use health::verdict::Verdict;
use journal::control::{Backoff, Control};
use journal::lock::Lock;
use journal::{CycleOutcome, EventKind};
use pipeline::Config;
use pipeline::cli::Common;

use crate::place::Place;
use crate::screens::{app, calm, frame, look, sound_at_every_size, well};

/// The frame of 80x24 as lines; the first one without its host and clock.
pub fn lines(look: &Look) -> Vec<String> {
    sound_at_every_size(look);
    let text = frame(look, View::Overview, (80, 24));
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines[0] = lines[0][..60].trim_end().to_owned();
    lines
}

pub fn has(lines: &[String], words: &str) {
    let found = lines.iter().any(|line| line.contains(words));
    assert!(found, "no `{words}` in\n{}", lines.join("\n"));
}

/// A page without its line breaks.
fn flat(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn running() -> (Place, Lock) {
    let mut place = Place::new();
    let lock = place.orchestrator();
    for n in 0..10 {
        place.cycle(610 - 60 * n, CycleOutcome::Ok);
    }
    place.files(70, "thesports");
    (place, lock)
}

#[test]
fn one_run_failed_and_what_there_is_is_fresh() {
    let (mut place, _lock) = running();
    place.cycle(10, CycleOutcome::Failed);
    let lines = lines(&look(&place));
    assert_eq!(lines[0], " WARNING  the last cycle failed at step1");
    has(
        &lines,
        "   why  exit 69, provider unreachable or failing: no answer",
    );
    has(&lines, "   do   health logs --level error");
    has(&lines, " E step1        exit 69");
    let row = lines.iter().find(|line| line.starts_with("!1 step1"));
    assert!(row.unwrap().ends_with('x'), "{row:?}");
}

#[test]
fn a_stale_step_says_so_and_the_others_wait_for_it() {
    let (place, _lock) = running();
    place.files(4000, "thesports");
    // It runs for long: no first cycle is under way.
    let path = place.data("state/orchestrator.lock");
    let text = fs::read_to_string(&path).unwrap();
    let since = text.lines().nth(1).unwrap();
    fs::write(&path, text.replace(since, "since 2026-01-01T00:00:00Z")).unwrap();
    let mut look = look(&place);
    let pace = look.pace.as_mut().unwrap();
    let late = Utc::now() - TimeDelta::seconds(4000);
    pace.steps[0].last_good = Some(late);
    let mut waits = pace.steps[0].clone();
    waits.window.position = 2;
    waits.window.name = "step2".to_owned();
    waits.newest = Some(journal::StepOutcome::NotRun);
    pace.steps.push(waits);
    let lines = lines(&look);
    assert_eq!(lines[0], " CRITICAL  the data is 66 min old");
    has(&lines, "!1 step1     stale     1h06m");
    has(&lines, "~2 step2     waits     1h06m");
    has(&lines, "0/2 steps fresh");
}

#[test]
fn refused_credentials_are_named_and_the_next_try_too() {
    let (mut place, lock) = running();
    place.failure(10, 77, "exit 77, provider refused: address not admitted");
    // The loop promises to move within so much, 15 s of which are to spare.
    lock.promise(Duration::from_secs(315)).unwrap();
    let until = Utc::now() + TimeDelta::seconds(290);
    let backoff = Backoff {
        until,
        restart: None,
        why: "refused".to_owned(),
    };
    Control::new(&place.data("state"))
        .set_backoff(Some(&backoff))
        .unwrap();
    let lines = lines(&look(&place));
    assert_eq!(lines[0], " CRITICAL  the provider refuses us, at step1");
    let at = until.format("%H:%M:%SZ");
    assert!(
        lines[1].starts_with(" BACKOFF 4m") && lines[1].contains(&format!(" yet, until {at}")),
        "{}",
        lines[1]
    );
    has(
        &lines,
        "   why  exit 77, provider refused: address not admitted",
    );
    has(
        &lines,
        "   now  credentials, address or plan: no retry mends that; next try in",
    );
}

#[test]
fn a_provider_that_fails_or_limits_is_tried_again_at_a_time_that_is_said() {
    for code in [69, 75] {
        let (mut place, lock) = running();
        place.failure(10, code, "HTTP 429, too many requests");
        lock.promise(Duration::from_secs(65)).unwrap();
        let mut look = look(&place);
        look.pace.as_mut().unwrap().fetch = Some(journal::Fetch {
            requests: 7,
            budget_left: [("/match/diary".to_owned(), 42)].into(),
            ..journal::Fetch::default()
        });
        let lines = lines(&look);
        assert_eq!(lines[0], " WARNING  the last cycle failed at step1");
        has(&lines, "   why  HTTP 429, too many requests");
        has(&lines, "   now  next try in ");
        has(&lines, "; budget 42 left");
        has(&lines, "next cycle in ");
    }
}

#[test]
fn a_dead_orchestrator_is_dead_since_a_time_and_what_is_shown_is_the_last_known() {
    let (place, lock) = running();
    drop(lock);
    let found = look(&place);
    let at = found.facts.last_activity().unwrap().format("%H:%M:%SZ");
    let lines = lines(&found);
    assert!(
        lines[0].starts_with(" CRITICAL  the orchestrator is not running, last cycle"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].starts_with(&format!(" NOT RUNNING since {at}")),
        "{}",
        lines[1]
    );
    has(
        &lines,
        &format!("   now  NOTHING RUNS since {at}: all below is the last known"),
    );
    has(&lines, "   do   orchestrator");
    assert!(
        !lines.last().unwrap().contains("un now"),
        "nobody would run it"
    );
}

#[test]
fn a_step_that_ran_when_the_orchestrator_died_does_not_run() {
    let (mut place, lock) = running();
    let now = Utc::now();
    let journal = place.journal();
    let key = journal.begin_cycle("c99", now, Some(now)).unwrap();
    journal.begin_step(key, 1, "step1", now).unwrap();
    assert!(
        lines(&look(&place))
            .iter()
            .any(|line| line.starts_with(" 1 step1     runs "))
    );
    drop(lock);
    has(&lines(&look(&place)), "!1 step1     died ");
}

#[test]
fn a_missing_and_a_corrupt_record_are_unknown_with_a_path_and_a_way_out() {
    let place = Place::new();
    let shown = lines(&look(&place));
    assert_eq!(shown[0], " UNKNOWN  no orchestrator has run here yet");
    has(&shown, "   do   orchestrator --once --provider sandbox");
    let (mut place, _lock) = running();
    place.close();
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(place.data(&format!("state/journal.sqlite{suffix}")));
    }
    fs::write(place.data("state/journal.sqlite"), vec![b'x'; 9000]).unwrap();
    let found = look(&place);
    assert_eq!(found.verdict.level().code(), 3);
    let shown = lines(&found);
    assert_eq!(shown[0], " UNKNOWN  the record of cycles can't be read");
    has(&shown, "state/journal.sqlite");
    has(&shown, "   do   orchestrator check");
    let page = {
        let mut app = app(View::Overview);
        app.over = health::monitor::app::Over::Alerts;
        snapshot::text(&mut app, &found, (80, 24))
    };
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        page.contains("moves a damaged file aside and begins a new one"),
        "{page}"
    );
}

#[test]
fn a_view_that_lags_says_so_and_counts_its_ages_on() {
    let (place, _lock) = well();
    let look = look(&place);
    let beside = |age| Beside {
        age: Duration::from_secs(age),
        ..Beside::default()
    };
    let text = |age| snapshot::text_with(&mut app(View::Overview), &look, &beside(age), (80, 24));
    assert!(text(9).starts_with(" OK "));
    let late = text(12);
    assert!(late.starts_with(" STALE VIEW 12s "), "{late}");
    assert!(late.contains("1 step1     ok          22s"), "{late}");
    // A frozen one stands still and says for how long.
    let mut app = app(View::Overview);
    app.frozen = Some(look.facts.now);
    let frozen = snapshot::text_with(&mut app, &look, &beside(75), (80, 24));
    assert!(frozen.starts_with(" FROZEN 1m15s "), "{frozen}");
    assert!(frozen.contains("1 step1     ok          10s"), "{frozen}");
    assert!(frozen.contains("[f] go on"), "{frozen}");
}

#[test]
fn a_disk_with_little_room_says_what_has_most_of_it() {
    let (place, _lock) = well();
    fs::create_dir_all(place.data("logs")).unwrap();
    fs::write(place.data("logs/big.log"), vec![b'x'; 3_000_000]).unwrap();
    let mut look = look(&place);
    look.facts.host.disk = Some(Share {
        used: 39_200_000_000,
        available: 800_000_000,
        total: 40_000_000_000,
    });
    look.verdict = Verdict::of(&look.facts);
    let shown = lines(&look);
    assert_eq!(shown[0], " WARNING  the disk has only 800.0 MB left");
    let mut app = app(View::Overview);
    app.over = health::monitor::app::Over::Alerts;
    let page = flat(&snapshot::text(&mut app, &look, (80, 24)));
    assert!(page.contains("logs has most of it (3.0 MB)"), "{page}");
    has(&shown, "   do   du -sh ");
    has(&shown, "800.0 MB free of 40.0 GB");
}

#[test]
fn a_clock_that_was_set_back_shows_no_negative_age() {
    let (mut place, _lock) = running();
    place.cycle(-3700, CycleOutcome::Ok);
    place.files(10, "thesports");
    let lines = lines(&look(&place));
    assert_eq!(
        lines[0],
        " WARNING  the clock was set back by 61 min or more"
    );
    has(&lines, "1 step1     ok           0s");
    has(
        &lines,
        "   why  records and files lie in the future; ages are shown as 0",
    );
}

#[test]
fn a_sink_that_fails_is_named_with_since_when_and_who_was_told_instead() {
    let (place, _lock) = running();
    let folder = place.data("state/sinks");
    fs::create_dir_all(&folder).unwrap();
    let at = |ago: i64| (Utc::now() - TimeDelta::milliseconds(ago * 1000 + 500)).to_rfc3339();
    let failing = format!(
        r#"{{"name":"phone","queued":3,"failing_since":"{}","error":"HTTP 401"}}"#,
        at(1200)
    );
    fs::write(folder.join("phone.json"), failing).unwrap();
    let other = format!(r#"{{"name":"other","last_success":"{}"}}"#, at(60));
    fs::write(folder.join("other.json"), other).unwrap();
    let sink = |name| {
        format!("[[sink]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n")
    };
    let path = place.data("c.toml");
    fs::write(&path, sink("phone") + &sink("other")).unwrap();
    let common = Common {
        data_dir: Some(place.data("")),
        ..Common::default()
    };
    let mut config = Config::load(Some(&path)).unwrap();
    config.alerts.rule = calm().alerts.rule;
    let look = Looker::new(common, config).look(Range::Hour);
    let lines = lines(&look);
    assert_eq!(lines[0], " WARNING  the sink phone fails for 20 min");
    has(
        &lines,
        "   why  HTTP 401; 3 messages wait; other was told instead",
    );
    has(&lines, "phone FAILING 20m");
    has(&lines, "   do   health alerts test --sink phone");
}

#[test]
fn no_match_is_played_and_that_is_no_alarm() {
    let (place, _lock) = running();
    place.files(10, "thesports");
    let found = look(&place);
    assert_eq!(found.verdict.level().code(), 0);
    let text = crate::product::document_of("thesports", Utc::now(), &[]);
    fs::write(place.data("step5/step5.json"), text).unwrap();
    let lines = lines(&look(&place));
    assert!(lines[0].starts_with(" OK  "), "{}", lines[0]);
    has(&lines, "0 live (no kick-off ahead)");
}

#[test]
fn a_stop_by_a_person_is_told_as_one() {
    let (mut place, lock) = running();
    drop(lock);
    place.event(EventKind::Stop, "stopped by SIGTERM");
    let lines = lines(&look(&place));
    assert!(lines[0].starts_with(" WARNING  the orchestrator is not running"));
    has(&lines, "   why  stopped by SIGTERM ");
}
