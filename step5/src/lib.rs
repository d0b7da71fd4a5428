//! Step 5: convert prices, probabilities and units: the product that other programs read.
//!
//! In: `step4/step4.json`. Out: `step5/step5.json`, field by field as the contract's table has it. The
//! file says itself how old its data is, so that a bot can refuse to bet on it.

mod environment;
mod quote;
mod record;

use pipeline::handoff::{self, Source};
use pipeline::{Context, Failure, Listed, Step, Text};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use step2::Rejected;
use step3::Statistics;

pub use environment::Environment;
pub use quote::{
    Best, BestPrices, Consensus, OpeningResult, OpeningSpread, OpeningTotal, PriceView,
    ResultQuote, SpreadQuote, TotalQuote,
};
pub use record::Match;

/// The body of `step5.json`, behind the envelope. `M` is [`Match`], or what becomes one when it is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a, M: Deserialize<'de>"))]
pub struct Output<'a, M = Match<'a>> {
    /// Whether the data is recent enough to act on (`[data] fresh_for`); never for a recording.
    pub fresh: bool,
    /// Seconds from the fetch of the live list to the making of this file; of a recording as it was then.
    pub data_age_s: i64,
    /// When that ends, RFC 3339 UTC: a reader that comes later must not act on the data, whatever `fresh` says.
    #[serde(borrow, default)]
    pub fresh_until: Text<'a>,
    /// How many matches follow.
    pub total_matches: usize,
    /// Step 3's counts.
    #[serde(borrow)]
    pub statistics: Statistics<'a>,
    /// Matches that could not be used, and why.
    #[serde(borrow)]
    pub rejected: Vec<Rejected<'a>>,
    /// The matches.
    #[serde(borrow)]
    pub matches: Listed<Text<'a>, M>,
}

/// A match that is converted while it is written: the product is larger than all that it is made from, and
/// needs to be in memory for one match at a time only.
#[derive(Clone, Copy, Debug)]
pub struct Unconverted<'a>(&'a RawValue);

impl<'a> Unconverted<'a> {
    /// A match of step 4's, still text.
    ///
    /// # Errors
    /// When it is not one.
    pub fn check(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<step4::Match<'_>>(raw.get())?;
        Ok(Unconverted(raw))
    }

    /// The match of the product file.
    ///
    /// # Errors
    /// None: the text was checked.
    pub fn convert(&self) -> Result<Match<'a>, serde_json::Error> {
        serde_json::from_str(self.0.get()).map(Match::convert)
    }
}

impl Serialize for Unconverted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.convert()
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

/// The step.
pub struct Convert;

impl Step for Convert {
    const NUMBER: u8 = 5;
    const ABOUT: &'static str = "Convert prices, probabilities and units into the product file";
    type Input<'a> = step4::Output<'a, &'a RawValue>;
    type Output<'a> = Output<'a, Unconverted<'a>>;

    fn parse<'a>(text: &'a str, source: &Source) -> Result<Self::Input<'a>, Failure> {
        handoff::parse(text, source)
    }

    fn run<'a>(input: Self::Input<'a>, context: &Context) -> Result<Self::Output<'a>, Failure> {
        let age = (context.now - context.input.fetched_at).max(chrono::TimeDelta::zero());
        let fresh_for = context.config.data.fresh_for.0;
        let wanted = input
            .matches
            .0
            .into_iter()
            .filter(|(id, _)| context.wants(id));
        let checked = wanted.map(|(id, raw)| Ok((id, Unconverted::check(raw)?)));
        let matches = checked.collect::<Result<Listed<_, _>, serde_json::Error>>();
        let matches = matches.map_err(|why| {
            Failure::bad_input(format!(
                "the input has a match that step 4 did not write: {why}"
            ))
        })?;
        Ok(Output {
            // A recording's clock stands still, so its age says nothing; it is never fresh.
            fresh: !context.input.is_recording() && age.to_std().is_ok_and(|age| age <= fresh_for),
            data_age_s: age.num_seconds(),
            fresh_until: Text::from(handoff::instant(context.input.fetched_at + fresh_for)),
            total_matches: matches.len(),
            statistics: input.statistics,
            rejected: input.rejected,
            matches,
        })
    }

    fn summary(output: &Self::Output<'_>) -> String {
        let age = if output.fresh { "fresh" } else { "NOT fresh" };
        format!(
            "{} matches, {} with odds, {age} ({} s old)",
            output.matches.len(),
            output.statistics.with_odds,
            output.data_age_s
        )
    }
}
