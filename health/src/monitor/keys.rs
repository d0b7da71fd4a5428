//! Which keys act now: what the last line names and what a key press is allowed to do are the same.

use super::alerts;
use super::app::{App, Over, View};
use super::ask::Ask;
use crate::look::Look;

/// A key as the last line names it: how it is pressed, and the rest of its word.
pub type Hint = (&'static str, &'static str);

/// Whether this letter does anything now.
pub fn acts(app: &App, look: &Look, letter: char) -> bool {
    let over = app.over;
    let overview = app.view == View::Overview;
    let table = !overview && look.board().is_some();
    match letter {
        's' => reaches_alerts(app) && !app.read_only && alerts::to_silence(app, look).is_some(),
        'u' => reaches_alerts(app) && !app.read_only && alerts::to_unsilence(app, look).is_some(),
        'p' => !app.read_only && Ask::pause(look).is_some(),
        'r' => !app.read_only && Ask::run_now(look).is_some(),
        'w' => !app.read_only,
        'n' | 'N' => match (over, app.view) {
            (Over::Details, _) => true,
            (Over::Nothing, View::Matches) => !app.filter.text.is_empty(),
            (Over::Nothing, View::Overview) | (Over::Logs, _) => !app.find.is_empty(),
            _ => false,
        },
        '/' => over == Over::Logs || (over == Over::Nothing && (overview || table)),
        'e' => over == Over::Logs || (overview && over == Over::Nothing),
        't' => overview && matches!(over, Over::Nothing | Over::Details),
        'S' | 'v' | 'b' => table && over == Over::Nothing,
        'o' => table && matches!(over, Over::Nothing | Over::Details),
        _ => true,
    }
}

/// Whether the key Enter opens or closes anything now.
pub fn enters(app: &App, look: &Look) -> bool {
    match (app.over, app.view) {
        (Over::Details, _) => true,
        (Over::Nothing, View::Overview) => look
            .pace
            .as_ref()
            .is_some_and(|pace| !pace.steps.is_empty()),
        (Over::Nothing, View::Matches) => !app.rows(look).is_empty(),
        _ => false,
    }
}

fn reaches_alerts(app: &App) -> bool {
    app.over == Over::Alerts || (app.view == View::Overview && app.over == Over::Nothing)
}

/// The keys that act now, the most useful first: a narrow line has only the first ones.
pub fn hints(app: &App, look: &Look) -> Vec<Hint> {
    let mut all: Vec<Hint> = vec![("?", "help")];
    let pause = match &look.facts.pause {
        Some(_) => ("p", " resume"),
        None => ("p", "ause"),
    };
    let freeze = match app.frozen {
        Some(_) => ("f", " go on"),
        None => ("f", "reeze"),
    };
    match (app.over, app.view) {
        (Over::Nothing, View::Overview) => all.extend([
            ("m", "atches"),
            ("q", "uit"),
            ("Enter", "step"),
            ("a", "lerts"),
            ("l", "ogs"),
            ("n", "/N next"),
            ("s", "ilence"),
            ("u", "nsilence"),
            pause,
            ("r", "un"),
            freeze,
            ("e", "rrors"),
            ("/", "find"),
            ("t", "ime"),
            ("j", "/k move"),
            ("w", "rite snapshot"),
        ]),
        (Over::Nothing, View::Matches) => all.extend([
            ("1", "overview"),
            ("q", "uit"),
            ("Enter", "details"),
            ("n", "/N next"),
            ("S", "ort"),
            ("v", " which"),
            ("/", "find"),
            ("o", "dds"),
            ("b", "ooks"),
            freeze,
            ("a", "lerts"),
            ("l", "ogs"),
            pause,
            ("r", "un"),
            ("j", "/k move"),
            ("w", "rite snapshot"),
        ]),
        (Over::Details, View::Overview) => all.extend([
            ("Esc", "back"),
            ("n", "/N next step"),
            ("l", "og of it"),
            ("j", "/k scroll"),
            ("t", "ime"),
            ("q", "uit"),
            freeze,
        ]),
        (Over::Details, View::Matches) => all.extend([
            ("Esc", "back"),
            ("n", "/N next match"),
            ("j", "/k scroll"),
            ("o", "dds"),
            ("q", "uit"),
            freeze,
        ]),
        (Over::Help, _) => {
            all = vec![("Esc", "back"), ("j", "/k scroll"), ("q", "uit")];
        }
        (Over::Alerts, _) => all.extend([
            ("Esc", "back"),
            ("s", "ilence"),
            ("u", "nsilence"),
            ("j", "/k alert"),
            ("Space", "scroll"),
            ("q", "uit"),
            freeze,
        ]),
        (Over::Logs, _) => all.extend([
            ("Esc", "back"),
            ("j", "/k scroll"),
            ("n", "/N next"),
            ("e", "rrors"),
            ("/", "find"),
            ("q", "uit"),
            freeze,
        ]),
    }
    if app.frozen.is_some() {
        // Whoever comes to a frozen screen must see how it goes on.
        all.retain(|hint| *hint != freeze);
        all.insert(1, freeze);
    }
    all.retain(|(key, _)| {
        let mut letters = key.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => acts(app, look, letter),
            _ => *key != "Enter" || enters(app, look),
        }
    });
    all
}
