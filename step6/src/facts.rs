//! The circumstances of a match: corners, cards, aggregate, kick-off, weather. What is not known is
//! left out.

use chrono::NaiveDate;
use step5::{Environment, Match};

use crate::full::Layout;
use crate::markets;
use crate::page::{Cell, Page, Style};
use crate::price;
use crate::scoreboard::kickoff;
use crate::text::screen_text;

/// Writes them, over as many lines as they need.
pub(crate) fn write(
    page: &mut Page,
    one: &Match<'_>,
    layout: &Layout,
    today: NaiveDate,
    named: bool,
) {
    let mut facts = Vec::new();
    facts.extend((!markets::any(one)).then(|| "no odds".to_owned()));
    facts.extend(margins(one).filter(|_| !layout.margin));
    facts.extend(schedule(one, today));
    facts.extend(play(one));
    facts.extend(one.environment.as_ref().and_then(weather));
    facts.extend(one.environment.as_ref().and_then(wind));
    facts.extend(match one.bookmakers {
        0 => None,
        1 => Some("1 book".to_owned()),
        books => Some(format!("{books} books")),
    });
    facts.extend((!named).then(|| format!("id {}", screen_text(&one.match_id, 24))));
    let cells: Vec<_> = facts
        .into_iter()
        .map(|fact| Cell::of(Style::Dim, fact))
        .collect();
    // Never at the edge: a fact is the feed's text, and a line of the log that begins with it could pass
    // for one of the log's own.
    if !cells.is_empty() {
        page.list(&cells, layout.indent.max(1));
    }
}

/// `margin 1X2 6.3%, AH 5.7%` of the prices that one can take.
fn margins(one: &Match<'_>) -> Option<String> {
    let margins: Vec<_> = markets::margins(one)
        .map(|(market, margin)| format!("{market} {}", price::percent(margin, 1)))
        .collect();
    (!margins.is_empty()).then(|| format!("margin {}", margins.join(", ")))
}

/// Kick-off and status of a match that is not being played.
fn schedule(one: &Match<'_>, today: NaiveDate) -> Vec<String> {
    let mut facts = Vec::new();
    if matches!(&*one.phase, "live" | "finished") {
        return facts;
    }
    facts.push(screen_text(&one.status, 24).into_owned());
    if let Some(at) = kickoff(one) {
        let form = if at.date_naive() == today {
            "%H:%M"
        } else {
            "%Y-%m-%d %H:%M"
        };
        facts.push(format!("kick-off {} UTC", at.format(form)));
    }
    facts
}

fn play(one: &Match<'_>) -> Vec<String> {
    let mut facts = Vec::new();
    if &*one.phase != "upcoming" {
        facts.extend(corners(one.corners.home, one.corners.away));
    }
    let (home, away) = (one.cards.home, one.cards.away);
    facts.extend(cards("yellow", home.yellow, away.yellow));
    facts.extend(cards("red", home.red, away.red));
    if let Some([home, away]) = one.score_detail.aggregate {
        facts.push(format!("aggregate {home}-{away}"));
    }
    if one.neutral {
        facts.push("neutral ground".to_owned());
    }
    facts
}

fn corners(home: Option<i64>, away: Option<i64>) -> Option<String> {
    match (home, away) {
        (None, None) => None,
        (home, away) => Some(format!("corners {}-{}", number(home), number(away))),
    }
}

/// `yellow 1-3`; nothing when there was none.
fn cards(word: &str, home: Option<i64>, away: Option<i64>) -> Option<String> {
    let any = [home, away].into_iter().flatten().any(|count| count > 0);
    any.then(|| format!("{word} {}-{}", number(home), number(away)))
}

fn number(count: Option<i64>) -> String {
    count.map_or_else(|| "?".to_owned(), |count| count.to_string())
}

/// `Partly cloudy 16 °C / 61 °F`.
fn weather(environment: &Environment<'_>) -> Option<String> {
    let sky = environment
        .weather
        .as_deref()
        .map(|text| screen_text(text, 48).into_owned());
    let temperature = match (environment.temperature_c, environment.temperature_f) {
        (Some(c), Some(f)) => Some(format!("{} °C / {} °F", whole(c), whole(f))),
        (Some(c), None) => Some(format!("{} °C", whole(c))),
        (None, Some(f)) => Some(format!("{} °F", whole(f))),
        (None, None) => None,
    };
    let parts: Vec<_> = [sky, temperature].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// `Gentle breeze 4.0 m/s (8.9 mph)`.
fn wind(environment: &Environment<'_>) -> Option<String> {
    let words = environment
        .wind
        .as_deref()
        .map(|text| screen_text(text, 24).into_owned());
    let metres = environment.wind_mps.map(|speed| format!("{speed:.1} m/s"));
    let miles = environment
        .wind_mph
        .map(|speed| format!("({speed:.1} mph)"));
    let parts: Vec<_> = [words, metres, miles].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// To the degree, and never `-0`.
fn whole(number: f64) -> String {
    format!("{:.0}", number.round() + 0.0)
}
