//! Prices in every format, fair probabilities, consensus and best price.

use std::borrow::Cow;

use chrono::DateTime;
use feed::Tick;
use feed::codes;
use feed::odds::{UNIT, as_decimal};
use football::{Method, Price, fair, overround};
use pipeline::Text;
use pipeline::handoff::instant;
use serde::{Deserialize, Serialize};
use step4::{OpenBook, Quote};

/// One price in every format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceView<'a> {
    /// Decimal odds, stake included.
    pub decimal: f64,
    /// Hong Kong odds: decimal less one.
    pub hong_kong: f64,
    /// American odds with their sign.
    #[serde(borrow)]
    pub american: Text<'a>,
    /// Fractional odds, exact and reduced.
    #[serde(borrow)]
    pub fractional: Text<'a>,
    /// 1 / decimal, the margin included; to six places.
    pub implied: f64,
    /// The probability without the margin (Shin for three outcomes, multiplicative for two); to six places.
    pub fair: Option<f64>,
}

/// To six places.
fn six(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

impl PriceView<'_> {
    fn of(price: Price, fair: Option<f64>) -> Self {
        PriceView {
            decimal: price.decimal(),
            hong_kong: price.hong_kong(),
            american: Text(Cow::Owned(price.american_text())),
            fractional: Text(Cow::Owned(price.fraction_text())),
            implied: six(price.implied()),
            fair: fair.map(six),
        }
    }

    fn all<const N: usize>(prices: &[Price; N]) -> [Self; N] {
        let method = if N == 2 {
            Method::Multiplicative
        } else {
            Method::Shin
        };
        let fair = fair(method, prices);
        std::array::from_fn(|i| PriceView::of(prices[i], fair.as_ref().map(|fair| fair.p[i])))
    }
}

/// The prices of a tick; `above` is what the feed's format leaves out (0 for decimal, 1 for Hong Kong).
fn price(value: Option<i64>, above: i64) -> Option<Price> {
    Price::from_ten_thousandths(u32::try_from(value? + above * UNIT).ok()?)
}

fn rfc3339(at: i64) -> String {
    DateTime::from_timestamp(at, 0)
        .map(instant)
        .unwrap_or_default()
}

