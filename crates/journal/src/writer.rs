//! The writing side: one connection, held by the one orchestrator of the data directory.
//!
//! A cycle's row is opened when it begins and closed when it ends, and so is each step's, so that a
//! reader sees what runs now and a crash leaves a trace. Each call is one small transaction.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::record::{CycleOutcome, EventKind, StepOutcome, millis};
use crate::schema::{self, JournalError, Opened};

/// Cycles that one call of [`Journal::prune`] removes at most, so that it never takes long.
const BATCH: i64 = 500;

/// A day of cycles: so many must have begun under a clock before anything is old by it.
const A_DAY: i64 = 1440;

/// Events that are kept, however young.
const KEEP_EVENTS: i64 = 20_000;

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    pub(crate) connection: Connection,
    path: PathBuf,
    inode: u64,
}

/// A cycle's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CycleKey(pub(crate) i64);

/// What is known when a step has ended.
#[derive(Clone, Debug)]
pub struct StepEnd<'a> {
    /// Its place in the cycle, from 1.
    pub position: u32,
    /// How it ended.
    pub outcome: StepOutcome,
    /// How long it took.
    pub wall: Duration,
    /// The size of its output in bytes.
    pub bytes_out: Option<u64>,
    /// The matches in its output.
    pub matches: Option<u64>,
    /// Why it failed.
    pub message: Option<&'a str>,
    /// How often it was started, the first time included.
    pub attempts: u32,
    /// The most memory that it or a child of it had resident, in bytes.
    pub max_rss: Option<u64>,
    /// Processor time of it and its children.
    pub cpu: Option<Duration>,
    /// Whether something that it started held its output open after its end.
    pub leaked: bool,
}

/// What is known when a cycle has ended.
#[derive(Clone, Debug)]
pub struct CycleEnd<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub outcome: CycleOutcome,
    /// The step that failed.
    pub failed_step: Option<&'a str>,
    /// The matches it brought.
    pub matches: Option<u64>,
    /// How long it took.
    pub wall: Duration,
    /// Why it failed.
    pub message: Option<&'a str>,
    /// By how much it ran past the next start; none if it did not.
    pub overrun: Option<Duration>,
    /// When the provider's live list was fetched.
    pub fetched_at: Option<DateTime<Utc>>,
    /// The matches that have odds.
    pub with_odds: Option<u64>,
    /// What the fetch cost and missed.
    pub fetch: Option<&'a crate::Fetch>,
    /// What the data directory holds, in bytes.
    pub data_bytes: Option<u64>,
    /// What its disk still has, in bytes.
    pub disk_free: Option<u64>,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Cycles older than this are removed.
    pub keep_days: u32,
    /// The oldest cycles are removed until the file needs no more than this, in bytes.
    pub max_bytes: u64,
}

impl Journal {
    /// Opens the journal at `path` to write; marks what a dead orchestrator left open as crashed.
    /// The caller holds the [`lock`](crate::lock): nobody else writes.
    ///
    /// # Errors
    /// When the folder, the permissions or the disk do not allow it. A file that is corrupt or not
    /// ours is no error: it is moved aside.
    pub fn open(path: &Path) -> Result<(Journal, Opened), JournalError> {
        let (mut connection, mut opened) = schema::open_or_replace(path)?;
        opened.crashed = mark_crashed(&mut connection)?;
        let inode = inode(path).ok_or_else(|| JournalError::Missing {
            path: path.to_path_buf(),
        })?;
        let journal = Journal {
            connection,
            path: path.to_path_buf(),
            inode,
        };
        Ok((journal, opened))
    }

    /// Whether the file is still the one at its path (and not deleted or replaced under our feet).
    pub fn in_place(&self) -> bool {
        inode(&self.path) == Some(self.inode)
    }

    /// Records that a cycle begins, and when it was to begin (none if a person asked for it).
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn begin_cycle(
        &self,
        id: &str,
        at: DateTime<Utc>,
        scheduled_at: Option<DateTime<Utc>>,
    ) -> Result<CycleKey, JournalError> {
        self.connection
            .prepare_cached("INSERT INTO cycle (id, started_at, scheduled_at) VALUES (?1, ?2, ?3)")?
            .execute(params![id, millis(at), scheduled_at.map(millis)])?;
        Ok(CycleKey(self.connection.last_insert_rowid()))
    }

