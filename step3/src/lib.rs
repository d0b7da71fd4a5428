//! Step 3: summarise and categorise, for people and programs that look for something.
//!
//! In: `step2/step2.json`. Out: `step3/step3.json`: the same records behind statistics of the whole
//! cycle and the match ids by status, competition, country, weather and venue.

mod brief;
mod categories;
mod statistics;

use feed::json::Fault;
use pipeline::handoff::{self, Source};
use pipeline::{Context, Failure, Listed, Step, Text};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use step2::Rejected;

use crate::brief::Brief;

pub use categories::{Categories, Group};
pub use statistics::Statistics;

/// The body of `step3.json`, behind the envelope.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// Names of bookmakers that are read from web pages, by their ids.
    #[serde(
        borrow,
        default = "Listed::default",
        skip_serializing_if = "step2::no_books"
    )]
    pub page_books: Listed<i64, Text<'a>>,
    /// The records of step 2 ([`step2::Match`]), unchanged; still text.
    #[serde(borrow)]
    pub matches: Listed<Text<'a>, &'a RawValue>,
}

/// The step.
pub struct Summarise;

impl Step for Summarise {
    const NUMBER: u8 = 3;
    const ABOUT: &'static str = "Summarise and categorise the matches";
    type Input<'a> = step2::Output<'a, &'a RawValue>;
    type Output<'a> = Output<'a>;

    fn parse<'a>(text: &'a str, source: &Source) -> Result<Self::Input<'a>, Failure> {
        handoff::parse(text, source)
    }

    fn run<'a>(mut input: Self::Input<'a>, context: &Context) -> Result<Self::Output<'a>, Failure> {
        input.matches.0.retain(|(id, _)| context.wants(id));
        let briefs: Vec<(Text<'a>, Brief<'a>)> = input
            .matches
            .iter()
            .map(|(id, raw)| Ok((id.clone(), Brief::read(raw.get())?)))
            .collect::<Result<_, Fault>>()
            .map_err(|why| {
                Failure::bad_input(format!(
                    "the input has a match that step 2 did not write: {why}"
                ))
            })?;
        Ok(Output {
            total_matches: briefs.len(),
            statistics: Statistics::of(&input, &briefs),
            categories: Categories::of(&briefs),
            rejected: input.rejected,
            page_books: input.page_books,
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
