//! Step 4: extract the fields that matter, flat, and choose the quotes.
//!
//! In: `step3/step3.json`. Out: `step4/step4.json`: of every match the fields of the contract in the
//! feed's own numbers, one primary quote per market, and the 1X2 prices that one could bet on now.

mod input;
mod quotes;
mod record;
mod score;

use feed::json::Fault;
use pipeline::handoff::{self, Source};
use pipeline::{Context, Failure, Listed, Step, Text};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use step2::Rejected;
use step3::Statistics;

use crate::input::Record;

pub use quotes::{OpenBook, Quote};
pub use record::Match;
pub use score::{Cards, Pair, Score, SideCards, Sides};

/// The body of `step4.json`, behind the envelope. `M` is [`Match`], or its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a, M: Deserialize<'de>"))]
pub struct Output<'a, M = Match<'a>> {
    /// How many matches follow.
    pub total_matches: usize,
    /// Step 3's counts.
    #[serde(borrow)]
    pub statistics: Statistics<'a>,
    /// Matches that could not be used, and why.
    #[serde(borrow)]
    pub rejected: Vec<Rejected<'a>>,
    /// The matches.
    pub matches: Listed<Text<'a>, M>,
}

/// The step.
pub struct Extract;

impl Step for Extract {
    const NUMBER: u8 = 4;
    const ABOUT: &'static str = "Extract the fields that matter and choose the quotes";
    type Input<'a> = step3::Output<'a>;
    type Output<'a> = Output<'a>;

    fn parse<'a>(text: &'a str, source: &Source) -> Result<Self::Input<'a>, Failure> {
        handoff::parse(text, source)
    }

    fn run<'a>(input: Self::Input<'a>, context: &Context) -> Result<Self::Output<'a>, Failure> {
        let now = context.fetched_at();
        let bookmakers = &context.config.odds.bookmakers;
        let page_books = input.page_books;
        // One match at a time: its odds are dropped before the next one's are read.
        let extract = |(id, raw): (Text<'a>, &'a RawValue)| {
            let one = Record::read(raw.get())?;
            Ok((id, Match::extract(one, bookmakers, &page_books, now)))
        };
        let wanted = input
            .matches
            .0
            .into_iter()
            .filter(|(id, _)| context.wants(id));
        let matches = wanted.map(extract).collect::<Result<Listed<_, _>, Fault>>();
        let matches = matches.map_err(|why| {
            Failure::bad_input(format!(
                "the input has a match that step 3 did not write: {why}"
            ))
        })?;
        Ok(Output {
            total_matches: matches.len(),
            statistics: input.statistics,
            rejected: input.rejected,
            matches,
        })
    }

    fn summary(output: &Output<'_>) -> String {
        let quoted = output
            .matches
            .iter()
            .filter(|(_, m)| m.full_time_result.is_some())
            .count();
        format!(
            "{} matches, {quoted} with a 1X2 quote",
            output.matches.len()
        )
    }
}
