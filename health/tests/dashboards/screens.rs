//! The terminal's frames, on data directories in every situation and at every size.

use std::fs;
use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use football::Format;
use health::look::{Look, Looker, Range};
use health::monitor::app::{Do, Over};
use health::monitor::{App, Paint, View, snapshot};
use journal::{CycleOutcome, EventKind};
use pipeline::Config;
use pipeline::cli::Common;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::json;

use crate::place::Place;
use crate::product::{document_of, full_match, in_phase, match_of, merged, result_quote};

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

pub fn look(place: &Place) -> Look {
    let common = Common {
        data_dir: Some(place.data("")),
        ..Common::default()
    };
    Looker::new(common, calm()).look(Range::Hour)
}

/// Settings without the alerts on the host, which is not the test's: it may be busy or full.
pub fn calm() -> Config {
    let mut config = Config::default();
    for name in [
        "CpuHigh",
        "MemoryHigh",
        "DiskHigh",
        "DiskLow",
        "DiskForecast",
    ] {
        if let Some(rule) = config.alerts.rule.get_mut(name) {
            rule.enabled = false;
        }
    }
    config
}

pub fn app(view: View) -> App {
    let paint = Paint {
        color: false,
        ascii: false,
    };
    App::new(paint, view, Format::American, false)
}

pub fn frame(look: &Look, view: View, size: (u16, u16)) -> String {
    snapshot::text(&mut app(view), look, size)
}

/// At every size: as many lines as rows, none wider than the terminal, nothing that acts on it.
pub fn sound_at_every_size(look: &Look) {
    for view in [View::Overview, View::Matches] {
        for size in SIZES
            .into_iter()
            .chain([(1, 1), (20, 4), (39, 9), (300, 7)])
        {
            for over in [
                Over::Nothing,
                Over::Details,
                Over::Alerts,
                Over::Logs,
                Over::Help,
            ] {
                let mut app = app(view);
                app.over = over;
                let text = snapshot::text(&mut app, look, size);
                assert_eq!(text.lines().count(), usize::from(size.1), "{size:?}");
                for line in text.lines() {
                    assert!(step6::width(line) <= usize::from(size.0), "{size:?} {line}");
                    assert!(!line.chars().any(char::is_control), "{size:?} {line:?}");
                }
            }
        }
    }
}

pub fn well() -> (Place, journal::lock::Lock) {
    let mut place = Place::new();
    let lock = place.orchestrator();
    place.files(10, "sandbox");
    for age in [130, 70, 10] {
        place.cycle(age, CycleOutcome::Ok);
    }
    let matches = [
        full_match("m1"),
        in_phase("m2", "Beta", 1, "Not started", "upcoming", 9),
    ];
    let text = document_of("sandbox", Utc::now() - TimeDelta::seconds(10), &matches);
    fs::write(place.data("step5/step5.json"), text).unwrap();
    (place, lock)
}

#[test]
fn all_is_well() {
    let (place, _lock) = well();
    let look = look(&place);
    sound_at_every_size(&look);
    let small = frame(&look, View::Overview, (40, 10));
    assert!(small.starts_with(" OK "), "{small}");
    assert!(small.contains("1 step1     ok"), "{small}");
    let usual = frame(&look, View::Overview, (80, 24));
    for words in [
        "SIMULATED",
        "1/1 steps fresh",
        "STEP      STATE",
        "2.00s",
        "1 live, 1 upcoming",
        "[?]help",
        "EVENTS",
    ] {
        assert!(usual.contains(words), "{words}\n{usual}");
    }
    let wide = frame(&look, View::Overview, (200, 60));
    assert!(
        wide.contains("MEMORY") && wide.contains("3 good, 0 bad"),
        "{wide}"
    );
}

#[test]
fn the_matches_have_what_a_bettor_looks_for() {
    let (place, _lock) = well();
    let look = look(&place);
    let usual = frame(&look, View::Matches, (80, 24));
    let row = usual.lines().find(|line| line.contains("74'")).unwrap();
    for words in [
        "■HJK", "1-3", "+225", "+260", "-105", "+0.5", "2.75", "▼6.7",
    ] {
        assert!(row.contains(words), "{words}\n{usual}");
    }
    let wide = frame(&look, View::Matches, (200, 60));
    for words in [
        "bet365",
        "-125",
        "Finland · Suomen Cup",
        "9.8%",
        "COMPETITION",
    ] {
        assert!(wide.contains(words), "{words}\n{wide}");
    }
    let small = frame(&look, View::Matches, (40, 10));
    assert!(small.contains("HJK") && small.contains("▼6.7"), "{small}");
}

