//! What each area of the data directory held, once an hour: a year of it is some hundred kilobytes, and what
//! grows shows over days.

use chrono::{DateTime, Utc};
use rusqlite::{Row, Transaction, params};

use crate::reader::{Reader, optional};
use crate::record::{instant, millis};
use crate::schema::{self, JournalError};
use crate::writer::Journal;

/// An hour in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// What the areas of the data directory hold, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// The JSON files of the steps.
    pub outputs: u64,
    /// The day logs.
    pub logs: u64,
    /// `state/`: this journal above all.
    pub state: u64,
    /// Everything else, the match log above all.
    pub rest: u64,
}

impl Areas {
    /// Each with its name.
    pub const fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("outputs", self.outputs),
            ("logs", self.logs),
            ("state", self.state),
            ("rest", self.rest),
        ]
    }
}

impl Journal {
    /// Records what the areas hold, unless that is recorded of this hour already.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn areas(&self, at: DateTime<Utc>, areas: &Areas) -> Result<(), JournalError> {
        let [outputs, logs, state, rest] = areas
            .named()
            .map(|(_, bytes)| i64::try_from(bytes).unwrap_or(i64::MAX));
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO area (hour, outputs, logs, state, rest) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                millis(at).div_euclid(HOUR_MS),
                outputs,
                logs,
                state,
                rest
            ])?;
        Ok(())
    }
}

impl Reader {
    /// What the areas held from `since` to `until`, oldest first, by the beginning of the hour; nothing in a
    /// file of a version that did not record it. Who asks for the newest says `until` now: an hour that was
    /// recorded while the clock was ahead is none of them.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn areas(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<(DateTime<Utc>, Areas)>, JournalError> {
        if schema::version(&self.connection)? < 4 {
            return Ok(Vec::new());
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT hour, outputs, logs, state, rest FROM area
             WHERE hour >= ?1 AND hour <= ?2 ORDER BY hour",
        )?;
        let bytes = |row: &Row<'_>, column| -> rusqlite::Result<u64> {
            Ok(optional(row, column)?.unwrap_or(0))
        };
        let hours = params![
            millis(since).div_euclid(HOUR_MS),
            millis(until).div_euclid(HOUR_MS)
        ];
        let rows = statement.query_map(hours, |row| {
            let areas = Areas {
                outputs: bytes(row, 1)?,
                logs: bytes(row, 2)?,
                state: bytes(row, 3)?,
                rest: bytes(row, 4)?,
            };
            Ok((
                instant(row.get::<_, i64>(0)?.saturating_mul(HOUR_MS)),
                areas,
            ))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// Forgets what was recorded before `too_old`, in milliseconds since 1970.
pub(crate) fn forget(transaction: &Transaction<'_>, too_old: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM area WHERE hour < ?1")?
        .execute(params![too_old / HOUR_MS])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::Limits;
    use chrono::TimeDelta;
    use rusqlite::Connection;

    fn held(state: u64) -> Areas {
        Areas {
            outputs: 7_000_000,
            logs: 500,
            state,
            rest: 20,
        }
    }

    #[test]
    fn an_hour_is_recorded_once_comes_back_and_is_forgotten_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let (mut journal, _) = Journal::open(&path).unwrap();
        let begun = DateTime::from_timestamp(1_795_000_000 / 3600 * 3600, 0).unwrap();
        for minute in [0, 10, 59, 60, 61] {
            let at = begun + TimeDelta::minutes(minute);
            journal.areas(at, &held(minute as u64)).unwrap();
        }
        let forever = DateTime::<Utc>::MAX_UTC;
        let all = |since| Reader::open(&path).unwrap().areas(since, forever).unwrap();
        let next = begun + TimeDelta::hours(1);
        assert_eq!(all(begun), [(begun, held(0)), (next, held(60))]);
        assert_eq!(all(next), [(next, held(60))]);
        // The clock was three years ahead for a while.
        let ahead = next + TimeDelta::days(3 * 365);
        journal.areas(ahead, &held(99)).unwrap();
        let reader = Reader::open(&path).unwrap();
        let until = |until| reader.areas(begun, until).unwrap();
        assert_eq!(until(begun), [(begun, held(0))]);
        let now = next + TimeDelta::minutes(5);
        assert_eq!(until(now), [(begun, held(0)), (next, held(60))]);
        assert_eq!(until(ahead).len(), 3);
        drop(reader);
        let limits = Limits {
            keep_days: 1,
            max_bytes: u64::MAX,
        };
        // A day of cycles a day later, for that is what age is reckoned from.
        let later = next + TimeDelta::days(1);
        for n in 0..=1440 {
            journal.begin_cycle(&format!("c{n}"), later, None).unwrap();
        }
        journal.prune(later, limits).unwrap();
        assert_eq!(all(begun), [(next, held(60)), (ahead, held(99))]);
    }

    #[test]
    fn a_journal_of_the_third_version_is_read_as_it_is_and_goes_on_with_areas() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let (journal, _) = Journal::open(&path).unwrap();
        journal.begin_cycle("old", Utc::now(), None).unwrap();
        drop(journal);
        Connection::open(&path)
            .unwrap()
            .execute_batch("DROP TABLE area; PRAGMA user_version = 3;")
            .unwrap();
        let long_ago = DateTime::UNIX_EPOCH;
        let reader = Reader::open(&path).unwrap();
        assert_eq!(reader.newest(5).unwrap()[0].id, "old");
        assert_eq!(reader.areas(long_ago, Utc::now()).unwrap(), []);
        drop(reader);
        let (journal, opened) = Journal::open(&path).unwrap();
        assert_eq!((opened.moved_aside, opened.crashed), (None, 1));
        journal.areas(Utc::now(), &held(1)).unwrap();
        let reader = Reader::open(&path).unwrap();
        assert_eq!(reader.newest(5).unwrap()[0].id, "old");
        assert_eq!(reader.areas(long_ago, Utc::now()).unwrap().len(), 1);
        drop((reader, journal));
        // One that only claims to be of this version is not ours.
        Connection::open(&path)
            .unwrap()
            .execute_batch("DROP TABLE area;")
            .unwrap();
        let why = Reader::open(&path).unwrap_err();
        assert!(why.unusable_file(), "{why}");
    }
}
