//! The keys of the terminal: each does what its help says, and those that write ask first.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use health::alerts::state::{self, Silences};
use health::look::Look;
use health::monitor::app::{Do, Over};
use health::monitor::ask::{Act, Ask};
use health::monitor::draw::Beside;
use health::monitor::{App, View, keys, snapshot};
use journal::control::Control;
use journal::{CycleOutcome, EventKind};
use pipeline::Config;
use pipeline::cli::Common;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::place::Place;
use crate::screens::{app, look, well};

fn press(app: &mut App, look: &Look, code: KeyCode) -> Do {
    app.key(KeyEvent::new(code, KeyModifiers::NONE), look)
}

fn letter(app: &mut App, look: &Look, letter: char) -> Do {
    press(app, look, KeyCode::Char(letter))
}

fn common(place: &Place) -> Common {
    Common {
        data_dir: Some(place.data("")),
        ..Common::default()
    }
}

/// An orchestrator that died: an alert fires at once.
fn alarming() -> (Place, Look) {
    let mut place = Place::new();
    drop(place.orchestrator());
    place.cycle(4000, CycleOutcome::Ok);
    place.files(4000, "thesports");
    let look = look(&place);
    assert!(!look.facts.alerts.firing.is_empty() || !look.facts.alerts.pending.is_empty());
    (place, look)
}

