//! The file itself: its tables, opening it to write, and what happens to one that can't be used.
//!
//! The record is worth having but not worth a standstill: a file that is corrupt, or of a version
//! that this program does not know, is moved aside (the newest few of those are kept) and a new one
//! begun. Only what a person must put right (permissions, a full disk) is an error.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::Utc;
use rusqlite::{Connection, ErrorCode};

/// The version of the tables below, as `user_version`.
pub(crate) const VERSION: i64 = 4;

/// The oldest version that is read as it is: health may look before the orchestrator has brought the file to ours.
const OLDEST_READ: i64 = 3;

/// How many files that could not be used are kept.
const KEEP_ASIDE: usize = 3;

const TABLES: &str = "
CREATE TABLE cycle (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    outcome     TEXT,
    failed_step TEXT,
    matches     INTEGER,
    wall_ms     INTEGER,
    message     TEXT,
    scheduled_at INTEGER,
    overrun_ms  INTEGER,
    fetched_at  INTEGER,
    with_odds   INTEGER,
    fetch       TEXT,
    data_bytes  INTEGER,
    disk_free   INTEGER
);
CREATE INDEX cycle_started ON cycle (started_at, outcome);
CREATE INDEX cycle_outcome ON cycle (outcome, seq);
CREATE TABLE step (
    cycle      INTEGER NOT NULL REFERENCES cycle (seq),
    position   INTEGER NOT NULL,
    name       TEXT NOT NULL,
    started_at INTEGER,
    outcome    TEXT,
    exit_code  INTEGER,
    wall_ms    INTEGER,
    bytes_out  INTEGER,
    matches    INTEGER,
    message    TEXT,
    attempts   INTEGER,
    max_rss    INTEGER,
    cpu_ms     INTEGER,
    leaked     INTEGER,
    records_in INTEGER,
    rejected   TEXT,
    PRIMARY KEY (cycle, position)
) WITHOUT ROWID;
CREATE TABLE event (
    seq  INTEGER PRIMARY KEY,
    at   INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX event_kind ON event (kind, seq);
CREATE TABLE total (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE area (
    hour    INTEGER PRIMARY KEY,
    outputs INTEGER NOT NULL,
    logs    INTEGER NOT NULL,
    state   INTEGER NOT NULL,
    rest    INTEGER NOT NULL
);
PRAGMA user_version = 4;
";

/// From version 1 to 2: columns for what a cycle fetched and left on the disk, and what a step cost.
const FROM_1: &str = "
ALTER TABLE cycle ADD COLUMN scheduled_at INTEGER;
ALTER TABLE cycle ADD COLUMN overrun_ms INTEGER;
ALTER TABLE cycle ADD COLUMN fetched_at INTEGER;
ALTER TABLE cycle ADD COLUMN with_odds INTEGER;
ALTER TABLE cycle ADD COLUMN fetch TEXT;
ALTER TABLE cycle ADD COLUMN data_bytes INTEGER;
ALTER TABLE cycle ADD COLUMN disk_free INTEGER;
ALTER TABLE step ADD COLUMN attempts INTEGER;
ALTER TABLE step ADD COLUMN max_rss INTEGER;
ALTER TABLE step ADD COLUMN cpu_ms INTEGER;
ALTER TABLE step ADD COLUMN leaked INTEGER;
PRAGMA user_version = 2;
";

/// From version 2 to 3: columns for what went into a step and what it left out.
const FROM_2: &str = "
ALTER TABLE step ADD COLUMN records_in INTEGER;
ALTER TABLE step ADD COLUMN rejected TEXT;
PRAGMA user_version = 3;
";

/// From version 3 to 4: what each area of the data directory held, once an hour.
const FROM_3: &str = "
CREATE TABLE area (hour INTEGER PRIMARY KEY, outputs INTEGER NOT NULL, logs INTEGER NOT NULL,
    state INTEGER NOT NULL, rest INTEGER NOT NULL);
PRAGMA user_version = 4;
";

/// Touches every table and column that we read, so that a foreign or torn file shows at once.
const PROBE: &str = "
SELECT seq, id, started_at, ended_at, outcome, failed_step, matches, wall_ms, message, scheduled_at, overrun_ms, fetched_at, with_odds, fetch, data_bytes, disk_free FROM cycle ORDER BY seq DESC LIMIT 1;
SELECT cycle, position, name, started_at, outcome, exit_code, wall_ms, bytes_out, matches, message, attempts, max_rss, cpu_ms, leaked, records_in, rejected FROM step LIMIT 1;
SELECT seq, at, kind, text FROM event ORDER BY seq DESC LIMIT 1;
SELECT name, value FROM total;
";

/// The same for what version 4 added.
const PROBE_4: &str = "SELECT hour, outputs, logs, state, rest FROM area LIMIT 1;";

/// Why the journal can't be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// There is no file.
    #[error("there is no journal at `{}`", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is not one of ours, or of a later version.
    #[error("the journal `{}` is of version {found}, this program knows {VERSION}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// The folder or the file can't be made, moved or read.
    #[error("failed to use the journal `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// What SQLite says.
    #[error("failed to use the journal: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

impl JournalError {
    /// Whether the file is damaged or not ours, so that only another file helps.
    pub fn unusable_file(&self) -> bool {
        match self {
            JournalError::Foreign { .. } => true,
            JournalError::Sqlite(why) => matches!(
                why.sqlite_error_code(),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
            ),
            JournalError::Missing { .. } | JournalError::Io { .. } => false,
        }
    }
}

/// What was found when the journal was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Where a file that could not be used was moved, and why.
    pub moved_aside: Option<(PathBuf, String)>,
    /// Cycles that a dead orchestrator had left open; they are now marked as crashed.
    pub crashed: u64,
}

/// Opens the file to write, makes its tables if it is new, moves it aside if it can't be used.
pub(crate) fn open_or_replace(path: &Path) -> Result<(Connection, Opened), JournalError> {
    let io_error = |source| JournalError::Io {
        path: path.to_path_buf(),
        source,
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(io_error)?;
    }
    match open(path) {
        Err(why) if why.unusable_file() => {
            let aside = move_aside(path).map_err(io_error)?;
            let opened = Opened {
                moved_aside: Some((aside, why.to_string())),
                ..Opened::default()
            };
            Ok((open(path)?, opened))
        }
        result => Ok((result?, Opened::default())),
    }
}

fn open(path: &Path) -> Result<Connection, JournalError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    // No sync for each commit: a power cut may cost the last rows, never the file.
    // The limits keep memory and the write-ahead file small; one row at a time needs no more.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256;
         PRAGMA journal_size_limit = 1048576; PRAGMA wal_autocheckpoint = 200;",
    )?;
    let version = version(&connection)?;
    if version == 0 && tables(&connection)? == 0 {
        connection.execute_batch(&format!("BEGIN; {TABLES} COMMIT;"))?;
    } else {
        let version = match version {
            1 => upgrade(&connection, path, 1, &[FROM_1, FROM_2, FROM_3])?,
            2 => upgrade(&connection, path, 2, &[FROM_2, FROM_3])?,
            3 => upgrade(&connection, path, 3, &[FROM_3])?,
            other => other,
        };
        check(&connection, path, version)?;
    }
    Ok(connection)
}

