//! The live score tuple: `["<match id>", status, [home ×7], [away ×7], kick-off of the period, ""]`.
//!
//! Index 0 goals in regular time · 1 half-time · 2 red · 3 yellow · 4 corners (-1 = no data) · 5 the
//! 120-minute total including regular time · 6 shoot-out.

use crate::json::{Cursor, Fault};
use crate::row::{Anomalies, int, list};

/// One side's seven numbers; `None` where the feed has none (`-1`, null, missing).
pub type Scores = [Option<i64>; 7];

/// The live score tuple, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// The provider's status code.
    pub status: Option<i64>,
    /// Whether there is any number of either side.
    pub counted: bool,
    /// The home side.
    pub home: Scores,
    /// The away side.
    pub away: Scores,
    /// Kick-off of the current period, unix seconds; 0 in the feed is none here.
    pub period_kickoff: Option<i64>,
}

impl Score {
    /// Decodes the tuple at `raw`.
    ///
    /// # Errors
    /// When it is no list.
    pub fn parse(raw: &str, anomalies: &Anomalies) -> Result<Score, Fault> {
        let mut elements = Vec::with_capacity(6);
        Cursor::new(raw).array::<Fault>(|cursor| {
            elements.push(cursor.value()?);
            Ok(())
        })?;
        let number = |index: usize, name| {
            elements
                .get(index)
                .and_then(|raw| int(raw, name, anomalies))
        };
        let side = |index: usize| {
            elements
                .get(index)
                .map(|raw| scores(raw, anomalies))
                .unwrap_or_default()
        };
        let empty = |index: usize| {
            elements
                .get(index)
                .is_none_or(|raw| list(raw, "scores", anomalies).is_empty())
        };
        Ok(Score {
            counted: !(empty(2) && empty(3)),
            status: number(1, "score status"),
            home: side(2),
            away: side(3),
            period_kickoff: number(4, "period kick-off").filter(|at| *at > 0),
        })
    }
}

/// Decodes one side's numbers; negative ones mean "no data".
pub fn scores(raw: &str, anomalies: &Anomalies) -> Scores {
    let mut scores = Scores::default();
    for (slot, raw) in scores.iter_mut().zip(list(raw, "scores", anomalies)) {
        *slot = int(raw, "scores", anomalies).filter(|n| *n >= 0);
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tuple_is_read_and_what_means_no_data_is_none() {
        let anomalies = Anomalies::default();
        let raw = r#"["m1", 2, [0, 0, 0, 1, -1, 0, 0], ["2", null, 0, 0, 4], 1773516000, ""]"#;
        let score = Score::parse(raw, &anomalies).unwrap();
        assert_eq!(score.status, Some(2));
        assert_eq!(
            score.home,
            [Some(0), Some(0), Some(0), Some(1), None, Some(0), Some(0)]
        );
        assert_eq!(
            score.away,
            [Some(2), None, Some(0), Some(0), Some(4), None, None]
        );
        assert_eq!(score.period_kickoff, Some(1_773_516_000));
        let empty = Score::parse(r#"["id",2,[],[],0]"#, &anomalies).unwrap();
        assert!(score.counted && !empty.counted);
        let short = Score::parse(r#"["id",8,[1],[0],0]"#, &anomalies).unwrap();
        assert_eq!(short.period_kickoff, None);
        assert!(Score::parse("{}", &anomalies).is_err());
    }
}
