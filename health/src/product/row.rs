//! One match as a row: what a bettor looks for, in numbers; words are made where it is shown.

use chrono::{DateTime, NaiveDate, Utc};
use football::Phase;
use pipeline::Text;
use serde::{Serialize, Serializer};
use step6::scoreboard;

use super::Trail;

/// One match. Names are as the feed has them: whoever shows them makes them safe for his medium.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The provider's id.
    pub id: String,
    /// Country of the competition.
    pub country: Option<String>,
    /// Competition.
    pub competition: Option<String>,
    /// Home team.
    pub home: Option<String>,
    /// Away team.
    pub away: Option<String>,
    /// Scheduled start.
    #[serde(serialize_with = "optional_instant")]
    pub kickoff: Option<DateTime<Utc>>,
    /// The provider's status code.
    pub status_id: i64,
    /// The same in words.
    pub status: String,
    /// What that means for a bet.
    #[serde(serialize_with = "word")]
    pub phase: Phase,
    /// Minute of the match at the fetch.
    pub minute: Option<u32>,
    /// The clock in at most seven columns: `23'`, `HT`, or the kick-off of what has not begun.
    pub clock: String,
    /// `2-1`, or `v`.
    pub score: String,
    /// `(HT: 1 - 0) PEN 4 - 3`; empty when there is no more to say.
    pub score_more: String,
    /// Red cards, home and away.
    pub reds: [Option<i64>; 2],
    /// Yellow cards, home and away.
    pub yellows: [Option<i64>; 2],
    /// Corners, home and away.
    pub corner_count: [Option<i64>; 2],
    /// Whether it is played on neutral ground.
    pub neutral: bool,
    /// 1X2: home, draw, away.
    pub result: Option<Quote<3>>,
    /// Asian handicap, the line from the home side: home, away.
    pub handicap: Option<Quote<2>>,
    /// Goals: over, under.
    pub goals: Option<Quote<2>>,
    /// Corners: over, under.
    pub corners: Option<Quote<2>>,
    /// What at least three open books agree on: their number, and home, draw, away.
    pub consensus: Option<(usize, [f64; 3])>,
    /// The best open 1X2 prices and whose they are; none where one can't bet.
    pub best: Option<[(f64, String); 3]>,
    /// Bookmakers with any price.
    pub books: usize,
    /// Weather in words.
    pub weather: Option<String>,
    /// How the home side's fair probability went; none without a history.
    pub trail: Option<Trail>,
}

/// What one bookmaker quotes for one market.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quote<const N: usize> {
    /// The provider's number of him.
    pub bookmaker_id: i64,
    /// His name.
    pub bookmaker: String,
    /// Whether one can bet on it.
    #[serde(serialize_with = "state")]
    pub state: State,
    /// Seconds from the price to the fetch.
    pub age_s: i64,
    /// The score at the price's time.
    pub score: String,
    /// Whether that score still stands; none when that is unknown.
    pub score_current: Option<bool>,
    /// The line, home's for a handicap; 0 for the 1X2, which has none.
    pub line: f64,
    /// Decimal odds.
    #[serde(serialize_with = "list")]
    pub prices: [f64; N],
    /// Probabilities without the margin.
    #[serde(serialize_with = "list")]
    pub fair: [Option<f64>; N],
    /// Changes in the series.
    pub ticks: u64,
    /// The book's margin, 0.05 being five percent.
    pub margin: f64,
    /// How the series opened, if that was before kick-off.
    pub opening: Option<Opening<N>>,
}

/// The opening prices of a quote's series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Opening<const N: usize> {
    /// When, RFC 3339.
    pub at: String,
    /// The line.
    pub line: f64,
    /// Decimal odds.
    #[serde(serialize_with = "list")]
    pub prices: [f64; N],
    /// Probabilities without the margin.
    #[serde(serialize_with = "list")]
    pub fair: [Option<f64>; N],
}

/// What is wrong with a quote; the later outweighs the former.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nothing: one can bet on it.
    Open,
    /// It is from another score than the one that stands.
    OldScore,
    /// It is too old to be trusted.
    Stale,
    /// The book does not take bets on it.
    Suspended,
}

impl State {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            State::Open => "open",
            State::OldScore => "old score",
            State::Stale => "stale",
            State::Suspended => "suspended",
        }
    }

    /// The word in at most five columns, nothing for an open one.
    pub const fn short(self) -> &'static str {
        match self {
            State::Open => "",
            State::OldScore => "SCORE",
            State::Stale => "STALE",
            State::Suspended => "SUSP",
        }
    }

    /// The mark before a number: `!` suspended, `~` not to be trusted.
    pub const fn mark(self) -> &'static str {
        match self {
            State::Open => "",
            State::OldScore | State::Stale => "~",
            State::Suspended => "!",
        }
    }
}

