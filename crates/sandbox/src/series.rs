//! One bookmaker's series in one market: when it looks, what it then quotes, when it closes.
//!
//! A bookmaker hears of a goal, a card or a VAR review a few seconds late, closes, and reopens half a
//! minute or a minute later; in between it quotes nothing. Only changes are recorded. It keeps its
//! line while the price on it stays near even and moves it by as much as brings it back there.

use crate::books::{Book, MarketKind};
use crate::course::{Course, Fixture};
use crate::model::{FIRST_PRICE_HOURS, Market, Moment};
use crate::odds::{Minute, Tick};
use crate::price::{decimal, hong_kong, loaded};
use crate::rng::{Rng, seconds};
use crate::story::{Story, minute};

/// What all bookmakers of a match see.
pub(crate) struct Stage<'m> {
    story: &'m Story,
    market: &'m Market,
    pace: f64,
    /// Whether the match is played at all.
    played: bool,
    /// When prices end before kick-off.
    kickoff: i64,
    /// Seconds that markets close for: event and the shortest time until they reopen.
    shocks: Vec<i64>,
}

impl<'m> Stage<'m> {
    pub fn new(fixture: &Fixture, story: &'m Story, market: &'m Market, pace: f64) -> Stage<'m> {
        let events = story.events.iter().filter(|e| e.what.is_shock());
        let mut shocks: Vec<i64> = events
            .flat_map(|e| [Some(e.at), e.withdrawn])
            .flatten()
            .collect();
        shocks.sort_unstable();
        shocks.dedup();
        Stage {
            story,
            market,
            pace,
            played: !matches!(fixture.course, Course::Cancelled | Course::ToBeDetermined),
            kickoff: match fixture.course {
                Course::Cancelled => story.end(),
                _ => 0,
            },
            shocks,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Quote,
    Seal,
    Reopen,
}

pub(crate) struct Series<'s> {
    stage: &'s Stage<'s>,
    book: &'static Book,
    kind: MarketKind,
    number: usize,
    rng: Rng,
    /// The bookmaker's standing opinion, in log odds.
    bias: f64,
    /// The current line in quarters.
    line: Option<i32>,
    ticks: Vec<Tick>,
}

impl<'s> Series<'s> {
    pub fn new(stage: &'s Stage<'s>, book: &'static Book, kind: MarketKind, mut rng: Rng) -> Self {
        let number = MarketKind::ALL
            .iter()
            .position(|other| *other == kind)
            .unwrap_or(0);
        Series {
            stage,
            book,
            kind,
            number,
            bias: rng.normal() * 0.025,
            rng,
            line: None,
            ticks: Vec::new(),
        }
    }

    /// All changes, ascending.
    pub fn run(mut self) -> Vec<Tick> {
        let mut acts = self.before();
        if self.stage.played && self.book.in_play[self.number] > 0.0 {
            self.in_play(&mut acts);
        }
        self.ticks.reserve(acts.len());
        for (at, act) in acts {
            match act {
                Act::Quote | Act::Reopen => {
                    self.quote(at);
                    if act == Act::Quote && self.rng.chance(0.006) {
                        self.quote(at);
                    }
                }
                Act::Seal => self.seal(at),
            }
        }
        self.ticks
    }

    /// Looks before kick-off: the opening, then more and more often.
    fn before(&mut self) -> Vec<(i64, Act)> {
        if self.rng.chance(0.085) {
            return Vec::new();
        }
        let mean = self.book.before[self.number] * 1.3;
        let hours = self
            .rng
            .exponential(20.0)
            .clamp(1.5, FIRST_PRICE_HOURS - 2.0);
        let count = seconds(mean * self.rng.between(0.4, 1.6)).max(1);
        let last = self.stage.kickoff - 60;
        let mut acts: Vec<_> = (0..count)
            .map(|n| {
                let share = if n == 0 { 1.0 } else { self.rng.unit() };
                (last - seconds(hours * 3600.0 * share * share), Act::Quote)
            })
            .collect();
        acts.sort_unstable_by_key(|(at, _)| *at);
        acts
    }

