//! Plays a match: goals, cards, corners, substitutions, minute by minute.
//!
//! Goals follow two Poisson processes whose rates rise towards the end and lean on the state of the
//! match: a side behind presses, level sides late on take fewer risks (which gives the surplus of
//! draws that Dixon and Coles put in by hand), a side with ten men scores less and concedes more.

use crate::rng::{Rng, seconds};
use crate::story::{Event, Phase, Side, Story, What, phase};
use crate::world::SQUAD;

/// Minutes of play that the expected goals are spread over: ninety and the usual injury time.
pub(crate) const MINUTES: f64 = 95.0;

/// The rate of goals at share `x` of the match, against its mean.
pub(crate) fn tempo(x: f64) -> f64 {
    0.82 + 0.36 * x
}

/// The share of a match's goals still to come at share `x` of it.
pub(crate) fn share_left(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    1.0 - (0.82 * x + 0.18 * x * x)
}

/// A red card's effect on the goals of the side that got it.
pub(crate) const SHORT_SIDE: f64 = 0.72;
/// And on those of the other.
pub(crate) const FULL_SIDE: f64 = 1.2;

/// A match as it is being played.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    phases: Vec<Phase>,
    events: Vec<Event>,
    depth: u8,
    /// When the current period ends.
    end: i64,
    goals: [u8; 2],
    reds: [u8; 2],
}

impl Play {
    /// Both halves with their injury time and the break.
    pub fn ninety_minutes(rng: &mut Rng, expected: (f64, f64), depth: u8) -> Play {
        let mut play = Play {
            phases: vec![phase(i64::MIN / 4, 1), phase(0, 2)],
            events: Vec::with_capacity(64),
            depth,
            end: 0,
            goals: [0; 2],
            reds: [0; 2],
        };
        let first = rng.range(1, 3);
        play.period(rng, expected, (0, 45), first);
        play.mark(What::HalfTime);
        play.phases.push(phase(play.end, 3));
        play.end += 15 * 60 + rng.range(0, 120);
        play.phases.push(phase(play.end, 4));
        play.substitutions(rng);
        let second = rng.range(2, 6);
        play.period(rng, expected, (45, 45), second);
        play
    }

    /// Half an hour more, after a short break.
    pub fn extra_time(&mut self, rng: &mut Rng, expected: (f64, f64)) {
        self.end += 180;
        self.phases.push(phase(self.end, 5));
        self.period(rng, (expected.0 * 0.9, expected.1 * 0.9), (90, 30), 1);
        self.mark(What::OvertimeOver);
    }

    /// Kicks from the mark: five each, then one each, until it is decided.
    pub fn shoot_out(&mut self, rng: &mut Rng) {
        self.end += 120;
        self.phases.push(phase(self.end, 7));
        let (mut scored, mut taken) = ([0i32; 2], [0i32; 2]);
        self.end += 60;
        loop {
            let side = usize::from(taken[0] > taken[1]);
            let hit = rng.chance(0.76);
            taken[side] += 1;
            scored[side] += i32::from(hit);
            let what = if hit {
                What::KickScored
            } else {
                What::KickMissed
            };
            self.push(self.end, what, [Side::Home, Side::Away][side], rng);
            self.end += rng.range(45, 70);
            let left = [5 - taken[0], 5 - taken[1]].map(|left| left.max(0));
            let sudden_death = taken[0] == taken[1] && taken[0] >= 5 && scored[0] != scored[1];
            let out_of_reach = taken[0].min(taken[1]) < 5
                && (scored[0] > scored[1] + left[1] || scored[1] > scored[0] + left[0]);
            if sudden_death || out_of_reach || taken[0] > 20 && scored[0] != scored[1] {
                break;
            }
        }
        self.mark(What::KicksOver);
        self.end += 30;
    }

    /// Whether there is no winner, over both legs if there was a first.
    pub fn is_level(&self, first_leg: Option<(u8, u8)>) -> bool {
        let (home, away) = first_leg.unwrap_or_default();
        self.goals[0] + home == self.goals[1] + away
    }

    /// The whole story.
    pub fn finish(mut self) -> Story {
        self.mark(What::End);
        self.phases.push(phase(self.end, 8));
        self.events.sort_by_key(|event| event.at);
        Story {
            phases: self.phases,
            events: self.events,
        }
    }

    /// Plays `(from, length)` minutes and the injury time.
    fn period(
        &mut self,
        rng: &mut Rng,
        expected: (f64, f64),
        (from, length): (i64, i64),
        more: i64,
    ) {
        let begin = self.end;
        for minute in 0..length + more {
            let x = (from + minute) as f64 / MINUTES;
            let second = begin + minute * 60;
            let reviewed = minute + 4 < length + more;
            self.goals_of_a_minute(rng, expected, second, x, reviewed);
            self.rest_of_a_minute(rng, second, x);
        }
        if self.depth >= 2 && more > 1 {
            let mut event = Event::new(begin + length * 60, What::InjuryTime, Side::Neutral);
            event.detail = more as u8;
            self.events.push(event);
        }
        self.end = begin + (length + more) * 60 + rng.range(5, 50);
    }

