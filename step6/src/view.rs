//! What the reader asked to see, and how.

use chrono::TimeDelta;
use football::{Format, Phase};

use crate::brief::Brief;

/// How wide a page can be asked to be, in columns.
pub const WIDTHS: std::ops::RangeInclusive<usize> = 40..=250;

/// The odds formats of step 6; the product file has each of them.
pub const FORMATS: [Format; 4] = [
    Format::American,
    Format::Decimal,
    Format::HongKong,
    Format::Fractional,
];

/// How to show a cycle.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// How prices are written.
    pub format: Format,
    /// Columns; no line is wider.
    pub width: usize,
    /// Whether to use colour.
    pub color: bool,
    /// One line a match instead of a few.
    pub compact: bool,
    /// Which matches.
    pub filter: Filter,
    /// Time since the live list was fetched.
    pub age: TimeDelta,
    /// Whether the data is recent enough to act on.
    pub fresh: bool,
}

/// Which matches to show; empty parts let everything through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only these ids.
    pub only: Vec<String>,
    /// Only matches in one of these phases.
    pub phases: Vec<Phase>,
    /// Only where the competition or the country contains this, in whatever case.
    pub competition: Option<String>,
}

impl Filter {
    /// Whether the match is to be shown.
    pub fn wants(&self, one: &Brief<'_>) -> bool {
        let listed = self.only.is_empty() || self.only.iter().any(|id| *id == *one.match_id);
        let in_phase = self.phases.is_empty()
            || self
                .phases
                .iter()
                .any(|phase| phase.as_str() == one.phase.as_str());
        listed && in_phase && self.wants_competition(one)
    }

    fn wants_competition(&self, one: &Brief<'_>) -> bool {
        let Some(wanted) = &self.competition else {
            return true;
        };
        let wanted = wanted.to_lowercase();
        [&one.competition, &one.country]
            .into_iter()
            .flatten()
            .any(|name| name.to_lowercase().contains(&wanted))
    }

    /// The filter in words, `None` when it lets everything through.
    pub fn words(&self) -> Option<String> {
        let mut words = Vec::new();
        if !self.phases.is_empty() {
            let phases: Vec<_> = self.phases.iter().map(|phase| phase.as_str()).collect();
            words.push(format!("status {}", phases.join(", ")));
        }
        if let Some(text) = &self.competition {
            words.push(format!("competition “{text}”"));
        }
        if !self.only.is_empty() {
            words.push(format!("match {}", self.only.join(", ")));
        }
        (!words.is_empty()).then(|| words.join("; "))
    }
}

/// Reads one of [`FORMATS`].
///
/// # Errors
/// A sentence with the formats that there are.
pub fn parse_format(word: &str) -> Result<Format, String> {
    FORMATS
        .into_iter()
        .find(|format| format.as_str() == word)
        .ok_or_else(|| {
            let known = FORMATS.map(Format::as_str).join(", ");
            format!(
                "unknown odds format `{}` (there are {known})",
                word.escape_debug()
            )
        })
}

/// Reads a phase.
///
/// # Errors
/// A sentence with the phases that there are.
pub fn parse_phase(word: &str) -> Result<Phase, String> {
    word.trim().to_lowercase().parse().map_err(|_| {
        let known = Phase::ALL.map(Phase::as_str).join(", ");
        format!(
            "unknown status `{}` (there are {known})",
            word.escape_debug()
        )
    })
}