/// Brings a file of version `found` to this version by `changes`; one that only claims to be of it is foreign.
fn upgrade(
    connection: &Connection,
    path: &Path,
    found: i64,
    changes: &[&str],
) -> Result<i64, JournalError> {
    match connection.execute_batch(&format!("BEGIN; {} COMMIT;", changes.concat())) {
        Ok(()) => Ok(VERSION),
        Err(why) => {
            if !connection.is_autocommit() {
                connection.execute_batch("ROLLBACK")?;
            }
            match why.sqlite_error_code() {
                Some(ErrorCode::Unknown) => Err(JournalError::Foreign {
                    path: path.to_path_buf(),
                    found,
                }),
                _ => Err(why.into()),
            }
        }
    }
}

/// Checks that the file has our tables.
pub(crate) fn check(
    connection: &Connection,
    path: &Path,
    version: i64,
) -> Result<(), JournalError> {
    let foreign = || JournalError::Foreign {
        path: path.to_path_buf(),
        found: version,
    };
    if !(OLDEST_READ..=VERSION).contains(&version) {
        return Err(foreign());
    }
    let added = (version >= 4).then_some(PROBE_4);
    for query in PROBE.trim().lines().chain(added) {
        let result = connection
            .prepare(query)
            .and_then(|mut statement| statement.query([])?.next().map(drop));
        match result {
            // The version is ours but a table or a column is not there.
            Err(rusqlite::Error::SqlInputError { .. }) => return Err(foreign()),
            Err(rusqlite::Error::SqliteFailure(why, _)) if why.code == ErrorCode::Unknown => {
                return Err(foreign());
            }
            result => result?,
        }
    }
    Ok(())
}

pub(crate) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

pub(crate) fn tables(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

/// Renames the file (with its write-ahead companions) to `NAME.corrupt-TIME` and removes the oldest of those.
fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let stamp = Utc::now().format("%Y%m%dT%H%M%S%3f");
    let beside = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let aside = beside(&format!(".corrupt-{stamp}"));
    fs::rename(path, &aside)?;
    for companion in ["-wal", "-shm"] {
        let mut to = aside.as_os_str().to_owned();
        to.push(companion);
        match fs::rename(beside(companion), to) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
    }
    forget_old_ones(path);
    Ok(aside)
}

/// Best effort: a file too many is no reason to stop.
fn forget_old_ones(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return;
    };
    let prefix = format!("{}.corrupt-", name.to_string_lossy());
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut aside: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            name.starts_with(&prefix) && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .collect();
    // The time in the name sorts.
    aside.sort_unstable();
    let surplus = aside.len().saturating_sub(KEEP_ASIDE);
    for name in aside.into_iter().take(surplus) {
        for companion in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(folder.join(format!("{name}{companion}")));
        }
    }
}
