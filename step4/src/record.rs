//! One match, flat.

use feed::codes::{self, Market};
use football::{Phase, clock_text, minute};
use pipeline::Text;
use serde::{Deserialize, Serialize};
use step2::Environment;

use crate::input::Record;
use crate::quotes::{Moment, OpenBook, Quote};
use crate::score::{Cards, Score, Sides};

/// The fields of the contract, before any conversion. For the meaning of each see the contract's table.
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
    /// Unix seconds.
    pub kickoff: Option<i64>,
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
    pub full_time_result: Option<Quote<'a>>,
    #[serde(borrow)]
    pub spread: Option<Quote<'a>>,
    #[serde(borrow)]
    pub over_under: Option<Quote<'a>>,
    #[serde(borrow)]
    pub corners_over_under: Option<Quote<'a>>,
    /// What consensus and best price are made of.
    #[serde(borrow)]
    pub open_books: Vec<OpenBook<'a>>,
    /// Books with any valid tick.
    pub bookmakers: usize,
    pub environment: Option<Environment>,
}

impl<'a> Match<'a> {
    /// Extracts one match as it was at `now`, unix seconds.
    pub(crate) fn extract(
        from: Record<'a>,
        preferred: &[u32],
        page_books: &[(i64, Text<'a>)],
        now: i64,
    ) -> Self {
        let status = from.status_id;
        let phase = codes::phase(status);
        let period = codes::period(status);
        let minute = minute(period, from.period_kickoff, now);
        let status_name = codes::status(status);
        let score = Score::of(status, &from.home_scores, &from.away_scores, from.aggregate);
        let corners = Sides::corners(&from.home_scores, &from.away_scores);
        let moment = Moment {
            status,
            now,
            preferred,
            page_books,
            goals: score.goals(),
            corners: corners.pair(),
        };
        Match {
            clock: Text::from(clock_text(
                period,
                phase == Phase::Finished,
                minute,
                &status_name,
            )),
            score: Text::from(score.text()),
            score_detail: score,
            cards: Cards::of(&from.home_scores, &from.away_scores),
            corners,
            full_time_result: moment.quote(&from.odds, Market::FullTimeResult),
            spread: moment.quote(&from.odds, Market::Spread),
            over_under: moment.quote(&from.odds, Market::OverUnder),
            corners_over_under: moment.quote(&from.odds, Market::CornersOverUnder),
            open_books: moment.open_books(&from.odds),
            bookmakers: from.bookmakers.len(),
            status_id: status,
            status: Text(status_name),
            phase: Text::from(phase.as_str()),
            minute,
            match_id: from.match_id,
            competition_id: from.competition_id,
            competition: from.competition,
            country: from.country,
            home_team: from.home_team,
            away_team: from.away_team,
            home_team_id: from.home_team_id,
            away_team_id: from.away_team_id,
            kickoff: from.kickoff,
            neutral: from.neutral,
            environment: from.environment,
        }
    }
}