    /// Records that a step begins.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn begin_step(
        &self,
        cycle: CycleKey,
        position: u32,
        name: &str,
        at: DateTime<Utc>,
    ) -> Result<(), JournalError> {
        self.connection
            .prepare_cached(
                "INSERT INTO step (cycle, position, name, started_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![cycle.0, position, name, millis(at)])?;
        Ok(())
    }

    /// Records that a step ended.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn end_step(&self, cycle: CycleKey, end: &StepEnd<'_>) -> Result<(), JournalError> {
        self.connection
            .prepare_cached(
                "UPDATE step SET outcome = ?3, exit_code = ?4, wall_ms = ?5, bytes_out = ?6,
                 matches = ?7, message = ?8, attempts = ?9, max_rss = ?10, cpu_ms = ?11,
                 leaked = ?12 WHERE cycle = ?1 AND position = ?2",
            )?
            .execute(params![
                cycle.0,
                end.position,
                end.outcome.as_str(),
                end.outcome.exit_code(),
                whole_millis(end.wall),
                end.bytes_out.map(signed),
                end.matches.map(signed),
                end.message,
                end.attempts,
                end.max_rss.map(signed),
                end.cpu.map(whole_millis),
                end.leaked
            ])?;
        Ok(())
    }

    /// Records a step that did not run, because an earlier one failed.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn step_not_run(
        &self,
        cycle: CycleKey,
        position: u32,
        name: &str,
    ) -> Result<(), JournalError> {
        self.connection
            .prepare_cached(
                "INSERT INTO step (cycle, position, name, outcome) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                cycle.0,
                position,
                name,
                StepOutcome::NotRun.as_str()
            ])?;
        Ok(())
    }

    /// Records that a cycle ended, and counts it.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn end_cycle(&mut self, cycle: CycleKey, end: &CycleEnd<'_>) -> Result<(), JournalError> {
        let transaction = self.connection.transaction()?;
        transaction
            .prepare_cached(
                "UPDATE cycle SET ended_at = ?2, outcome = ?3, failed_step = ?4, matches = ?5,
                 wall_ms = ?6, message = ?7, overrun_ms = ?8, fetched_at = ?9, with_odds = ?10,
                 fetch = ?11, data_bytes = ?12, disk_free = ?13 WHERE seq = ?1",
            )?
            .execute(params![
                cycle.0,
                millis(end.at),
                end.outcome.as_str(),
                end.failed_step,
                end.matches.map(signed),
                whole_millis(end.wall),
                end.message,
                end.overrun.map(whole_millis),
                end.fetched_at.map(millis),
                end.with_odds.map(signed),
                end.fetch
                    .and_then(|fetch| serde_json::to_string(fetch).ok()),
                end.data_bytes.map(signed),
                end.disk_free.map(signed)
            ])?;
        count(&transaction, end.outcome.counter(), 1)?;
        if end.outcome == CycleOutcome::Ok {
            count(&transaction, "matches", end.matches.unwrap_or(0))?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Records something beside the cycles; `times` is added to the counter of its kind.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn event(
        &mut self,
        at: DateTime<Utc>,
        kind: EventKind,
        times: u64,
        text: &str,
    ) -> Result<(), JournalError> {
        let transaction = self.connection.transaction()?;
        transaction
            .prepare_cached("INSERT INTO event (at, kind, text) VALUES (?1, ?2, ?3)")?
            .execute(params![millis(at), kind.as_str(), text])?;
        count(&transaction, kind.as_str(), times)?;
        transaction.commit()?;
        Ok(())
    }

    /// Failures since the last good cycle; cancelled and crashed ones count neither way.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn failures_in_a_row(&self) -> Result<u32, JournalError> {
        Ok(crate::reader::failures_in_a_row(&self.connection)?)
    }

    /// The id of the newest cycle.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn newest_id(&self) -> Result<Option<String>, JournalError> {
        Ok(self
            .connection
            .query_row(
                "SELECT id FROM cycle ORDER BY seq DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?)
    }

    /// Removes a batch of what is older than the limits allow; returns the cycles removed.
    /// Called once a cycle it keeps up with any rate. The counters stay.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn prune(&mut self, now: DateTime<Utc>, limits: Limits) -> Result<u64, JournalError> {
        let transaction = self.connection.transaction()?;
        // A clock that is far ahead for a while takes nothing away: what is old is reckoned from a cycle a day back.
        let settled: Option<i64> = transaction
            .query_row(
                "SELECT started_at FROM cycle WHERE seq <= (SELECT max(seq) FROM cycle) - ?1
                 ORDER BY seq DESC LIMIT 1",
                [A_DAY],
                |row| row.get(0),
            )
            .optional()?;
        let kept = TimeDelta::days(i64::from(limits.keep_days)).num_milliseconds();
        let too_old = settled.map_or(i64::MIN, |settled| settled.min(millis(now)) - kept);
        let cutoff = if used_bytes(&transaction)? > limits.max_bytes {
            i64::MAX
        } else {
            too_old
        };
        // The oldest rows are those with the lowest numbers; by number no index is searched.
        let oldest = |table: &str| {
            let sql = format!("SELECT min(seq) FROM {table}");
            transaction.query_row(&sql, [], |row| row.get::<_, Option<i64>>(0))
        };
        let mut removed = 0;
        if let Some(first) = oldest("cycle")? {
            let batch = params![first + BATCH - 1, cutoff];
            transaction
                .prepare_cached(
                    "DELETE FROM step WHERE cycle IN (SELECT seq FROM cycle NOT INDEXED
                     WHERE seq <= ?1 AND started_at < ?2 AND outcome IS NOT NULL)",
                )?
                .execute(batch)?;
            removed = transaction
                .prepare_cached(
                    "DELETE FROM cycle NOT INDEXED
                     WHERE seq <= ?1 AND started_at < ?2 AND outcome IS NOT NULL",
                )?
                .execute(batch)?;
        }
        if let Some(first) = oldest("event")? {
            transaction
                .prepare_cached(
                    "DELETE FROM event WHERE (seq <= ?1 AND at < ?2)
                     OR seq <= (SELECT max(seq) FROM event) - ?3",
                )?
                .execute(params![first + BATCH - 1, too_old, KEEP_EVENTS])?;
        }
        crate::areas::forget(&transaction, too_old)?;
        transaction.commit()?;
        Ok(removed as u64)
    }
}

