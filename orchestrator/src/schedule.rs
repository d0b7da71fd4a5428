//! When the next cycle starts: a grid of starts on the monotonic clock, and the backoff.
//!
//! A cycle that takes too long makes the starts it covers fall out, and the next one is back on the
//! grid: no overlap, no burst, no drift. After too many failures in a row the grid gives way to one
//! long wait, after which a new grid begins. Pure: it is told the time and never asks.

use std::time::Duration;

use tokio::time::Instant;

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// From one start to the next.
    pub interval: Duration,
    /// Failures in a row after which `backoff` is waited.
    pub backoff_after: u32,
    /// How long.
    pub backoff: Duration,
}

/// Why starts fell out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A cycle was still running, or the machine slept.
    Overlap,
    /// The backoff.
    Backoff,
}

/// The next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// When.
    pub at: Instant,
    /// Starts that fell out before it, and why.
    pub skipped: Option<(u64, Reason)>,
}

/// The state: the grid and the failures in a row.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    rules: Rules,
    last_start: Instant,
    failures: u32,
}

impl Schedule {
    /// A schedule whose first start is `first`, after `failures` in a row in an earlier life.
    pub fn new(rules: Rules, first: Instant, failures: u32) -> Self {
        Schedule {
            rules,
            last_start: first,
            failures,
        }
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// The next start after a cycle that ended at `now`, good or not.
    pub fn after(&mut self, good: bool, now: Instant) -> Next {
        self.failures = if good {
            0
        } else {
            self.failures.saturating_add(1)
        };
        let periods = now
            .saturating_duration_since(self.last_start)
            .as_nanos()
            .checked_div(self.rules.interval.as_nanos())
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0);
        let on_grid = self.rules.interval.saturating_mul(periods + 1);
        let next = if self.failures >= self.rules.backoff_after {
            let wait = self
                .rules
                .backoff
                .max(on_grid.saturating_sub(now.saturating_duration_since(self.last_start)));
            let at = now + wait;
            let missed = at.duration_since(self.last_start).as_nanos()
                / self.rules.interval.as_nanos().max(1);
            let missed = u64::try_from(missed).unwrap_or(u64::MAX).saturating_sub(1);
            Next {
                at,
                skipped: (missed > 0).then_some((missed, Reason::Backoff)),
            }
        } else {
            Next {
                at: self.last_start + on_grid,
                skipped: (periods > 0).then_some((u64::from(periods), Reason::Overlap)),
            }
        };
        self.last_start = next.at;
        next
    }

    /// Whether the next start is one after a backoff.
    pub fn backing_off(&self) -> bool {
        self.failures >= self.rules.backoff_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        interval: Duration::from_secs(60),
        backoff_after: 5,
        backoff: Duration::from_secs(300),
    };

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn starts_stay_on_the_grid_whatever_a_cycle_takes() {
        let zero = Instant::now();
        let mut schedule = Schedule::new(RULES, zero, 0);
        for (ends, starts, skipped) in [
            (12, 60, 0),
            (119, 120, 0),
            (120, 180, 0),
            (439, 480, 4),
            (481, 540, 0),
        ] {
            let next = schedule.after(true, zero + seconds(ends));
            assert_eq!(
                next.at,
                zero + seconds(starts),
                "a cycle that ends at {ends}"
            );
            let expected = (skipped > 0).then_some((skipped, Reason::Overlap));
            assert_eq!(next.skipped, expected, "a cycle that ends at {ends}");
        }
    }

    #[test]
    fn a_cycle_that_takes_exactly_one_interval_loses_that_start_and_says_so() {
        let zero = Instant::now();
        let mut schedule = Schedule::new(RULES, zero, 0);
        let next = schedule.after(true, zero + seconds(60));
        assert_eq!(next.at, zero + seconds(120));
        assert_eq!(next.skipped, Some((1, Reason::Overlap)));
    }

    #[test]
    fn the_fifth_failure_in_a_row_waits_five_minutes_and_so_does_each_one_after_it() {
        let zero = Instant::now();
        let mut schedule = Schedule::new(RULES, zero, 0);
        for n in 1..5_u64 {
            let next = schedule.after(false, zero + seconds(60 * (n - 1) + 2));
            assert_eq!(next.at, zero + seconds(60 * n));
        }
        let next = schedule.after(false, zero + seconds(242));
        assert_eq!(next.at, zero + seconds(542));
        assert_eq!(next.skipped, Some((4, Reason::Backoff)));
        let again = schedule.after(false, zero + seconds(544));
        assert_eq!(again.at, zero + seconds(844));
        let good = schedule.after(true, zero + seconds(850));
        assert_eq!(good.at, zero + seconds(904), "a new grid from there");
        assert_eq!(schedule.failures(), 0);
    }

    #[test]
    fn a_backoff_is_never_shorter_than_the_way_to_the_next_start() {
        let zero = Instant::now();
        let hourly = Rules {
            interval: seconds(3600),
            ..RULES
        };
        let mut schedule = Schedule::new(hourly, zero, 4);
        assert_eq!(
            schedule.after(false, zero + seconds(5)).at,
            zero + seconds(3600)
        );
    }
}
