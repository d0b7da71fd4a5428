//! Numbers as bettors write them: prices, lines, probabilities, their movement, ages.

use football::{Format, Line, Price};

/// What stands for a number that is none.
const NO_NUMBER: &str = "–";

/// Decimal odds in `format`.
pub fn price(decimal: f64, format: Format) -> String {
    Price::from_decimal(decimal).map_or_else(|| NO_NUMBER.to_owned(), |price| price.text(format))
}

/// A handicap with its sign: `-0.5`, `+0.25`, `0`.
pub fn handicap(line: f64) -> String {
    match Line::from_goals(line) {
        Some(line) => line.text_signed(),
        None if line.is_finite() => format!("{line:+.2}"),
        None => NO_NUMBER.to_owned(),
    }
}

/// A total: `2.75`, `3`.
pub fn total(line: f64) -> String {
    match Line::from_goals(line) {
        Some(line) => line.text_plain(),
        None if line.is_finite() => format!("{line:.2}"),
        None => NO_NUMBER.to_owned(),
    }
}

/// A probability or a margin in percent with so many places: `27.6%`.
pub fn percent(part: f64, places: usize) -> String {
    format!("{:.places$}%", part * 100.0)
}

/// The change of a fair probability since opening, in tenths of a percentage point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Movement(i64);

impl Movement {
    /// From `then` to `now`; none when either is unknown.
    pub fn between(then: Option<f64>, now: Option<f64>) -> Option<Movement> {
        let points = (now? - then?) * 1000.0;
        points
            .is_finite()
            .then_some(Movement(points.round() as i64))
    }

    /// `▲6.2`, `▼6.7`, `=` when it is where it was.
    pub fn text(self) -> String {
        let size = self.0.unsigned_abs();
        match self.0 {
            0 => "=".to_owned(),
            1.. => format!("▲{}.{}", size / 10, size % 10),
            _ => format!("▼{}.{}", size / 10, size % 10),
        }
    }

    /// Less than zero when it fell.
    pub fn sign(self) -> i64 {
        self.0.signum()
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// An age in three or four columns: `12s`, `4m`, `20h`, `3d`.
pub fn age(seconds: i64) -> String {
    match seconds {
        ..MINUTE => format!("{}s", seconds.max(0)),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..172_800 => format!("{}h", seconds / HOUR),
        _ => format!("{}d", (seconds / DAY).min(9999)),
    }
}

/// An age in words: `3 seconds`, `1 minute`, `544 days`.
pub fn age_words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..120 => (seconds.max(0), "second"),
        120..7200 => (seconds / MINUTE, "minute"),
        7200..172_800 => (seconds / HOUR, "hour"),
        _ => (seconds / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_sign_that_a_bettor_expects() {
        assert_eq!(
            [-0.5, 0.25, 0.0, 1.0].map(handicap),
            ["-0.5", "+0.25", "0", "+1"]
        );
        assert_eq!([2.5, 3.0, 10.25].map(total), ["2.5", "3", "10.25"]);
        assert_eq!(handicap(f64::NAN), "–");
    }

    #[test]
    fn movement_is_in_points_of_probability() {
        let text = |then, now| Movement::between(Some(then), Some(now)).map(Movement::text);
        assert_eq!(text(0.343, 0.276284).as_deref(), Some("▼6.7"));
        assert_eq!(text(0.242, 0.247127).as_deref(), Some("▲0.5"));
        assert_eq!(text(0.5, 0.50049).as_deref(), Some("="));
        assert_eq!(Movement::between(None, Some(0.5)), None);
        assert_eq!(Movement::between(Some(f64::NAN), Some(0.5)), None);
    }

    #[test]
    fn ages_are_short_and_in_words() {
        assert_eq!(
            [-3, 12, 241, 75_193, 400_000].map(age),
            ["0s", "12s", "4m", "20h", "4d"]
        );
        assert_eq!(
            [1, 3, 119, 150, 47_040_127].map(age_words),
            [
                "1 second",
                "3 seconds",
                "119 seconds",
                "2 minutes",
                "544 days"
            ]
        );
    }

    #[test]
    fn a_price_that_is_none_is_a_dash_in_every_format() {
        for format in crate::view::FORMATS {
            assert_eq!(price(1.0, format), "–");
            assert_eq!(price(f64::NAN, format), "–");
        }
        assert_eq!(
            crate::view::FORMATS.map(|format| price(3.25, format)),
            ["+225", "3.25", "2.25", "9/4"]
        );
    }
}
