//! The fields of a match, each with what the files say of it and where the value came from.

use serde_json::Value;

use super::Seen;
use super::sources::Raw;

/// One field.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) field: &'static str,
    pub(super) values: Vec<(String, String)>,
    pub(super) note: Option<String>,
}

/// The markets: our name and the feed's.
const MARKETS: [(&str, &str, &str); 4] = [
    ("full_time_result", "eu", "1X2 (full_time_result)"),
    ("spread", "asia", "Asian handicap (spread)"),
    ("over_under", "bs", "Goals (over_under)"),
    ("corners_over_under", "cr", "Corners (corners_over_under)"),
];

/// All fields.
pub(super) fn all(raw: &Raw, seen: &[Seen]) -> Vec<Row> {
    let live = raw.live.as_ref();
    let detail = raw.detail.as_ref();
    let score = |at: usize| live.and_then(|live| live.get("score")?.get(at));
    let mut rows = vec![
        Row {
            field: "Status",
            values: row(
                [
                    ("step1 live list", score(1)),
                    ("step1 details", get(detail, "status_id")),
                ],
                seen,
                &[(2, "status_id"), (4, "status"), (5, "status")],
            ),
            note: prefers(
                score(1),
                get(detail, "status_id"),
                field(seen, 2, "status_id"),
            ),
        },
        Row {
            field: "Kick-off",
            values: row(
                [
                    ("step1 live list", None),
                    ("step1 details", get(detail, "match_time")),
                ],
                seen,
                &[(2, "kickoff"), (4, "kickoff"), (5, "kickoff")],
            ),
            note: Some("the details' match_time".to_owned()),
        },
        Row {
            field: "Clock",
            values: row(
                [("step1 live list", score(4)), ("step1 details", None)],
                seen,
                &[(2, "period_kickoff"), (4, "clock"), (5, "clock")],
            ),
            note: Some("the period's kick-off in the live list, counted to the fetch".to_owned()),
        },
        Row {
            field: "Home numbers (score, half-time, red, yellow, corners, extra, penalties)",
            values: row(
                [
                    ("step1 live list", score(2)),
                    ("step1 details", get(detail, "home_scores")),
                ],
                seen,
                &[(2, "home_scores")],
            ),
            note: prefers(
                score(2),
                get(detail, "home_scores"),
                field(seen, 2, "home_scores"),
            ),
        },
        Row {
            field: "Away numbers",
            values: row(
                [
                    ("step1 live list", score(3)),
                    ("step1 details", get(detail, "away_scores")),
                ],
                seen,
                &[(2, "away_scores")],
            ),
            note: prefers(
                score(3),
                get(detail, "away_scores"),
                field(seen, 2, "away_scores"),
            ),
        },
        Row {
            field: "Score",
            values: row(
                [("step1 live list", None), ("step1 details", None)],
                seen,
                &[(4, "score"), (5, "score")],
            ),
            note: Some("the numbers above, by step 4".to_owned()),
        },
        Row {
            field: "Names",
            values: names(raw, seen),
            note: Some("team_info and competition_info, by the ids".to_owned()),
        },
    ];
    rows.extend(MARKETS.iter().map(|market| odds(raw, seen, market)));
    rows.retain(|row| !row.values.is_empty());
    rows
}

fn get<'v>(value: Option<&'v Value>, key: &str) -> Option<&'v Value> {
    value?.get(key)
}

fn field<'s>(seen: &'s [Seen], number: u8, key: &str) -> Option<&'s Value> {
    let one = seen.iter().find(|seen| seen.number == number)?;
    one.record.as_ref()?.get(key)
}

fn row(
    raw: [(&str, Option<&Value>); 2],
    seen: &[Seen],
    fields: &[(u8, &str)],
) -> Vec<(String, String)> {
    let ours = fields.iter().filter_map(|(number, key)| {
        let value = field(seen, *number, key)?;
        Some((format!("step{number}"), short(value)))
    });
    raw.into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), short(value?))))
        .chain(ours)
        .collect()
}

/// Which of two sources the merged value is; the live list wins where both have one.
fn prefers(live: Option<&Value>, detail: Option<&Value>, merged: Option<&Value>) -> Option<String> {
    let merged = merged?;
    let same = |source: Option<&Value>| source.is_some_and(|source| source == merged);
    Some(match (same(live), same(detail)) {
        (true, true) => "both agree".to_owned(),
        (true, false) if detail.is_some() => {
            "the live list, which wins over the details".to_owned()
        }
        (true, false) => "the live list".to_owned(),
        (false, true) => "the details".to_owned(),
        (false, false) => "the live list, with what means \"no data\" taken out".to_owned(),
    })
}

