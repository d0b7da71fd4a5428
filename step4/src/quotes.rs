//! The choice of quotes: which bookmaker's which tick stands for a market.
//!
//! The rules are `football::quote`'s; here they meet the series that step 2 left.

use feed::Tick;
use feed::codes::{self, Market};
use football::{Book, Newest, Phase, Price, age_s, is_stale, preference_order, primary};
use pipeline::{Listed, Text};
use serde::{Deserialize, Serialize};
use step2::Series;

/// The quote of one market, in the feed's numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote<'a> {
    /// Whose.
    pub bookmaker_id: i64,
    /// Whose, in words.
    #[serde(borrow)]
    pub bookmaker: Text<'a>,
    /// Whether one can't bet on it now.
    pub suspended: bool,
    /// Whether it is too old to be trusted.
    pub stale: bool,
    /// Seconds from the tick to the fetch.
    pub age_s: i64,
    /// Whether the price was made at the score that stands now; `None` when either is unknown.
    pub score_current: Option<bool>,
    /// Ticks in the series.
    pub ticks: u64,
    /// The tick; see [`feed::odds`].
    #[serde(borrow)]
    pub tick: Tick<'a>,
    /// The opening tick, if it is from before kick-off.
    #[serde(borrow)]
    pub opening: Option<Tick<'a>>,
}

/// A bookmaker's 1X2 prices that are open, valid and not stale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenBook<'a> {
    /// Whose.
    pub bookmaker_id: i64,
    /// Its name, when it is read from a web page; the feed's have a table.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub bookmaker: Option<Text<'a>>,
    /// Home, draw, away; decimal odds in ten-thousandths.
    pub prices: [u32; 3],
    /// Seconds from the tick to the fetch.
    pub age_s: i64,
    /// Whether the prices were made at the score that stands now; `None` when either is unknown.
    pub score_current: Option<bool>,
}

/// What the choice depends on, beside the series.
pub(crate) struct Moment<'c, 'a> {
    pub status: i64,
    /// When the live list was fetched, unix seconds.
    pub now: i64,
    /// Bookmakers by preference.
    pub preferred: &'c [u32],
    /// Names of bookmakers that are read from web pages.
    pub page_books: &'c [(i64, Text<'a>)],
    /// Goals now.
    pub goals: Option<[i64; 2]>,
    /// Corners now.
    pub corners: Option<[i64; 2]>,
}

impl<'a> Moment<'_, 'a> {
    fn phase(&self) -> Phase {
        codes::phase(self.status)
    }

    fn stale(&self, tick: &Tick<'_>) -> bool {
        is_stale(
            self.phase(),
            self.status,
            tick.status,
            age_s(self.now, tick.at),
        )
    }

    /// Whether a tick was made at the score (of corners: the count) that stands now.
    fn score_current(&self, tick: &Tick<'_>, market: Market) -> Option<bool> {
        let now = match market {
            Market::CornersOverUnder => self.corners?,
            Market::FullTimeResult | Market::Spread | Market::OverUnder => self.goals?,
        };
        let (home, away) = tick.score.split_once('-')?;
        let then: [i64; 2] = [home.trim().parse().ok()?, away.trim().parse().ok()?];
        Some(then == now)
    }

    /// The series of a market in order of preference.
    fn in_order<'s, 'b>(
        &self,
        odds: &'s Listed<i64, step2::Book<'b>>,
        market: Market,
    ) -> Vec<(i64, &'s Series<'b>)> {
        let ids = odds
            .iter()
            .filter(|(_, book)| book.series(market).is_some())
            .map(|(id, _)| *id);
        preference_order(self.preferred, ids)
            .into_iter()
            .filter_map(|id| {
                let (_, book) = odds.iter().find(|(known, _)| *known == id)?;
                Some((id, book.series(market)?))
            })
            .collect()
    }

    /// The primary quote of a market.
    pub(crate) fn quote(
        &self,
        odds: &Listed<i64, step2::Book<'a>>,
        market: Market,
    ) -> Option<Quote<'a>> {
        let series = self.in_order(odds, market);
        let books = series.iter().map(|(_, series)| Book {
            newest: series.newest.as_ref().map(|tick| Newest {
                tick,
                open: !tick.sealed,
                valid: tick.valid(market),
            }),
            last_open: series.newest_open.as_ref(),
        });
        let chosen = primary(self.phase(), books, |tick| self.stale(tick))?;
        let (bookmaker_id, series) = series[chosen.index];
        Some(Quote {
            bookmaker_id,
            bookmaker: step2::bookmaker(bookmaker_id, self.page_books),
            suspended: chosen.suspended,
            stale: chosen.stale,
            age_s: age_s(self.now, chosen.tick.at),
            score_current: self.score_current(chosen.tick, market),
            ticks: series.ticks,
            tick: chosen.tick.clone(),
            opening: series.opening.clone(),
        })
    }

    /// The 1X2 prices of every book whose newest tick is open, valid and not stale, by preference.
    pub(crate) fn open_books(&self, odds: &Listed<i64, step2::Book<'_>>) -> Vec<OpenBook<'a>> {
        self.in_order(odds, Market::FullTimeResult)
            .into_iter()
            .filter_map(|(bookmaker_id, series)| {
                let tick = series.newest.as_ref()?;
                if !tick.open_valid(Market::FullTimeResult) || self.stale(tick) {
                    return None;
                }
                let mut prices = [0; 3];
                for (price, value) in prices.iter_mut().zip(tick.values) {
                    *price =
                        Price::from_ten_thousandths(u32::try_from(value?).ok()?)?.ten_thousandths();
                }
                let page = self.page_books.iter().find(|(id, _)| *id == bookmaker_id);
                Some(OpenBook {
                    bookmaker_id,
                    bookmaker: page.map(|(_, name)| name.clone()),
                    prices,
                    age_s: age_s(self.now, tick.at),
                    score_current: self.score_current(tick, Market::FullTimeResult),
                })
            })
            .collect()
    }
}
