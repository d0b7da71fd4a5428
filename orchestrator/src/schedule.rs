//! When the next cycle starts: ticks on a fixed grid, and why some of them pass without a cycle.
//!
//! Tick number n is due n intervals after the first start, for ever: no drift, no burst, no overlap.
//! Every tick is accounted for exactly once, as a cycle or as skipped with a reason, so that cycles and
//! skips add up to the ticks that were. After too many failures in a row, or one that another try soon
//! will not change, ticks are skipped until the backoff is over; the moment it ends a cycle probes, in the
//! place of the tick that is nearest, and the grid goes on behind it as it was.
//! Pure: it is told the time and never asks, so a test can step the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Now;

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// From one tick to the next.
    pub interval: Duration,
    /// Failures in a row after which `backoff` is waited.
    pub backoff_after: u32,
    /// How long.
    pub backoff: Duration,
}

/// Why ticks passed without a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A cycle was still running, or we were held up.
    Overrun,
    /// The backoff.
    Backoff,
    /// A person paused the pipeline.
    Pause,
    /// The machine slept.
    Suspend,
    /// The disk had too little room.
    Disk,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing before this moment on the boot clock.
    Wait(Duration),
    /// The tick is due: a cycle.
    Tick,
}

/// A backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hold {
    /// When it ends and the probe starts, on the boot clock.
    end: Duration,
    /// The tick whose place the probe takes: the one nearest to the end.
    tick: u64,
}

/// The grid, the ticks accounted for, and the failures in a row.
#[derive(Clone, Debug)]
pub struct Schedule {
    rules: Rules,
    /// When tick 0 is due, on the boot clock.
    first: Duration,
    /// The first tick that is not accounted for.
    next: u64,
    /// Ticks of earlier grids (another interval).
    before: u64,
    failures: u32,
    hold: Option<Hold>,
    /// How long the machine had slept at the last look.
    slept: Duration,
    skipped: BTreeMap<Reason, u64>,
    /// Skips that have not been told of yet.
    news: BTreeMap<Reason, u64>,
}

