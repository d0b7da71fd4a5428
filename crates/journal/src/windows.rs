//! Questions about spans of time: how often, how long, how much. Each is answered by the index of
//! cycle starts and reads only the rows of its span, so that a year of cycles costs nothing more.
//!
//! Skipped starts are events and carry their number at the head of their text (`3 start(s) fell out`).

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use crate::reader::{CYCLE, Cycle, Event, Reader, cycle, optional};
use crate::record::{CycleOutcome, EventKind, StepOutcome, instant, millis};
use crate::schema::JournalError;

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

impl Reader {
    /// What happened since `since`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn window(&self, since: DateTime<Utc>) -> Result<Window, JournalError> {
        let mut window = Window::default();
        let mut statement = self.connection.prepare_cached(
            "SELECT outcome, count(*), sum(CASE WHEN outcome = 'ok' THEN matches END),
             count(overrun_ms) FROM cycle INDEXED BY cycle_started
             WHERE started_at >= ?1 AND outcome IS NOT NULL GROUP BY outcome",
        )?;
        let mut rows = statement.query(params![millis(since)])?;
        while let Some(row) = rows.next()? {
            let count = optional(row, 1)?.unwrap_or(0);
            match CycleOutcome::from_word(row.get_ref(0)?.as_str().unwrap_or_default()) {
                Some(CycleOutcome::Ok) => window.ok = count,
                Some(CycleOutcome::Failed) => window.failed = count,
                Some(CycleOutcome::Cancelled) => window.cancelled = count,
                Some(CycleOutcome::Crashed) => window.crashed = count,
                None => {}
            }
            window.matches += optional(row, 2)?.unwrap_or(0);
            window.overruns += optional(row, 3)?.unwrap_or(0);
        }
        for event in self.events_since(
            &[
                EventKind::SkippedOverlap,
                EventKind::SkippedBackoff,
                EventKind::SkippedPause,
                EventKind::SkippedSuspend,
                EventKind::SkippedDisk,
            ],
            since,
        )? {
            let count = leading_number(&event.text);
            *match event.kind {
                EventKind::SkippedOverlap => &mut window.skipped_overlap,
                EventKind::SkippedBackoff => &mut window.skipped_backoff,
                EventKind::SkippedPause => &mut window.skipped_pause,
                EventKind::SkippedSuspend => &mut window.skipped_suspend,
                _ => &mut window.skipped_disk,
            } += count;
        }
        Ok(window)
    }

    /// How long the good cycles since `since` took, from start to end.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn cycle_times(&self, since: DateTime<Utc>) -> Result<Option<Percentiles>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT wall_ms FROM cycle INDEXED BY cycle_started
             WHERE started_at >= ?1 AND outcome = 'ok' AND wall_ms IS NOT NULL",
        )?;
        let rows = statement.query_map(params![millis(since)], |row| optional(row, 0))?;
        let walls: Vec<_> = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(Percentiles::of(walls.into_iter().flatten().collect()))
    }

    /// The steps of the cycles since `since`, in the order of their places.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn step_windows(&self, since: DateTime<Utc>) -> Result<Vec<StepWindow>, JournalError> {
        let mut found: BTreeMap<(u32, String), (StepWindow, Vec<u64>)> = BTreeMap::new();
        let mut statement = self.connection.prepare_cached(
            "SELECT step.position, step.name, step.outcome, step.wall_ms, step.attempts, step.max_rss
             FROM cycle INDEXED BY cycle_started JOIN step ON step.cycle = cycle.seq
             WHERE cycle.started_at >= ?1",
        )?;
        let mut rows = statement.query(params![millis(since)])?;
        while let Some(row) = rows.next()? {
            let position: u32 = row.get(0)?;
            let name: String = row.get(1)?;
            let (window, walls) = found.entry((position, name.clone())).or_insert_with(|| {
                let window = StepWindow {
                    position,
                    name,
                    ..StepWindow::default()
                };
                (window, Vec::new())
            });
            match row.get_ref(2)?.as_str().unwrap_or_default() {
                "ok" => {
                    window.ok += 1;
                    walls.extend(optional(row, 3)?);
                }
                "" | "not_run" | "cancelled" => {}
                _ => window.bad += 1,
            }
            window.retries += optional(row, 4)?.unwrap_or(1).saturating_sub(1);
            window.max_rss = window.max_rss.max(optional(row, 5)?);
        }
        let windows = found.into_values().map(|(mut window, walls)| {
            window.times = Percentiles::of(walls);
            window
        });
        Ok(windows.collect())
    }

    /// The runs of the newest `cycles` cycles, the oldest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn runs(&self, cycles: u32) -> Result<Vec<Run>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT cycle, position, started_at, outcome, exit_code, wall_ms, bytes_out, matches
             FROM step WHERE cycle > (SELECT max(seq) FROM cycle) - ?1 ORDER BY cycle, position",
        )?;
        let rows = statement.query_map(params![cycles], |row| {
            let word: Option<String> = row.get(3)?;
            let code: Option<i32> = row.get(4)?;
            Ok(Run {
                cycle: row.get(0)?,
                position: row.get(1)?,
                started_at: row.get::<_, Option<i64>>(2)?.map(instant),
                outcome: word.and_then(|word| StepOutcome::from_columns(&word, code)),
                wall_ms: optional(row, 5)?,
                bytes_out: optional(row, 6)?,
                matches: optional(row, 7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The cycles that began since `since`, the newest first, no more than `limit`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn cycles_since(
        &self,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Cycle>, JournalError> {
        let sql = format!(
            "SELECT {CYCLE} FROM cycle INDEXED BY cycle_started WHERE started_at >= ?1
             ORDER BY started_at DESC LIMIT ?2"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params![millis(since), limit], cycle)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The cycle with this id, or with an id that begins so.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn cycle_by_id(&self, id: &str) -> Result<Option<Cycle>, JournalError> {
        let sql =
            format!("SELECT {CYCLE} FROM cycle WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        // Behind everything that begins so; ids are digits and letters.
        let behind = format!("{id}\u{10ffff}");
        Ok(statement.query_row(params![id, behind], cycle).optional()?)
    }

    /// How the span from `since` to `until` went, in pieces of `width`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn buckets(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        width: Duration,
    ) -> Result<Vec<Bucket>, JournalError> {
        let width = i64::try_from(width.as_millis()).unwrap_or(i64::MAX).max(1);
        let (from, to) = (millis(since), millis(until));
        let pieces = ((to - from).max(0) + width - 1) / width;
        let mut buckets: Vec<_> = (0..pieces)
            .map(|n| Bucket {
                start: instant(from + n * width),
                ok: 0,
                bad: 0,
                mean_s: None,
                max_s: None,
                matches: None,
                data_bytes: None,
                disk_free: None,
                data_age_s: None,
            })
            .collect();
        let mut statement = self.connection.prepare_cached(
            "SELECT (started_at - ?1) / ?3, count(*) FILTER (WHERE outcome = 'ok'),
             count(*) FILTER (WHERE outcome IN ('failed', 'crashed')),
             avg(wall_ms) FILTER (WHERE outcome = 'ok'), max(wall_ms) FILTER (WHERE outcome = 'ok'),
             max(matches), max(data_bytes), min(disk_free),
             max(ended_at - fetched_at) FILTER (WHERE outcome = 'ok')
             FROM cycle INDEXED BY cycle_started WHERE started_at >= ?1 AND started_at < ?2
             GROUP BY 1",
        )?;
        let mut rows = statement.query(params![from, to, width])?;
        while let Some(row) = rows.next()? {
            let at = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
            let Some(bucket) = buckets.get_mut(at) else {
                continue;
            };
            bucket.ok = optional(row, 1)?.unwrap_or(0);
            bucket.bad = optional(row, 2)?.unwrap_or(0);
            bucket.mean_s = row.get::<_, Option<f64>>(3)?.map(|ms| ms / 1000.0);
            bucket.max_s = optional(row, 4)?.map(|ms| ms as f64 / 1000.0);
            bucket.matches = optional(row, 5)?;
            bucket.data_bytes = optional(row, 6)?;
            bucket.disk_free = optional(row, 7)?;
            bucket.data_age_s = optional(row, 8)?.map(|ms| ms as f64 / 1000.0);
        }
        Ok(buckets)
    }

    /// The disk and the data directory since `since`, one look for every `every` cycles, oldest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn fills(&self, since: DateTime<Utc>, every: u32) -> Result<Vec<Fill>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT started_at, data_bytes, disk_free FROM cycle INDEXED BY cycle_started
             WHERE started_at >= ?1 AND seq % ?2 = 0 ORDER BY started_at",
        )?;
        let rows = statement.query_map(params![millis(since), every.max(1)], |row| {
            Ok(Fill {
                at: instant(row.get(0)?),
                data_bytes: optional(row, 1)?,
                disk_free: optional(row, 2)?,
            })
        })?;
        let fills = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(fills
            .into_iter()
            .filter(|fill| fill.data_bytes.is_some() || fill.disk_free.is_some())
            .collect())
    }

    /// The matches of the good cycles from `since` to `until`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn matches_between(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<u64>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT matches FROM cycle INDEXED BY cycle_started
             WHERE started_at >= ?1 AND started_at < ?2 AND outcome = 'ok'",
        )?;
        let rows = statement.query_map(params![millis(since), millis(until)], |row| {
            optional(row, 0)
        })?;
        let found = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The share of matches with odds over the good cycles since `since` that brought ten matches or more.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn odds_coverage(&self, since: DateTime<Utc>) -> Result<Option<f64>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sum(with_odds) * 1.0 / sum(matches) FROM cycle INDEXED BY cycle_started
             WHERE started_at >= ?1 AND outcome = 'ok' AND matches >= 10 AND with_odds IS NOT NULL",
        )?;
        Ok(statement.query_row(params![millis(since)], |row| row.get(0))?)
    }

    /// The events of these kinds since `since`, the newest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn events_since(
        &self,
        kinds: &[EventKind],
        since: DateTime<Utc>,
    ) -> Result<Vec<Event>, JournalError> {
        // Walks back from the newest of each kind and stops at the first that is too old.
        let mut statement = self.connection.prepare_cached(
            "SELECT at, text FROM event WHERE kind = ?1 ORDER BY seq DESC LIMIT 20000",
        )?;
        let mut events = Vec::new();
        for kind in kinds {
            let mut rows = statement.query(params![kind.as_str()])?;
            while let Some(row) = rows.next()? {
                let at = instant(row.get(0)?);
                if at < since {
                    break;
                }
                events.push(Event {
                    at,
                    kind: *kind,
                    text: row.get(1)?,
                });
            }
        }
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        Ok(events)
    }
}

/// The number that a text begins with; a text without one means one.
fn leading_number(text: &str) -> u64 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(1)
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

    #[test]
    fn a_skip_counts_as_often_as_its_text_says() {
        assert_eq!(leading_number("3 start(s) fell out: waiting"), 3);
        assert_eq!(leading_number("a start fell out"), 1);
    }
}
