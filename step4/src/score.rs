//! Score, cards and corners from the provider's seven numbers a side.

use std::fmt::Write;

use feed::score::Scores;
use serde::{Deserialize, Serialize};

/// Home and away.
pub type Pair = [i64; 2];

/// The parts of a score that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Home goals in 90 minutes.
    pub home: Option<i64>,
    /// Away goals in 90 minutes.
    pub away: Option<i64>,
    /// At half-time.
    pub half_time: Option<Pair>,
    /// After 120 minutes, the 90 included.
    pub extra_time: Option<Pair>,
    /// In the shoot-out.
    pub penalties: Option<Pair>,
    /// Over both legs of a tie.
    pub aggregate: Option<Pair>,
}

/// A number for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sides {
    /// The home side's.
    pub home: Option<i64>,
    /// The away side's.
    pub away: Option<i64>,
}

/// Cards of both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cards {
    /// The home side's.
    pub home: SideCards,
    /// The away side's.
    pub away: SideCards,
}

/// Cards of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideCards {
    /// Yellow cards.
    pub yellow: Option<i64>,
    /// Red cards.
    pub red: Option<i64>,
}

/// Statuses in which the half-time score does not exist yet: abnormal, not started, first half, to be determined.
const BEFORE_HALF_TIME: [i64; 4] = [0, 1, 2, 13];
const SHOOTOUT: i64 = 7;

impl Score {
    /// The score of a match in `status`.
    pub(crate) fn of(status: i64, home: &Scores, away: &Scores, aggregate: Option<Pair>) -> Score {
        let pair = |index: usize| Some([home[index]?, away[index]?]);
        let played = |pair: &Pair| *pair != [0, 0];
        Score {
            home: home[0],
            away: away[0],
            half_time: pair(1).filter(|_| !BEFORE_HALF_TIME.contains(&status)),
            extra_time: pair(5).filter(played),
            penalties: pair(6).filter(|pair| played(pair) || status == SHOOTOUT),
            aggregate,
        }
    }

    /// Goals so far, extra time included.
    pub(crate) fn goals(&self) -> Option<Pair> {
        self.extra_time.or(Some([self.home?, self.away?]))
    }

    /// `2 - 2 (HT: 1 - 0) AET 3 - 2 PEN 4 - 3`, without what is not known; empty when nothing is.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if let (Some(home), Some(away)) = (self.home, self.away) {
            let _ = write!(text, "{home} - {away}");
        }
        for (pair, before, after) in [
            (self.half_time, " (HT: ", ")"),
            (self.extra_time, " AET ", ""),
            (self.penalties, " PEN ", ""),
        ] {
            if let Some([home, away]) = pair {
                let _ = write!(text, "{before}{home} - {away}{after}");
            }
        }
        text.trim_start().to_owned()
    }
}

impl Cards {
    pub(crate) fn of(home: &Scores, away: &Scores) -> Cards {
        let side = |scores: &Scores| SideCards {
            red: scores[2],
            yellow: scores[3],
        };
        Cards {
            home: side(home),
            away: side(away),
        }
    }
}

impl Sides {
    pub(crate) fn pair(&self) -> Option<Pair> {
        Some([self.home?, self.away?])
    }

    pub(crate) fn corners(home: &Scores, away: &Scores) -> Sides {
        Sides {
            home: home[4],
            away: away[4],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(numbers: [i64; 7]) -> Scores {
        numbers.map(|n| (n >= 0).then_some(n))
    }

    #[test]
    fn the_text_has_every_part_that_was_played() {
        let text =
            |status, home, away| Score::of(status, &scores(home), &scores(away), None).text();
        assert_eq!(
            text(8, [2, 1, 0, 0, 0, 0, 4], [2, 0, 0, 0, 0, 0, 3]),
            "2 - 2 (HT: 1 - 0) PEN 4 - 3"
        );
        assert_eq!(
            text(8, [2, 1, 0, 0, 0, 3, 0], [2, 0, 0, 0, 0, 2, 0]),
            "2 - 2 (HT: 1 - 0) AET 3 - 2"
        );
        assert_eq!(
            text(2, [1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]),
            "1 - 0"
        );
        assert_eq!(
            text(7, [1, 1, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]),
            "1 - 1 (HT: 1 - 0) PEN 0 - 0"
        );
        assert_eq!(text(13, [-1; 7], [-1; 7]), "");
    }

    #[test]
    fn unknown_corners_and_cards_stay_unknown() {
        let (home, away) = (
            scores([0, 0, 1, 2, -1, 0, 0]),
            scores([0, 0, 0, 3, 5, 0, 0]),
        );
        assert_eq!(
            Sides::corners(&home, &away),
            Sides {
                home: None,
                away: Some(5)
            }
        );
        let cards = Cards::of(&home, &away);
        assert_eq!((cards.home.red, cards.home.yellow), (Some(1), Some(2)));
        assert_eq!((cards.away.red, cards.away.yellow), (Some(0), Some(3)));
    }
}