#[test]
fn a_suspended_and_a_stale_price_carry_their_marks_and_their_words() {
    let (place, _lock) = well();
    let quoted = |id: &str, own| {
        match_of(
            id,
            json!({"full_time_result": merged(result_quote(), own), "bookmakers": 3}),
        )
    };
    let matches = [
        quoted("m1", json!({"suspended": true})),
        quoted("m2", json!({"stale": true})),
        quoted("m3", json!({"score_current": false})),
    ];
    fs::write(
        place.data("step5/step5.json"),
        document_of("sandbox", Utc::now(), &matches),
    )
    .unwrap();
    let text = frame(&look(&place), View::Matches, (120, 40));
    for words in ["!+225", "~+225", "SUSP", "STALE", "SCORE"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

#[test]
fn a_failed_step_is_named_with_why_and_what_to_do() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.files(10, "thesports");
    place.cycle(70, CycleOutcome::Ok);
    place.cycle(10, CycleOutcome::Failed);
    let look = look(&place);
    sound_at_every_size(&look);
    let text = frame(&look, View::Overview, (80, 24));
    for words in [
        "WARNING",
        "the last cycle failed at step1",
        "provider unreachable",
        "FAILED",
        "   do   health logs",
        " E step1",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(
        text.lines()
            .any(|line| line.starts_with("!1 step1") && line.ends_with('x')),
        "{text}"
    );
}

#[test]
fn a_dead_orchestrator_is_said_to_be_dead_and_its_output_to_be_stale() {
    let mut place = Place::new();
    drop(place.orchestrator());
    place.files(4000, "thesports");
    place.cycle(4000, CycleOutcome::Ok);
    let fetched = Utc::now() - TimeDelta::seconds(4000);
    let text = document_of("thesports", fetched, &[full_match("m1")]);
    let until = pipeline::handoff::instant(fetched + TimeDelta::seconds(120));
    let text = text.replacen(
        "\"data_age_s\"",
        &format!("\"fresh_until\":\"{until}\",\"data_age_s\""),
        1,
    );
    fs::write(place.data("step5/step5.json"), text).unwrap();
    let look = look(&place);
    sound_at_every_size(&look);
    let text = frame(&look, View::Overview, (80, 24));
    for words in [
        "CRITICAL",
        "not running",
        "NOT RUNNING since",
        "OUTPUT is marked STALE for the bot since",
        "do   orchestrator",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let matches = frame(&look, View::Matches, (80, 24));
    assert!(matches.contains("no price here may be bet on"), "{matches}");
    // The price was 12 s old at the fetch, and that was over an hour ago.
    assert!(
        matches
            .lines()
            .any(|line| line.contains("74'") && line.contains(" 1h")),
        "{matches}"
    );
}

#[test]
fn nothing_has_run_yet() {
    let place = Place::new();
    let look = look(&place);
    sound_at_every_size(&look);
    let text = frame(&look, View::Overview, (80, 24));
    for words in [
        "UNKNOWN",
        "no orchestrator has run here yet",
        "orchestrator --once --provider sandbox",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let matches = frame(&look, View::Matches, (80, 24)).replace('\n', "");
    assert!(
        matches.contains("no matches to show") && matches.contains("is missing"),
        "{matches}"
    );
}

#[test]
fn a_record_that_can_not_be_read_is_no_table_of_zeros() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.files(10, "thesports");
    place.cycle(10, CycleOutcome::Ok);
    place.close();
    fs::write(
        place.data("state/journal.sqlite"),
        "this is no database, and long enough to be read as one",
    )
    .unwrap();
    for companion in ["state/journal.sqlite-wal", "state/journal.sqlite-shm"] {
        let _ = fs::remove_file(place.data(companion));
    }
    let look = look(&place);
    sound_at_every_size(&look);
    let text = frame(&look, View::Overview, (80, 24));
    assert!(
        text.contains("UNKNOWN") || text.contains("CRITICAL"),
        "{text}"
    );
    assert!(!text.contains(" 0 good"), "{text}");
}

#[test]
fn no_match_being_played_is_no_alarm_and_says_when_the_next_one_begins() {
    let (place, _lock) = well();
    let next = Utc::now() + TimeDelta::minutes(22);
    let mut soon = in_phase("m2", "Beta", 1, "Not started", "upcoming", 9);
    soon["kickoff"] = json!(pipeline::handoff::instant(next));
    fs::write(
        place.data("step5/step5.json"),
        document_of("sandbox", Utc::now(), &[soon]),
    )
    .unwrap();
    let text = frame(&look(&place), View::Overview, (80, 24));
    let words = format!("0 live (next {} in 21m", next.format("%H:%MZ"));
    assert!(text.contains(&words), "{words}\n{text}");
    fs::write(
        place.data("step5/step5.json"),
        document_of("sandbox", Utc::now(), &[]),
    )
    .unwrap();
    let text = frame(&look(&place), View::Matches, (80, 24));
    assert!(text.contains("the feed lists no match now"), "{text}");
}

#[test]
fn hostile_names_are_seen_and_not_obeyed() {
    let (place, _lock) = well();
    let mut one = full_match("m1");
    one["home_team"] = json!("\u{1b}[2J\u{1b}]0;x\u{7}<script>alert(1)</script>");
    one["away_team"] = json!("مكابي\u{202e}evil 浦和レッズ浦和レッズ浦和レッズ");
    one["competition"] = json!("a\nb\u{0}c");
    fs::write(
        place.data("step5/step5.json"),
        document_of("sandbox", Utc::now(), &[one]),
    )
    .unwrap();
    let look = look(&place);
    sound_at_every_size(&look);
    assert!(frame(&look, View::Matches, (200, 60)).contains('␛'));
}

#[test]
fn ascii_draws_nothing_else_of_its_own() {
    let (place, _lock) = well();
    let look = look(&place);
    let mut app = app(View::Overview);
    app.paint.ascii = true;
    for view in [View::Overview, View::Matches] {
        app.view = view;
        let text = snapshot::text(&mut app, &look, (120, 40));
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn every_key_does_what_its_help_says() {
    let (place, _lock) = well();
    let look = look(&place);
    let mut app = app(View::Overview);
    let press = |app: &mut App, code| app.key(KeyEvent::new(code, KeyModifiers::NONE), &look);
    let letter =
        |app: &mut App, c| app.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE), &look);
    letter(&mut app, '?');
    assert_eq!(app.over, Over::Help);
    assert!(snapshot::text(&mut app, &look, (80, 40)).contains("this page"));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.over, Over::Nothing);
    press(&mut app, KeyCode::Enter);
    assert!(snapshot::text(&mut app, &look, (80, 24)).contains("step 1 of the cycle: step1"));
    press(&mut app, KeyCode::Tab);
    assert_eq!((app.view, app.over), (View::Matches, Over::Nothing));
    letter(&mut app, 'j');
    assert_eq!(app.chosen.as_deref(), Some("m2"));
    letter(&mut app, 'g');
    letter(&mut app, 's');
    assert!(!snapshot::text(&mut app, &look, (80, 24)).contains("by league"));
    letter(&mut app, 'S');
    assert!(snapshot::text(&mut app, &look, (80, 24)).contains("by league"));
    assert_eq!(
        app.chosen.as_deref(),
        Some("m1"),
        "the choice stays with the match"
    );
    letter(&mut app, 'o');
    assert!(snapshot::text(&mut app, &look, (80, 24)).contains("3.25"));
    letter(&mut app, '/');
    for c in "beta".chars() {
        letter(&mut app, c);
    }
    press(&mut app, KeyCode::Enter);
    assert!(snapshot::text(&mut app, &look, (80, 24)).contains("1 of 2 matches"));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.filter.text, "");
    letter(&mut app, 'f');
    assert!(snapshot::text(&mut app, &look, (80, 24)).starts_with(" FROZEN"));
    assert_eq!(letter(&mut app, 'w'), Do::Snapshot);
    app.read_only = true;
    assert_eq!(letter(&mut app, 'w'), Do::Nothing);
    assert_eq!(letter(&mut app, 'q'), Do::Quit);
    let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(app.key(control, &look), Do::Quit);
}

#[test]
fn events_are_searched_and_the_same_ones_in_a_row_stand_once() {
    let (mut place, _lock) = well();
    for _ in 0..3 {
        place.event(EventKind::Note, "the clock moved");
    }
    let look = look(&place);
    let text = frame(&look, View::Overview, (80, 24));
    assert!(text.contains("the clock moved (x3)"), "{text}");
    let mut app = app(View::Overview);
    app.find = "CLOCK".to_owned();
    let text = snapshot::text(&mut app, &look, (80, 24));
    assert!(
        text.contains("the clock moved") && !text.contains("I orchestrator started"),
        "{text}"
    );
    let board = Arc::clone(&look.board);
    assert!(board.is_ok());
}
