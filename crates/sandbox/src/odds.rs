//! Every price change of a match, from the first offer to the last whistle.
//!
//! A match's whole series are made once, when somebody first asks; an answer is their part up to now,
//! newest first. So a later answer extends an earlier one, and answering is only writing.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, SerializeTuple, Serializer};

use crate::books::{BOOKS, Book, MarketKind};
use crate::course::Fixture;
use crate::model::Market;
use crate::rng::{Purpose, Rng};
use crate::series::{Series, Stage};
use crate::story::Story;
use crate::world::World;

/// One change. Prices are in hundredths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    /// Seconds after kick-off.
    pub at: i32,
    /// Home, over.
    pub first: u16,
    /// Handicap or total; the draw's price in 1X2.
    pub middle: i32,
    /// Away, under.
    pub last: u16,
    pub minute: Minute,
    pub status: u8,
    pub sealed: bool,
    pub score: [u8; 2],
}

/// The feed's minute text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Minute {
    Before,
    Running(u8),
    FirstHalfOver,
    Break,
}

/// All series of a match.
#[derive(Debug)]
pub(crate) struct Odds {
    pub series: Vec<(&'static Book, MarketKind, Vec<Tick>)>,
}

impl Odds {
    /// The series of a match; none if no bookmaker offers it.
    pub fn of(world: &World, fixture: &Fixture, story: &Story) -> Odds {
        let market = Market::of(world, fixture, story);
        let mut rng = Rng::new(world.seed, Purpose::Pace, &fixture.key());
        // How much interest there is in the match: most little, some a lot.
        let pace = (rng.normal() * 0.55 - 0.15).exp().clamp(0.2, 2.6);
        let stage = Stage::new(fixture, story, &market, pace);
        let mut series = Vec::with_capacity(40);
        for book in &BOOKS {
            let key = [fixture.key()[0], fixture.key()[1], u64::from(book.id)];
            let mut rng = Rng::new(world.seed, Purpose::Series, &key);
            if !rng.chance(book.listed * (0.85 + 0.15 * pace).min(1.1)) {
                continue;
            }
            for (n, kind) in MarketKind::ALL.into_iter().enumerate() {
                if rng.chance(book.covers[n]) {
                    let key = [key[0], key[1], key[2], n as u64];
                    let rng = Rng::new(world.seed, Purpose::Series, &key);
                    let ticks = Series::new(&stage, book, kind, rng).run();
                    if !ticks.is_empty() {
                        series.push((book, kind, ticks));
                    }
                }
            }
        }
        Odds { series }
    }

    /// No bookmaker offers the match.
    pub const fn none() -> Odds {
        Odds { series: Vec::new() }
    }

    /// The `results` of `odds/history` at second `t`.
    pub fn history(&self, kickoff: i64, t: i64) -> History<'_> {
        History {
            odds: self,
            kickoff,
            t,
        }
    }

    /// The newest change of each series in the seconds after `since` up to `t`, newest of all first.
    pub fn changes(&self, since: i64, t: i64) -> Vec<(&'static Book, MarketKind, Tick)> {
        let mut changes: Vec<_> = self
            .series
            .iter()
            .flat_map(|(book, kind, ticks)| {
                let recent = ticks[..until(ticks, t)].iter().rev();
                recent
                    .take_while(move |tick| i64::from(tick.at) > since)
                    .map(|tick| (*book, *kind, *tick))
            })
            .collect();
        changes.sort_by_key(|(_, _, tick)| std::cmp::Reverse(tick.at));
        changes
    }
}

/// How many of `ticks` (ascending) have happened at `t`.
fn until(ticks: &[Tick], t: i64) -> usize {
    ticks.partition_point(|tick| i64::from(tick.at) <= t)
}

/// `{"2": {"asia": [tuple…], …}, …}`: bookmakers and markets sorted by key, ticks newest first.
pub(crate) struct History<'o> {
    odds: &'o Odds,
    kickoff: i64,
    t: i64,
}

impl Serialize for History<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let same_book = |a: &(&Book, _, _), b: &(&Book, _, _)| a.0.id == b.0.id;
        for of_book in self.odds.series.chunk_by(same_book) {
            let markets = Markets {
                history: self,
                series: of_book,
            };
            if markets.started().next().is_some() {
                map.serialize_entry(of_book[0].0.key, &markets)?;
            }
        }
        map.end()
    }
}

struct Markets<'h> {
    history: &'h History<'h>,
    series: &'h [(&'static Book, MarketKind, Vec<Tick>)],
}

impl<'h> Markets<'h> {
    /// The series that have a tick by now.
    fn started(&self) -> impl Iterator<Item = (MarketKind, &'h [Tick])> {
        let t = self.history.t;
        self.series.iter().filter_map(move |(_, kind, ticks)| {
            let ticks = &ticks[..until(ticks, t)];
            (!ticks.is_empty()).then_some((*kind, ticks))
        })
    }
}

impl Serialize for Markets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (kind, ticks) in self.started() {
            let kickoff = self.history.kickoff;
            map.serialize_entry(kind.key(), &Newest { kickoff, ticks })?;
        }
        map.end()
    }
}

struct Newest<'h> {
    kickoff: i64,
    ticks: &'h [Tick],
}

impl Serialize for Newest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.ticks.len()))?;
        for tick in self.ticks.iter().rev() {
            list.serialize_element(&tick.tuple(self.kickoff))?;
        }
        list.end()
    }
}

impl Tick {
    /// `h-a`.
    pub fn score_text(&self) -> Short {
        let mut text = Short::default();
        text.number(self.score[0]);
        text.push(b'-');
        text.number(self.score[1]);
        text
    }

    /// The feed's eight elements.
    pub const fn tuple(self, kickoff: i64) -> Tuple {
        Tuple {
            tick: self,
            kickoff,
        }
    }
}

/// A tick as `[ts, "minute", a, line, b, status, sealed, "h-a"]`.
pub(crate) struct Tuple {
    tick: Tick,
    kickoff: i64,
}

impl Serialize for Tuple {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tick = &self.tick;
        let mut tuple = serializer.serialize_tuple(8)?;
        tuple.serialize_element(&(self.kickoff + i64::from(tick.at)))?;
        match tick.minute {
            Minute::Before => tuple.serialize_element("")?,
            Minute::FirstHalfOver => tuple.serialize_element("45+")?,
            Minute::Break => tuple.serialize_element("midfield")?,
            Minute::Running(minute) => {
                let mut text = Short::default();
                text.number(minute);
                tuple.serialize_element(text.as_str())?;
            }
        }
        tuple.serialize_element(&(f64::from(tick.first) / 100.0))?;
        tuple.serialize_element(&(f64::from(tick.middle) / 100.0))?;
        tuple.serialize_element(&(f64::from(tick.last) / 100.0))?;
        tuple.serialize_element(&tick.status)?;
        tuple.serialize_element(&u8::from(tick.sealed))?;
        tuple.serialize_element(tick.score_text().as_str())?;
        tuple.end()
    }
}

/// A few ASCII characters without an allocation: there are a million of these in a busy hour.
#[derive(Default)]
pub(crate) struct Short {
    bytes: [u8; 8],
    length: usize,
}

impl Short {
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    fn number(&mut self, number: u8) {
        for (worth, least) in [(100, 100), (10, 10), (1, 0)] {
            if number >= least {
                self.push(b'0' + number / worth % 10);
            }
        }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }
}
