//! Which fixtures there are: slots, rounds, kick-offs, and what course a match is destined to take.
//!
//! Each slot of the evening shows one match at a time: listed half an hour before kick-off, played,
//! shown half an hour as finished, then followed by the slot's next match under a new id. Slots are
//! spread evenly over that cycle, so at any time most matches are live and some kick off every few
//! minutes, for as long as the sandbox runs. The first round is dealt so that every status of the
//! provider's table occurs at the start.

use crate::names::{LEAGUES, Sort};
use crate::rng::{Purpose, Rng};
use crate::story::Story;
use crate::world::{TEAMS_OF_A_SLOT, World, league_of_slot};

/// From one match of a slot to its next, in seconds.
pub(crate) const CYCLE: i64 = 174 * 60;
/// Matches of this many slots or more show every status at the start.
const FULL_SHOW: u32 = 40;

/// How a match goes, apart from its goals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    Played,
    /// Kicks off late (status 9 until then).
    Delayed,
    /// Stops (10) and goes on.
    Interrupted,
    /// Stops (10) for good (11).
    Abandoned,
    /// Never starts (12).
    Cancelled,
    /// Has no kick-off yet (13).
    ToBeDetermined,
    /// A cup tie that is level after 90 minutes.
    ExtraTime,
    /// A cup tie that is level after everything.
    ShootOut,
}

/// A match: who, where, when.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub slot: u32,
    pub round: i32,
    pub league: usize,
    pub home: u32,
    pub away: u32,
    pub course: Course,
    /// The kick-off as announced.
    pub scheduled: i64,
    /// The kick-off as it happens; the story's zero.
    pub kickoff: i64,
    /// Goals of the first leg for this match's home and away side.
    pub first_leg: Option<(u8, u8)>,
    pub neutral: bool,
}

/// What the slot of the full show must show at the start.
const SHOW: [u8; 13] = [2, 4, 3, 8, 1, 5, 9, 7, 10, 4, 11, 12, 13];

/// When which slot shows which round.
#[derive(Debug)]
pub(crate) struct Schedule {
    slots: Vec<Slot>,
}

#[derive(Debug)]
struct Slot {
    /// When round 0 begins to be listed.
    begin: i64,
    /// Round 0 as the full show has it: its course and its kick-off.
    shown: Option<(Course, i64)>,
}

impl Schedule {
    pub fn new(world: &World, slots: u32, start: i64) -> Schedule {
        let show = if slots >= FULL_SHOW {
            &SHOW[..]
        } else {
            &SHOW[..5]
        };
        let slot = |number: u32| match show.get(number as usize) {
            Some(status) => {
                let (course, moment) = show_moment(world, number, *status);
                Slot {
                    begin: start - moment - listed_before(course),
                    shown: Some((course, start - moment)),
                }
            }
            None => Slot {
                begin: start - phase(world.seed, number),
                shown: None,
            },
        };
        Schedule {
            slots: (0..slots).map(slot).collect(),
        }
    }

    /// Every slot shows a match that is being played, from its second to its 90th minute on the clock
    /// (half-time included).
    pub fn all_live(world: &World, slots: u32, start: i64) -> Schedule {
        let slot = |number: u32| {
            let moment = 120 + phase(world.seed, number) * (88 * 60) / CYCLE;
            Slot {
                begin: start - moment - listed_before(Course::Played),
                shown: Some((Course::Played, start - moment)),
            }
        };
        Schedule {
            slots: (0..slots).map(slot).collect(),
        }
    }

