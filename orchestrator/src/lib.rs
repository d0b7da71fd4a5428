//! The supervisor: schedule, child, shutdown, backoff, day log.
//!
//! One thread does it all (a second one only sees signals, and each end of the [`console`] has one that
//! may wait). The loop in [`rounds`] waits for the next
//! tick of the [`schedule`] or for a request ([`signals`], [`ask`]), runs a [`cycle`] of steps, each a
//! [`process`] of its own whose life is in [`child`], and records what happened ([`record`], and the
//! [`daylog`] behind the [`logger`]). Wherever it waits the [`pulse`] beats. Nothing that is started is
//! lost: the [`family`] is written down, swept, and ended by whoever comes after us.
//! A step is a program and nothing else: the orchestrator knows no football, links no step, and
//! learns what a step did from its exit code and from the head of the file it wrote.

pub mod accepted;
pub mod ask;
pub mod check;
pub mod child;
pub mod cli;
pub mod clock;
pub mod companion;
pub mod console;
pub mod cycle;
pub mod daylog;
pub mod family;
pub mod figures;
pub mod heard;
pub mod logger;
pub mod notify;
pub mod output;
pub mod plan;
pub mod proc;
pub mod process;
pub mod pulse;
pub mod record;
pub mod rounds;
pub mod sandbox;
pub mod schedule;
pub mod service;
pub mod signals;
pub mod upkeep;
pub mod verdict;
pub mod versions;
pub mod words;
