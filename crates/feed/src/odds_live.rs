//! `odds/live`: the price changes of all matches in the last minute.
//!
//! Nobody with an account has shown us a body. The documents describe rows `[match id, market, tick, "h-a"]`
//! under the company's id, one of them also keys per market, and a client of the sister feed mentions ticks
//! joined by commas. So every part is known by what it looks like, wherever it stands: a list that begins
//! with a time is a tick, `eu` is a market, `2-1` is a score, a long word is a match. What lacks one of the
//! parts is left out and counted.

use std::borrow::Cow;

use crate::codes::Market;
use crate::json::{Cursor, Fault};
use crate::odds::{TIMES, Tick};
use crate::row::{self, Anomalies};

/// One price change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The match.
    pub match_id: String,
    /// The bookmaker.
    pub company: i64,
    /// The market.
    pub market: Market,
    /// The new prices.
    pub tick: Tick<'static>,
}

/// Every change in the `results` of a body, in its order.
pub fn changes(results: &str, anomalies: &Anomalies) -> Vec<Change> {
    let mut changes = Vec::new();
    walk(results, &Parts::default(), 0, &mut changes, anomalies);
    changes
}

/// What is known of a change so far, from the keys and lists around it.
#[derive(Clone, Debug, Default)]
struct Parts {
    match_id: Option<String>,
    company: Option<i64>,
    market: Option<Market>,
    score: Option<String>,
}

/// Deeper than any shape that was described; what lies deeper is no feed's.
const DEEPEST: usize = 8;

fn walk(raw: &str, known: &Parts, depth: usize, into: &mut Vec<Change>, anomalies: &Anomalies) {
    if depth > DEEPEST {
        anomalies.note("odds/live", "too deep");
        return;
    }
    match raw.as_bytes().first() {
        Some(b'{') => {
            let walked = Cursor::new(raw).object::<Fault>(|key, cursor| {
                let mut known = known.clone();
                known.learn_key(&key);
                walk(cursor.value()?, &known, depth + 1, into, anomalies);
                Ok(())
            });
            if walked.is_err() {
                anomalies.note("odds/live", "malformed object");
            }
        }
        Some(b'[') => {
            let elements = row::list(raw, "odds/live", anomalies);
            if is_tick(&elements) {
                emit(raw, known, into, anomalies);
            } else if elements.iter().any(|element| element.starts_with('"')) {
                read_row(&elements, known, depth, into, anomalies);
            } else {
                for element in elements {
                    walk(element, known, depth + 1, into, anomalies);
                }
            }
        }
        Some(b'"') => {
            if let Some(tick) = joined_tick(raw) {
                emit(&tick, known, into, anomalies);
            }
        }
        _ => {}
    }
}

/// A list with words in it: they say what the ticks beside them are about.
fn read_row(
    elements: &[&str],
    known: &Parts,
    depth: usize,
    into: &mut Vec<Change>,
    anomalies: &Anomalies,
) {
    let mut known = known.clone();
    let mut ticks = Vec::new();
    for element in elements {
        match element.as_bytes().first() {
            Some(b'"') => match joined_tick(element) {
                Some(tick) => ticks.push(Cow::Owned(tick)),
                None => {
                    if let Some(word) = row::text(element, "odds/live", anomalies) {
                        known.learn_word(&word);
                    }
                }
            },
            Some(b'[' | b'{') => ticks.push(Cow::Borrowed(*element)),
            _ => known.company = known.company.or_else(|| element.parse().ok()),
        }
    }
    if ticks.is_empty() {
        anomalies.note("odds/live", "a row without a tick");
    }
    for tick in ticks {
        walk(&tick, &known, depth + 1, into, anomalies);
    }
}

impl Parts {
    fn learn_key(&mut self, key: &str) {
        if key.len() <= 7 && !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit()) {
            // Below the company, digits are the places of a list that came as an object.
            self.company = self.company.or_else(|| key.parse().ok());
        } else {
            self.learn_word(key);
        }
    }

    fn learn_word(&mut self, word: &str) {
        if let Some(market) = Market::from_key(word) {
            self.market = Some(market);
        } else if is_score(word) {
            self.score = Some(word.to_owned());
        } else if word.len() >= 8 && word.bytes().all(|b| b.is_ascii_alphanumeric()) {
            self.match_id = Some(word.to_owned());
        }
    }
}

