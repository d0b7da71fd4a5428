//! What happened beside the cycles: starts, stops, skipped starts, remarks.

use chrono::{DateTime, Utc};
use rusqlite::{OptionalExtension, params};

use super::{Event, Reader};
use crate::record::{EventKind, instant};
use crate::schema::JournalError;

impl Reader {
    /// The newest event of these kinds.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn newest_event(&self, kinds: &[EventKind]) -> Result<Option<Event>, JournalError> {
        let mut statement = self
            .connection
            .prepare("SELECT seq, at, text FROM event WHERE kind = ?1 ORDER BY seq DESC LIMIT 1")?;
        let mut newest: Option<(i64, Event)> = None;
        for kind in kinds {
            let found = statement
                .query_row(params![kind.as_str()], |row| {
                    let event = Event {
                        at: instant(row.get(1)?),
                        kind: *kind,
                        text: row.get(2)?,
                    };
                    Ok((row.get(0)?, event))
                })
                .optional()?;
            if let Some((seq, event)) = found
                && newest.as_ref().is_none_or(|(other, _)| seq > *other)
            {
                newest = Some((seq, event));
            }
        }
        Ok(newest.map(|(_, event)| event))
    }

    /// The newest events of all kinds, newest first.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn events(&self, limit: u32) -> Result<Vec<Event>, JournalError> {
        let mut statement = self
            .connection
            .prepare("SELECT at, kind, text FROM event ORDER BY seq DESC LIMIT ?1")?;
        let rows = statement.query_map(params![limit], |row| {
            Ok(Event {
                at: instant(row.get(0)?),
                kind: EventKind::from_word(&row.get::<_, String>(1)?).unwrap_or(EventKind::Note),
                text: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
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
