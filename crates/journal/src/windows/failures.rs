//! What went wrong last, step by step.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use crate::reader::{CYCLE, Cycle, Reader, Step, cycle};
use crate::record::instant;
use crate::schema::JournalError;

/// The newest bad cycles from two walks backwards through the index, which are merged and end together: asked
/// for both outcomes at once, SQLite sorts the bad cycles of all time.
const LAST_FAILURES: &str = "SELECT position, max(cycle) FROM step WHERE cycle IN
    (SELECT seq FROM cycle WHERE outcome = 'failed' UNION ALL
     SELECT seq FROM cycle WHERE outcome = 'crashed' ORDER BY seq DESC LIMIT ?1)
    AND outcome NOT IN ('ok', 'not_run', 'cancelled') GROUP BY position ORDER BY position";

impl Reader {
    /// For each step that ended badly in the newest `cycles` bad cycles: the newest of those cycles, and how
    /// the step ended in it; in the order of the steps' places.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn last_failures(&self, cycles: u32) -> Result<Vec<(Cycle, Step)>, JournalError> {
        let mut statement = self.connection.prepare_cached(LAST_FAILURES)?;
        let rows = statement.query_map(params![cycles], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let places: Vec<(u32, i64)> = rows.collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        for (position, seq) in places {
            let sql = format!("SELECT {CYCLE} FROM cycle WHERE seq = ?1");
            let mut statement = self.connection.prepare_cached(&sql)?;
            let Some(cycle) = statement.query_row(params![seq], cycle).optional()? else {
                continue;
            };
            let steps = self.steps(&cycle)?;
            let step = steps.into_iter().find(|step| step.position == position);
            found.extend(step.map(|step| (cycle, step)));
        }
        Ok(found)
    }

    /// When the cycle after this one began; none if it is the newest.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn next_start(&self, cycle: &Cycle) -> Result<Option<DateTime<Utc>>, JournalError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT started_at FROM cycle WHERE seq > ?1 ORDER BY seq LIMIT 1")?;
        let found = statement.query_row(params![cycle.seq], |row| Ok(instant(row.get(0)?)));
        Ok(found.optional()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::CycleOutcome;
    use crate::writer::Journal;
    use rusqlite::Connection;

    #[test]
    fn the_newest_bad_cycles_of_both_kinds_are_searched_and_no_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        drop(Journal::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        let add = |seq: i64, cycle: CycleOutcome, steps: &[&str]| {
            let sql =
                "INSERT INTO cycle (seq, id, started_at, outcome) VALUES (?1, 'c' || ?1, ?1, ?2)";
            connection
                .execute(sql, params![seq, cycle.as_str()])
                .unwrap();
            for (at, outcome) in steps.iter().enumerate() {
                let sql = "INSERT INTO step (cycle, position, name, outcome, exit_code)
                    VALUES (?1, ?2, 'step' || ?2, ?3, 65)";
                connection
                    .execute(sql, params![seq, at as i64 + 1, outcome])
                    .unwrap();
            }
        };
        add(1, CycleOutcome::Failed, &["ok", "ok", "failed"]);
        add(2, CycleOutcome::Crashed, &["ok", "crashed"]);
        add(3, CycleOutcome::Failed, &["failed", "not_run"]);
        add(4, CycleOutcome::Ok, &["ok", "ok", "ok"]);
        add(5, CycleOutcome::Crashed, &["crashed"]);
        let reader = Reader::open(&path).unwrap();
        let found = |cycles| {
            let found = reader.last_failures(cycles).unwrap().into_iter();
            found
                .map(|(cycle, step)| (step.position, cycle.seq))
                .collect::<Vec<_>>()
        };
        assert_eq!(found(4), [(1, 5), (2, 2), (3, 1)]);
        assert_eq!(found(3), [(1, 5), (2, 2)]);
        assert_eq!(found(2), [(1, 5)]);
        assert_eq!(found(0), []);
        let sql = format!("EXPLAIN QUERY PLAN {LAST_FAILURES}");
        let mut statement = reader.connection.prepare(&sql).unwrap();
        let plan = statement.query_map([5], |row| row.get::<_, String>(3));
        let plan: Vec<_> = plan.unwrap().collect::<Result<_, _>>().unwrap();
        let walk = "SEARCH cycle USING COVERING INDEX cycle_outcome (outcome=?)";
        assert_eq!(plan.iter().filter(|step| *step == walk).count(), 2);
        let sorts = |step: &&String| step.contains("FOR ORDER BY") || step.contains("SCAN");
        assert_eq!(plan.iter().find(sorts), None, "{plan:?}");
    }
}
