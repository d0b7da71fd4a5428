//! The supervisor: schedule, child, shutdown, backoff, day log.
//!
//! One thread. The loop in [`service`] waits for the next start ([`schedule`]) or a signal
//! ([`signals`]), runs a [`cycle`] of steps, each a process of its own ([`child`], in its own
//! [`group`]), and records what happened ([`record`], and the [`daylog`] behind the [`logger`]).
//! A step is a program and nothing else: the orchestrator knows no football, links no step, and
//! learns what a step did from its exit code and from the head of the file it wrote.

pub mod check;
pub mod child;
pub mod cli;
pub mod cycle;
pub mod daylog;
pub mod group;
pub mod logger;
pub mod output;
pub mod plan;
pub mod record;
pub mod sandbox;
pub mod schedule;
pub mod service;
pub mod signals;
