//! What the questions about spans of time are answered with.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::record::StepOutcome;

/// What happened in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Window {
    /// Cycles that succeeded.
    pub ok: u64,
    /// Cycles that failed.
    pub failed: u64,
    /// Cycles that were cancelled by a stop.
    pub cancelled: u64,
    /// Cycles that a dead orchestrator left behind.
    pub crashed: u64,
    /// Matches that good cycles brought.
    pub matches: u64,
    /// Cycles that ran past the next start.
    pub overruns: u64,
    /// Starts that fell out: a cycle took too long.
    pub skipped_overlap: u64,
    /// Starts that fell out: waiting after failures.
    pub skipped_backoff: u64,
    /// Starts that fell out: a person paused the pipeline.
    pub skipped_pause: u64,
    /// Starts that fell out: the machine slept.
    pub skipped_suspend: u64,
    /// Starts that fell out: too little room on the disk.
    pub skipped_disk: u64,
}

impl Window {
    /// All cycles that ended.
    pub const fn cycles(&self) -> u64 {
        self.ok + self.failed + self.cancelled + self.crashed
    }

    /// The cycles that failed or crashed.
    pub const fn bad(&self) -> u64 {
        self.failed + self.crashed
    }

    /// Starts that fell out, whatever the reason.
    pub const fn skipped(&self) -> u64 {
        self.skipped_overlap
            + self.skipped_backoff
            + self.skipped_pause
            + self.skipped_suspend
            + self.skipped_disk
    }

    /// The share of good ones among those that were not cancelled; none without any.
    pub fn success_rate(&self) -> Option<f64> {
        let judged = self.ok + self.bad();
        (judged > 0).then(|| self.ok as f64 / judged as f64)
    }
}

/// How long good runs took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// Runs that were counted.
    pub runs: u64,
    /// Half of them took no longer, in seconds.
    pub p50_s: f64,
    /// 95 of 100 took no longer, in seconds.
    pub p95_s: f64,
    /// 99 of 100 took no longer, in seconds.
    pub p99_s: f64,
    /// The longest, in seconds.
    pub max_s: f64,
}

impl Percentiles {
    /// Of these lengths, in milliseconds and any order (nearest rank); none without any.
    pub fn of(mut millis: Vec<u64>) -> Option<Percentiles> {
        let last = millis.len().checked_sub(1)?;
        millis.sort_unstable();
        let rank = |percent: usize| {
            let at = (millis.len() * percent).div_ceil(100).saturating_sub(1);
            millis[at.min(last)] as f64 / 1000.0
        };
        Some(Percentiles {
            runs: millis.len() as u64,
            p50_s: rank(50),
            p95_s: rank(95),
            p99_s: rank(99),
            max_s: millis[last] as f64 / 1000.0,
        })
    }

    /// Of lengths in milliseconds and how many were so long (nearest rank); none without any.
    pub(crate) fn of_counts(counts: &BTreeMap<u32, u64>) -> Option<Percentiles> {
        let runs: u64 = counts.values().sum();
        let seconds = |length: u32| f64::from(length) / 1000.0;
        let longest = seconds(*counts.last_key_value()?.0);
        let rank = |percent: u64| {
            let mut left = (runs * percent).div_ceil(100).max(1);
            let found = counts.iter().find(|(_, times)| {
                let here = left <= **times;
                left = left.saturating_sub(**times);
                here
            });
            found.map_or(longest, |(length, _)| seconds(*length))
        };
        Some(Percentiles {
            runs,
            p50_s: rank(50),
            p95_s: rank(95),
            p99_s: rank(99),
            max_s: longest,
        })
    }
}

/// One step over a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StepWindow {
    /// Its place in the cycle, from 1.
    pub position: u32,
    /// Its name.
    pub name: String,
    /// Runs that ended well.
    pub ok: u64,
    /// Runs that ended badly.
    pub bad: u64,
    /// Tries after the first ones.
    pub retries: u64,
    /// How long the good ones took.
    pub times: Option<Percentiles>,
    /// The most memory that any run had resident, in bytes.
    pub max_rss: Option<u64>,
}

/// One run of a step, for strips and sparklines.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Which cycle, by its row: runs of one cycle share it.
    #[serde(skip)]
    pub cycle: i64,
    /// Its place in the cycle, from 1.
    pub position: u32,
    /// When it began; none if it did not run.
    pub started_at: Option<DateTime<Utc>>,
    /// How it ended; none while it runs.
    pub outcome: Option<StepOutcome>,
    /// How long it took, in milliseconds.
    pub wall_ms: Option<u64>,
    /// The size of its output in bytes.
    pub bytes_out: Option<u64>,
    /// The matches in its output.
    pub matches: Option<u64>,
}

/// A piece of a span of time, for charts. A piece without cycles is there too, with zeros and nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bucket {
    /// Where it begins.
    pub start: DateTime<Utc>,
    /// Cycles that succeeded.
    pub ok: u64,
    /// Cycles that failed or crashed.
    pub bad: u64,
    /// How long good cycles took on average, in seconds.
    pub mean_s: Option<f64>,
    /// The longest good one, in seconds.
    pub max_s: Option<f64>,
    /// The largest number of matches.
    pub matches: Option<u64>,
    /// The most that the data directory held, in bytes.
    pub data_bytes: Option<u64>,
    /// The least that its disk still had, in bytes.
    pub disk_free: Option<u64>,
    /// From the end of a good cycle back to when its data was fetched, the longest, in seconds.
    pub data_age_s: Option<f64>,
}

/// What the disk and the data directory were like at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fill {
    /// When.
    pub at: DateTime<Utc>,
    /// What the data directory held, in bytes.
    pub data_bytes: Option<u64>,
    /// What its disk still had, in bytes.
    pub disk_free: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank_as_tables_have_them() {
        // 15, 20, 35, 40, 50: the textbook's example; P50 = 35, P95 and P99 = 50.
        let found = Percentiles::of(vec![40_000, 15_000, 50_000, 20_000, 35_000]).unwrap();
        assert_eq!(
            (found.p50_s, found.p95_s, found.p99_s, found.max_s),
            (35.0, 50.0, 50.0, 50.0)
        );
        assert_eq!(Percentiles::of(Vec::new()), None);
        let hundred = Percentiles::of((1..=100).map(|n| n * 1000).collect()).unwrap();
        assert_eq!((hundred.p95_s, hundred.p99_s), (95.0, 99.0));
    }
}
