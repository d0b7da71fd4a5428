//! One match in full: what every book quotes, and what happened, from `step2/step2.json`.

use std::fs::File;
use std::io::{self, Read};

use feed::Tick;
use feed::codes::{self, Market};
use feed::odds::{UNIT, as_decimal};
use football::{Price, age_s, is_stale, overround};
use pipeline::handoff::{self, Source};
use pipeline::{DataDir, Failure};
use serde::Serialize;
use step2::Side;

use super::members::{self, Places};

/// As much of the file as its envelope may have, in bytes.
const HEAD: u64 = 4096;

/// What step 2's file knows beyond the row.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Detail {
    /// The markets that anyone quotes.
    pub markets: Vec<Grid>,
    /// What happened, in the feed's order.
    pub incidents: Vec<Incident>,
    /// Technical statistics: what, home, away.
    pub stats: Vec<(String, Option<i64>, Option<i64>)>,
    /// The provider's remark.
    pub note: Option<String>,
}

/// One market at every book.
#[derive(Clone, Debug, Serialize)]
pub struct Grid {
    /// `1X2`, `Handicap`, `Goals`, `Corners`.
    pub market: &'static str,
    /// What the prices are for, in their order.
    pub outcomes: &'static [&'static str],
    /// The books in the feed's order.
    pub books: Vec<BookPrices>,
}

/// One book's newest prices of a market.
#[derive(Clone, Debug, Serialize)]
pub struct BookPrices {
    /// His name.
    pub bookmaker: String,
    /// Whether the book takes no bets on it: these are then the last prices at which it did.
    pub suspended: bool,
    /// Whether they are too old to be trusted, or of an earlier part of the match.
    pub stale: bool,
    /// When they were made, unix seconds.
    pub at: i64,
    /// The feed's minute text then.
    pub minute: String,
    /// The score then.
    pub score: String,
    /// The line, home's for a handicap; none for the 1X2.
    pub line: Option<f64>,
    /// Decimal odds.
    pub prices: Vec<f64>,
    /// The opening, if it was before kick-off: line and decimal odds.
    pub opening: Option<(Option<f64>, Vec<f64>)>,
    /// The book's margin, 0.05 being five percent.
    pub margin: f64,
    /// Changes in the series.
    pub ticks: u64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// `23'`, `45+2'`; empty when unknown.
    pub minute: String,
    /// In words.
    pub what: String,
    /// `home`, `away`, or nothing.
    pub side: &'static str,
    /// Who; for a substitution who came on.
    pub player: Option<String>,
    /// The score after it.
    pub score: Option<[i64; 2]>,
}

impl Detail {
    /// What step 2 wrote of the match; none if it has no such match.
    ///
    /// # Errors
    /// 66 or 65 when the file is missing or can't be used.
    pub fn read(data: &DataDir, id: &str) -> Result<Option<Detail>, Failure> {
        Detail::read_at(data, &Places::default(), id)
    }

