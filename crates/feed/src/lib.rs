//! The provider's wire format: envelope and its errors, code tables, score and odds tuples.
//!
//! Everything is read leniently: the provider sends a string for a number, an object for a list, `""`,
//! `0`, `-1` or nothing where it has no data. What can be understood is understood and counted as an
//! [`Anomalies`] entry; what can't becomes "no data". No network and no policy here.
//!
//! Sources: the vendor's documents, and one cycle as the provider sent it, measured field by field
//! (`docs/ARCHITECTURE.md`, "The feed").

pub mod codes;
pub mod endpoint;
pub mod envelope;
pub mod index;
pub mod json;
pub mod odds;
pub mod odds_live;
pub mod row;
pub mod score;

pub use envelope::FeedError;
pub use json::{Cursor, Fault};
pub use odds::Tick;
pub use row::{Anomalies, Row};
