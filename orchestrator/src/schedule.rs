//! When the next cycle starts: ticks on a fixed grid, and why some of them pass without a cycle.
//!
//! Tick number n is due n intervals after the first start, for ever: no drift, no burst, no overlap.
//! Every tick is accounted for exactly once, as a cycle or as skipped with a reason, so that cycles and
//! skips add up to the ticks that were. After too many failures in a row, or one that another try soon
//! will not change, ticks are skipped until the backoff is over; the first tick after it is a probe.
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
    not_before: Option<Duration>,
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
            not_before: None,
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

    /// When the tick is due that is next to be accounted for, on the boot clock.
    pub fn due(&self) -> Duration {
        self.time_of(self.next)
    }

    /// When the next cycle can be at the earliest: the first tick that no backoff covers.
    pub fn next_start(&self) -> Duration {
        match self.not_before {
            Some(end) if end > self.due() => self.time_of(self.first_tick_from(end)),
            _ => self.due(),
        }
    }

    /// Whether cycles wait for the end of a backoff.
    pub fn backing_off(&self, now: Now) -> bool {
        self.not_before.is_some_and(|end| now.boot < end)
    }

    /// Waits so long from now, as an earlier life had meant to; never longer than the backoff.
    pub fn hold(&mut self, wait: Duration, now: Now) {
        self.not_before = Some(now.boot + wait.min(self.rules.backoff));
    }

    /// Ends a backoff: a person asks for a cycle.
    pub fn release(&mut self) {
        self.not_before = None;
    }

    /// Other rules from now on. Another interval begins another grid; what went before stays counted.
    pub fn set_rules(&mut self, rules: Rules, now: Now) {
        if rules.interval != self.rules.interval {
            self.before += self.next;
            self.next = 0;
            self.first = now.boot;
        }
        self.rules = rules;
    }

    /// What is to be done now; accounts for the ticks that passed. `paused`: a person's wish.
    ///
    /// A tick that is noticed later than half an interval has passed; the next one is waited for, so
    /// that starts stay on the grid.
    pub fn turn(&mut self, now: Now, paused: bool) -> Turn {
        let slept = now.slept().saturating_sub(self.slept);
        self.slept = now.slept();
        if self.not_before.is_some_and(|end| now.boot >= end) {
            // The ticks until its end belong to it.
            let end = self.not_before.take().unwrap_or_default();
            self.skip_until(end.saturating_sub(Duration::from_nanos(1)), Reason::Backoff);
        }
        let grace = self.rules.interval / 2;
        let held_up = if slept > grace {
            Reason::Suspend
        } else {
            Reason::Overrun
        };
        if self.backing_off(now) {
            self.skip_until(now.boot, Reason::Backoff);
        } else if paused {
            self.skip_until(now.boot, Reason::Pause);
        } else {
            self.skip_until(now.boot.saturating_sub(grace), held_up);
        }
        let quiet = self.backing_off(now) || paused;
        if !quiet && self.due() <= now.boot {
            self.skip_until(now.boot.saturating_sub(grace), held_up);
            if self.due() <= now.boot {
                return Turn::Tick;
            }
        }
        Turn::Wait(self.due())
    }

    /// Takes the tick that is due for a cycle.
    pub fn take(&mut self) {
        self.next += 1;
    }

    /// Skips the tick that is due.
    pub fn skip(&mut self, reason: Reason) {
        self.count(reason, 1);
        self.next += 1;
    }

    /// A cycle has ended: the ticks that it covered are skipped. Returns by how much it ran past the
    /// first of them, if it did.
    pub fn ended(&mut self, verdict: Ended, now: Now) -> Option<Duration> {
        let overrun = now.boot.checked_sub(self.due());
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
                    self.not_before = Some(now.boot + self.rules.backoff);
                }
            }
        }
        overrun
    }

    /// Skips the ticks that are due at or before `end`.
    fn skip_until(&mut self, end: Duration, reason: Reason) {
        if end < self.due() {
            return;
        }
        let passed = self.first_tick_from(end + Duration::from_nanos(1));
        let count = passed.saturating_sub(self.next);
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