/// Defines a quote and its opening: what all markets share, and each market's own lines and prices.
macro_rules! quotes {
    ($(#[$doc:meta])* $quote:ident, $opening:ident,
     lines { $($(#[$line_doc:meta])* $line:ident),* },
     prices { $($(#[$price_doc:meta])* $price:ident),* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct $quote<'a> {
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
            /// When the price was made, RFC 3339 UTC.
            #[serde(borrow)]
            pub at: Text<'a>,
            /// The feed's minute text at that time.
            #[serde(borrow)]
            pub time: Text<'a>,
            /// The score (for corners: the corner count) at that time.
            #[serde(borrow)]
            pub score: Text<'a>,
            /// Whether that is the score that stands now; null when either is unknown.
            pub score_current: Option<bool>,
            /// The oldest valid open prices, if they are from before kick-off.
            #[serde(borrow)]
            pub opening: Option<$opening<'a>>,
            /// Changes in the series.
            pub ticks: u64,
            /// The book's margin: the sum of the implied probabilities less one; to six places.
            pub margin: f64,
            $($(#[$line_doc])* pub $line: f64,)*
            $($(#[$price_doc])* #[serde(borrow)] pub $price: PriceView<'a>,)*
        }

        /// The opening prices of the same series.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct $opening<'a> {
            /// When they were made, RFC 3339 UTC.
            #[serde(borrow)]
            pub at: Text<'a>,
            $($(#[$line_doc])* pub $line: f64,)*
            $($(#[$price_doc])* #[serde(borrow)] pub $price: PriceView<'a>,)*
        }

        impl<'a> $quote<'a> {
            /// The quote in the product's formats; `None` when its prices are none, which step 4 rules out.
            pub(crate) fn convert(from: Quote<'a>) -> Option<Self> {
                let (prices, margin) = $opening::prices(&from.tick)?;
                Some($quote {
                    bookmaker_id: from.bookmaker_id,
                    bookmaker: from.bookmaker,
                    suspended: from.suspended,
                    stale: from.stale,
                    age_s: from.age_s,
                    score_current: from.score_current,
                    at: Text::from(rfc3339(from.tick.at)),
                    opening: from.opening.and_then(|tick| $opening::prices(&tick)).map(|(opening, _)| opening),
                    time: Text(from.tick.minute),
                    score: Text(from.tick.score),
                    ticks: from.ticks,
                    margin: six(margin),
                    $($line: prices.$line,)*
                    $($price: prices.$price,)*
                })
            }
        }
    };
}

quotes! {
    /// A 1X2 quote.
    ResultQuote, OpeningResult, lines {}, prices {
        /// Home win.
        home,
        /// Draw.
        draw,
        /// Away win.
        away
    }
}

quotes! {
    /// An asian handicap quote.
    SpreadQuote, OpeningSpread, lines {
        /// The home side's line as bettors write it: -0.5 = home gives half a goal.
        line,
        /// The feed's line: positive = home gives.
        feed_line
    }, prices {
        /// Home with its line.
        home,
        /// Away with the opposite line.
        away
    }
}

quotes! {
    /// A quote of a total, goals or corners.
    TotalQuote, OpeningTotal, lines {
        /// The total; in play it counts the whole match.
        line
    }, prices {
        /// More than the line.
        over,
        /// Less than the line.
        under
    }
}

impl OpeningResult<'_> {
    fn prices(tick: &Tick<'_>) -> Option<(Self, f64)> {
        let [home, draw, away] = tick.values;
        let prices = [price(home, 0)?, price(draw, 0)?, price(away, 0)?];
        let [home, draw, away] = PriceView::all(&prices);
        Some((
            OpeningResult {
                at: Text::from(rfc3339(tick.at)),
                home,
                draw,
                away,
            },
            overround(&prices),
        ))
    }
}

impl OpeningSpread<'_> {
    fn prices(tick: &Tick<'_>) -> Option<(Self, f64)> {
        let (feed_line, [home, away], margin) = two_way(tick)?;
        let at = Text::from(rfc3339(tick.at));
        // Negated as an integer: a float would make -0.0 of a level line.
        let line = as_decimal(-feed_line);
        Some((
            OpeningSpread {
                at,
                line,
                feed_line: as_decimal(feed_line),
                home,
                away,
            },
            margin,
        ))
    }
}

impl OpeningTotal<'_> {
    fn prices(tick: &Tick<'_>) -> Option<(Self, f64)> {
        let (line, [over, under], margin) = two_way(tick)?;
        Some((
            OpeningTotal {
                at: Text::from(rfc3339(tick.at)),
                line: as_decimal(line),
                over,
                under,
            },
            margin,
        ))
    }
}

/// A two-way market's line, its two prices and its margin.
fn two_way<'a>(tick: &Tick<'_>) -> Option<(i64, [PriceView<'a>; 2], f64)> {
    let [first, line, second] = tick.values;
    let prices = [price(first, 1)?, price(second, 1)?];
    Some((line?, PriceView::all(&prices), overround(&prices)))
}

/// What the open books together think of the 1X2: median of their margin-free probabilities, to six places.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Consensus {
    /// How many books.
    pub books: usize,
    /// Home win.
    pub home: f64,
    /// Draw.
    pub draw: f64,
    /// Away win.
    pub away: f64,
}

impl Consensus {
    pub(crate) fn of(books: &[OpenBook]) -> Option<Consensus> {
        let prices: Vec<_> = books.iter().filter_map(prices_of).collect();
        let found = football::consensus(&prices)?;
        Some(Consensus {
            books: found.books,
            home: six(found.home),
            draw: six(found.draw),
            away: six(found.away),
        })
    }
}

fn prices_of(book: &OpenBook) -> Option<[Price; 3]> {
    let [home, draw, away] = book.prices.map(Price::from_ten_thousandths);
    Some([home?, draw?, away?])
}

/// The best price of one outcome, and who has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best<'a> {
    /// Decimal odds.
    pub decimal: f64,
    /// American odds with their sign.
    #[serde(borrow)]
    pub american: Text<'a>,
    /// Whose.
    pub bookmaker_id: i64,
    /// Whose, in words.
    #[serde(borrow)]
    pub bookmaker: Text<'a>,
    /// Seconds from the price to the fetch.
    pub age_s: i64,
    /// Whether it was made at the score that stands now; null when either is unknown.
    pub score_current: Option<bool>,
}

/// The best 1X2 prices over the open books; of equal ones the preferred bookmaker's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BestPrices<'a> {
    /// Home win.
    #[serde(borrow)]
    pub home: Best<'a>,
    /// Draw.
    #[serde(borrow)]
    pub draw: Best<'a>,
    /// Away win.
    #[serde(borrow)]
    pub away: Best<'a>,
    /// The sum of the three implied probabilities, to six places. Below 1 it looks like a sure win and is
    /// nearly always a price that somebody has not updated yet.
    pub implied_sum: f64,
    /// Whether one can't bet on it now, since the match is over or off.
    pub suspended: bool,
}

impl<'a> BestPrices<'a> {
    pub(crate) fn of(books: &[OpenBook<'a>], phase: &str) -> Option<Self> {
        let candidates = books
            .iter()
            .filter_map(|book| Some((book.bookmaker_id, prices_of(book)?)));
        let best = football::best(candidates)?;
        let view = |(bookmaker_id, price): (i64, Price)| {
            let book = books
                .iter()
                .find(|book| book.bookmaker_id == bookmaker_id)?;
            Some(Best {
                decimal: price.decimal(),
                american: Text::from(price.american_text()),
                bookmaker_id,
                bookmaker: book
                    .bookmaker
                    .clone()
                    .unwrap_or_else(|| Text(codes::bookmaker(bookmaker_id))),
                age_s: book.age_s,
                score_current: book.score_current,
            })
        };
        let implied_sum = six(best.iter().map(|(_, price)| price.implied()).sum());
        let [home, draw, away] = best;
        Some(BestPrices {
            home: view(home)?,
            draw: view(draw)?,
            away: view(away)?,
            implied_sum,
            suspended: matches!(phase, "finished" | "off"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(tick: &str) -> Quote<'_> {
        Quote {
            bookmaker_id: 2,
            bookmaker: Text::from("bet365"),
            suspended: false,
            stale: false,
            age_s: 2,
            score_current: Some(true),
            ticks: 6,
            tick: serde_json::from_str(tick).unwrap(),
            opening: None,
        }
    }

    #[test]
    fn the_contracts_example_price_converts() {
        let result =
            ResultQuote::convert(quote(r#"[1748453415,"16",3.25,3.6,1.95,2,0,"0-0"]"#)).unwrap();
        let home = serde_json::to_string(&result.home).unwrap();
        assert_eq!(
            home,
            r#"{"decimal":3.25,"hong_kong":2.25,"american":"+225","fractional":"9/4","implied":0.307692,"fair":0.276284}"#
        );
        assert_eq!(
            (&*result.draw.american, &*result.away.american),
            ("+260", "-105")
        );
        assert_eq!(
            (result.draw.fair, result.away.fair),
            (Some(0.247_127), Some(0.476_589))
        );
        assert_eq!(result.margin, 0.098_291);
        assert_eq!(&*result.at, "2025-05-28T17:30:15.000Z");
    }

    #[test]
    fn the_handicap_is_shown_from_the_home_side_and_never_as_minus_nothing() {
        let spread =
            SpreadQuote::convert(quote(r#"[1748453415,"16",0.8,-0.5,1.0,2,0,"0-0"]"#)).unwrap();
        assert_eq!((spread.line, spread.feed_line), (0.5, -0.5));
        assert_eq!(
            (&*spread.home.american, &*spread.away.american),
            ("-125", "+100")
        );
        let level = SpreadQuote::convert(quote(r#"[1,"16",0.8,0.0,1.0,2,0,"0-0"]"#)).unwrap();
        assert!(level.line.is_sign_positive());
    }

    #[test]
    fn totals_are_hong_kong_too_and_two_way_fair_prices_are_multiplicative() {
        let total =
            TotalQuote::convert(quote(r#"[1748453407,"16",0.92,2.75,0.87,2,0,"0-0"]"#)).unwrap();
        assert_eq!(
            (&*total.over.american, &*total.under.american),
            ("-109", "-115")
        );
        let (over, under) = (1.0 / 1.92, 1.0 / 1.87);
        assert_eq!(total.over.fair, Some(six(over / (over + under))));
    }
}
