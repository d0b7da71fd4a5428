//! What went wrong last, step by step.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use crate::reader::{CYCLE, Cycle, Reader, Step, cycle};
use crate::record::instant;
use crate::schema::JournalError;

impl Reader {
    /// For each step that ended badly in the newest `cycles` bad cycles: the newest of those cycles, and how
    /// the step ended in it; in the order of the steps' places.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn last_failures(&self, cycles: u32) -> Result<Vec<(Cycle, Step)>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT position, max(cycle) FROM step WHERE cycle IN
             (SELECT seq FROM cycle WHERE outcome IN ('failed', 'crashed') ORDER BY seq DESC LIMIT ?1)
             AND outcome NOT IN ('ok', 'not_run', 'cancelled') GROUP BY position ORDER BY position",
        )?;
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