    /// `reviewed`: there is time left in the period for a look at the screen.
    fn goals_of_a_minute(
        &mut self,
        rng: &mut Rng,
        expected: (f64, f64),
        second: i64,
        x: f64,
        reviewed: bool,
    ) {
        for (n, side) in [Side::Home, Side::Away].into_iter().enumerate() {
            let base = if n == 0 { expected.0 } else { expected.1 } / MINUTES * tempo(x.min(1.0));
            let rate = base * self.mood(n, x);
            let at = second + rng.range(0, 59);
            if rng.chance(rate) {
                self.goal(rng, at, side, reviewed);
                self.goals[n] += 1;
            } else if reviewed && rng.chance(rate * 0.05) {
                self.cancelled_goal(rng, at, side);
            } else if rng.chance(rate * 0.03) {
                self.push(at, What::PenaltyMissed, side, rng);
            }
        }
    }

    /// How the state of the match bends side `n`'s rate.
    fn mood(&self, n: usize, x: f64) -> f64 {
        let (own, their) = (self.goals[n], self.goals[1 - n]);
        let score = match own.cmp(&their) {
            std::cmp::Ordering::Less => 1.08,
            std::cmp::Ordering::Equal if x > 0.75 => 0.9,
            std::cmp::Ordering::Equal => 1.0,
            std::cmp::Ordering::Greater => 0.97,
        };
        score
            * SHORT_SIDE.powi(i32::from(self.reds[n]))
            * FULL_SIDE.powi(i32::from(self.reds[1 - n]))
    }

    fn goal(&mut self, rng: &mut Rng, at: i64, side: Side, reviewed: bool) {
        let kind = rng.unit();
        let what = match kind {
            _ if kind < 0.08 => What::Penalty,
            _ if kind < 0.11 => What::OwnGoal,
            _ => What::Goal,
        };
        self.push(at, what, side, rng);
        if reviewed && self.depth >= 2 && rng.chance(0.04) {
            // Looked at and confirmed.
            self.var(at + rng.range(40, 100), side, 1, 1);
        }
    }

    /// A goal that the feed shows for a minute or two and then takes back.
    fn cancelled_goal(&mut self, rng: &mut Rng, at: i64, side: Side) {
        let until = at + rng.range(50, 140);
        self.push(at, What::Goal, side, rng);
        if let Some(goal) = self.events.last_mut() {
            goal.withdrawn = Some(until);
        }
        if self.depth >= 1 {
            self.var(until, side, 1, 2);
        }
    }

    fn var(&mut self, at: i64, side: Side, reason: u8, result: u8) {
        let mut event = Event::new(at, What::Var, side);
        event.detail = reason * 16 + result;
        self.events.push(event);
    }

    fn rest_of_a_minute(&mut self, rng: &mut Rng, second: i64, x: f64) {
        for (n, side) in [Side::Home, Side::Away].into_iter().enumerate() {
            let at = second + rng.range(0, 59);
            if rng.chance(0.056) {
                self.push(at, What::Corner, side, rng);
            }
            if rng.chance(0.012 + 0.018 * x) {
                self.push(at, What::Yellow, side, rng);
            }
            if self.reds[n] < 2 && rng.chance(0.0004 + 0.0014 * x) {
                let what = if rng.chance(0.3) {
                    What::SecondYellow
                } else {
                    What::Red
                };
                self.push(at, what, side, rng);
                self.reds[n] += 1;
            }
        }
    }

    /// Two to five changes a side, most of them at half-time and in the last half-hour.
    fn substitutions(&mut self, rng: &mut Rng) {
        let begin = self.end;
        for side in [Side::Home, Side::Away] {
            let count = rng.range(2, 5);
            for n in 0..count {
                let minute = if rng.chance(0.2) { 0 } else { rng.range(8, 43) };
                let at = begin + minute * 60 + rng.range(0, 50);
                let mut event = Event::new(at, What::Substitution, side);
                event.player = Some((11 + n) as u8);
                event.other = Some((n * 2 + 1) as u8);
                self.events.push(event);
            }
        }
    }

    fn push(&mut self, at: i64, what: What, side: Side, rng: &mut Rng) {
        let mut event = Event::new(at, what, side);
        let shirt = |rng: &mut Rng| seconds(rng.between(0.0, 11.0)) as u8;
        event.player = Some(shirt(rng));
        event.other = (what == What::Goal && rng.chance(0.5))
            .then(|| shirt(rng) + (SQUAD - 11) as u8)
            .filter(|other| Some(*other) != event.player);
        self.events.push(event);
    }

    fn mark(&mut self, what: What) {
        self.events.push(Event::new(self.end, what, Side::Neutral));
    }
}
