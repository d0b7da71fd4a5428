//! Step 4: extract the fields that matter, flat, and choose the quotes.
//!
//! In: `step3/step3.json`. Out: `step4/step4.json`: of every match the fields of the contract in the
//! feed's own numbers, one primary quote per market, and the 1X2 prices that one could bet on now.

mod input;
mod quotes;
mod record;
mod score;

use pipeline::handoff::{self, Source};
use pipeline::{Context, Failure, Listed, Step, Text};
use serde::{Deserialize, Serialize};
use step2::Rejected;
use step3::Statistics;

use crate::input::Record;

pub use input::Input;
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
    type Input<'a> = Input<'a>;
    type Output<'a> = Output<'a>;

    fn parse<'a>(text: &'a str, source: &Source) -> Result<Self::Input<'a>, Failure> {
        Ok(Input {
            text,
            source: source.clone(),
        })
    }

    fn run<'a>(input: Self::Input<'a>, context: &Context) -> Result<Self::Output<'a>, Failure> {
        let now = context.fetched_at();
        let bookmakers = &context.config.odds.bookmakers;
        let mut matches = Listed::default();
        // One match at a time: its odds are dropped before the next one's are read.
        let head = input::walk(input.text, |id, cursor, page_books| {
            if context.wants(&id) {
                let one = Record::read(cursor)?;
                let one = Match::extract(one, bookmakers, page_books, now);
                matches.0.push((id, one));
            } else {
                cursor.value()?;
            }
            Ok(())
        })
        .map_err(|why| handoff::not_json(&input.source, why.ended, &why))?;
        Ok(Output {
            total_matches: matches.len(),
            statistics: head.statistics,
            rejected: head.rejected,
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
