//! What can be counted over a whole cycle.

use std::collections::BTreeMap;

use feed::codes;
use pipeline::Text;
use serde::{Deserialize, Serialize};

use crate::brief::Brief;

/// The counts. They go on to the product file as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statistics<'a> {
    /// Matches.
    pub total: usize,
    /// Matches that were left out.
    pub rejected: usize,
    /// Oddities of the feed.
    pub anomalies: u64,
    /// Matches with any odds.
    pub with_odds: usize,
    /// Matches with any incident.
    pub with_events: usize,
    /// Odds ticks.
    pub ticks: u64,
    /// Matches by phase: `live`, `upcoming`, `finished`, `interrupted`, `off`, `unknown`.
    #[serde(borrow)]
    pub by_phase: BTreeMap<Text<'a>, usize>,
    /// Matches by weather; those of which none is known are not counted.
    #[serde(borrow)]
    pub by_weather: BTreeMap<Text<'a>, usize>,
    /// Matches that a bookmaker covers with any valid tick, by bookmaker.
    #[serde(borrow)]
    pub by_bookmaker: BTreeMap<Text<'a>, usize>,
}

impl<'a> Statistics<'a> {
    /// The counts of what step 2 wrote.
    pub(crate) fn of<M>(input: &step2::Output<'a, M>, matches: &[(Text<'a>, Brief<'a>)]) -> Self {
        let mut statistics = Statistics {
            total: matches.len(),
            rejected: input.rejected.len(),
            anomalies: input.anomalies.values().sum(),
            ..Statistics::default()
        };
        let mut by_bookmaker: BTreeMap<i64, usize> = BTreeMap::new();
        for (_, one) in matches {
            statistics.with_odds += usize::from(one.ticks > 0);
            statistics.with_events += usize::from(one.events > 0);
            statistics.ticks += one.ticks;
            *statistics
                .by_phase
                .entry(Text::from(codes::phase(one.status_id).as_str()))
                .or_default() += 1;
            if let Some(weather) = one.weather_id() {
                *statistics
                    .by_weather
                    .entry(Text(codes::weather(weather)))
                    .or_default() += 1;
            }
            for id in &one.bookmakers {
                *by_bookmaker.entry(*id).or_default() += 1;
            }
        }
        statistics.by_bookmaker = by_bookmaker
            .into_iter()
            .map(|(id, count)| (step2::bookmaker(id, &input.page_books), count))
            .collect();
        statistics
    }
}
