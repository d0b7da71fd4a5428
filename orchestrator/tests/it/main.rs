//! The orchestrator as a whole: the real program with small shell scripts for steps. Every test says
//! what a user loses when it fails, and ends by itself.

#![expect(
    clippy::unwrap_used,
    reason = "a test may say unwrap: its panic is its report"
)]

mod accepted;
mod alone;
mod backoffs;
mod check;
mod console;
mod control;
mod crash;
mod cycles;
mod faults;
mod life;
mod output;
mod sandbox;
mod schedule;
mod sinks;
mod stopping;
mod support;
mod systemd;
mod terminal;
