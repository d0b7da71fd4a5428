//! The id of a cycle: the instant it began, so that ids sort by time and a person can read them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A cycle's id, such as `20261124T034245123Z`: UTC to the millisecond.
///
/// Any text of 1 to 64 letters, digits, `-`, `_` and `.` is taken from outside, so that a person may
/// name a cycle by hand; the ones we make sort by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CycleId(String);

impl CycleId {
    /// The id of a cycle that begins at `instant`.
    pub fn at(instant: DateTime<Utc>) -> Self {
        CycleId(instant.format("%Y%m%dT%H%M%S%3fZ").to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CycleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CycleId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
            return Err("a cycle id is 1 to 64 letters, digits, `-`, `_` or `.`".to_owned());
        }
        Ok(CycleId(text.to_owned()))
    }
}

impl TryFrom<String> for CycleId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<CycleId> for String {
    fn from(id: CycleId) -> String {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn ids_sort_by_time_across_every_boundary() {
        let start = DateTime::from_timestamp(1_798_761_599, 500_000_000).unwrap();
        let ids: Vec<_> = (0..2000)
            .map(|n| CycleId::at(start + TimeDelta::milliseconds(n * 7919)))
            .collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(ids[0].as_str(), "20261231T235959500Z");
    }

    #[test]
    fn an_id_from_outside_can_not_carry_a_path_or_a_newline() {
        for bad in ["", "a/b", "a\nb", "a b", &"x".repeat(65)] {
            assert!(bad.parse::<CycleId>().is_err(), "{bad:?}");
        }
    }
}
