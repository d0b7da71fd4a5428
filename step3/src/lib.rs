//! Step 3: summarise and categorise, for people and programs that look for something.
//!
//! In: `step2/step2.json`. Out: `step3/step3.json`: the same records behind statistics of the whole
//! cycle and the match ids by status, competition, country, weather and venue.

mod categories;
mod statistics;

use pipeline::handoff::{self, Source};
use pipeline::{Context, Failure, Listed, Step, Text};
use serde::{Deserialize, Serialize};
use step2::{Match, Rejected};

pub use categories::{Categories, Group};
pub use statistics::Statistics;

/// The body of `step3.json`, behind the envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output<'a> {
    /// How many matches follow.
    pub total_matches: usize,
    /// What can be counted over the whole cycle.
    #[serde(borrow)]
    pub statistics: Statistics<'a>,
    /// Match ids by what they have in common.
    #[serde(borrow)]
    pub categories: Categories<'a>,
    /// Matches that could not be used, and why.
    #[serde(borrow)]
    pub rejected: Vec<Rejected<'a>>,
    /// The records of step 2, unchanged.
    #[serde(borrow)]
    pub matches: Listed<Text<'a>, Match<'a>>,
}

/// The step.
pub struct Summarise;

impl Step for Summarise {
    const NUMBER: u8 = 3;
    const ABOUT: &'static str = "Summarise and categorise the matches";
    type Input<'a> = step2::Output<'a>;
    type Output<'a> = Output<'a>;

    fn parse<'a>(text: &'a str, source: &Source) -> Result<Self::Input<'a>, Failure> {
        handoff::parse(text, source)
    }

    fn run<'a>(mut input: Self::Input<'a>, context: &Context) -> Result<Self::Output<'a>, Failure> {
        input.matches.0.retain(|(id, _)| context.wants(id));
        Ok(Output {
            total_matches: input.matches.len(),
            statistics: Statistics::of(&input),
            categories: Categories::of(&input.matches),
            rejected: input.rejected,
            matches: input.matches,
        })
    }

    fn summary(output: &Output<'_>) -> String {
        let s = &output.statistics;
        format!(
            "{} matches, {} with odds, {} with events",
            s.total, s.with_odds, s.with_events
        )
    }
}
