//! Small documents of step 5, written by hand, and how to render them.
#![expect(
    dead_code,
    reason = "every test program uses the part of this module that it needs"
)]

use chrono::{DateTime, TimeDelta, Utc};
use football::{Format, Price};
use pipeline::Envelope;
use pipeline::handoff::{self, Source};
use serde_json::{Value, json};
use step6::{Filter, View};

pub const CYCLE: &str = "20261124T034200000Z";

/// A price in the product file's formats; the fair probability as given.
pub fn price(decimal: f64, fair: f64) -> Value {
    let exact = Price::from_decimal(decimal).expect("a price above 1");
    json!({
        "decimal": decimal,
        "hong_kong": exact.hong_kong(),
        "american": exact.american_text(),
        "fractional": exact.fraction_text(),
        "implied": exact.implied(),
        "fair": fair,
    })
}

/// What all quotes have, joined with `own`.
pub fn quote(own: Value) -> Value {
    merged(
        json!({
            "bookmaker_id": 2, "bookmaker": "bet365", "suspended": false, "stale": false, "age_s": 12,
            "at": "2026-11-24T03:41:48.000Z", "time": "16", "score": "0-0", "score_current": true,
            "opening": null, "ticks": 6, "margin": 0.098291,
        }),
        own,
    )
}

/// The object `base` with the entries of `more`.
pub fn merged(mut base: Value, more: Value) -> Value {
    let (Value::Object(entries), Value::Object(more)) = (&mut base, more) else {
        panic!("both are objects");
    };
    entries.extend(more);
    base
}

/// The contract's example of a 1X2 quote with its opening.
pub fn result_quote() -> Value {
    quote(json!({
        "home": price(3.25, 0.276284), "draw": price(3.6, 0.247127), "away": price(1.95, 0.476589),
        "opening": {
            "at": "2026-11-24T03:07:27.000Z",
            "home": price(2.6, 0.343), "draw": price(3.6, 0.242), "away": price(2.2, 0.415),
        },
    }))
}

pub fn spread_quote() -> Value {
    quote(json!({
        "line": 0.5, "feed_line": -0.5, "home": price(1.8, 0.526316), "away": price(2.0, 0.473684),
        "opening": {
            "at": "2026-11-24T03:07:27.000Z", "line": 0.25, "feed_line": -0.25,
            "home": price(1.82, 0.519789), "away": price(1.97, 0.480211),
        },
    }))
}

pub fn total_quote(line: f64) -> Value {
    quote(json!({
        "line": line, "over": price(1.92, 0.493404), "under": price(1.87, 0.506596),
        "opening": {
            "at": "2026-11-24T03:07:27.000Z", "line": line,
            "over": price(2.0, 0.473684), "under": price(1.8, 0.526316),
        },
    }))
}

/// A live match without any odds or circumstances; `own` replaces what it names.
pub fn match_of(id: &str, own: Value) -> Value {
    merged(
        json!({
            "match_id": id, "competition_id": "c1", "competition": "Suomen Cup", "country": "Finland",
            "home_team": "HJK", "away_team": "Ilves", "home_team_id": "h", "away_team_id": "a",
            "kickoff": "2026-11-24T03:15:00.000Z", "status_id": 2, "status": "First half", "phase": "live",
            "minute": 27, "clock": "27'", "score": "1 - 0",
            "score_detail": {"home": 1, "away": 0, "half_time": null, "extra_time": null,
                "penalties": null, "aggregate": null},
            "cards": {"home": {"yellow": null, "red": null}, "away": {"yellow": null, "red": null}},
            "corners": {"home": null, "away": null}, "neutral": false,
            "full_time_result": null, "spread": null, "over_under": null, "corners_over_under": null,
            "consensus": null, "best": null, "bookmakers": 0, "environment": null,
        }),
        own,
    )
}

