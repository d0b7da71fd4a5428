//! The reading side: what health asks. Every question is answered by an index or a counter, so a year
//! of cycles is read as fast as a day.
//!
//! A reader never writes, never waits for the writer, and works for a user who may only read the
//! files. The totals of all time come from counters and not from the rows, which retention removes.

mod events;

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use serde::{Serialize, Serializer};

use crate::fetch::Fetch;
use crate::record::{CycleOutcome, EventKind, StepOutcome, instant, millis};
use crate::schema::{self, JournalError};

/// A journal that is open to read.
#[derive(Debug)]
pub struct Reader {
    pub(crate) connection: Connection,
}

/// Counters of all time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
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
    /// Starts of the orchestrator.
    pub starts: u64,
    /// Cycle starts that fell out because a cycle took too long.
    pub skipped_overlap: u64,
    /// Cycle starts that fell out during a backoff.
    pub skipped_backoff: u64,
    /// Cycle starts that fell out during a pause.
    pub skipped_pause: u64,
    /// Cycle starts that fell out while the machine slept.
    pub skipped_suspend: u64,
    /// Cycle starts that fell out because the disk had too little room.
    pub skipped_disk: u64,
}

impl Totals {
    /// All cycles that ended.
    pub const fn cycles(&self) -> u64 {
        self.ok + self.failed + self.cancelled + self.crashed
    }

    /// The cycles that failed or crashed.
    pub const fn bad(&self) -> u64 {
        self.failed + self.crashed
    }

    /// The share of good ones among those that were not cancelled; none before the first.
    pub fn success_rate(&self) -> Option<f64> {
        let judged = self.ok + self.bad();
        (judged > 0).then(|| self.ok as f64 / judged as f64)
    }
}

/// One cycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cycle {
    /// Its row, by which its steps are found.
    #[serde(skip)]
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; none while it runs.
    pub ended_at: Option<DateTime<Utc>>,
    /// How it ended; none while it runs.
    pub outcome: Option<CycleOutcome>,
    /// The step that failed.
    pub failed_step: Option<String>,
    /// The matches it brought.
    pub matches: Option<u64>,
    /// How long it took.
    #[serde(rename = "wall_s", serialize_with = "seconds")]
    pub wall: Option<Duration>,
    /// Why it failed.
    pub message: Option<String>,
    /// When it was to begin; none if a person asked for it.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// By how much it ran past the next start.
    #[serde(rename = "overrun_s", serialize_with = "seconds")]
    pub overrun: Option<Duration>,
    /// When the provider's live list was fetched.
    pub fetched_at: Option<DateTime<Utc>>,
    /// The matches that have odds.
    pub with_odds: Option<u64>,
    /// What the fetch cost and missed.
    pub fetch: Option<Fetch>,
    /// What the data directory held at its end, in bytes.
    pub data_bytes: Option<u64>,
    /// What its disk still had, in bytes.
    pub disk_free: Option<u64>,
}

/// One step of a cycle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its place in the cycle, from 1.
    pub position: u32,
    /// Its name.
    pub name: String,
    /// When it began; none if it did not run.
    pub started_at: Option<DateTime<Utc>>,
    /// How it ended; none while it runs.
    pub outcome: Option<StepOutcome>,
    /// How long it took.
    #[serde(rename = "wall_s", serialize_with = "seconds")]
    pub wall: Option<Duration>,
    /// The size of its output in bytes.
    pub bytes_out: Option<u64>,
    /// The matches in its output.
    pub matches: Option<u64>,
    /// Why it failed.
    pub message: Option<String>,
    /// How often it was started, the first time included; 0 if it did not run.
    pub attempts: u32,
    /// The most memory that it had resident, in bytes.
    pub max_rss: Option<u64>,
    /// Its processor time.
    #[serde(rename = "cpu_s", serialize_with = "seconds")]
    pub cpu: Option<Duration>,
    /// Whether something that it started held its output open after its end.
    pub leaked: bool,
}

/// Something beside the cycles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// What kind.
    pub kind: EventKind,
    /// In words.
    pub text: String,
}

