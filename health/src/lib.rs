//! Report what is wrong, since when, why, and what to do.
//!
//! [`facts`] gathers what can be seen from outside (the orchestrator's lock, its journal, the files,
//! the host), [`verdict`] judges it, [`report`] and [`json`] show it. Nothing here needs the
//! orchestrator alive, writes anything, or takes a lock; what can't be read is said to be unknown.

pub mod cli;
pub mod facts;
pub mod host;
pub mod json;
pub mod look;
pub mod monitor;
pub mod product;
pub mod report;
pub mod unit;
pub mod verdict;
pub mod words;
