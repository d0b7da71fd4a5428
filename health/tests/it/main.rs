//! health as a whole, on data directories that are made for the purpose.

#![expect(
    clippy::unwrap_used,
    reason = "a test may say unwrap: its panic is its report"
)]

mod commands;
mod delivery;
mod escapes;
mod expected;
mod life;
mod place;
mod reading;
mod server;
mod shape;
mod silencing;
mod situations;
mod troubles;
mod trust;
mod verdicts;
mod watcher;
mod watching;