    /// How many slots there are.
    pub fn slots(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The round that `slot` lists at `now`.
    pub fn round_at(&self, slot: u32, now: i64) -> i32 {
        let rounds = now
            .saturating_sub(self.slots[slot as usize].begin)
            .div_euclid(CYCLE);
        rounds.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32
    }

    /// The fixture of `slot` in `round`.
    pub fn fixture(&self, world: &World, slot: u32, round: i32) -> Fixture {
        let plan = &self.slots[slot as usize];
        if let (Some((course, kickoff)), 0) = (plan.shown, round) {
            let scheduled = (kickoff - late(course)).div_euclid(300) * 300;
            return with_kickoff(world, slot, round, course, scheduled, kickoff);
        }
        let mut rng = fixture_rng(world, slot, round);
        let course = drawn_course(league_of_slot(slot), &mut rng);
        let whole = if rng.chance(0.75) { 900 } else { 300 };
        let begin = plan.begin + i64::from(round) * CYCLE;
        let wished = begin + listed_before(course) - late(course);
        let scheduled = (wished + whole / 2).div_euclid(whole) * whole;
        let kickoff = scheduled + late(course) + rng.range(-20, 200);
        with_kickoff(world, slot, round, course, scheduled, kickoff)
    }
}

/// How far into its cycle a slot is at the start: the golden section spreads any number evenly.
fn phase(seed: u64, slot: u32) -> i64 {
    let shift = Rng::new(seed, Purpose::Slot, &[u64::from(slot)]).between(-0.01, 0.01);
    let phase = (f64::from(slot) * 0.618_034 + shift).rem_euclid(1.0);
    (phase * CYCLE as f64) as i64
}

/// The course of a shown slot's round 0, and the second of its story that falls on the start.
fn show_moment(world: &World, slot: u32, status: u8) -> (Course, i64) {
    let course = match status {
        5 => Course::ExtraTime,
        7 => Course::ShootOut,
        9 => Course::Delayed,
        10 => Course::Interrupted,
        11 => Course::Abandoned,
        12 => Course::Cancelled,
        13 => Course::ToBeDetermined,
        _ => Course::Played,
    };
    let fixture = with_kickoff(world, slot, 0, course, -late(course), 0);
    (course, Story::of(world, &fixture).moment_of(status))
}

/// How long before its kick-off a match is listed.
const fn listed_before(course: Course) -> i64 {
    match course {
        Course::Played => 36 * 60,
        Course::Interrupted | Course::Abandoned | Course::Cancelled => 20 * 60,
        Course::Delayed => 12 * 60 + LATE,
        Course::ExtraTime | Course::ShootOut => 6 * 60,
        Course::ToBeDetermined => 60 * 60,
    }
}

/// How much later than announced a match kicks off.
const fn late(course: Course) -> i64 {
    match course {
        Course::Delayed => LATE,
        _ => 0,
    }
}

/// A delayed kick-off's delay.
const LATE: i64 = 28 * 60;

fn fixture_rng(world: &World, slot: u32, round: i32) -> Rng {
    let key = [u64::from(slot), round as u64];
    Rng::new(world.seed, Purpose::Fixture, &key)
}

fn drawn_course(league: usize, rng: &mut Rng) -> Course {
    let draw = rng.unit();
    let cup = LEAGUES[league].sort == Sort::Cup;
    match draw {
        _ if draw < 0.025 => Course::ToBeDetermined,
        _ if draw < 0.04 => Course::Delayed,
        _ if draw < 0.05 => Course::Interrupted,
        _ if draw < 0.057 => Course::Abandoned,
        _ if draw < 0.065 => Course::Cancelled,
        _ if cup && draw < 0.2 && !LEAGUES[league].no_extra_time => Course::ExtraTime,
        _ if cup && draw < 0.3 => Course::ShootOut,
        _ => Course::Played,
    }
}

fn with_kickoff(
    world: &World,
    slot: u32,
    round: i32,
    course: Course,
    scheduled: i64,
    kickoff: i64,
) -> Fixture {
    let league = league_of_slot(slot);
    let mut rng = fixture_rng(world, slot, round.wrapping_add(1 << 30));
    let pair = round.rem_euclid(3) as u32 * 2;
    let swapped = u32::from(round.div_euclid(3) & 1 == 1);
    let first = slot * TEAMS_OF_A_SLOT;
    let second_leg =
        LEAGUES[league].sort == Sort::Cup && course == Course::Played && rng.chance(0.4);
    Fixture {
        slot,
        round,
        league,
        home: first + pair + swapped,
        away: first + pair + 1 - swapped,
        course,
        scheduled,
        kickoff,
        first_leg: second_leg.then(|| (rng.range(0, 2) as u8, rng.range(0, 2) as u8)),
        neutral: rng.chance(0.04),
    }
}

impl Fixture {
    /// The key of this match's own random streams.
    pub fn key(&self) -> [u64; 2] {
        [u64::from(self.slot), self.round as u64]
    }

    /// Goals that home and away can expect in 90 minutes.
    pub fn expected_goals(&self, world: &World) -> (f64, f64) {
        let league = &LEAGUES[self.league];
        let (home, away) = (
            world.team(self.home).strength,
            world.team(self.away).strength,
        );
        let edge = home - away + if self.neutral { 0.0 } else { 0.13 };
        let half = league.goals / 2.0;
        (
            (half * edge.exp()).clamp(0.25, 4.5),
            (half * (-edge).exp()).clamp(0.25, 4.5),
        )
    }
}
