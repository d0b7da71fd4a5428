//! Who plays whom, how it stands, and what time it is: the parts that both forms show.

use chrono::{DateTime, NaiveDate, Utc};
use step5::Match;

use crate::order::is_live;
use crate::page::Style;
use crate::text::screen_text;

/// The clock in at most seven columns: the match clock, or the kick-off of what has not begun.
pub fn clock(one: &Match<'_>, today: NaiveDate) -> String {
    if let Some(at) = kickoff(one)
        && &*one.phase == "upcoming"
    {
        let form = if at.date_naive() == today {
            "%H:%M"
        } else {
            "%d %b"
        };
        return at.format(form).to_string();
    }
    // A live match without a minute has its status as its clock; the others have no clock but theirs.
    let word = match (one.status_id, *one.clock == *one.status) {
        (0, true) => "Abnorm.",
        (1, true) => "Soon",
        (2, true) => "1st h.",
        (4, true) => "2nd h.",
        (5 | 6, true) => "ET",
        (9, true) => "Delayed",
        (10, true) => "Interr.",
        (11, true) => "Aband.",
        (12, true) => "Canc.",
        (13, true) => "TBD",
        _ => return screen_text(&one.clock, 7).into_owned(),
    };
    word.to_owned()
}

/// The clock of the compact form, which has no room for the score's second half: a shoot-out's goals take the
/// clock's place, `PEN 4-3` while it lasts and `AP 4-3` (after penalties) when it is over.
pub(crate) fn clock_or_shootout(one: &Match<'_>, today: NaiveDate) -> String {
    let words = match (one.status_id, &*one.phase) {
        (7, _) => ["PEN ", "P "],
        (_, "finished") => ["AP ", "AP"],
        _ => return clock(one, today),
    };
    one.score_detail
        .penalties
        .and_then(|[home, away]| {
            words
                .map(|word| format!("{word}{home}-{away}"))
                .into_iter()
                .find(|text| text.len() <= 7)
        })
        .unwrap_or_else(|| clock(one, today))
}

/// How the clock looks: green while it runs.
pub(crate) fn clock_style(one: &Match<'_>) -> Style {
    match &*one.phase {
        "live" => Style::Green,
        "upcoming" => Style::Plain,
        "finished" => Style::Dim,
        _ => Style::Yellow,
    }
}

/// The scheduled start.
pub fn kickoff(one: &Match<'_>) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(one.kickoff.as_deref()?).ok()?;
    Some(at.to_utc())
}

/// `2 - 1`, or `v` for a match that has no score yet.
pub fn score(one: &Match<'_>, dash: &str) -> String {
    let detail = &one.score_detail;
    match (detail.home, detail.away) {
        // A cancelled match (12) was not played either: its 0 - 0 would be a lie.
        _ if &*one.phase == "upcoming" || one.status_id == 12 => "v".to_owned(),
        (Some(home), Some(away)) => format!("{home}{dash}{away}"),
        _ if is_live(&one.phase) => format!("?{dash}?"),
        _ => "v".to_owned(),
    }
}

/// What the score text says beyond the score: `(HT: 1 - 0) PEN 4 - 3`.
pub fn score_rest<'m>(one: &'m Match<'_>) -> &'m str {
    let plain = score(one, " - ");
    if plain == "v" {
        return "";
    }
    one.score
        .strip_prefix(plain.as_str())
        .unwrap_or_default()
        .trim_start()
}

/// A mark for each red card: `■`, `■■`, `■3`.
pub fn red_cards(count: Option<i64>) -> String {
    match count {
        Some(1) => "■".to_owned(),
        Some(2) => "■■".to_owned(),
        Some(count @ 3..) => format!("■{count}"),
        _ => String::new(),
    }
}

/// A team's name, or that it is not known.
pub(crate) fn team<'m>(name: Option<&'m str>, max_width: usize) -> std::borrow::Cow<'m, str> {
    let shown = screen_text(name.unwrap_or_default(), max_width);
    if shown.is_empty() {
        return screen_text("(unknown team)", max_width);
    }
    shown
}
