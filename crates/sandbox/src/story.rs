//! What happens in a match: its periods and its events, decided from kick-off to the end beforehand.
//!
//! Times are seconds after the actual kick-off. Whoever looks at a match cuts its story at "now", so a
//! later look only ever adds to an earlier one, except where the feed itself takes something back: a
//! cancelled goal is an event with an end (`withdrawn`).

use crate::course::{Course, Fixture};
use crate::names::{LEAGUES, Sort};
use crate::play::Play;
use crate::rng::{Purpose, Rng};
use crate::world::World;

/// A stretch of a match with one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phase {
    pub from: i64,
    pub status: u8,
    /// The period's kick-off, for the clock; moved on by an interruption.
    pub zero: i64,
}

/// Which side an event belongs to; its number is the feed's `position`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Neutral = 0,
    Home = 1,
    Away = 2,
}

impl Side {
    pub const fn other(self) -> Side {
        match self {
            Side::Home => Side::Away,
            Side::Away => Side::Home,
            Side::Neutral => Side::Neutral,
        }
    }
}

/// What an event is; its number is the feed's incident type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum What {
    Goal = 1,
    Corner = 2,
    Yellow = 3,
    Red = 4,
    Penalty = 8,
    Substitution = 9,
    HalfTime = 11,
    End = 12,
    SecondYellow = 15,
    PenaltyMissed = 16,
    OwnGoal = 17,
    InjuryTime = 19,
    OvertimeOver = 26,
    KicksOver = 27,
    Var = 28,
    KickScored = 29,
    KickMissed = 30,
}

impl What {
    /// A goal of the match (not of a shoot-out).
    pub const fn is_goal(self) -> bool {
        matches!(self, What::Goal | What::Penalty | What::OwnGoal)
    }

    /// Something after which markets close for a while.
    pub const fn is_shock(self) -> bool {
        self.is_goal()
            || matches!(
                self,
                What::Red | What::SecondYellow | What::PenaltyMissed | What::Var
            )
    }
}

/// Something that happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub at: i64,
    pub what: What,
    pub side: Side,
    /// Shirt of who does it (for a substitution, who comes in).
    pub player: Option<u8>,
    /// The assist, or who goes off.
    pub other: Option<u8>,
    /// Minutes of injury time, or the VAR's `reason * 16 + result`.
    pub detail: u8,
    /// When the feed takes it back.
    pub withdrawn: Option<i64>,
}

impl Event {
    pub const fn new(at: i64, what: What, side: Side) -> Event {
        Event {
            at,
            what,
            side,
            player: None,
            other: None,
            detail: 0,
            withdrawn: None,
        }
    }

    /// Whether the feed shows it at `t`.
    pub fn stands_at(&self, t: i64) -> bool {
        self.at <= t && self.withdrawn.is_none_or(|until| t < until)
    }
}

/// A whole match.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// Ascending; the first one holds since ever.
    pub phases: Vec<Phase>,
    /// Ascending by time.
    pub events: Vec<Event>,
}

/// Before anything has happened.
const SINCE_EVER: i64 = i64::MIN / 4;

impl Story {
    /// The story of a fixture: the same for the same world and fixture, whatever its kick-off.
    pub fn of(world: &World, fixture: &Fixture) -> Story {
        let mut rng = Rng::new(world.seed, Purpose::Story, &fixture.key());
        match fixture.course {
            Course::ToBeDetermined => return Story::without_play(&[(SINCE_EVER, 13)]),
            Course::Cancelled => {
                let at = rng.range(-15 * 60, 5 * 60);
                return Story::without_play(&[(SINCE_EVER, 1), (at, 12)]);
            }
            _ => {}
        }
        let mut story = Story::played(world, fixture, &mut rng);
        match fixture.course {
            Course::Delayed => {
                let since = fixture.scheduled - fixture.kickoff;
                story.phases.insert(1, phase(since, 9));
            }
            Course::Interrupted => {
                let at = rng.range(20 * 60, 85 * 60);
                story.interrupt(at, rng.range(12 * 60, 28 * 60));
            }
            Course::Abandoned => {
                let at = rng.range(20 * 60, 85 * 60);
                story.abandon(at, rng.range(10 * 60, 20 * 60));
            }
            _ => {}
        }
        story
    }

    fn without_play(phases: &[(i64, u8)]) -> Story {
        Story {
            phases: phases
                .iter()
                .map(|&(from, status)| phase(from, status))
                .collect(),
            events: Vec::new(),
        }
    }