impl Schedule {
    /// A grid that begins now, after `failures` in a row in an earlier life.
    pub fn new(rules: Rules, now: Now, failures: u32) -> Self {
        Schedule {
            rules,
            first: now.boot,
            next: 0,
            before: 0,
            failures,
            hold: None,
            slept: now.slept(),
            skipped: BTreeMap::new(),
            news: BTreeMap::new(),
        }
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Ticks that are accounted for.
    pub fn ticks(&self) -> u64 {
        self.before + self.next
    }

    /// Ticks that passed without a cycle, by reason.
    pub fn skipped(&self) -> &BTreeMap<Reason, u64> {
        &self.skipped
    }

    /// What was skipped since this was last asked.
    pub fn news(&mut self) -> BTreeMap<Reason, u64> {
        std::mem::take(&mut self.news)
    }

    /// When the next cycle can be at the earliest, on the boot clock: at the next tick, or when the
    /// backoff ends.
    pub fn next_start(&self) -> Duration {
        self.hold
            .map_or_else(|| self.time_of(self.next), |hold| hold.end)
    }

    /// Whether cycles wait for the end of a backoff.
    pub fn backing_off(&self, now: Now) -> bool {
        self.hold.is_some_and(|hold| now.boot < hold.end)
    }

    /// Waits so long from now, as an earlier life had meant to; never longer than the backoff.
    pub fn hold(&mut self, wait: Duration, now: Now) {
        self.hold_until(now.boot + wait.min(self.rules.backoff));
    }

    /// The cycle after it is the one at the next tick, if that comes later.
    fn hold_until(&mut self, end: Duration) {
        let end = end.max(self.time_of(self.next));
        // The nearest, so that half an interval or more lies between the probe and the cycle after it.
        let after = self.first_tick_from(end);
        let near = self.time_of(after) - end < self.rules.interval / 2;
        let tick = if near { after } else { after - 1 };
        self.hold = Some(Hold {
            end,
            tick: tick.max(self.next),
        });
    }

    /// Ends a backoff: a person asks for a cycle.
    pub fn release(&mut self, now: Now) {
        if self.hold.take().is_some() {
            self.skip_until(now.boot, Reason::Backoff);
        }
    }

    /// Other rules from now on. Another interval begins another grid; what went before stays counted.
    pub fn set_rules(&mut self, rules: Rules, now: Now) {
        if rules.interval != self.rules.interval {
            self.before += self.next;
            self.next = 0;
            self.first = now.boot;
        }
        self.rules = rules;
        if let Some(hold) = self.hold.take() {
            self.hold_until(hold.end);
        }
    }

    /// What is to be done now; accounts for the ticks that passed. `paused`: a person's wish.
    ///
    /// A tick that is noticed later than half an interval has passed; the next one is waited for, so
    /// that starts stay on the grid.
    pub fn turn(&mut self, now: Now, paused: bool) -> Turn {
        let slept = now.slept().saturating_sub(self.slept);
        self.slept = now.slept();
        let grace = self.rules.interval / 2;
        if let Some(hold) = self.hold {
            let passed = self.first_tick_from(now.boot + Duration::from_nanos(1));
            self.skip_to(passed.min(hold.tick), Reason::Backoff);
            if now.boot < hold.end {
                return Turn::Wait(hold.end);
            }
            self.skip_to(hold.tick, Reason::Backoff);
            if !paused && now.boot <= hold.end + grace {
                return Turn::Tick;
            }
            self.hold = None;
        }
        let held_up = if slept > grace {
            Reason::Suspend
        } else {
            Reason::Overrun
        };
        if paused {
            self.skip_until(now.boot, Reason::Pause);
        } else {
            self.skip_until(now.boot.saturating_sub(grace), held_up);
            if self.time_of(self.next) <= now.boot {
                return Turn::Tick;
            }
        }
        Turn::Wait(self.time_of(self.next))
    }

    /// Takes the tick that is due for a cycle.
    pub fn take(&mut self) {
        self.hold = None;
        self.next += 1;
    }

    /// Skips the tick that is due.
    pub fn skip(&mut self, reason: Reason) {
        self.hold = None;
        self.skip_to(self.next + 1, reason);
    }

    /// A cycle has ended: the ticks that it covered are skipped. Returns by how much it ran past the
    /// first of them, if it did.
    pub fn ended(&mut self, verdict: Ended, now: Now) -> Option<Duration> {
        let overrun = now.boot.checked_sub(self.next_start());
        let slept = now.slept().saturating_sub(self.slept);
        self.slept = now.slept();
        let reason = if slept > self.rules.interval / 2 {
            Reason::Suspend
        } else {
            Reason::Overrun
        };
        self.skip_until(now.boot, reason);
        match verdict {
            Ended::Good => self.failures = 0,
            Ended::Cancelled => {}
            Ended::Failed { soon } => {
                self.failures = self.failures.saturating_add(1);
                if !soon || self.failures >= self.rules.backoff_after {
                    self.hold_until(now.boot + self.rules.backoff);
                }
            }
        }
        overrun
    }

    /// Skips the ticks that are due at or before `end`.
    fn skip_until(&mut self, end: Duration, reason: Reason) {
        if end >= self.time_of(self.next) {
            self.skip_to(self.first_tick_from(end + Duration::from_nanos(1)), reason);
        }
    }

    /// Skips the ticks before `tick`.
    fn skip_to(&mut self, tick: u64, reason: Reason) {
        let count = tick.saturating_sub(self.next);
        self.count(reason, count);
        self.next += count;
    }

    fn count(&mut self, reason: Reason, count: u64) {
        if count > 0 {
            *self.skipped.entry(reason).or_default() += count;
            *self.news.entry(reason).or_default() += count;
        }
    }

    fn time_of(&self, tick: u64) -> Duration {
        let nanos = self.rules.interval.as_nanos().saturating_mul(tick.into());
        let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
        let offset = Duration::new(seconds, (nanos % 1_000_000_000) as u32);
        self.first.saturating_add(offset)
    }

    /// The first tick that is due at `time` or later.
    fn first_tick_from(&self, time: Duration) -> u64 {
        let interval = self.rules.interval.as_nanos().max(1);
        let tick = time
            .saturating_sub(self.first)
            .as_nanos()
            .div_ceil(interval);
        u64::try_from(tick).unwrap_or(u64::MAX)
    }
}

/// How a cycle ended, as far as the schedule cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It succeeded.
    Good,
    /// It failed; whether another try soon may succeed.
    Failed {
        /// Whether it may.
        soon: bool,
    },
    /// It was told to stop.
    Cancelled,
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
