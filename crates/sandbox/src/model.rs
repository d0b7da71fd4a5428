//! The goal model that bookmakers quote from: remaining goals as two Poisson variables.
//!
//! At every moment of a match it knows what the sides can still be expected to score, and from that
//! the chances in 1X2, of any Asian handicap for the rest of the match and of any total. A market's
//! view of the sides wanders a little over the hours and minutes, so prices move without news too.

use crate::course::Fixture;
use crate::play::{FULL_SIDE, MINUTES, SHORT_SIDE, share_left};
use crate::rng::{Purpose, Rng};
use crate::snapshot::{self, CORNERS};
use crate::story::Story;
use crate::world::World;

/// Goals of a side, or of both, that the distributions go up to.
const MOST: usize = 12;

/// Corners of a match that the distribution goes up to.
const MOST_CORNERS: usize = 30;

/// What can be known at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// Seconds of the story; it holds until the next moment.
    pub from: i64,
    pub goals: [u8; 2],
    pub corners: [u8; 2],
    /// Chances of home win, draw, away win after ninety minutes.
    pub outcome: [f64; 3],
    /// Chance of a rest-of-match difference (home less away) of at least n − [`MOST`].
    difference: [f64; 2 * MOST + 2],
    /// Chance of at least n more goals.
    more_goals: [f64; MOST + 2],
    /// Chance of at least n more corners.
    more_corners: [f64; MOST_CORNERS + 2],
}

impl Moment {
    /// The home side's chance against a handicap for the rest of the match that it gives, in
    /// quarters; bets returned are left out.
    pub fn home_covers(&self, quarters: i32) -> f64 {
        chance(&self.difference, quarters + 4 * MOST as i32)
    }

    /// The chance of more goals in the whole match than the line, in quarters.
    pub fn goals_over(&self, quarters: i32) -> f64 {
        let so_far = i32::from(self.goals[0]) + i32::from(self.goals[1]);
        chance(&self.more_goals, quarters - 4 * so_far)
    }

    /// The chance of more corners in the whole match than the line, in quarters.
    pub fn corners_over(&self, quarters: i32) -> f64 {
        let so_far = i32::from(self.corners[0]) + i32::from(self.corners[1]);
        chance(&self.more_corners, quarters - 4 * so_far)
    }
}

/// Chances of each number, made into chances of at least that number.
fn cumulated<const N: usize>(mut chances: [f64; N]) -> [f64; N] {
    for n in (1..N).rev() {
        chances[n - 1] += chances[n];
    }
    chances
}

/// The chance of winning against a line in quarters, of what is not returned. A quarter above the
/// line is half won, a quarter below half lost. `at_least[n]` is the chance of n or more.
fn chance(at_least: &[f64], line: i32) -> f64 {
    let from = |n: i32| match usize::try_from(n) {
        Ok(n) => at_least.get(n).copied().unwrap_or(0.0),
        Err(_) => at_least[0],
    };
    let half = |quarters: i32| {
        let exactly = |n: i32| from(n) - from(n + 1);
        if quarters % 4 == 0 {
            exactly(quarters / 4) / 2.0
        } else {
            0.0
        }
    };
    let won = from((line + 5).div_euclid(4)) + half(line + 1) + 1e-9;
    let lost = at_least[0] - from((line - 2).div_euclid(4) + 1) + half(line - 1) + 1e-9;
    won / (won + lost)
}

/// How a match looks to the market from the first price to the last.
#[derive(Debug)]
pub(crate) struct Market {
    moments: Vec<Moment>,
}

/// From one moment to the next in play, in seconds.
const IN_PLAY_STEP: i64 = 20;
/// Hours before kick-off of the first price, at most.
pub(crate) const FIRST_PRICE_HOURS: f64 = 72.0;
const PRE_MATCH_STEPS: i64 = 72;

impl Market {
    pub fn of(world: &World, fixture: &Fixture, story: &Story) -> Market {
        let mut times = times(story);
        times.sort_unstable();
        times.dedup();
        let view = View::of(world, fixture);
        Market {
            moments: times.iter().map(|t| view.moment(story, *t)).collect(),
        }
    }

    /// What holds at `t`.
    pub fn at(&self, t: i64) -> &Moment {
        let after = self.moments.partition_point(|moment| moment.from <= t);
        &self.moments[after.saturating_sub(1)]
    }
}

/// The moments worth computing: close together in play, and whenever something happens.
fn times(story: &Story) -> Vec<i64> {
    let hours = FIRST_PRICE_HOURS * 3600.0;
    let before = (0..=PRE_MATCH_STEPS).map(|n| {
        let share = n as f64 / PRE_MATCH_STEPS as f64;
        (-hours * share * share) as i64
    });
    let in_play = (0..)
        .map(|n| n * IN_PLAY_STEP)
        .take_while(|t| *t <= story.end());
    let events = story.events.iter().filter(|e| e.what.is_shock());
    let shocks = events.flat_map(|e| [Some(e.at), e.withdrawn]).flatten();
    before.chain(in_play).chain(shocks).collect()
}

/// The market's opinion of a match.
struct View {
    expected: (f64, f64),
    corners: f64,
    /// Wandering errors of both expectations: one knot an hour before kick-off, one every three minutes after.
    knots: [Vec<f64>; 2],
}