#[test]
fn every_key_that_the_last_line_names_acts_and_no_other_writes() {
    let (place, _lock) = well();
    let calm = look(&place);
    let (_dead, loud) = alarming();
    for look in [&calm, &loud] {
        for read_only in [false, true] {
            for view in [View::Overview, View::Matches] {
                for over in [
                    Over::Nothing,
                    Over::Help,
                    Over::Details,
                    Over::Logs,
                    Over::Alerts,
                ] {
                    let mut begin = app(view);
                    begin.read_only = read_only;
                    begin.over = over;
                    begin.find = "x".to_owned();
                    for (key, _) in keys::hints(&begin, look) {
                        let code = match key {
                            "Enter" => KeyCode::Enter,
                            "Esc" => KeyCode::Esc,
                            "Space" => KeyCode::Char(' '),
                            key => KeyCode::Char(key.chars().next().unwrap()),
                        };
                        let done = press(&mut begin.clone(), look, code);
                        assert_ne!(done, Do::Nothing, "{key} on {over:?} over {view:?}");
                    }
                    for key in ' '..='~' {
                        let mut app = begin.clone();
                        let done = letter(&mut app, look, key);
                        let writes = app.ask.is_some() || done == Do::Snapshot;
                        assert!(!(read_only && writes), "{key} writes on {over:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_last_line_names_a_key_only_where_it_acts() {
    let (place, _lock) = well();
    let calm = look(&place);
    let has = |app: &App, look: &Look, key: &str| {
        keys::hints(app, look).iter().any(|(name, _)| *name == key)
    };
    let mut app = app(View::Overview);
    assert!(!has(&app, &calm, "s") && !has(&app, &calm, "u") && !has(&app, &calm, "n"));
    assert!(has(&app, &calm, "p") && has(&app, &calm, "r"));
    app.find = "x".to_owned();
    assert!(has(&app, &calm, "n"));
    let (_dead, loud) = alarming();
    assert!(has(&app, &loud, "s"), "an alert holds");
    // One key means one thing: where it does not silence it does nothing.
    app.view = View::Matches;
    assert!(!has(&app, &loud, "s"));
    assert_eq!(letter(&mut app, &loud, 's'), Do::Nothing);
    app.view = View::Overview;
    assert!(!has(&app, &loud, "r"), "nobody would run it");
    app.read_only = true;
    for key in ["s", "u", "p", "r", "w"] {
        assert!(!has(&app, &loud, key) && !has(&app, &calm, key), "{key}");
    }
    let help = |app: &mut App| {
        app.over = Over::Help;
        snapshot::text(app, &loud, (80, 60))
    };
    assert!(!help(&mut app).contains("pause the pipeline"));
    app.read_only = false;
    assert!(help(&mut app).contains("pause the pipeline"));
}

#[test]
fn an_alert_is_silenced_for_an_hour_and_told_again() {
    let (place, loud) = alarming();
    let mut app = app(View::Overview);
    letter(&mut app, &loud, 's');
    assert_eq!(
        app.over,
        Over::Alerts,
        "the alert is shown with the question"
    );
    let name = match &app.ask {
        Some(Ask::Silence(name)) => name.clone(),
        other => panic!("{other:?}"),
    };
    let asked = snapshot::text(&mut app, &loud, (80, 24));
    assert!(
        asked.contains(&format!(
            "silence {name} for [1]15m [2]1h [3]4h [4]until resolved"
        )),
        "{asked}"
    );
    // Any other key is no answer, and Esc is no.
    assert_eq!(letter(&mut app, &loud, 'y'), Do::Nothing);
    assert_eq!(press(&mut app, &loud, KeyCode::Esc), Do::Draw);
    assert_eq!(app.ask, None);
    letter(&mut app, &loud, 's');
    let Do::Act(act) = letter(&mut app, &loud, '2') else {
        panic!("1h was not taken");
    };
    let said = act.run(&common(&place), &Config::default()).unwrap();
    assert!(
        said.contains(&format!("{name} is silenced until")),
        "{said}"
    );
    let path = Silences::path(&place.data("state"));
    let silences = state::load::<Silences>(&path).unwrap();
    let left = silences.silences[0].until.unwrap() - Utc::now();
    assert!(
        left > TimeDelta::minutes(50) && left <= TimeDelta::minutes(60),
        "{left}"
    );
    let quiet = look(&place);
    app.over = Over::Nothing;
    let shown = {
        letter(&mut app, &quiet, 'u');
        snapshot::text(&mut app, &quiet, (80, 24))
    };
    assert!(
        shown.contains("SILENCED until") && shown.contains(&format!("tell of {name} again?")),
        "{shown}"
    );
    let Do::Act(act) = letter(&mut app, &quiet, 'y') else {
        panic!("yes was not taken");
    };
    act.run(&common(&place), &Config::default()).unwrap();
    let silences = state::load::<Silences>(&path).unwrap();
    assert!(silences.silences.is_empty());
}

#[test]
fn the_pipeline_is_paused_resumed_and_asked_for_a_cycle() {
    let (place, _lock) = well();
    let control = Control::new(&place.data("state"));
    let mut app = app(View::Matches);
    let found = look(&place);
    letter(&mut app, &found, 'p');
    assert!(
        control.pause().is_none(),
        "nothing is done before it is confirmed"
    );
    let asked = snapshot::text(&mut app, &found, (80, 24));
    assert!(asked.contains("PAUSE the pipeline for"), "{asked}");
    let run = |act: Do| match act {
        Do::Act(act) => act.run(&common(&place), &Config::default()).unwrap(),
        other => panic!("{other:?}"),
    };
    let said = run(letter(&mut app, &found, '1'));
    assert!(said.starts_with("paused until "), "{said}");
    let length = control
        .pause()
        .map(|pause| pause.until.unwrap() - pause.since.unwrap());
    assert_eq!(length, Some(TimeDelta::minutes(15)));
    let paused = look(&place);
    letter(&mut app, &paused, 'p');
    assert_eq!(app.ask, Some(Ask::Resume));
    run(letter(&mut app, &paused, 'y'));
    assert!(control.pause().is_none());
    letter(&mut app, &found, 'r');
    assert_eq!(letter(&mut app, &found, 'n'), Do::Draw);
    assert!(!control.take_run());
    letter(&mut app, &found, 'r');
    run(letter(&mut app, &found, 'y'));
    assert!(control.take_run());
    // A silence until resolved needs something that can be resolved; the message says so.
    let act = Act::Silence("DataStale".to_owned(), None);
    let why = act.run(&common(&place), &Config::default()).unwrap_err();
    assert!(why.contains("does not fire now"), "{why}");
    let act = Act::Silence("DataStale".to_owned(), Some(Duration::from_secs(60)));
    assert!(act.run(&common(&place), &Config::default()).is_ok());
}

#[test]
fn n_goes_through_what_was_found_and_keeps_its_neighbours() {
    let (mut place, _lock) = well();
    for text in ["one apple", "two pears", "three apples"] {
        place.event(EventKind::Note, text);
    }
    let look = look(&place);
    let mut app = app(View::Overview);
    for key in "/apple".chars() {
        letter(&mut app, &look, key);
    }
    press(&mut app, &look, KeyCode::Enter);
    let shown = snapshot::text(&mut app, &look, (80, 24));
    assert!(shown.contains("with `apple`, 1 of 2"), "{shown}");
    letter(&mut app, &look, 'n');
    let shown = snapshot::text(&mut app, &look, (80, 24));
    assert!(
        shown.contains("2 of 2") && !shown.contains("three apples"),
        "{shown}"
    );
    assert_eq!(
        press(&mut app, &look, KeyCode::Esc),
        Do::Draw,
        "the search is over"
    );
    assert_eq!(app.find, "");

    let log = (0..100).map(|n| match n % 40 {
        10 => format!("2026-01-01T00:00:00Z ERROR step1: number {n}, the apple fell"),
        _ => format!("2026-01-01T00:00:00Z INFO  step2: number {n}, all is well"),
    });
    let beside = Beside {
        log: log.collect(),
        ..Beside::default()
    };
    let draw = |app: &mut App| snapshot::text_with(app, &look, &beside, (80, 24));
    letter(&mut app, &look, 'l');
    assert!(draw(&mut app).contains(" number 99,"));
    for key in "/APPLE".chars() {
        letter(&mut app, &look, key);
    }
    press(&mut app, &look, KeyCode::Enter);
    let shown = draw(&mut app);
    assert!(
        shown.contains("`APPLE` 1 of 3") && shown.contains(">01-01 00:00 ERROR step1: number 90,"),
        "{shown}"
    );
    assert!(
        shown.contains(" number 91,") && shown.contains(" number 89,"),
        "{shown}"
    );
    letter(&mut app, &look, 'n');
    assert!(draw(&mut app).contains(">01-01 00:00 ERROR step1: number 50,"));
    letter(&mut app, &look, 'n');
    letter(&mut app, &look, 'n');
    assert!(
        draw(&mut app).contains(">01-01 00:00 ERROR step1: number 10,"),
        "the oldest one is the last one"
    );
    letter(&mut app, &look, 'N');
    assert!(draw(&mut app).contains(">01-01 00:00 ERROR step1: number 50,"));
    letter(&mut app, &look, 'g');
    assert!(draw(&mut app).contains(" number 0,"), "the oldest line");
    letter(&mut app, &look, 'G');
    assert!(draw(&mut app).contains(" number 99,"), "the newest line");
    letter(&mut app, &look, 'e');
    assert!(!draw(&mut app).contains("INFO"));
}

#[test]
fn the_log_of_a_step_is_that_of_the_step_whose_details_are_open() {
    let (place, _lock) = well();
    let look = look(&place);
    let beside = Beside {
        log: vec![
            "2026-01-01T00:00:00Z INFO  step1: mine".to_owned(),
            "2026-01-01T00:00:00Z INFO  step2: another's".to_owned(),
        ],
        ..Beside::default()
    };
    let mut app = app(View::Overview);
    press(&mut app, &look, KeyCode::Enter);
    letter(&mut app, &look, 'l');
    let shown = snapshot::text_with(&mut app, &look, &beside, (80, 24));
    assert!(
        shown.contains("LOG of step1") && shown.contains("mine"),
        "{shown}"
    );
    assert!(!shown.contains("another's"), "{shown}");
    press(&mut app, &look, KeyCode::Esc);
    letter(&mut app, &look, 'l');
    let shown = snapshot::text_with(&mut app, &look, &beside, (80, 24));
    assert!(shown.contains("another's"), "{shown}");
}

#[test]
fn a_message_is_whole_and_the_next_key_removes_it_and_does_not_leave() {
    let (place, _lock) = well();
    let look = look(&place);
    let mut app = app(View::Overview);
    app.message = Some("a long message ".repeat(9) + "with an end");
    let shown = snapshot::text(&mut app, &look, (80, 24));
    assert!(shown.contains("with an end"), "{shown}");
    assert_eq!(press(&mut app, &look, KeyCode::Esc), Do::Draw);
    assert_eq!(app.message, None);
    assert_eq!(press(&mut app, &look, KeyCode::Esc), Do::Quit);
}

#[test]
fn a_frozen_screen_goes_on_with_what_is_true_now() {
    let (place, _lock) = well();
    let look = look(&place);
    let mut app = app(View::Overview);
    assert_eq!(letter(&mut app, &look, 'f'), Do::Draw);
    assert!(app.frozen.is_some());
    assert_eq!(letter(&mut app, &look, 'f'), Do::Thaw);
    assert!(app.frozen.is_none());
    for key in ['l', 'r'] {
        let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::CONTROL);
        assert_eq!(app.key(key, &look), Do::Redraw);
    }
}

#[test]
fn pasted_letters_are_no_keys_and_belong_to_a_search_that_is_typed() {
    let (place, _lock) = well();
    let look = look(&place);
    let mut app = app(View::Matches);
    assert!(!app.paste("p1"));
    assert_eq!((app.ask.clone(), app.typing.clone()), (None, None));
    letter(&mut app, &look, '/');
    assert!(app.paste("Be\u{1b}ta\n"));
    press(&mut app, &look, KeyCode::Enter);
    assert_eq!(app.filter.text, "Beta");
    letter(&mut app, &look, '/');
    assert!(app.paste(&"x".repeat(1000)));
    assert_eq!(app.typing.map(|text| text.len()), Some(40));
}

#[test]
fn what_can_not_be_done_is_said_with_why() {
    let place = Place::new();
    std::fs::create_dir_all(place.data("")).unwrap();
    std::fs::write(place.data("state"), "a file where the folder should be").unwrap();
    for act in [Act::Pause(None), Act::RunNow] {
        let why = act.run(&common(&place), &Config::default()).unwrap_err();
        assert!(why.contains("failed to write in `"), "{why}");
    }
}

#[test]
fn a_silence_of_all_is_seen_at_each_and_ended_for_all() {
    let (place, _loud) = alarming();
    let data = place.data("");
    let data = data.to_str().unwrap();
    let args = [
        "alerts",
        "silence",
        "all",
        "--for",
        "1h",
        "--data-dir",
        data,
    ];
    assert_eq!(place.health(&args).code, 0);
    let look = look(&place);
    let mut app = app(View::Overview);
    letter(&mut app, &look, 'u');
    assert_eq!(app.ask, Some(Ask::Unsilence("*".to_owned())));
    let shown = snapshot::text(&mut app, &look, (80, 24));
    assert!(
        shown.contains("SILENCED as all are") && shown.contains("tell of all alerts again?"),
        "{shown}"
    );
    let Do::Act(act) = letter(&mut app, &look, 'y') else {
        panic!("yes was not taken");
    };
    act.run(&common(&place), &Config::default()).unwrap();
    let path = Silences::path(&place.data("state"));
    assert!(state::load::<Silences>(&path).unwrap().silences.is_empty());
}