fn inode(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|meta| meta.ino())
}

/// Bytes in use; pages that pruning freed are used again before the file grows.
fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name: &str| {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0))
    };
    let used = (pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?;
    Ok(u64::try_from(used).unwrap_or(0))
}

fn count(transaction: &Transaction<'_>, name: &str, by: u64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO total (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        )?
        .execute(params![name, signed(by)])?;
    Ok(())
}

/// Closes the rows that a dead orchestrator left open. Its end is not known; the last sign of life is.
fn mark_crashed(connection: &mut Connection) -> rusqlite::Result<u64> {
    let transaction = connection.transaction()?;
    let crashed = transaction.execute(
        "UPDATE cycle SET outcome = 'crashed',
           ended_at = coalesce((SELECT max(started_at + coalesce(wall_ms, 0)) FROM step
                                WHERE step.cycle = cycle.seq), started_at),
           failed_step = (SELECT name FROM step WHERE step.cycle = cycle.seq AND outcome IS NULL
                          ORDER BY position DESC LIMIT 1),
           message = 'the orchestrator died during this cycle'
         WHERE outcome IS NULL",
        [],
    )?;
    if crashed > 0 {
        transaction.execute(
            "UPDATE step SET outcome = 'crashed' WHERE outcome IS NULL AND cycle IN
             (SELECT seq FROM cycle WHERE outcome = 'crashed' ORDER BY seq DESC LIMIT ?1)",
            params![crashed as i64],
        )?;
        count(
            &transaction,
            CycleOutcome::Crashed.counter(),
            crashed as u64,
        )?;
    }
    transaction.commit()?;
    Ok(crashed as u64)
}

fn whole_millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

/// SQLite's integers are signed; no count of ours comes near the limit.
fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