/// A quote of the product in our shape: the three kinds differ only in the names of their prices.
macro_rules! quote {
    ($quote:expr, $line:expr, $opening_line:expr, $($price:ident),+) => {
        $quote.as_ref().map(|quote| Quote {
            bookmaker_id: quote.bookmaker_id,
            bookmaker: quote.bookmaker.to_string(),
            state: match (quote.suspended, quote.stale, quote.score_current) {
                (true, _, _) => State::Suspended,
                (_, true, _) => State::Stale,
                (_, _, Some(false)) => State::OldScore,
                _ => State::Open,
            },
            age_s: quote.age_s,
            score: quote.score.to_string(),
            score_current: quote.score_current,
            line: $line(quote),
            prices: [$(quote.$price.decimal),+],
            fair: [$(quote.$price.fair),+],
            ticks: quote.ticks,
            margin: quote.margin,
            opening: quote.opening.as_ref().map(|opening| Opening {
                at: opening.at.to_string(),
                line: $opening_line(opening),
                prices: [$(opening.$price.decimal),+],
                fair: [$(opening.$price.fair),+],
            }),
        })
    };
}

impl Row {
    /// The row of a match; `today` is the UTC day of the fetch, for the clock of what has not begun.
    pub fn of(one: &step5::Match<'_>, today: NaiveDate) -> Row {
        let best = one.best.as_ref().filter(|best| !best.suspended);
        Row {
            id: one.match_id.to_string(),
            country: owned(one.country.as_ref()),
            competition: owned(one.competition.as_ref()),
            home: owned(one.home_team.as_ref()),
            away: owned(one.away_team.as_ref()),
            kickoff: scoreboard::kickoff(one),
            status_id: one.status_id,
            status: one.status.to_string(),
            phase: one.phase.parse().unwrap_or(Phase::Unknown),
            minute: one.minute,
            clock: scoreboard::clock(one, today),
            score: scoreboard::score(one, "-"),
            score_more: scoreboard::score_rest(one).to_owned(),
            reds: [one.cards.home.red, one.cards.away.red],
            yellows: [one.cards.home.yellow, one.cards.away.yellow],
            corner_count: [one.corners.home, one.corners.away],
            neutral: one.neutral,
            result: quote!(
                one.full_time_result,
                |_: &step5::ResultQuote<'_>| 0.0,
                |_: &step5::OpeningResult<'_>| 0.0,
                home,
                draw,
                away
            ),
            handicap: quote!(
                one.spread,
                |quote: &step5::SpreadQuote<'_>| quote.line,
                |opening: &step5::OpeningSpread<'_>| opening.line,
                home,
                away
            ),
            goals: quote!(one.over_under, total, opening_total, over, under),
            corners: quote!(one.corners_over_under, total, opening_total, over, under),
            consensus: one
                .consensus
                .map(|found| (found.books, [found.home, found.draw, found.away])),
            best: best.map(|best| {
                [&best.home, &best.draw, &best.away]
                    .map(|one| (one.decimal, one.bookmaker.to_string()))
            }),
            books: one.bookmakers,
            weather: one
                .environment
                .as_ref()
                .and_then(|found| owned(found.weather.as_ref())),
            trail: None,
        }
    }

    /// Whether nothing can be bet on: the match is over or off.
    pub fn over(&self) -> bool {
        matches!(self.phase, Phase::Finished | Phase::Off)
    }

    /// State and age of the first market that is quoted.
    pub fn first_quote(&self) -> Option<(State, i64)> {
        let result = self.result.as_ref().map(|quote| (quote.state, quote.age_s));
        let two = [&self.handicap, &self.goals, &self.corners];
        let two = || two.into_iter().flatten().next();
        result.or_else(|| two().map(|quote| (quote.state, quote.age_s)))
    }

    /// The largest change of a 1X2 probability since the market opened, in points of probability (0.1
    /// being ten percent points), with its sign; for a match that is over none.
    pub fn largest_move(&self) -> Option<f64> {
        let quote = self.result.as_ref().filter(|_| !self.over())?;
        let opening = quote.opening.as_ref()?;
        let pairs = opening.fair.iter().zip(&quote.fair);
        let moves = pairs.filter_map(|(then, now)| Some((*now)? - (*then)?));
        moves.max_by(|a, b| a.abs().total_cmp(&b.abs()))
    }
}

fn total(quote: &step5::TotalQuote<'_>) -> f64 {
    quote.line
}

fn opening_total(opening: &step5::OpeningTotal<'_>) -> f64 {
    opening.line
}

fn owned(text: Option<&Text<'_>>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

/// An RFC 3339 instant.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.to_utc())
}

pub(crate) fn optional_instant<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    at.map(pipeline::handoff::instant).serialize(serializer)
}

fn word<S: Serializer>(phase: &Phase, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(phase.as_str())
}

fn state<S: Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.word())
}

/// Serde knows arrays up to 32 one by one and not in general.
fn list<T: Serialize, const N: usize, S: Serializer>(
    list: &[T; N],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    list.as_slice().serialize(serializer)
}
