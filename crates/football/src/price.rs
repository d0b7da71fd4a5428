//! A bookmaker's price, held exactly, and the six ways people write it.
//!
//! The feed's prices have two decimals; ten-thousandths of decimal odds hold them, their Hong Kong
//! form and every price a bettor could type without rounding, so American odds and fractions are
//! integer arithmetic and `1.32` is `-313` on every machine (a float's -312.5 rounds either way).
//! Formulas: `docs/ODDS.md`, "Price formats"; with d the decimal price, b = d − 1 is the profit per
//! unit stake, which is the Hong Kong price.

use std::fmt;
use std::str::FromStr;

use crate::names::{self, UnknownName};
use crate::number::split_number;

/// Ten-thousandths in one.
const ONE: u32 = 10_000;

/// A price that pays more than its stake: decimal odds in ten-thousandths, always above 1.
///
/// The largest is 429496.7295. Orders as decimal odds do: the greater price pays more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Price(u32);

impl Price {
    /// Even money: 2.00, +100, 1/1.
    pub const EVEN: Price = Price(2 * ONE);

    /// From decimal odds in ten-thousandths, `None` unless above 10 000 (a price of 1.00 is no
    /// price: the feed sends it for a market that is decided).
    #[must_use]
    pub const fn from_ten_thousandths(n: u32) -> Option<Price> {
        if n > ONE { Some(Price(n)) } else { None }
    }

    /// From decimal odds, to the nearest 0.0001. `None` for NaN, infinities, anything that is not
    /// above 1 (before or after rounding) and anything beyond 429496.7295.
    #[must_use]
    pub fn from_decimal(d: f64) -> Option<Price> {
        Price::from_scaled(d * f64::from(ONE))
    }

    /// From Hong Kong odds (profit per unit stake). `None` for NaN, infinities and h <= 0.
    #[must_use]
    pub fn from_hong_kong(h: f64) -> Option<Price> {
        Price::from_scaled((h * f64::from(ONE)).round() + f64::from(ONE))
    }

    /// From American odds: the profit on a stake of 100 if positive, the stake that wins 100 if
    /// negative. `None` for NaN, infinities and |a| < 100, which no bookmaker quotes.
    #[must_use]
    pub fn from_american(a: f64) -> Option<Price> {
        if a >= 100.0 {
            Price::from_hong_kong(a / 100.0)
        } else if a <= -100.0 {
            Price::from_hong_kong(-100.0 / a)
        } else {
            None
        }
    }

    /// From a fraction, `n/d` profit per unit stake, to the nearest 0.0001 of decimal odds (thirds
    /// are not exact). `None` if either is 0 or the price is out of range.
    #[must_use]
    pub fn from_fraction(n: u32, d: u32) -> Option<Price> {
        if d == 0 {
            return None;
        }
        let (n, d) = (u64::from(n), u64::from(d));
        let profit = (2 * n * u64::from(ONE) + d) / (2 * d);
        u32::try_from(profit + u64::from(ONE))
            .ok()
            .and_then(Price::from_ten_thousandths)
    }

    /// From Malay odds: 0 < x <= 1 is the profit per unit stake, -1 <= x < 0 the stake that wins
    /// one unit. `None` for everything else.
    #[must_use]
    pub fn from_malay(x: f64) -> Option<Price> {
        if x > 0.0 && x <= 1.0 {
            Price::from_hong_kong(x)
        } else if (-1.0..0.0).contains(&x) {
            Price::from_hong_kong(-1.0 / x)
        } else {
            None
        }
    }

    /// From Indonesian odds, which are American odds divided by 100. `None` for NaN, infinities
    /// and |x| < 1.
    #[must_use]
    pub fn from_indonesian(x: f64) -> Option<Price> {
        if x >= 1.0 {
            Price::from_hong_kong(x)
        } else if x <= -1.0 {
            Price::from_hong_kong(-1.0 / x)
        } else {
            None
        }
    }

    /// Reads a price as people write it in `format`: `+225`, `-105`, `9/4`, `3.25`, `.80`, with
    /// U+2212 for the minus sign, a comma for the decimal point and, in every format, `EVS`,
    /// `EVEN` or `EVENS` for even money. `None` for anything else, and where the number is no
    /// price in that format.
    #[must_use]
    pub fn parse(text: &str, format: Format) -> Option<Price> {
        let text = text.trim();
        if ["EVS", "EVEN", "EVENS"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(text))
        {
            return Some(Price::EVEN);
        }
        if format == Format::Fractional {
            let (n, d) = text.split_once('/')?;
            return Price::from_fraction(whole_number(n)?, whole_number(d)?);
        }
        let (number, rest) = split_number(text)?;
        if !rest.is_empty() {
            return None;
        }
        match format {
            Format::American => Price::from_american(number),
            Format::Decimal => Price::from_decimal(number),
            Format::HongKong => Price::from_hong_kong(number),
            Format::Malay => Price::from_malay(number),
            Format::Indonesian => Price::from_indonesian(number),
            Format::Fractional => None, // read above
        }
    }

    /// Decimal odds in ten-thousandths, above 10 000.
    #[must_use]
    pub const fn ten_thousandths(self) -> u32 {
        self.0
    }

    /// Decimal odds: what comes back per unit stake, the stake included.
    #[must_use]
    pub fn decimal(self) -> f64 {
        f64::from(self.0) / f64::from(ONE)
    }

