//! health as a whole, on data directories that are made for the purpose.

#![expect(
    clippy::unwrap_used,
    reason = "a test may say unwrap: its panic is its report"
)]

mod delivery;
mod place;
mod server;
mod shape;
mod situations;
mod verdicts;
mod watcher;
mod watching;
