//! The three clocks, read together.
//!
//! Cadence runs on the clock that goes on while the machine sleeps, so that the grid of starts stays
//! where it is; how far it has run ahead of the one that does not is how long the machine slept. The
//! wall clock is for labels and for instants that outlive the process, and may jump. Whoever decides
//! anything by time is given a [`Now`] and asks nobody, so that a test can step the clocks.

use std::time::Duration;

use chrono::{DateTime, Utc};
use nix::time::{ClockId, clock_gettime};

/// One moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since the machine started, sleep included.
    pub boot: Duration,
    /// Since the machine started, sleep not included.
    pub awake: Duration,
    /// The time of day.
    pub wall: DateTime<Utc>,
}

impl Now {
    /// This moment.
    pub fn read() -> Now {
        // In this order: what passes between two readings must not look like sleep.
        let boot = monotonic(ClockId::CLOCK_BOOTTIME);
        let awake = monotonic(ClockId::CLOCK_MONOTONIC);
        Now {
            boot: boot.unwrap_or(awake.unwrap_or_default()),
            awake: awake.unwrap_or_default(),
            wall: Utc::now(),
        }
    }

    /// How long the machine has slept since it started.
    pub fn slept(&self) -> Duration {
        self.boot.saturating_sub(self.awake)
    }
}

fn monotonic(clock: ClockId) -> Option<Duration> {
    let time = clock_gettime(clock).ok()?;
    Some(Duration::new(
        u64::try_from(time.tv_sec()).ok()?,
        u32::try_from(time.tv_nsec()).ok()?,
    ))
}

/// What the clocks did between two looks that a person should hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// The machine slept so long.
    Slept(Duration),
    /// The wall clock was set forward by so much.
    Forward(Duration),
    /// The wall clock was set back by so much.
    Back(Duration),
}

/// Notices jumps, each once.
#[derive(Clone, Copy, Debug)]
pub struct Watcher {
    last: Now,
}

/// Smaller ones are the clock being disciplined, or nothing.
const WORTH_A_WORD: Duration = Duration::from_secs(2);

impl Watcher {
    /// Begins to watch.
    pub fn new(now: Now) -> Watcher {
        Watcher { last: now }
    }

    /// What happened since the last look.
    pub fn look(&mut self, now: Now) -> Vec<Jump> {
        let last = std::mem::replace(&mut self.last, now);
        let mut jumps = Vec::new();
        let slept = now.slept().saturating_sub(last.slept());
        if slept >= WORTH_A_WORD {
            jumps.push(Jump::Slept(slept));
        }
        let passed = chrono::TimeDelta::from_std(now.boot.saturating_sub(last.boot))
            .unwrap_or(chrono::TimeDelta::MAX);
        let shift = now
            .wall
            .signed_duration_since(last.wall)
            .checked_sub(&passed)
            .unwrap_or(chrono::TimeDelta::MIN);
        let size = shift.abs().to_std().unwrap_or_default();
        if size >= WORTH_A_WORD {
            jumps.push(if shift > chrono::TimeDelta::zero() {
                Jump::Forward(size)
            } else {
                Jump::Back(size)
            });
        }
        jumps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn at(boot: u64, awake: u64, wall: i64) -> Now {
        Now {
            boot: Duration::from_secs(boot),
            awake: Duration::from_secs(awake),
            wall: DateTime::from_timestamp(1_790_000_000 + wall, 0).unwrap(),
        }
    }

    #[test]
    fn a_year_forward_a_year_back_and_a_night_of_sleep_are_each_noticed_once() {
        let mut watcher = Watcher::new(at(100, 100, 0));
        assert_eq!(watcher.look(at(101, 101, 1)), []);
        let year = 365 * 86_400;
        assert_eq!(
            watcher.look(at(102, 102, year + 2)),
            [Jump::Forward(Duration::from_secs(year as u64))]
        );
        assert_eq!(watcher.look(at(103, 103, year + 3)), []);
        assert_eq!(
            watcher.look(at(104, 104, 4)),
            [Jump::Back(Duration::from_secs(year as u64))]
        );
        assert_eq!(
            watcher.look(at(30_000, 105, 29_900)),
            [Jump::Slept(Duration::from_secs(29_895))]
        );
        assert_eq!(watcher.look(at(30_001, 106, 29_901)), []);
    }

    #[test]
    fn the_clocks_of_this_machine_go_forward() {
        let before = Now::read();
        let after = Now::read();
        assert!(after.boot >= before.boot && after.awake >= before.awake);
        assert!(after.wall - before.wall < TimeDelta::minutes(1));
    }
}