fn is_score(word: &str) -> bool {
    let digits = |side: &str| !side.is_empty() && side.bytes().all(|b| b.is_ascii_digit());
    word.split_once('-')
        .is_some_and(|(home, away)| digits(home) && digits(away))
}

/// Whether a list begins with a time and has the three values behind the minute.
fn is_tick(elements: &[&str]) -> bool {
    let time = elements
        .first()
        .and_then(|raw| raw.trim_matches('"').parse::<i64>().ok());
    elements.len() >= 5 && time.is_some_and(|at| at > 1_000_000_000 && TIMES.contains(&at))
}

/// A tick that came as one text, its parts joined by commas, as the list that it stands for.
fn joined_tick(raw: &str) -> Option<String> {
    let text = raw.strip_prefix('"')?.strip_suffix('"')?;
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if parts.iter().any(|part| part.contains(['"', '\\'])) || !is_tick(&parts) {
        return None;
    }
    let quoted: Vec<String> = parts.iter().map(|part| format!("\"{part}\"")).collect();
    Some(format!("[{}]", quoted.join(",")))
}

fn emit(raw: &str, known: &Parts, into: &mut Vec<Change>, anomalies: &Anomalies) {
    let tick = Tick::read(&mut Cursor::new(raw), anomalies).ok().flatten();
    let (Some(match_id), Some(company), Some(market), Some(tick)) =
        (&known.match_id, known.company, known.market, tick)
    else {
        anomalies.note("odds/live", "a tick without its match, company or market");
        return;
    };
    let mut tick = tick.into_owned();
    if tick.score.is_empty()
        && let Some(score) = &known.score
    {
        tick.score = Cow::Owned(score.clone());
    }
    into.push(Change {
        match_id: match_id.clone(),
        company,
        market,
        tick,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TICK: &str = r#"[1773516600,"16",0.8,-0.25,1.0,2,0,"0-0"]"#;

    #[test]
    fn every_shape_that_was_described_gives_the_same_change() {
        for results in [
            // The document's example.
            format!(r#"{{"2":[["abcdefgh1234567","asia",{TICK},"0-0"]]}}"#),
            // Keyed per market.
            format!(r#"{{"2":{{"asia":[["abcdefgh1234567",{TICK}]]}}}}"#),
            // PHP's object for a list.
            format!(r#"{{"2":{{"0":["abcdefgh1234567","asia",{TICK}]}}}}"#),
            // A list of rows that name the company.
            format!(r#"[["abcdefgh1234567",2,"asia",{TICK}]]"#),
            // Values joined by commas, the score apart.
            r#"{"2":[["abcdefgh1234567","asia","1773516600,16,0.8,-0.25,1.0,2,0","0-0"]]}"#
                .to_owned(),
            format!(r#"{{"abcdefgh1234567":{{"2":{{"asia":[{TICK}]}}}}}}"#),
        ] {
            let anomalies = Anomalies::default();
            let found = changes(&results, &anomalies);
            assert_eq!(found.len(), 1, "{results}");
            assert_eq!(found[0].match_id, "abcdefgh1234567");
            assert_eq!((found[0].company, found[0].market), (2, Market::Spread));
            let expected = Tick::read(&mut Cursor::new(TICK), &anomalies)
                .unwrap()
                .unwrap();
            assert_eq!(found[0].tick, expected, "{results}");
        }
    }

    #[test]
    fn what_lacks_a_part_is_left_out_and_counted() {
        for results in [
            format!(r#"{{"2":[["asia",{TICK}]]}}"#),
            format!(r#"[["abcdefgh1234567","asia",{TICK}]]"#),
            r#"{"2":[["abcdefgh1234567","asia"]]}"#.to_owned(),
            format!(r#"{{"2":[["abcdefgh1234567","moon",{TICK}]]}}"#),
        ] {
            let anomalies = Anomalies::default();
            assert_eq!(changes(&results, &anomalies), [], "{results}");
            assert_eq!(anomalies.into_counts().len(), 1, "{results}");
        }
        for nothing in ["[]", "{}", "null", "\"\"", "7"] {
            assert_eq!(changes(nothing, &Anomalies::default()), []);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:0-9a-z.\\\\ -]{0,60}") {
            let _ = changes(&text, &Anomalies::default());
        }
    }

    #[test]
    fn a_hundred_thousand_levels_end_early() {
        let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(changes(&text, &Anomalies::default()), []);
    }
}