const KNOTS_BEFORE: usize = FIRST_PRICE_HOURS as usize;
const KNOTS_AFTER: usize = 80;

impl View {
    fn of(world: &World, fixture: &Fixture) -> View {
        let mut rng = Rng::new(world.seed, Purpose::Market, &fixture.key());
        let mut walk = || {
            let mut error = rng.normal() * 0.05;
            (0..KNOTS_BEFORE + KNOTS_AFTER)
                .map(|n| {
                    let step = if n < KNOTS_BEFORE { 0.012 } else { 0.025 };
                    error = error * 0.985 + rng.normal() * step;
                    error
                })
                .collect::<Vec<_>>()
        };
        let knots = [walk(), walk()];
        View {
            expected: fixture.expected_goals(world),
            corners: rng.between(8.5, 11.5),
            knots,
        }
    }

    fn error(&self, side: usize, t: i64) -> f64 {
        let place = if t < 0 {
            KNOTS_BEFORE as f64 + t as f64 / 3600.0
        } else {
            KNOTS_BEFORE as f64 + t as f64 / 180.0
        };
        let knots = &self.knots[side];
        let place = place.clamp(0.0, (knots.len() - 2) as f64);
        let (whole, part) = (place as usize, place.fract());
        knots[whole] * (1.0 - part) + knots[whole + 1] * part
    }

    fn moment(&self, story: &Story, t: i64) -> Moment {
        let [home, away] = snapshot::scores(story, t);
        let total = |own: &snapshot::Scores| own[0].max(own[snapshot::EXTRA_TIME]) as u8;
        let goals = [total(&home), total(&away)];
        let left = goals_left(story, t);
        let reds = [home[2] as i32, away[2] as i32];
        let rate = |base: f64, side: usize| {
            let error = self.error(side, t).exp();
            base * left * error * SHORT_SIDE.powi(reds[side]) * FULL_SIDE.powi(reds[1 - side])
        };
        let home_rest: [f64; MOST + 1] = poisson(rate(self.expected.0, 0));
        let away_rest: [f64; MOST + 1] = poisson(rate(self.expected.1, 1));
        let lead = i32::from(goals[0]) - i32::from(goals[1]);
        let mut outcome = [0.0; 3];
        let mut difference = [0.0; 2 * MOST + 2];
        let mut more_goals = [0.0; MOST + 2];
        for (h, home_p) in home_rest.iter().enumerate() {
            for (a, away_p) in away_rest.iter().enumerate() {
                let p = home_p * away_p;
                let margin = h as i32 - a as i32;
                difference[(margin + MOST as i32) as usize] += p;
                more_goals[(h + a).min(MOST)] += p;
                match (lead + margin).signum() {
                    1 => outcome[0] += p,
                    0 => outcome[1] += p,
                    _ => outcome[2] += p,
                }
            }
        }
        let corners_to_come = self.corners * left.min(1.0) * (self.error(0, t) * 2.0).exp();
        Moment {
            from: t,
            goals,
            corners: [home[CORNERS] as u8, away[CORNERS] as u8],
            outcome,
            difference: cumulated(difference),
            more_goals: cumulated(more_goals),
            more_corners: cumulated(poisson(corners_to_come)),
        }
    }
}

/// The share of ninety minutes' goals that is still to come at `t`.
fn goals_left(story: &Story, t: i64) -> f64 {
    let phase = story.phase_at(t);
    let minutes = |zero: i64| (t - zero).max(0) as f64 / 60.0;
    match phase.status {
        1 | 9 | 12 | 13 => 1.0,
        2 => share_left(minutes(phase.zero).min(48.0) / MINUTES),
        3 => share_left(46.0 / MINUTES),
        4 => share_left((45.0 + minutes(phase.zero)).min(94.0) / MINUTES),
        5 => 0.33 * (1.0 - minutes(phase.zero).min(31.0) / 31.5),
        10 | 11 => share_left(story_minutes(story, t) / MINUTES),
        _ => 0.0,
    }
}

/// Minutes played when the match stopped.
fn story_minutes(story: &Story, t: i64) -> f64 {
    let stopped = story.phases.iter().rev();
    let mut before = stopped.skip_while(|phase| phase.from > t || phase.status >= 10);
    before.next().map_or(0.0, |phase| {
        let until = story
            .phases
            .iter()
            .find(|next| next.from > phase.from)
            .map_or(t, |next| next.from);
        let base = if phase.status == 4 { 45.0 } else { 0.0 };
        base + (until - phase.zero).max(0) as f64 / 60.0
    })
}

fn poisson<const N: usize>(mean: f64) -> [f64; N] {
    let mut p = (-mean).exp();
    let mut chances = [0.0; N];
    for (n, chance) in chances.iter_mut().enumerate() {
        *chance = p;
        p *= mean / (n + 1) as f64;
    }
    chances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_lines_win_and_lose_by_halves() {
        // One goal or none, even chances.
        let at_least = [1.0, 0.5, 0.0];
        for (line, wanted) in [(0, 1.0), (1, 2.0 / 3.0), (2, 0.5), (3, 1.0 / 3.0), (4, 0.0)] {
            let chance = chance(&at_least, line);
            assert!((chance - wanted).abs() < 1e-6, "line {line}: {chance}");
        }
    }
}
