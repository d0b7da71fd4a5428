//! One match as other programs read it.

use chrono::DateTime;
use pipeline::Text;
use pipeline::handoff::instant;
use serde::{Deserialize, Serialize};
use step4::{Cards, Score, Sides};

use crate::environment::Environment;
use crate::quote::{BestPrices, Consensus, ResultQuote, SpreadQuote, TotalQuote};

/// A match of the product file. For the meaning of each field see the contract's table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the contract's table of fields says them; twice would drift apart"
)]
pub struct Match<'a> {
    #[serde(borrow)]
    pub match_id: Text<'a>,
    #[serde(borrow)]
    pub competition_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub competition: Option<Text<'a>>,
    #[serde(borrow)]
    pub country: Option<Text<'a>>,
    #[serde(borrow)]
    pub home_team: Option<Text<'a>>,
    #[serde(borrow)]
    pub away_team: Option<Text<'a>>,
    #[serde(borrow)]
    pub home_team_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub away_team_id: Option<Text<'a>>,
    /// RFC 3339 UTC.
    #[serde(borrow)]
    pub kickoff: Option<Text<'a>>,
    pub status_id: i64,
    #[serde(borrow)]
    pub status: Text<'a>,
    #[serde(borrow)]
    pub phase: Text<'a>,
    pub minute: Option<u32>,
    #[serde(borrow)]
    pub clock: Text<'a>,
    #[serde(borrow)]
    pub score: Text<'a>,
    pub score_detail: Score,
    pub cards: Cards,
    pub corners: Sides,
    pub neutral: bool,
    #[serde(borrow)]
    pub full_time_result: Option<ResultQuote<'a>>,
    #[serde(borrow)]
    pub spread: Option<SpreadQuote<'a>>,
    #[serde(borrow)]
    pub over_under: Option<TotalQuote<'a>>,
    #[serde(borrow)]
    pub corners_over_under: Option<TotalQuote<'a>>,
    pub consensus: Option<Consensus>,
    #[serde(borrow)]
    pub best: Option<BestPrices<'a>>,
    pub bookmakers: usize,
    #[serde(borrow)]
    pub environment: Option<Environment<'a>>,
}

impl<'a> Match<'a> {
    /// Converts what step 4 extracted.
    pub fn convert(from: step4::Match<'a>) -> Self {
        Match {
            kickoff: from
                .kickoff
                .and_then(|at| DateTime::from_timestamp(at, 0))
                .map(|at| Text::from(instant(at))),
            consensus: Consensus::of(&from.open_books),
            best: BestPrices::of(&from.open_books, &from.phase),
            full_time_result: from.full_time_result.and_then(ResultQuote::convert),
            spread: from.spread.and_then(SpreadQuote::convert),
            over_under: from.over_under.and_then(TotalQuote::convert),
            corners_over_under: from.corners_over_under.and_then(TotalQuote::convert),
            environment: from.environment.as_ref().map(Environment::convert),
            match_id: from.match_id,
            competition_id: from.competition_id,
            competition: from.competition,
            country: from.country,
            home_team: from.home_team,
            away_team: from.away_team,
            home_team_id: from.home_team_id,
            away_team_id: from.away_team_id,
            status_id: from.status_id,
            status: from.status,
            phase: from.phase,
            minute: from.minute,
            clock: from.clock,
            score: from.score,
            score_detail: from.score_detail,
            cards: from.cards,
            corners: from.corners,
            neutral: from.neutral,
            bookmakers: from.bookmakers,
        }
    }
}