fn names(raw: &Raw, seen: &[Seen]) -> Vec<(String, String)> {
    let ids = |value: &Value| {
        ["competition_id", "home_team_id", "away_team_id"]
            .iter()
            .filter_map(|key| value.get(key)?.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let words = |value: &Value| {
        ["country", "competition", "home_team", "away_team"]
            .iter()
            .map(|key| value.get(key).and_then(Value::as_str).unwrap_or("?"))
            .collect::<Vec<_>>()
            .join(" · ")
    };
    let ours = seen
        .iter()
        .filter(|seen| seen.number != 3)
        .filter_map(|seen| Some((format!("step{}", seen.number), words(seen.record.as_ref()?))));
    raw.detail
        .iter()
        .map(|detail| ("step1 details".to_owned(), ids(detail)))
        .chain(ours)
        .collect()
}

fn odds(raw: &Raw, seen: &[Seen], market: &(&str, &str, &'static str)) -> Row {
    let (ours, feed, title) = *market;
    let quote = field(seen, 5, ours).or_else(|| field(seen, 4, ours));
    let book = quote.and_then(|quote| quote.get("bookmaker_id")?.as_i64());
    let mut values = Vec::new();
    let mut note = None;
    if let Some(book) = book {
        let key = book.to_string();
        let series = raw
            .odds
            .as_ref()
            .and_then(|odds| odds.get(&key)?.get(feed)?.as_array());
        if let Some(series) = series {
            let newest = series.first().map(short).unwrap_or_default();
            values.push((
                "step1 odds".to_owned(),
                format!("{} ticks, newest {newest}", series.len()),
            ));
        }
        let digest =
            field(seen, 2, "odds").and_then(|odds| odds.get(&key)?.get(ours)?.get("newest"));
        if let Some(tick) = digest {
            values.push(("step2".to_owned(), short(tick)));
        }
        if let Some(tick) = field(seen, 4, ours).and_then(|quote| quote.get("tick")) {
            values.push(("step4".to_owned(), short(tick)));
        }
        if let Some(quote) = field(seen, 5, ours) {
            values.push(("step5".to_owned(), prices(quote)));
        }
        let name = quote
            .and_then(|quote| quote.get("bookmaker")?.as_str())
            .unwrap_or("?");
        let flag = |key: &str| {
            quote
                .and_then(|quote| quote.get(key)?.as_bool())
                .unwrap_or(false)
        };
        let why = match (flag("suspended"), flag("stale")) {
            (true, _) => "no preferred book has an open price: the newest that was open",
            (false, true) => "no preferred book has a price that is not stale",
            (false, false) => "the first preferred book whose newest price is open and not stale",
        };
        note = Some(format!("{name} ({book}): {why}"));
    } else if seen
        .iter()
        .any(|seen| seen.number >= 4 && seen.record.is_some())
    {
        let books = raw
            .odds
            .as_ref()
            .and_then(Value::as_object)
            .map_or(0, |books| {
                books
                    .values()
                    .filter(|book| book.get(feed).is_some())
                    .count()
            });
        values.push((
            "step1 odds".to_owned(),
            format!("{books} books have this market"),
        ));
        values.push((
            "step5".to_owned(),
            "no quote: no book has a valid open price".to_owned(),
        ));
    }
    Row {
        field: title,
        values,
        note,
    }
}

/// A quote's prices in short.
fn prices(quote: &Value) -> String {
    let mut parts = Vec::new();
    if let Some(line) = quote.get("line").filter(|line| !line.is_null()) {
        parts.push(format!("line {line}"));
    }
    for side in ["home", "draw", "away", "over", "under"] {
        if let Some(price) = quote.get(side) {
            let decimal = price.get("decimal").map(short).unwrap_or_default();
            let american = price.get("american").and_then(Value::as_str).unwrap_or("");
            parts.push(format!("{side} {decimal} ({american})"));
        }
    }
    for flag in ["suspended", "stale"] {
        if quote.get(flag) == Some(&Value::Bool(true)) {
            parts.push(flag.to_owned());
        }
    }
    parts.join(", ")
}

fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
