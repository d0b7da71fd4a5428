//! What the terminal says while the next cycle is held back: until when, why, and how long yet.

use chrono::{TimeDelta, Utc};
use health::monitor::View;
use journal::CycleOutcome;
use journal::control::{Backoff, Control, Pause};

use crate::screens::{frame, look};
use crate::situations::{has, lines, running};

#[test]
fn a_pause_says_until_when_and_how_long_yet() {
    let (place, _lock) = running();
    let now = Utc::now();
    let mut pause = Pause {
        since: Some(now - TimeDelta::minutes(10)),
        until: Some(now + TimeDelta::milliseconds(1_800_500)),
    };
    let control = Control::new(&place.data("state"));
    control.set_pause(pause).unwrap();
    let until = pause.until.unwrap().format("%H:%M:%SZ");
    let since = pause.since.unwrap().format("%H:%M:%SZ");
    let paused = look(&place);
    let shown = lines(&paused);
    assert!(
        shown[0].starts_with(&format!(" WARNING  paused by a person until {until}")),
        "{}",
        shown[0]
    );
    assert!(
        shown[1].starts_with(" PAUSED ") && shown[1].contains(&format!(" yet, until {until}")),
        "{}",
        shown[1]
    );
    has(&shown, "   do   orchestrator resume");
    has(&shown, "[p] resume");
    let wide = frame(&paused, View::Overview, (120, 40));
    assert!(wide.contains(&format!("paused at {since}")), "{wide}");
    let narrow = frame(&paused, View::Overview, (40, 10));
    assert!(narrow.contains(&format!("yet, until {until}")), "{narrow}");
    pause.until = None;
    control.set_pause(pause).unwrap();
    let shown = lines(&look(&place));
    assert!(
        shown[1].starts_with(" PAUSED until resumed"),
        "{}",
        shown[1]
    );
}

#[test]
fn a_backoff_says_why_and_how_long_yet() {
    let (mut place, _lock) = running();
    for n in 0..5 {
        place.cycle(50 - n, CycleOutcome::Failed);
    }
    let until = Utc::now() + TimeDelta::minutes(4);
    let backoff = Backoff {
        until,
        restart: None,
        why: "5 failures in a row".to_owned(),
    };
    Control::new(&place.data("state"))
        .set_backoff(Some(&backoff))
        .unwrap();
    let lines = lines(&look(&place));
    assert_eq!(
        lines[0],
        " CRITICAL  5 failures in a row, the last at step1"
    );
    let at = until.format("%H:%M:%SZ");
    assert!(
        lines[1].starts_with(" BACKOFF 3m5") && lines[1].contains(&format!("until {at}")),
        "{}",
        lines[1]
    );
    has(&lines, &format!("at {at} (backoff)"));
    // Where there is room for one line of it, that is why: the first line has said what.
    let narrow = frame(&look(&place), View::Overview, (40, 10));
    assert!(narrow.contains("\n   why  exit 69"), "{narrow}");
    let wide = frame(&look(&place), View::Overview, (120, 40));
    assert!(
        wide.contains(">> WARNING waiting after failures, next cycle at"),
        "{wide}"
    );
}
