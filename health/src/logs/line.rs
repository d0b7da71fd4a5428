//! One line of a day log: `TIME LEVEL who: words`.

use chrono::{DateTime, Utc};
use log::Level;
use serde::{Serialize, Serializer};

/// A line taken apart. What is not in the usual form has only its text.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line<'a> {
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// How urgent.
    #[serde(serialize_with = "level")]
    pub level: Option<Level>,
    /// Which program spoke.
    pub who: Option<&'a str>,
    /// What it said.
    pub words: &'a str,
    /// The line as it stands.
    #[serde(skip)]
    pub text: &'a str,
}

fn level<S: Serializer>(level: &Option<Level>, serializer: S) -> Result<S::Ok, S::Error> {
    level
        .map(|level| level.as_str().to_lowercase())
        .serialize(serializer)
}

impl<'a> Line<'a> {
    /// Takes a line apart.
    pub fn of(text: &'a str) -> Line<'a> {
        Line::parsed(text).unwrap_or(Line {
            at: None,
            level: None,
            who: None,
            words: text,
            text,
        })
    }

    fn parsed(text: &'a str) -> Option<Line<'a>> {
        let (time, rest) = text.split_once(' ')?;
        let at = DateTime::parse_from_rfc3339(time).ok()?.to_utc();
        let (word, rest) = rest.trim_start().split_once(' ')?;
        let level = word.parse().ok()?;
        let (who, words) = rest.trim_start().split_once(": ")?;
        Some(Line {
            at: Some(at),
            level: Some(level),
            who: Some(who),
            words,
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_and_a_strange_one_kept_whole() {
        let line = Line::of("2026-11-24T07:00:00.123+02:00 WARN  step1: odds: HTTP 502 (3×)");
        assert_eq!(
            line.at.unwrap().to_rfc3339(),
            "2026-11-24T05:00:00.123+00:00"
        );
        assert_eq!((line.level, line.who), (Some(Level::Warn), Some("step1")));
        assert_eq!(line.words, "odds: HTTP 502 (3×)");
        assert_eq!(Line::of("torn").words, "torn");
    }
}
