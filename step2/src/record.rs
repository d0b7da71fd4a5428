//! What step 2 writes, and steps 3 and 4 read.

use std::collections::BTreeMap;

use feed::codes::{self, Market};
use feed::json::{Cursor, Fault};
use feed::score::Scores;
use pipeline::{Listed, Text};
use serde::{Deserialize, Serialize};

use crate::digest::Series;

/// The body of `step2.json`, behind the envelope. `M` is [`Match`], or what a reader needs of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "'de: 'a, M: Deserialize<'de>"))]
pub struct Output<'a, M = Match<'a>> {
    /// How many matches follow.
    pub total_matches: usize,
    /// Matches that could not be used, and why.
    #[serde(borrow)]
    pub rejected: Vec<Rejected<'a>>,
    /// What was odd in the feed, counted.
    pub anomalies: BTreeMap<String, u64>,
    /// Names of bookmakers that are read from web pages, by their ids; the feed's have a table.
    #[serde(borrow, default = "Listed::default", skip_serializing_if = "no_books")]
    pub page_books: Listed<i64, Text<'a>>,
    /// The matches in the order of the live list.
    pub matches: Listed<Text<'a>, M>,
}

/// Whether no page was read; its key is then left out.
pub fn no_books(books: &Listed<i64, Text<'_>>) -> bool {
    books.is_empty()
}

/// A bookmaker's name: a page's, else the feed's.
pub fn bookmaker<'a>(id: i64, page_books: &[(i64, Text<'a>)]) -> Text<'a> {
    page_books
        .iter()
        .find(|(known, _)| *known == id)
        .map_or_else(|| Text(codes::bookmaker(id)), |(_, name)| name.clone())
}

/// A match that was left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejected<'a> {
    /// Its id, as far as it is known.
    #[serde(borrow)]
    pub match_id: Text<'a>,
    /// Why.
    #[serde(borrow)]
    pub reason: Text<'a>,
}

/// One match: what the live list, the details, the reference data and the odds say of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Match<'a> {
    /// The provider's id.
    #[serde(borrow)]
    pub match_id: Text<'a>,
    /// The provider's status code; the live list's, else that of the details.
    pub status_id: i64,
    /// Scheduled start, unix seconds.
    pub kickoff: Option<i64>,
    /// Kick-off of the period that is being played, unix seconds.
    pub period_kickoff: Option<i64>,
    /// Competition.
    #[serde(borrow)]
    pub competition_id: Option<Text<'a>>,
    /// Its name.
    #[serde(borrow)]
    pub competition: Option<Text<'a>>,
    /// The name of the competition's country.
    #[serde(borrow)]
    pub country: Option<Text<'a>>,
    /// Home team.
    #[serde(borrow)]
    pub home_team_id: Option<Text<'a>>,
    /// Its name.
    #[serde(borrow)]
    pub home_team: Option<Text<'a>>,
    /// Away team.
    #[serde(borrow)]
    pub away_team_id: Option<Text<'a>>,
    /// Its name.
    #[serde(borrow)]
    pub away_team: Option<Text<'a>>,
    /// Venue; the provider gives its id only.
    #[serde(borrow)]
    pub venue_id: Option<Text<'a>>,
    /// Whether it is played on neutral ground.
    pub neutral: bool,
    /// The provider's remark, such as `FT[2-2],PEN[4-3]`.
    #[serde(borrow)]
    pub note: Option<Text<'a>>,
    /// The seven numbers of the home side; see [`feed::score`].
    pub home_scores: Scores,
    /// The seven numbers of the away side.
    pub away_scores: Scores,
    /// Aggregate score of a two-legged tie, home and away.
    pub aggregate: Option<[i64; 2]>,
    /// When the provider last changed the details, unix seconds.
    pub updated_at: Option<i64>,
    /// Weather at the ground.
    pub environment: Option<Environment>,
    /// Technical statistics.
    pub stats: Vec<Stat>,
    /// Goals, cards, substitutions, VAR, in the provider's order.
    #[serde(borrow)]
    pub incidents: Vec<Incident<'a>>,
    /// Odds ticks in all series together.
    pub ticks: u64,
    /// Bookmakers with any valid tick.
    pub bookmakers: Vec<i64>,
    /// By bookmaker id, in the provider's order.
    #[serde(borrow)]
    pub odds: Listed<i64, Book<'a>>,
}

