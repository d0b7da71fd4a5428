//! How the prices of a match went: the fair probability of a home win over time, from the odds
//! histories in `step1.json`, of the bookmaker whom the product quotes.
//!
//! The histories are 98 % of a cycle's bytes, tens of megabytes: the file is never held, the odds of one
//! match at a time are, and a series is read into a fixed number of points and forgotten. For a match in play the time since kick-off counts, else the time since the opening.

use std::collections::HashMap;
use std::path::Path;

use feed::Tick;
use feed::codes::{Market, in_play};
use feed::json::{Cursor, Fault};
use feed::row::Anomalies;
use football::{Method, Price, fair};
use serde::Serialize;

use super::members::{self, Places};
use super::{Board, by_id};

/// The object of `step1.json` that holds the odds by match.
const ODDS: &str = "match_odds";

/// Points of a trail.
pub const POINTS: usize = 24;

/// A price's way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trail {
    /// When it begins, unix seconds.
    pub from: i64,
    /// When it ends: the fetch.
    pub until: i64,
    /// The home side's fair probability at equal distances of time; none before the first price and
    /// while the book was closed.
    pub home: Vec<Option<f64>>,
}

/// Adds the trails to the rows whose series are in the step 1 file, and says where they stand. Without a
/// file, or with one that can't be read, there are none: a row says enough without.
pub(crate) fn add(board: &mut Board, step1: &Path) -> Places {
    let until = board.envelope.fetched_at.timestamp();
    let mut rows = by_id(board);
    let books: HashMap<_, _> = rows
        .iter()
        .filter_map(|(id, row)| Some((id.clone(), row.result.as_ref()?.bookmaker_id)))
        .collect();
    let mut places = Places::new(step1);
    let wanted = |id: &str| books.contains_key(id);
    let walked = members::of_file(step1, ODDS, wanted, |id, span, text| {
        places.add(id, span);
        let (Some(book), Some(row)) = (books.get(id), rows.get_mut(id)) else {
            return true;
        };
        let read = each_series(&mut Cursor::new(text), |company, market, c| {
            if company != *book || market != Market::FullTimeResult {
                return c.value().map(drop);
            }
            row.trail = of_series(c, until)?;
            Ok(())
        });
        if let Err(why) = read {
            log::debug!("the price history of {id} can't be used: {why}");
        }
        true
    });
    if let Err(why) = walked {
        log::debug!("the price histories end early: {why}");
    }
    places
}

/// Calls `each` with bookmaker, market and the cursor before every series of an odds body.
fn each_series<'a>(
    cursor: &mut Cursor<'a>,
    mut each: impl FnMut(i64, Market, &mut Cursor<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if cursor.peek() != Some(b'{') {
        return cursor.value().map(drop);
    }
    cursor.object::<Fault>(|key, c| {
        if &*key != "results" || c.peek() != Some(b'{') {
            return c.value().map(drop);
        }
        c.object::<Fault>(|company, c| {
            let Some(company) = company.parse().ok().filter(|_| c.peek() == Some(b'{')) else {
                return c.value().map(drop);
            };
            c.object::<Fault>(|market, c| match Market::from_key(&market) {
                Some(market) if c.peek() == Some(b'[') => each(company, market, c),
                _ => c.value().map(drop),
            })
        })
    })
}

/// The trail of a 1X2 series at the cursor, which is passed over.
fn of_series<'a>(cursor: &mut Cursor<'a>, until: i64) -> Result<Option<Trail>, Fault> {
    let odd = Anomalies::default();
    let mut ticks: Vec<Tick<'a>> = Vec::new();
    cursor.array::<Fault>(|c| {
        ticks.extend(Tick::read(c, &odd)?);
        Ok(())
    })?;
    Ok(of_ticks(&ticks, until))
}

/// The trail of ticks, newest first.
pub(crate) fn of_ticks(newest_first: &[Tick<'_>], until: i64) -> Option<Trail> {
    let market = Market::FullTimeResult;
    let ticks: Vec<_> = newest_first
        .iter()
        .rev()
        .filter(|tick| tick.at <= until)
        .collect();
    // Since the kick-off, if there was one; the prices before it give the first point.
    let begun = ticks.iter().find(|tick| in_play(tick.status));
    let first = ticks.iter().find(|tick| tick.open_valid(market))?;
    let from = begun.unwrap_or(first).at;
    let span = (until - from).max(1);
    let mut home = Vec::with_capacity(POINTS);
    let mut next = 0;
    let mut standing: Option<&Tick<'_>> = None;
    for point in 0..POINTS {
        let at = from + span * point as i64 / (POINTS as i64 - 1);
        while let Some(tick) = ticks.get(next).filter(|tick| tick.at <= at) {
            standing = Some(tick);
            next += 1;
        }
        home.push(standing.and_then(probabilities).map(|[home, ..]| home));
    }
    home.iter().flatten().next()?;
    Some(Trail { from, until, home })
}

/// All open 1X2 prices of one match and bookmaker, oldest first: when, and the three fair
/// probabilities; a closed time is a `None`. For the chart of one match.
pub fn whole(
    step1: &Path,
    places: &Places,
    id: &str,
    bookmaker: i64,
) -> Vec<(i64, Option<[f64; 3]>)> {
    let mut points = match places.read(step1, id) {
        Some(text) => points(&text, id, bookmaker),
        None => {
            // Another file by now, or never walked: it is looked for.
            let mut found = Vec::new();
            let walked = members::of_file(
                step1,
                ODDS,
                |one| one == id,
                |_, _, text| {
                    found = points(text, id, bookmaker);
                    false
                },
            );
            if let Err(why) = walked {
                log::debug!("no price history of {id}: {why}");
            }
            found
        }
    };
    points.reverse();
    points
}

/// The points of one odds body, newest first as the feed has them.
fn points(text: &str, id: &str, bookmaker: i64) -> Vec<(i64, Option<[f64; 3]>)> {
    let odd = Anomalies::default();
    let mut points = Vec::new();
    let read = each_series(&mut Cursor::new(text), |company, market, c| {
        if company != bookmaker || market != Market::FullTimeResult {
            return c.value().map(drop);
        }
        c.array::<Fault>(|c| {
            if let Some(tick) = Tick::read(c, &odd)? {
                points.push((tick.at, probabilities(&tick)));
            }
            Ok(())
        })
    });
    if let Err(why) = read {
        log::debug!("the price history of {id} ends early: {why}");
    }
    points
}

fn probabilities(tick: &Tick<'_>) -> Option<[f64; 3]> {
    if !tick.open_valid(Market::FullTimeResult) {
        return None;
    }
    let price = |value: Option<i64>| Price::from_ten_thousandths(u32::try_from(value?).ok()?);
    let [home, draw, away] = tick.values;
    fair(Method::Shin, &[price(home)?, price(draw)?, price(away)?]).map(|fair| fair.p)
}