impl Reader {
    /// Opens the journal at `path` to read. For one look: who looks again later opens it again.
    ///
    /// # Errors
    /// When it is missing, not ours, or can't be read.
    pub fn open(path: &Path) -> Result<Reader, JournalError> {
        if !path.exists() {
            return Err(JournalError::Missing {
                path: path.to_path_buf(),
            });
        }
        // Without a writer the file is opened as one that does not change: an ordinary reader would
        // make the write-ahead companions, leave them behind, and need the right to do so.
        if !companion_exists(path)
            && let Ok(reader) = Reader::connect(path, immutable_uri(path))
        {
            return Ok(reader);
        }
        Reader::connect(path, path)
    }

    fn connect(path: &Path, name: impl AsRef<Path>) -> Result<Reader, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        Reader::checked(Connection::open_with_flags(name, flags)?, path)
    }

    fn checked(connection: Connection, path: &Path) -> Result<Reader, JournalError> {
        connection.busy_timeout(Duration::from_secs(1))?;
        let version = schema::version(&connection)?;
        if version == 0 && schema::tables(&connection)? == 0 {
            // Its writer has made the file and not the tables yet.
            return Err(JournalError::Missing {
                path: path.to_path_buf(),
            });
        }
        schema::check(&connection, path, version)?;
        Ok(Reader { connection })
    }

    /// The counters of all time.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn totals(&self) -> Result<Totals, JournalError> {
        let mut totals = Totals::default();
        let mut statement = self.connection.prepare("SELECT name, value FROM total")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let value = row.get::<_, i64>(1)?.try_into().unwrap_or(0);
            match row.get_ref(0)?.as_str().unwrap_or_default() {
                "cycles_ok" => totals.ok = value,
                "cycles_failed" => totals.failed = value,
                "cycles_cancelled" => totals.cancelled = value,
                "cycles_crashed" => totals.crashed = value,
                "matches" => totals.matches = value,
                "start" => totals.starts = value,
                "skipped_overlap" => totals.skipped_overlap = value,
                "skipped_backoff" => totals.skipped_backoff = value,
                "skipped_pause" => totals.skipped_pause = value,
                "skipped_suspend" => totals.skipped_suspend = value,
                "skipped_disk" => totals.skipped_disk = value,
                _ => {}
            }
        }
        Ok(totals)
    }

    /// How the cycles that began at or after `since` ended (no matches, no starts).
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn since(&self, since: DateTime<Utc>) -> Result<Totals, JournalError> {
        let mut totals = Totals::default();
        let mut statement = self.connection.prepare(
            // Left to itself, SQLite reads the whole index of outcomes.
            "SELECT outcome, count(*) FROM cycle INDEXED BY cycle_started
             WHERE started_at >= ?1 AND outcome IS NOT NULL GROUP BY outcome",
        )?;
        let mut rows = statement.query(params![millis(since)])?;
        while let Some(row) = rows.next()? {
            let value = row.get::<_, i64>(1)?.try_into().unwrap_or(0);
            match CycleOutcome::from_word(row.get_ref(0)?.as_str().unwrap_or_default()) {
                Some(CycleOutcome::Ok) => totals.ok = value,
                Some(CycleOutcome::Failed) => totals.failed = value,
                Some(CycleOutcome::Cancelled) => totals.cancelled = value,
                Some(CycleOutcome::Crashed) => totals.crashed = value,
                None => {}
            }
        }
        Ok(totals)
    }

    /// The newest cycles, newest first, the running one included.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn newest(&self, limit: u32) -> Result<Vec<Cycle>, JournalError> {
        let sql = format!("SELECT {CYCLE} FROM cycle ORDER BY seq DESC LIMIT ?1");
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map(params![limit], cycle)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The newest cycle that ended so.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn newest_that(&self, outcome: CycleOutcome) -> Result<Option<Cycle>, JournalError> {
        let sql = format!("SELECT {CYCLE} FROM cycle WHERE outcome = ?1 ORDER BY seq DESC LIMIT 1");
        let mut statement = self.connection.prepare(&sql)?;
        Ok(statement
            .query_row(params![outcome.as_str()], cycle)
            .optional()?)
    }

    /// Failures since the last good cycle.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn failures_in_a_row(&self) -> Result<u32, JournalError> {
        Ok(failures_in_a_row(&self.connection)?)
    }

    /// The steps of a cycle in their order.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn steps(&self, cycle: &Cycle) -> Result<Vec<Step>, JournalError> {
        let mut statement = self.connection.prepare(
            "SELECT position, name, started_at, outcome, exit_code, wall_ms, bytes_out, matches,
             message, attempts, max_rss, cpu_ms, leaked FROM step WHERE cycle = ?1 ORDER BY position",
        )?;
        let rows = statement.query_map(params![cycle.seq], |row| {
            let word: Option<String> = row.get(3)?;
            let code: Option<i32> = row.get(4)?;
            Ok(Step {
                position: row.get(0)?,
                name: row.get(1)?,
                started_at: row.get::<_, Option<i64>>(2)?.map(instant),
                outcome: word.and_then(|word| StepOutcome::from_columns(&word, code)),
                wall: optional(row, 5)?.map(Duration::from_millis),
                bytes_out: optional(row, 6)?,
                matches: optional(row, 7)?,
                message: row.get(8)?,
                attempts: row.get::<_, Option<u32>>(9)?.unwrap_or(0),
                max_rss: optional(row, 10)?,
                cpu: optional(row, 11)?.map(Duration::from_millis),
                leaked: row.get::<_, Option<bool>>(12)?.unwrap_or(false),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

pub(crate) const CYCLE: &str = "seq, id, started_at, ended_at, outcome, failed_step, matches, wall_ms, message, scheduled_at, \
     overrun_ms, fetched_at, with_odds, fetch, data_bytes, disk_free";

/// A length of time as programs read it: seconds with a fraction.
fn seconds<S: Serializer>(length: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    length
        .map(|length| length.as_secs_f64())
        .serialize(serializer)
}

pub(crate) fn cycle(row: &Row<'_>) -> rusqlite::Result<Cycle> {
    let outcome: Option<String> = row.get(4)?;
    Ok(Cycle {
        seq: row.get(0)?,
        id: row.get(1)?,
        started_at: instant(row.get(2)?),
        ended_at: row.get::<_, Option<i64>>(3)?.map(instant),
        outcome: outcome.and_then(|word| CycleOutcome::from_word(&word)),
        failed_step: row.get(5)?,
        matches: optional(row, 6)?,
        wall: optional(row, 7)?.map(Duration::from_millis),
        message: row.get(8)?,
        scheduled_at: row.get::<_, Option<i64>>(9)?.map(instant),
        overrun: optional(row, 10)?.map(Duration::from_millis),
        fetched_at: row.get::<_, Option<i64>>(11)?.map(instant),
        with_odds: optional(row, 12)?,
        // A figure that can't be read is no reason to hide the cycle.
        fetch: row
            .get::<_, Option<String>>(13)?
            .and_then(|text| serde_json::from_str(&text).ok()),
        data_bytes: optional(row, 14)?,
        disk_free: optional(row, 15)?,
    })
}

/// SQLite's integers are signed; a negative one is none of ours.
pub(crate) fn optional(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    let value: Option<i64> = row.get(column)?;
    Ok(value.and_then(|n| u64::try_from(n).ok()))
}

pub(crate) fn failures_in_a_row(connection: &Connection) -> rusqlite::Result<u32> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM cycle WHERE outcome = 'failed' AND seq >
             coalesce((SELECT max(seq) FROM cycle WHERE outcome = 'ok'), 0)",
        )?
        .query_row([], |row| row.get(0))
}

fn companion_exists(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    Path::new(&name).exists()
}

/// `file:/path?immutable=1` with what a URI gives a meaning to escaped.
fn immutable_uri(path: &Path) -> String {
    let path = path
        .to_string_lossy()
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    format!("file:{path}?immutable=1")
}
