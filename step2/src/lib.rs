//! Step 2: merge the provider's answers into one clean record per match.
//!
//! In: `step1.json`, or a bare recording. Out: `step2/step2.json`, one typed [`Match`] per entry of the
//! live list, names resolved, and of every book and market a [`Series`]: the handful of ticks that
//! anything downstream asks for. The odds histories (98 % of the bytes) stop here.
//!
//! One bad match never loses the others: it is left out, counted in `rejected` and logged.

mod cycle;
mod digest;
mod merge;
mod record;

use pipeline::handoff::{self, Source};
use pipeline::{Context, CycleId, Envelope, Failure, Step};

pub use cycle::Cycle;
pub use digest::Series;
pub use record::{
    Book, Environment, Incident, Match, Output, Rejected, Side, Stat, bookmaker, no_books,
};

/// The step.
pub struct Merge;

impl Step for Merge {
    const NUMBER: u8 = 2;
    const ABOUT: &'static str = "Merge the provider's answers into one clean record per match, and digest the odds histories";
    type Input<'a> = Cycle<'a>;
    type Output<'a> = Output<'a>;

    fn open(text: &str, source: &Source, cycle: Option<&CycleId>) -> Result<Envelope, Failure> {
        match cycle::recorded_at(text) {
            Some(at) => cycle::recording_envelope(at, source, cycle),
            None => handoff::open(text, source, Self::NUMBER - 1, cycle),
        }
    }

    fn parse<'a>(text: &'a str, source: &Source) -> Result<Self::Input<'a>, Failure> {
        Cycle::parse(text).map_err(|why| Failure::bad_input(format!("the input {source} {why}")))
    }

    fn run<'a>(input: Self::Input<'a>, context: &Context) -> Result<Self::Output<'a>, Failure> {
        let output = merge::merge(input, |id| context.wants(id))?;
        for rejected in &output.rejected {
            log::warn!(
                "match {} left out: {}",
                rejected.match_id.escape_debug(),
                rejected.reason
            );
        }
        for (what, count) in &output.anomalies {
            log::debug!("odd in the feed: {what} ({count}×)");
        }
        Ok(output)
    }

    fn summary(output: &Output<'_>) -> String {
        let ticks: u64 = output.matches.iter().map(|(_, m)| m.ticks).sum();
        let odd: u64 = output.anomalies.values().sum();
        format!(
            "{} matches, {} rejected, {ticks} odds ticks, {odd} anomalies",
            output.matches.len(),
            output.rejected.len()
        )
    }
}