/// Weather at the ground, in the units of the domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The provider's weather code.
    pub weather_id: Option<i64>,
    /// Degrees Celsius.
    pub temperature_c: Option<f64>,
    /// Metres a second.
    pub wind_mps: Option<f64>,
    /// Percent.
    pub humidity_pct: Option<f64>,
    /// Hectopascal.
    pub pressure_hpa: Option<f64>,
}

/// One technical statistic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stat {
    /// The provider's code; see [`feed::codes::incident`].
    #[serde(rename = "type")]
    pub kind: i64,
    /// The home side's number.
    pub home: Option<i64>,
    /// The away side's number.
    pub away: Option<i64>,
}

/// Whose incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The home side's.
    Home,
    /// The away side's.
    Away,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident<'a> {
    /// The provider's code.
    #[serde(rename = "type")]
    pub kind: i64,
    /// The code in words.
    #[serde(borrow)]
    pub what: Text<'a>,
    /// Whose.
    pub side: Option<Side>,
    /// Minute of the match.
    pub minute: Option<i64>,
    /// Minutes of injury time on top of it.
    pub added: Option<i64>,
    /// Who; for a substitution who came on.
    #[serde(borrow)]
    pub player: Option<Text<'a>>,
    /// The score after it, home and away.
    pub score: Option<[i64; 2]>,
    /// VAR: the provider's code of the result.
    pub var_result: Option<i64>,
}

/// The markets of one bookmaker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Book<'a> {
    /// 1X2.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub full_time_result: Option<Series<'a>>,
    /// Asian handicap.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Series<'a>>,
    /// Goals.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub over_under: Option<Series<'a>>,
    /// Corners.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub corners_over_under: Option<Series<'a>>,
}

impl<'a> Book<'a> {
    /// Reads what [`Serialize`] wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read_back(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let mut book = Book::default();
        cursor.object::<Fault>(|key, c| {
            let slot = match &*key {
                "full_time_result" => &mut book.full_time_result,
                "spread" => &mut book.spread,
                "over_under" => &mut book.over_under,
                "corners_over_under" => &mut book.corners_over_under,
                _ => return c.value().map(drop),
            };
            *slot = Some(Series::read_back(c)?);
            Ok(())
        })?;
        Ok(book)
    }

    /// The series of a market.
    pub fn series(&self, market: Market) -> Option<&Series<'a>> {
        match market {
            Market::FullTimeResult => self.full_time_result.as_ref(),
            Market::Spread => self.spread.as_ref(),
            Market::OverUnder => self.over_under.as_ref(),
            Market::CornersOverUnder => self.corners_over_under.as_ref(),
        }
    }

    pub(crate) fn slot(&mut self, market: Market) -> &mut Option<Series<'a>> {
        match market {
            Market::FullTimeResult => &mut self.full_time_result,
            Market::Spread => &mut self.spread,
            Market::OverUnder => &mut self.over_under,
            Market::CornersOverUnder => &mut self.corners_over_under,
        }
    }

    /// Puts newer ticks of the same book before what its histories have.
    pub(crate) fn add_newer(&mut self, newer: Book<'a>) {
        for market in Market::ALL {
            let mut newer = newer.clone();
            let Some(changes) = newer.slot(market).take() else {
                continue;
            };
            match self.slot(market) {
                Some(series) => series.add_newer(changes),
                slot => *slot = Some(changes.without_beginning()),
            }
        }
    }

    /// The same where the beginning of the series is not known: what is oldest here is no opening.
    pub(crate) fn without_beginning(self) -> Book<'a> {
        let of = |series: Option<Series<'a>>| series.map(Series::without_beginning);
        Book {
            full_time_result: of(self.full_time_result),
            spread: of(self.spread),
            over_under: of(self.over_under),
            corners_over_under: of(self.corners_over_under),
        }
    }

    /// All series that are there.
    pub fn all(&self) -> impl Iterator<Item = &Series<'a>> {
        [
            &self.full_time_result,
            &self.spread,
            &self.over_under,
            &self.corners_over_under,
        ]
        .into_iter()
        .flatten()
    }
}