    /// Looks in play, less those while the market is closed, and the closings themselves.
    fn in_play(&mut self, acts: &mut Vec<(i64, Act)>) {
        let closed = self.closed_times();
        let (stop, sealed_at_the_end) = self.stop();
        let mut in_play = Vec::new();
        for (from, until, weight) in self.open_times() {
            let looks = self.book.in_play[self.number] * self.stage.pace * weight * 1.15;
            let mean = 5700.0 / looks.max(0.5);
            let mut at = from as f64 + self.rng.exponential(mean).min(240.0);
            while seconds(at) < until.min(stop) {
                in_play.push((seconds(at), Act::Quote));
                at += self.rng.exponential(mean).max(1.0);
            }
        }
        in_play.retain(|(at, _)| !closed.iter().any(|&(from, _, to)| (from..=to).contains(at)));
        for &(_, seal, reopen) in &closed {
            if seal < stop {
                in_play.push((seal, Act::Seal));
                if reopen < stop {
                    in_play.push((reopen, Act::Reopen));
                }
            }
        }
        if sealed_at_the_end {
            in_play.push((stop, Act::Seal));
        }
        in_play.sort_by_key(|(at, _)| *at);
        acts.extend(in_play);
    }

    /// (event, closing, reopening); what overlaps becomes one.
    fn closed_times(&mut self) -> Vec<(i64, i64, i64)> {
        let mut closed: Vec<(i64, i64, i64)> = Vec::new();
        let stage = self.stage;
        let stops = stage.story.phases.iter().enumerate();
        let interruptions = stops.filter(|(_, p)| p.status == 10).map(|(n, p)| {
            let next = stage.story.phases.get(n + 1);
            let until = next
                .filter(|p| p.status != 11)
                .map_or(i64::MAX / 4, |p| p.from);
            (p.from, p.from + 5, until + 20)
        });
        closed.extend(interruptions);
        for &event in &stage.shocks {
            let seal = event + (self.book.delay + self.rng.range(-3, 4)).max(1);
            closed.push((event, seal, seal + self.rng.range(20, 88)));
        }
        closed.sort_unstable();
        closed.dedup_by(|later, earlier| {
            let joined = later.0 <= earlier.2;
            if joined {
                earlier.2 = earlier.2.max(later.2);
            }
            joined
        });
        closed
    }

    /// The stretches with prices: from, until, how lively.
    fn open_times(&mut self) -> Vec<(i64, i64, f64)> {
        let phases = &self.stage.story.phases;
        let extra_time = self.kind != MarketKind::Outcome && self.rng.chance(0.35);
        let mut times = Vec::new();
        for (n, phase) in phases.iter().enumerate() {
            let until = phases.get(n + 1).map_or(phase.from, |next| next.from);
            match phase.status {
                2 | 4 => times.push((phase.from + 40, until, 1.0)),
                3 => times.push((phase.from + 60, until - 20, 0.35)),
                5 if extra_time => times.push((phase.from + 30, until, 1.0)),
                _ => {}
            }
        }
        times
    }

    /// When the bookmaker stops, and whether it says so.
    fn stop(&mut self) -> (i64, bool) {
        let phases = &self.stage.story.phases;
        let over = phases
            .iter()
            .find(|p| matches!(p.status, 5 | 7 | 8 | 11))
            .map_or(0, |p| p.from);
        let extra_time_over = phases
            .iter()
            .find(|p| matches!(p.status, 7 | 8) && p.from > over)
            .map(|p| p.from);
        let early = seconds(self.rng.exponential(70.0).clamp(2.0, 600.0));
        let end = match extra_time_over {
            Some(end) if self.kind != MarketKind::Outcome => end,
            _ => over,
        };
        (end - early, self.rng.chance(0.25))
    }

    fn quote(&mut self, at: i64) {
        let stage = self.stage;
        let moment = stage.market.at(at);
        let jitter = self.bias + self.rng.normal() * if at < 0 { 0.008 } else { 0.014 };
        let prices = match self.kind {
            MarketKind::Outcome => self.outcome(moment, jitter),
            _ => self.two_way(moment, jitter),
        };
        let Some((first, middle, last)) = prices else {
            return;
        };
        let tick = self.tick(at, moment, (first, middle, last), false);
        let same = |before: &Tick| {
            !before.sealed
                && (before.first, before.middle, before.last) == (first, middle, last)
                && before.score == tick.score
        };
        if !self.ticks.last().is_some_and(same) {
            self.ticks.push(tick);
        }
    }

