//! Questions about spans of time: how often, how long, how much. Each is answered by the index of
//! cycle starts and reads only the rows of its span, so that a year of cycles costs nothing more.
//!
//! Skipped starts are events and carry their number at the head of their text (`3 start(s) fell out`).

mod failures;
mod pieces;
mod shapes;

use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use crate::reader::{CYCLE, Cycle, Reader, cycle, optional};
use crate::record::{CycleOutcome, EventKind, StepOutcome, instant, millis};
use crate::schema::JournalError;

pub use pieces::{Piece, StepPiece};
pub use shapes::{Bucket, Fill, Percentiles, Run, StepWindow, Window};

/// Cycles in which one point of [`Reader::fills`] is looked for, at most.
const LOOKS: u32 = 500;

/// Each cycle by its time and never "all behind the first": while nothing ran, the first one since some time
/// is one from a clock that was ahead, however long ago, and everything lies behind it.
const STEPS: &str =
    "SELECT step.position, step.name, step.outcome, step.wall_ms, step.attempts, step.max_rss
    FROM cycle INDEXED BY cycle_started CROSS JOIN step ON step.cycle = cycle.seq
    WHERE cycle.started_at >= ?1 AND cycle.started_at <= ?2";

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

    /// The steps of the cycles that began from `since` to `until`, in the order of their places.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn step_windows(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<StepWindow>, JournalError> {
        let mut statement = self.connection.prepare_cached(STEPS)?;
        let mut found: Vec<(StepWindow, Vec<u64>)> = Vec::new();
        let mut rows = statement.query(params![millis(since), millis(until)])?;
        while let Some(row) = rows.next()? {
            let position: u32 = row.get(0)?;
            let name = row.get_ref(1)?.as_str().unwrap_or_default();
            let known = found
                .iter()
                .position(|(window, _)| window.position == position && window.name == name);
            let at = known.unwrap_or_else(|| {
                let window = StepWindow {
                    position,
                    name: name.to_owned(),
                    ..StepWindow::default()
                };
                found.push((window, Vec::new()));
                found.len() - 1
            });
            let (window, walls) = &mut found[at];
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
        let windows = found.into_iter().map(|(mut window, walls)| {
            window.times = Percentiles::of(walls);
            window
        });
        let mut windows: Vec<_> = windows.collect();
        windows.sort_by(|one, other| (one.position, &one.name).cmp(&(other.position, &other.name)));
        Ok(windows)
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

    /// The disk and the data directory from `since` to `until`, oldest first: no more than `points` looks,
    /// evenly over the cycles. Each is found by its number, so that a week costs as many pages of the file as
    /// it has points, however short the cycles are.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn fills(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        points: u32,
    ) -> Result<Vec<Fill>, JournalError> {
        let ends = "SELECT (SELECT seq FROM cycle INDEXED BY cycle_started
             WHERE started_at >= ?1 AND started_at <= ?2 ORDER BY started_at LIMIT 1),
             (SELECT max(seq) FROM cycle)";
        let mut statement = self.connection.prepare_cached(ends)?;
        let span = (millis(since), millis(until));
        let ends: (Option<i64>, Option<i64>) = statement
            .query_row(params![span.0, span.1], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let (Some(first), Some(last)) = ends else {
            return Ok(Vec::new());
        };
        // What runs, and what ended without a look, is passed over to the one before; but not without end, as
        // the numbers between two cycles of the span may be those of a clock that was ahead or behind.
        let mut statement = self.connection.prepare_cached(
            "SELECT started_at, data_bytes, disk_free FROM cycle
             WHERE seq > ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT ?3",
        )?;
        let pieces = i64::from(points.saturating_sub(1).max(1));
        let mut fills = Vec::new();
        let mut done = first - 1;
        for piece in 0..=pieces {
            let seq = first + (last - first) * piece / pieces;
            if seq == done {
                continue;
            }
            let mut rows = statement.query(params![done, seq, LOOKS])?;
            while let Some(row) = rows.next()? {
                let at: i64 = row.get(0)?;
                let fill = Fill {
                    at: instant(at),
                    data_bytes: optional(row, 1)?,
                    disk_free: optional(row, 2)?,
                };
                let looked = fill.data_bytes.is_some() || fill.disk_free.is_some();
                if looked && at >= span.0 && at <= span.1 {
                    fills.push(fill);
                    break;
                }
            }
            done = seq;
        }
        // A clock that was set back puts a later cycle before an earlier one.
        fills.sort_by_key(|fill| fill.at);
        Ok(fills)
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
}

/// The number that a text begins with; a text without one means one.
fn leading_number(text: &str) -> u64 {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(1)
}

#[cfg(test)]
#[path = "windows/clock_tests.rs"]
mod clock_tests;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_counts_as_often_as_its_text_says() {
        assert_eq!(leading_number("3 start(s) fell out: waiting"), 3);
        assert_eq!(leading_number("a start fell out"), 1);
    }
}