    /// Plays the match; a cup tie again and again until it takes the course it is destined to.
    fn played(world: &World, fixture: &Fixture, rng: &mut Rng) -> Story {
        const TRIES: u32 = 2000;
        let league = &LEAGUES[fixture.league];
        let goals = fixture.expected_goals(world);
        let mut play = Play::ninety_minutes(rng, goals, league.depth);
        if league.sort == Sort::Cup {
            let wanted = fixture.course;
            for _ in 0..TRIES {
                if wanted == Course::ExtraTime && play.is_level(fixture.first_leg) {
                    let mut longer = play.clone();
                    longer.extra_time(rng, goals);
                    if !longer.is_level(fixture.first_leg) {
                        play = longer;
                        break;
                    }
                } else if wanted == Course::ShootOut && play.is_level(fixture.first_leg) {
                    if !league.no_extra_time {
                        let mut longer = play.clone();
                        longer.extra_time(rng, goals);
                        if !longer.is_level(fixture.first_leg) {
                            play = Play::ninety_minutes(rng, goals, league.depth);
                            continue;
                        }
                        play = longer;
                    }
                    play.shoot_out(rng);
                    break;
                } else if !matches!(wanted, Course::ExtraTime | Course::ShootOut)
                    && !play.is_level(fixture.first_leg)
                {
                    break;
                }
                play = Play::ninety_minutes(rng, goals, league.depth);
            }
        }
        play.finish()
    }

    /// The phase at `t`.
    pub fn phase_at(&self, t: i64) -> Phase {
        let after = self.phases.partition_point(|phase| phase.from <= t);
        self.phases[after.saturating_sub(1)]
    }

    /// When the last phase begins: nothing changes after it.
    pub fn end(&self) -> i64 {
        self.phases
            .last()
            .map_or(0, |phase| phase.from.max(-86_400))
    }

    /// A second at which the status holds and the match is worth looking at.
    pub fn moment_of(&self, status: u8) -> i64 {
        match status {
            1 => return -12 * 60,
            13 => return -20 * 60,
            _ => {}
        }
        let Some(n) = self.phases.iter().position(|p| p.status == status) else {
            return 0;
        };
        let from = self.phases[n].from;
        match self.phases.get(n + 1) {
            Some(next) => from + (next.from - from) * 3 / 5,
            None => from + 600,
        }
    }

    /// Stops the match at `at` for `pause` seconds: all that follows comes later.
    fn interrupt(&mut self, at: i64, pause: i64) {
        let at = self.moment_in_play(at);
        let stopped = self.phase_at(at);
        let later = |t: &mut i64| {
            if *t >= at {
                *t += pause;
            }
        };
        for event in &mut self.events {
            later(&mut event.at);
            if let Some(until) = &mut event.withdrawn {
                later(until);
            }
        }
        for phase in &mut self.phases {
            later(&mut phase.from);
            later(&mut phase.zero);
        }
        self.phases.push(phase(at, 10));
        self.phases.push(Phase {
            from: at + pause,
            zero: stopped.zero + pause,
            ..stopped
        });
        self.phases.sort_by_key(|phase| phase.from);
    }

    /// Stops the match at `at` and gives it up after `pause` seconds.
    fn abandon(&mut self, at: i64, pause: i64) {
        let at = self.moment_in_play(at);
        self.events.retain(|event| event.at < at);
        for event in &mut self.events {
            event.withdrawn = event.withdrawn.filter(|until| *until < at);
        }
        self.phases.retain(|phase| phase.from < at);
        self.phases.push(phase(at, 10));
        self.phases.push(phase(at + pause, 11));
    }

    /// `at`, or the first second after it that is in play.
    fn moment_in_play(&self, at: i64) -> i64 {
        match self.phase_at(at).status {
            3 => self
                .phases
                .iter()
                .find(|phase| phase.status == 4)
                .map_or(at, |second_half| second_half.from + 600),
            _ => at,
        }
    }
}

pub(crate) const fn phase(from: i64, status: u8) -> Phase {
    Phase {
        from,
        status,
        zero: from,
    }
}

/// The clock of a phase: minute, and minutes beyond the period's last one.
pub(crate) fn minute(phase: Phase, t: i64) -> Option<(u8, u8)> {
    let (base, last) = match phase.status {
        2 => (1, 45),
        4 => (46, 90),
        5 => (91, 120),
        _ => return None,
    };
    let running = base + (t - phase.zero).max(0) / 60;
    let beyond = (running - last).clamp(0, 99);
    Some((running.min(last) as u8, beyond as u8))
}
