//! Report what is wrong, since when, why, and what to do.
//!
//! [`facts`] gathers what can be seen from outside (the orchestrator's lock, its journal, the files,
//! the host), [`verdict`] judges it, [`alerts`] judges it over time, [`report`] and [`json`] show it.
//! Nothing here needs the orchestrator alive, and looking changes nothing; what can't be read is said
//! to be unknown.

pub mod alerts;
pub mod cli;
pub mod explain;
pub mod facts;
pub mod json;
pub mod logs;
pub mod look;
pub mod monitor;
pub mod product;
pub mod report;
pub mod serve;
pub mod sinks;
pub mod tail;
pub mod trace;
pub mod verdict;
pub mod watch;
pub mod words;
