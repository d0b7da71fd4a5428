//! What went into a step and what it left out.

use std::collections::BTreeMap;

use rusqlite::params;

use crate::reader::{Cycle, Reader, optional};
use crate::schema::JournalError;
use crate::writer::{CycleKey, Journal};

/// The matches that a run of a step got, and those that it left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Matches that it got.
    pub received: Option<u64>,
    /// Matches that it could not use, by why: few words that do not change (`duplicate`), no sentences. None
    /// is a step that leaves nothing out, or did not say.
    pub rejected: Option<BTreeMap<String, u64>>,
}

impl Journal {
    /// Records what went into the step at `position` and what it left out. The step's row is there already.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn step_records(
        &self,
        cycle: CycleKey,
        position: u32,
        records: &Records,
    ) -> Result<(), JournalError> {
        let rejected = records.rejected.as_ref();
        self.connection
            .prepare_cached(
                "UPDATE step SET records_in = ?3, rejected = ?4 WHERE cycle = ?1 AND position = ?2",
            )?
            .execute(params![
                cycle.0,
                position,
                records.received.and_then(|n| i64::try_from(n).ok()),
                rejected.and_then(|rejected| serde_json::to_string(rejected).ok()),
            ])?;
        Ok(())
    }
}

impl Reader {
    /// What went into the steps of a cycle and what they left out, by their places.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn records(&self, cycle: &Cycle) -> Result<BTreeMap<u32, Records>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT position, records_in, rejected FROM step
             WHERE cycle = ?1 AND (records_in IS NOT NULL OR rejected IS NOT NULL)",
        )?;
        let rows = statement.query_map(params![cycle.seq], |row| {
            let rejected: Option<String> = row.get(2)?;
            let records = Records {
                received: optional(row, 1)?,
                // A figure that can't be read is no reason to hide the others.
                rejected: rejected.and_then(|text| serde_json::from_str(&text).ok()),
            };
            Ok((row.get(0)?, records))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;
    use rusqlite::Connection;

    #[test]
    fn a_journal_of_the_second_version_goes_on_and_keeps_what_went_in_and_was_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let (journal, _) = Journal::open(&path).unwrap();
        let key = journal.begin_cycle("old", Utc::now(), None).unwrap();
        journal.begin_step(key, 1, "step1", Utc::now()).unwrap();
        drop(journal);
        Connection::open(&path)
            .unwrap()
            .execute_batch(
                "ALTER TABLE step DROP COLUMN records_in; ALTER TABLE step DROP COLUMN rejected;
                 DROP TABLE area;
                 PRAGMA user_version = 2;",
            )
            .unwrap();
        let (journal, opened) = Journal::open(&path).unwrap();
        assert_eq!((opened.moved_aside, opened.crashed), (None, 1));
        let key = journal.begin_cycle("new", Utc::now(), None).unwrap();
        for position in 1..=3 {
            journal
                .begin_step(key, position, &format!("step{position}"), Utc::now())
                .unwrap();
        }
        let records = Records {
            received: Some(3),
            rejected: Some(BTreeMap::from([("duplicate".to_owned(), 2)])),
        };
        journal.step_records(key, 2, &records).unwrap();
        let reader = Reader::open(&path).unwrap();
        let cycles = reader.newest(5).unwrap();
        let ids: Vec<_> = cycles.iter().map(|cycle| cycle.id.as_str()).collect();
        assert_eq!(ids, ["new", "old"]);
        let found = reader.records(&cycles[0]).unwrap();
        assert_eq!(found, BTreeMap::from([(2, records)]));
        assert!(reader.records(&cycles[1]).unwrap().is_empty());
    }
}
