//! What happened: cycles and steps, in SQLite; written by the orchestrator, read by health.
//!
//! One file, one writer (the holder of the [`lock`]), any number of readers that never disturb it:
//! write-ahead logging lets them read while it writes, and the lock is only looked at, never tried.
//! What must outlive retention (how many cycles ever, how many matches) stands in counters of its own.
//! Nothing here decides anything: no schedule, no verdict, no words for people.

mod areas;
pub mod control;
pub mod fetch;
pub mod lock;
pub mod reader;
pub mod record;
mod records;
mod schema;
pub mod windows;
pub mod writer;

pub use areas::Areas;
pub use fetch::{Cost, Fetch};
pub use reader::Reader;
pub use record::{CycleOutcome, EventKind, StepOutcome};
pub use records::Records;
pub use schema::{JournalError, Opened};
pub use writer::{CycleKey, Journal};