/// A match in another phase, with the kick-off at `hour`.
pub fn in_phase(id: &str, home: &str, status: i64, name: &str, phase: &str, hour: u32) -> Value {
    match_of(
        id,
        json!({
            "home_team": home, "status_id": status, "status": name, "phase": phase, "minute": null,
            "clock": if status == 8 { "FT" } else { name },
            "kickoff": format!("2026-11-24T{hour:02}:00:00.000Z"),
        }),
    )
}

/// A match with everything.
pub fn full_match(id: &str) -> Value {
    let best = |decimal: f64, book: &str| {
        json!({"decimal": decimal, "american": "+1", "bookmaker_id": 9, "bookmaker": book,
            "age_s": 3, "score_current": true})
    };
    match_of(
        id,
        json!({
            "status_id": 4, "status": "Second half", "minute": 74, "clock": "74'",
            "score": "1 - 3 (HT: 1 - 2)", "neutral": true, "bookmakers": 14,
            "score_detail": {"home": 1, "away": 3, "half_time": [1, 2], "extra_time": null,
                "penalties": null, "aggregate": [2, 4]},
            "cards": {"home": {"yellow": 2, "red": 1}, "away": {"yellow": 0, "red": 0}},
            "corners": {"home": 4, "away": 2},
            "full_time_result": result_quote(), "spread": spread_quote(),
            "over_under": total_quote(2.75), "corners_over_under": total_quote(9.5),
            "consensus": {"books": 4, "home": 0.323735, "draw": 0.249616, "away": 0.424393},
            "best": {"home": best(3.25, "bet365"), "draw": best(3.6, "Crown"), "away": best(2.2, "18Bet"),
                "implied_sum": 1.04, "suspended": false},
            "environment": {"weather_id": 1, "weather": "Partly cloudy", "temperature_c": 16.0,
                "temperature_f": 60.8, "wind_mps": 4.0, "wind_mph": 8.948, "beaufort": 3,
                "wind": "Gentle breeze", "humidity_pct": 62.0, "pressure_hpa": null},
        }),
    )
}

/// The product file with these matches.
pub fn document(matches: &[Value]) -> String {
    document_of("thesports", Utc::now() - TimeDelta::seconds(3), matches)
}

pub fn document_of(provider: &str, fetched: DateTime<Utc>, matches: &[Value]) -> String {
    let entries: Vec<_> = matches
        .iter()
        .map(|one| format!("{}:{one}", one["match_id"]))
        .collect();
    let (at, count) = (handoff::instant(fetched), matches.len());
    format!(
        r#"{{"schema":"football-bot/step5/1","cycle":"{CYCLE}","generated_at":"{at}","fetched_at":"{at}","provider":"{provider}","fresh":true,"data_age_s":3,"total_matches":{count},"statistics":{{"total":{count},"rejected":0,"anomalies":0,"with_odds":0,"with_events":0,"ticks":0,"by_phase":{{}},"by_weather":{{}},"by_bookmaker":{{}}}},"rejected":[],"matches":{{{}}}}}"#,
        entries.join(",")
    )
}

/// How most tests look at it.
pub fn view(width: usize) -> View {
    View {
        format: Format::American,
        width,
        color: false,
        compact: false,
        filter: Filter::default(),
        age: TimeDelta::seconds(3),
        fresh: true,
    }
}

pub fn compact(width: usize) -> View {
    View {
        compact: true,
        ..view(width)
    }
}

pub fn render(document: &str, view: &View) -> String {
    let envelope = envelope(document);
    let output = handoff::parse(document, &Source::Stdin).expect("a product file");
    step6::render(&output, &envelope, view).expect("matches as step 5 writes them")
}

pub fn envelope(document: &str) -> Envelope {
    handoff::open(document, &Source::Stdin, 5, None).expect("an envelope")
}

/// The page of these matches on the day of their kick-off.
pub fn page(matches: &[Value], view: &View) -> String {
    let fetched = "2026-11-24T03:42:00Z".parse().expect("an instant");
    render(&document_of("thesports", fetched, matches), view)
}

/// The lines that contain `word`.
pub fn lines_with<'p>(page: &'p str, word: &str) -> Vec<&'p str> {
    page.lines().filter(|line| line.contains(word)).collect()
}