    /// Closes with the last prices; now and then with none.
    fn seal(&mut self, at: i64) {
        let Some(last) = self.ticks.last().copied().filter(|tick| !tick.sealed) else {
            return;
        };
        let empty = self.kind != MarketKind::Outcome && self.rng.chance(0.001);
        let prices = if empty {
            (0, last.middle, 0)
        } else {
            (last.first, last.middle, last.last)
        };
        let mut tick = self.tick(at, self.stage.market.at(at), prices, true);
        tick.score = last.score;
        self.ticks.push(tick);
    }

    fn tick(&self, at: i64, moment: &Moment, prices: (u16, i32, u16), sealed: bool) -> Tick {
        let phase = self.stage.story.phase_at(at);
        let text = match phase.status {
            3 => Minute::Break,
            10 => self.ticks.last().map_or(Minute::Before, |tick| tick.minute),
            2 => match minute(phase, at) {
                Some((_, beyond)) if beyond > 0 => Minute::FirstHalfOver,
                Some((minute, _)) => Minute::Running(minute),
                None => Minute::Before,
            },
            _ => minute(phase, at).map_or(Minute::Before, |(minute, _)| Minute::Running(minute)),
        };
        Tick {
            at: at as i32,
            first: prices.0,
            middle: prices.1,
            last: prices.2,
            minute: text,
            status: phase.status,
            sealed,
            score: match self.kind {
                MarketKind::Corners => moment.corners,
                _ => moment.goals,
            },
        }
    }

    /// Prices of home, draw and away; `None` once the match is decided. The surer the result, the
    /// smaller the margin: there is no room left for one.
    fn outcome(&mut self, moment: &Moment, jitter: f64) -> Option<(u16, i32, u16)> {
        let [home, draw, away] = moment.outcome;
        let (home, away) = (home * jitter.exp(), away * (-jitter).exp());
        let sum = home + draw + away;
        let chances = [home / sum, draw / sum, away / sum];
        let doubt = 1.0 - chances.into_iter().fold(0.0, f64::max);
        if doubt < 0.0015 {
            return None;
        }
        let margin = self.book.margin(self.kind) * (0.6 + 2.0 * doubt).min(1.0);
        let [home, draw, away] = loaded(chances, margin).map(|p| decimal(p, self.book.ladder));
        Some((home, i32::from(draw), away))
    }

    /// Prices on the line nearest to even; `None` when there is no market left.
    fn two_way(&mut self, moment: &Moment, jitter: f64) -> Option<(u16, i32, u16)> {
        let line = self.choose_line(moment);
        self.line = Some(line);
        let p = self.chance(moment, line);
        let p = 1.0 / (1.0 + (1.0 - p) / p * (-jitter).exp());
        if !(0.04..=0.96).contains(&p) {
            return None;
        }
        let priced = loaded([p, 1.0 - p], self.book.margin(self.kind));
        let [first, last] = priced.map(|p| hong_kong(p, self.book.ladder));
        Some((first, line * 25, last))
    }

    fn choose_line(&self, moment: &Moment) -> i32 {
        const ROOM: f64 = 0.06;
        let off = |line: i32| (self.chance(moment, line) - 0.5).abs();
        let (lowest, step) = match self.kind {
            MarketKind::Handicap => (-40, 1),
            MarketKind::Corners => (4 * so_far(moment.corners) + 2, 2),
            _ => (4 * so_far(moment.goals) + 1, 1),
        };
        let lowest = if self.kind == MarketKind::Handicap {
            lowest
        } else {
            lowest.max(2)
        };
        if let Some(line) = self
            .line
            .filter(|line| *line >= lowest && off(*line) <= ROOM)
        {
            return line;
        }
        // The chance falls as the line rises, so the first one below even and the one before it decide.
        let (mut above, mut below) = (0, 160 / step);
        while above < below {
            let middle = (above + below) / 2;
            if self.chance(moment, lowest + middle * step) > 0.5 {
                above = middle + 1;
            } else {
                below = middle;
            }
        }
        let line = lowest + above * step;
        if line > lowest && off(line - step) < off(line) {
            line - step
        } else {
            line
        }
    }

    fn chance(&self, moment: &Moment, line: i32) -> f64 {
        match self.kind {
            MarketKind::Handicap => moment.home_covers(line),
            MarketKind::Corners => moment.corners_over(line),
            _ => moment.goals_over(line),
        }
    }
}

fn so_far(count: [u8; 2]) -> i32 {
    i32::from(count[0]) + i32::from(count[1])
}
