//! Asian lines: handicaps and totals in quarters of a goal, and how a bet on one is settled.
//!
//! A line is the number a bettor sees beside the side he backs: `-0.5` is half a goal given. A
//! quarter line (`.25`, `.75`) is two bets of half the stake on the lines a quarter either side,
//! each won, returned or lost by itself (Unibet, Pinnacle and bet365 publish the same rule).
//!
//! Which goals count is the caller's business and differs between the two markets: an in-play
//! **handicap** counts only goals scored after the bet was struck, a **total** all of the match;
//! both count ninety minutes and stoppage time, not extra time. See `docs/ODDS.md`.

use crate::Price;

/// A line in quarters of a goal: -0.5 is `Line(-2)`. Ordered as numbers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Line(i32);

impl Line {
    /// From quarters of a goal.
    #[must_use]
    pub const fn from_quarters(quarters: i32) -> Line {
        Line(quarters)
    }

    /// From goals. `None` unless finite, a multiple of 0.25 (to 1e-9) and at most 1000 either way.
    #[must_use]
    pub fn from_goals(goals: f64) -> Option<Line> {
        let quarters = (goals * 4.0).round();
        let on_a_quarter = (goals - quarters / 4.0).abs() <= 1e-9;
        (goals.abs() <= 1000.0 && on_a_quarter).then_some(Line(quarters as i32))
    }

    /// In quarters of a goal.
    #[must_use]
    pub const fn quarters(self) -> i32 {
        self.0
    }

    /// In goals; level is 0.0, never -0.0.
    #[must_use]
    pub fn goals(self) -> f64 {
        f64::from(self.0) / 4.0
    }

    /// The same line as the other side sees it. Turns the provider's handicap (positive = the home
    /// side gives) into the home side's line as bettors write it (negative = it gives), and back.
    #[must_use]
    pub const fn opposite(self) -> Line {
        Line(self.0.saturating_neg())
    }

    /// The two lines, the lower first, that share the stake of a quarter line; `None` for a whole
    /// or half line.
    #[must_use]
    pub const fn halves(self) -> Option<(Line, Line)> {
        if self.0 % 2 == 0 {
            None
        } else {
            Some((
                Line(self.0.saturating_sub(1)),
                Line(self.0.saturating_add(1)),
            ))
        }
    }

    /// As a handicap is written, with its sign: `-0.5`, `+0.25`, `+1`, `0`.
    #[must_use]
    pub fn text_signed(self) -> String {
        let sign = if self.0 > 0 { "+" } else { "" };
        format!("{sign}{}", self.text_plain())
    }

    /// As a total is written: `2.75`, `3`.
    #[must_use]
    pub fn text_plain(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let quarters = self.0.unsigned_abs();
        let fraction = match quarters % 4 {
            0 => "",
            1 => ".25",
            2 => ".5",
            _ => ".75",
        };
        format!("{sign}{}{fraction}", quarters / 4)
    }
}

/// The side of a total.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Side {
    /// More than the line.
    Over,
    /// Less than the line.
    Under,
}

/// What became of a bet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// Won.
    Win,
    /// Half the stake won, half returned.
    HalfWin,
    /// The stake returned.
    Push,
    /// Half the stake returned, half lost.
    HalfLoss,
    /// Lost.
    Loss,
}

impl Outcome {
    /// Every outcome, best first.
    pub const ALL: [Outcome; 5] = [
        Outcome::Win,
        Outcome::HalfWin,
        Outcome::Push,
        Outcome::HalfLoss,
        Outcome::Loss,
    ];

    /// What comes back per unit staked at `price`, the stake included.
    #[must_use]
    pub fn returns(self, price: Price) -> f64 {
        match self {
            Outcome::Win => price.decimal(),
            Outcome::HalfWin => 0.5 * (price.decimal() + 1.0),
            Outcome::Push => 1.0,
            Outcome::HalfLoss => 0.5,
            Outcome::Loss => 0.0,
        }
    }
}

/// Settles a bet on a side at `line`, that side having won by `goals_for_minus_against`.
///
/// For a bet struck in play the goals scored before it do not count: pass the final difference less
/// the difference at the bet.
#[must_use]
pub fn settle_handicap(line: Line, goals_for_minus_against: i32) -> Outcome {
    settle(4 * i64::from(goals_for_minus_against) + i64::from(line.quarters()))
}

/// Settles a bet on `side` of a total at `line`, `goals` having been scored in the whole match, no
/// matter when the bet was struck. Corners settle alike.
#[must_use]
pub fn settle_total(side: Side, line: Line, goals: u32) -> Outcome {
    let over = 4 * i64::from(goals) - i64::from(line.quarters());
    match side {
        Side::Over => settle(over),
        Side::Under => settle(-over),
    }
}