    /// The same, quicker where it is known where the record stands.
    ///
    /// # Errors
    /// As [`Detail::read`].
    pub fn read_at(data: &DataDir, places: &Places, id: &str) -> Result<Option<Detail>, Failure> {
        let path = data.output(2);
        let source = Source::File(path.clone());
        let mut head = Vec::new();
        let read = File::open(&path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
        let head = String::from_utf8_lossy(&head);
        let known = read
            .ok()
            .and_then(|_| handoff::open(&head, &source, 2, None).ok());
        let envelope = match known {
            Some(envelope) => envelope,
            None => {
                // Read whole, it can be said what is wrong with it.
                let bytes = handoff::read(&source)?;
                handoff::open(handoff::text(&bytes, &source)?, &source, 2, None)?
            }
        };
        let fetched = envelope.fetched_at.timestamp();
        let detail = |text: &str| {
            let one: step2::Match<'_> = handoff::parse(text, &source)?;
            Ok(Some(Detail::of(&one, fetched)))
        };
        if let Some(text) = places.read(&path, id) {
            return detail(&text);
        }
        let mut found = Ok(None);
        members::of_file(
            &path,
            "matches",
            |one| one == id,
            |_, _, text| {
                found = detail(text);
                false
            },
        )
        .map_err(|why| {
            let ended = why.kind() == io::ErrorKind::UnexpectedEof;
            handoff::not_json(&source, ended, &why)
        })?;
        found
    }

    fn of(one: &step2::Match<'_>, fetched: i64) -> Detail {
        let markets = [
            (Market::FullTimeResult, "1X2", &["home", "draw", "away"][..]),
            (Market::Spread, "Handicap", &["home", "away"]),
            (Market::OverUnder, "Goals", &["over", "under"]),
            (Market::CornersOverUnder, "Corners", &["over", "under"]),
        ];
        let grids = markets.into_iter().map(|(market, name, outcomes)| Grid {
            market: name,
            outcomes,
            books: one
                .odds
                .iter()
                .filter_map(|(id, book)| quote(*id, book.series(market)?, market, (one, fetched)))
                .collect(),
        });
        Detail {
            markets: grids.filter(|grid| !grid.books.is_empty()).collect(),
            incidents: one.incidents.iter().map(incident).collect(),
            stats: one
                .stats
                .iter()
                .map(|stat| {
                    (
                        codes::incident(stat.kind).into_owned(),
                        stat.home,
                        stat.away,
                    )
                })
                .collect(),
            note: one.note.as_ref().map(|note| note.as_str().to_owned()),
        }
    }

    /// The highest price of each outcome of a market over the books that take bets, by prices that are not
    /// stale: what nobody would give any more is no best price.
    pub fn best(grid: &Grid) -> Vec<Option<f64>> {
        (0..grid.outcomes.len())
            .map(|at| {
                let open = grid
                    .books
                    .iter()
                    .filter(|book| !book.suspended && !book.stale);
                open.filter_map(|book| book.prices.get(at).copied())
                    .max_by(f64::total_cmp)
            })
            .collect()
    }
}

fn quote(
    id: i64,
    series: &step2::Series<'_>,
    market: Market,
    (one, fetched): (&step2::Match<'_>, i64),
) -> Option<BookPrices> {
    // The newest open prices are what one could bet on last; a newer tick that is none closes them.
    let tick = series.newest_open.as_ref()?;
    let (line, prices) = prices(tick, market)?;
    Some(BookPrices {
        bookmaker: codes::bookmaker(id).into_owned(),
        suspended: series.newest.as_ref() != Some(tick),
        stale: is_stale(
            codes::phase(one.status_id),
            one.status_id,
            tick.status,
            age_s(fetched, tick.at),
        ),
        at: tick.at,
        minute: tick.minute.clone().into_owned(),
        score: tick.score.clone().into_owned(),
        margin: match prices.as_slice() {
            [a, b] => overround(&[*a, *b]),
            [a, b, c] => overround(&[*a, *b, *c]),
            _ => return None,
        },
        line,
        prices: prices.into_iter().map(Price::decimal).collect(),
        opening: series.opening.as_ref().and_then(|tick| {
            let (line, opening) = self::prices(tick, market)?;
            Some((line, opening.into_iter().map(Price::decimal).collect()))
        }),
        ticks: series.ticks,
    })
}

/// Line and prices of a tick: the 1X2 has three decimal ones, the others two in Hong Kong odds around
/// their line, and a handicap of the feed is the opposite of the home side's line.
fn prices(tick: &Tick<'_>, market: Market) -> Option<(Option<f64>, Vec<Price>)> {
    let price = |value: Option<i64>, above: i64| {
        Price::from_ten_thousandths(u32::try_from(value? + above).ok()?)
    };
    let [first, middle, last] = tick.values;
    if market == Market::FullTimeResult {
        let prices = vec![price(first, 0)?, price(middle, 0)?, price(last, 0)?];
        return Some((None, prices));
    }
    let line = if market == Market::Spread {
        -middle?
    } else {
        middle?
    };
    let prices = vec![price(first, UNIT)?, price(last, UNIT)?];
    Some((Some(as_decimal(line)), prices))
}

fn incident(one: &step2::Incident<'_>) -> Incident {
    let minute = match (one.minute, one.added) {
        (Some(minute), Some(added)) if added > 0 => format!("{minute}+{added}'"),
        (Some(minute), _) => format!("{minute}'"),
        _ => String::new(),
    };
    Incident {
        minute,
        what: one.what.to_string(),
        side: match one.side {
            Some(Side::Home) => "home",
            Some(Side::Away) => "away",
            None => "",
        },
        player: one.player.as_ref().map(|name| name.to_string()),
        score: one.score,
    }
}
