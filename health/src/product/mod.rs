//! The product as a table: `step5/step5.json` read into rows that the terminal, the pages and the API
//! show alike, with the movement of their prices from `step1.json` and, for one match, every book and
//! incident from `step2/step2.json`.
//!
//! Nothing is invented: what a file does not say is not shown. Ages go on growing while nobody writes,
//! since they are counted from the fetch and not from the file.

pub mod detail;
mod members;
pub mod order;
pub mod row;
pub mod trail;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use pipeline::handoff::{self, Source};
use pipeline::{DataDir, Envelope, Failure};
use serde::Serialize;

pub use detail::Detail;
pub use members::Places;
pub use order::{Filter, Sort, Which};
pub use row::{Quote, Row, State};
pub use trail::Trail;

/// All matches of one cycle.
#[derive(Clone, Debug, Serialize)]
pub struct Board {
    /// Of `step5.json`.
    #[serde(flatten)]
    pub envelope: Envelope,
    /// When the data stops being fresh; none if the file does not say.
    #[serde(serialize_with = "row::optional_instant")]
    pub fresh_until: Option<DateTime<Utc>>,
    /// Whether the step that wrote the file thought it fresh then.
    #[serde(rename = "fresh")]
    pub was_fresh: bool,
    /// Matches that could not be used.
    pub rejected: usize,
    /// Matches with any odds.
    pub with_odds: usize,
    /// The matches in the file's order.
    pub matches: Vec<Row>,
    /// Where the price histories of a match stand in `step1.json`.
    #[serde(skip)]
    pub histories: Places,
    /// Where its record stands in `step2.json`.
    #[serde(skip)]
    pub records: Places,
}

impl Board {
    /// Reads the product, and the price histories beside it if they can be read.
    ///
    /// # Errors
    /// 66 when the product is missing, 65 when it can't be used.
    pub fn read(data: &DataDir) -> Result<Board, Failure> {
        let source = Source::File(data.output(5));
        let bytes = handoff::read(&source)?;
        let mut board = Board::parse(handoff::text(&bytes, &source)?, &source)?;
        drop(bytes);
        board.histories = trail::add(&mut board, &data.output(1));
        board.records = Places::all(&data.output(2), "matches");
        Ok(board)
    }

    /// The table of a `step5.json`, without histories.
    ///
    /// # Errors
    /// 65 when it is none.
    pub fn parse(text: &str, source: &Source) -> Result<Board, Failure> {
        let envelope = handoff::open(text, source, 5, None)?;
        let output: step5::Output<'_> = handoff::parse(text, source)?;
        let today = envelope.fetched_at.date_naive();
        Ok(Board {
            fresh_until: row::instant(&output.fresh_until),
            was_fresh: output.fresh,
            rejected: output.rejected.len(),
            with_odds: output.statistics.with_odds,
            matches: output
                .matches
                .iter()
                .map(|(_, one)| Row::of(one, today))
                .collect(),
            histories: Places::default(),
            records: Places::default(),
            envelope,
        })
    }

    /// Whether one may act on the data now.
    pub fn fresh(&self, now: DateTime<Utc>) -> bool {
        self.was_fresh && self.fresh_until.is_none_or(|until| now <= until)
    }

    /// Seconds since the provider's answer.
    pub fn age_s(&self, now: DateTime<Utc>) -> i64 {
        (now - self.envelope.fetched_at).num_seconds().max(0)
    }

    /// Matches by phase: live, upcoming, finished, and all others.
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for row in &self.matches {
            let at = match row.phase {
                football::Phase::Live => 0,
                football::Phase::Upcoming => 1,
                football::Phase::Finished => 2,
                _ => 3,
            };
            counts[at] += 1;
        }
        counts
    }

    /// The next kick-off after `now`.
    pub fn next_kickoff(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let upcoming = self
            .matches
            .iter()
            .filter(|row| row.phase == football::Phase::Upcoming);
        upcoming
            .filter_map(|row| row.kickoff)
            .filter(|at| *at > now)
            .min()
    }

    /// The word for data that is not from the provider.
    pub fn not_real(&self) -> Option<&'static str> {
        match self.envelope.provider.as_str() {
            "sandbox" => Some("SIMULATED"),
            "recording" => Some("RECORDED"),
            _ => None,
        }
    }
}

/// A reader that reads again only when the file has changed.
#[derive(Debug, Default)]
pub struct Watched {
    seen: Option<Stamp>,
    held: Option<Arc<Result<Board, Failure>>>,
}

/// By what a changed file is told from an unchanged one: every writer renames a new file into place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    changed: SystemTime,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        Stamp::from(&fs::metadata(path).ok()?)
    }

    fn of_file(file: &fs::File) -> Option<Stamp> {
        Stamp::from(&file.metadata().ok()?)
    }

    fn from(found: &fs::Metadata) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        Some(Stamp {
            changed: found.modified().ok()?,
            bytes: found.len(),
            inode: found.ino(),
        })
    }
}

impl Watched {
    /// The table as it is now.
    pub fn look(&mut self, data: &DataDir) -> Arc<Result<Board, Failure>> {
        let stamp = Stamp::of(&data.output(5));
        match &self.held {
            Some(held) if stamp == self.seen => Arc::clone(held),
            _ => {
                let held = Arc::new(Board::read(data));
                self.seen = stamp;
                self.held = Some(Arc::clone(&held));
                held
            }
        }
    }
}

/// The rows by id.
pub(crate) fn by_id(board: &mut Board) -> HashMap<String, &mut Row> {
    board
        .matches
        .iter_mut()
        .map(|row| (row.id.clone(), row))
        .collect()
}