/// A quarter of a goal clear is half a win, more is a win, and the other way round: of a quarter
/// line's two halves, a quarter clear leaves one level and one half a goal clear.
fn settle(quarters_clear: i64) -> Outcome {
    match quarters_clear {
        2.. => Outcome::Win,
        1 => Outcome::HalfWin,
        0 => Outcome::Push,
        -1 => Outcome::HalfLoss,
        ..=-2 => Outcome::Loss,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(goals: f64) -> Line {
        Line::from_goals(goals).expect("a line")
    }

    #[test]
    fn a_line_is_a_finite_multiple_of_a_quarter() {
        assert_eq!(Line::from_goals(-0.5), Some(Line::from_quarters(-2)));
        assert_eq!(Line::from_goals(2.75), Some(Line::from_quarters(11)));
        assert_eq!(Line::from_goals(0.25 + 1e-10), Some(Line::from_quarters(1)));
        assert_eq!(Line::from_goals(1000.0), Some(Line::from_quarters(4000)));
        for goals in [
            0.3,
            1e-8,
            1000.25,
            1e300,
            f64::NAN,
            f64::INFINITY,
            -f64::INFINITY,
        ] {
            assert_eq!(Line::from_goals(goals), None, "{goals}");
        }
    }

    #[test]
    fn level_has_no_sign() {
        let level = line(-0.0);
        assert!(level.goals().is_sign_positive());
        assert!(level.opposite().goals().is_sign_positive());
        assert_eq!(level.text_signed(), "0");
        assert_eq!(level.text_plain(), "0");
    }

    #[test]
    fn lines_are_written_as_bettors_write_them() {
        let written: Vec<String> = [-1.25, -1.0, -0.5, 0.25, 0.75, 2.0]
            .map(|goals| line(goals).text_signed())
            .to_vec();
        assert_eq!(written, ["-1.25", "-1", "-0.5", "+0.25", "+0.75", "+2"]);
        assert_eq!(line(2.75).text_plain(), "2.75");
        assert_eq!(line(3.0).text_plain(), "3");
    }

    /// domain.md finding 4: the provider's 0.25 is a home side that gives a quarter.
    #[test]
    fn the_feeds_handicap_is_the_opposite_of_the_home_line() {
        assert_eq!(line(0.25).opposite().text_signed(), "-0.25");
        assert_eq!(line(-0.5).opposite().text_signed(), "+0.5");
    }

    #[test]
    fn a_quarter_line_is_two_halves() {
        assert_eq!(line(-0.25).halves(), Some((line(-0.5), line(0.0))));
        assert_eq!(line(2.75).halves(), Some((line(2.5), line(3.0))));
        assert_eq!(line(2.5).halves(), None);
        assert_eq!(line(0.0).halves(), None);
    }

    /// The rule pages of Unibet, Pinnacle, bet365 and vptop, at 1.90.
    #[test]
    fn published_settlements() {
        let price = Price::from_decimal(1.9).expect("a price");
        for (goals, margin, returned) in [
            (-0.25, 0, 0.50),
            (0.25, 0, 1.45),
            (-0.75, 1, 1.45),
            (0.75, -1, 0.50),
            (-1.0, 1, 1.00),
            (-1.25, 1, 0.50),
            (1.25, -1, 1.45),
            (0.0, 0, 1.00),
        ] {
            let outcome = settle_handicap(line(goals), margin);
            assert_eq!(outcome.returns(price), returned, "{goals} {margin}");
        }
        for (side, goals, scored, returned) in [
            (Side::Over, 2.25, 2, 0.50),
            (Side::Under, 2.25, 2, 1.45),
            (Side::Over, 2.75, 3, 1.45),
            (Side::Under, 2.75, 3, 0.50),
            (Side::Over, 3.0, 3, 1.00),
        ] {
            let outcome = settle_total(side, line(goals), scored);
            assert_eq!(
                outcome.returns(price),
                returned,
                "{side:?} {goals} {scored}"
            );
        }
    }

    /// 1-0 up at the bet, home -0.5 taken, ends 1-0: the goal before the bet does not count.
    #[test]
    fn an_in_play_handicap_counts_from_the_bet() {
        let (at_bet, at_end) = (1, 1);
        assert_eq!(settle_handicap(line(-0.5), at_end - at_bet), Outcome::Loss);
    }

    proptest! {
        #[test]
        fn goals_and_quarters_are_the_same_line(quarters in -4000_i32..=4000) {
            let line = Line::from_quarters(quarters);
            prop_assert_eq!(Line::from_goals(line.goals()), Some(line));
            prop_assert_eq!(line.opposite().opposite(), line);
            prop_assert_eq!(line.text_signed().parse::<f64>().ok(), Some(line.goals()));
            prop_assert_eq!(line.text_plain().parse::<f64>().ok(), Some(line.goals()));
        }

        /// At even money the two sides of a bet share exactly the two stakes.
        #[test]
        fn both_sides_of_a_handicap_return_exactly_two(
            quarters in -40_i32..=40,
            margin in -15_i32..=15,
        ) {
            let line = Line::from_quarters(quarters);
            let home = settle_handicap(line, margin).returns(Price::EVEN);
            let away = settle_handicap(line.opposite(), -margin).returns(Price::EVEN);
            prop_assert_eq!(home + away, 2.0);
        }

        #[test]
        fn both_sides_of_a_total_return_exactly_two(quarters in 0_i32..=60, goals in 0_u32..=20) {
            let line = Line::from_quarters(quarters);
            let over = settle_total(Side::Over, line, goals).returns(Price::EVEN);
            let under = settle_total(Side::Under, line, goals).returns(Price::EVEN);
            prop_assert_eq!(over + under, 2.0);
        }

        #[test]
        fn a_quarter_line_returns_the_mean_of_its_halves(
            quarters in -40_i32..=40,
            margin in -15_i32..=15,
        ) {
            let line = Line::from_quarters(quarters);
            if let Some((lower, higher)) = line.halves() {
                let returned = |line| settle_handicap(line, margin).returns(Price::EVEN);
                prop_assert_eq!(returned(line), 0.5 * (returned(lower) + returned(higher)));
            }
        }

        #[test]
        fn any_line_and_score_settle(
            quarters in any::<i32>(),
            margin in any::<i32>(),
            goals in any::<u32>(),
            x in any::<f64>(),
        ) {
            let line = Line::from_quarters(quarters);
            let _ = (settle_handicap(line, margin), settle_total(Side::Under, line, goals));
            let _ = (line.opposite(), line.halves(), line.text_signed(), Line::from_goals(x));
        }
    }
}