    /// Hong Kong odds: profit per unit stake.
    #[must_use]
    pub fn hong_kong(self) -> f64 {
        f64::from(self.profit()) / f64::from(ONE)
    }

    /// American odds as printed: integer arithmetic, half away from zero. Even money is +100, and
    /// nothing is ever strictly between -100 and +100.
    #[must_use]
    pub fn american(self) -> i64 {
        let profit = i64::from(self.profit());
        if self >= Price::EVEN {
            (profit + 50) / 100
        } else {
            -((2_000_000 + profit) / (2 * profit))
        }
    }

    /// American odds unrounded: 1.32 is -312.5.
    #[must_use]
    pub fn american_exact(self) -> f64 {
        if self >= Price::EVEN {
            f64::from(self.profit()) / 100.0
        } else {
            -1_000_000.0 / f64::from(self.profit())
        }
    }

    /// Profit per unit stake as an exact fraction in lowest terms.
    #[must_use]
    pub fn fraction(self) -> (u32, u32) {
        let divisor = gcd(self.profit(), ONE);
        (self.profit() / divisor, ONE / divisor)
    }

    /// Malay odds, within [-1, 1] and never 0; even money is 1.
    #[must_use]
    pub fn malay(self) -> f64 {
        if self <= Price::EVEN {
            self.hong_kong()
        } else {
            self.minus_reciprocal()
        }
    }

    /// Indonesian odds, never strictly between -1 and 1; even money is 1.
    #[must_use]
    pub fn indonesian(self) -> f64 {
        if self >= Price::EVEN {
            self.hong_kong()
        } else {
            self.minus_reciprocal()
        }
    }

    /// The probability the price implies, 1/d, the bookmaker's margin included.
    #[must_use]
    pub fn implied(self) -> f64 {
        f64::from(ONE) / f64::from(self.0)
    }

    /// American odds with their sign: `+225`, `-105`.
    #[must_use]
    pub fn american_text(self) -> String {
        format!("{:+}", self.american())
    }

    /// The fraction in lowest terms: `9/4`, `1/1`.
    #[must_use]
    pub fn fraction_text(self) -> String {
        let (n, d) = self.fraction();
        format!("{n}/{d}")
    }

    /// The price in `format`. Decimal and Hong Kong odds are exact, with at least two places
    /// (`3.25`, `1.001`); a negative Malay or Indonesian price is rounded to six places.
    #[must_use]
    pub fn text(self, format: Format) -> String {
        match format {
            Format::American => self.american_text(),
            Format::Decimal => fixed(self.0),
            Format::HongKong => fixed(self.profit()),
            Format::Fractional => self.fraction_text(),
            Format::Malay if self > Price::EVEN => two_places_or_more(self.minus_reciprocal()),
            Format::Indonesian if self < Price::EVEN => two_places_or_more(self.minus_reciprocal()),
            Format::Malay | Format::Indonesian => fixed(self.profit()),
        }
    }

    /// Profit per unit stake in ten-thousandths, at least 1.
    const fn profit(self) -> u32 {
        self.0 - ONE
    }

    /// −1/b: the far half of the Malay and Indonesian scales.
    fn minus_reciprocal(self) -> f64 {
        -f64::from(ONE) / f64::from(self.profit())
    }

    fn from_scaled(ten_thousandths: f64) -> Option<Price> {
        let rounded = ten_thousandths.round();
        if rounded > f64::from(ONE) && rounded <= f64::from(u32::MAX) {
            Price::from_ten_thousandths(rounded as u32)
        } else {
            None
        }
    }
}

/// Decimal odds, as [`Price::text`] writes them.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&fixed(self.0))
    }
}

/// How a price is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// `+225`, `-105`: profit on 100, or the stake that wins 100.
    American,
    /// `3.25`: return per unit stake, the stake included.
    Decimal,
    /// `2.25`: profit per unit stake.
    HongKong,
    /// `9/4`: profit to stake.
    Fractional,
    /// `0.95`, `-0.44`: Hong Kong up to 1, else minus the stake that wins one.
    Malay,
    /// `2.25`, `-1.05`: American divided by 100.
    Indonesian,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 6] = [
        Format::American,
        Format::Decimal,
        Format::HongKong,
        Format::Fractional,
        Format::Malay,
        Format::Indonesian,
    ];

    /// The name in configuration, flags and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::American => "american",
            Format::Decimal => "decimal",
            Format::HongKong => "hong_kong",
            Format::Fractional => "fractional",
            Format::Malay => "malay",
            Format::Indonesian => "indonesian",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Format, UnknownName> {
        names::find("odds format", &Format::ALL, Format::as_str, name)
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Digits only, so that neither side of a fraction has a sign.
fn whole_number(text: &str) -> Option<u32> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

/// Ten-thousandths as a decimal number, exact, with two to four places.
fn fixed(ten_thousandths: u32) -> String {
    trim_zeros(format!(
        "{}.{:04}",
        ten_thousandths / ONE,
        ten_thousandths % ONE
    ))
}

/// Six places hold the smallest Malay price there is, -0.000002.
fn two_places_or_more(value: f64) -> String {
    trim_zeros(format!("{value:.6}"))
}

/// Drops trailing zeros beyond the second decimal place.
fn trim_zeros(mut text: String) -> String {
    let two_places = text.find('.').map_or(text.len(), |point| point + 3);
    while text.len() > two_places && text.ends_with('0') {
        text.pop();
    }
    text
}

#[cfg(test)]
#[path = "price_tests.rs"]
mod tests;
