//! Numbers as people and feeds write them: a sign that may be U+2212, a comma or a point for the
//! decimals, no digit needed before it, a unit right behind. Stricter than `f64::from_str` where
//! that would read a word (`inf`, `nan`) or an exponent as a number.

/// Splits `text` into the number it begins with and whatever follows, both trimmed.
///
/// `None` if it does not begin with a number, if the number has two separators (`1,234.5`: there is
/// no telling which of them groups thousands) or does not fit a finite `f64`.
pub(crate) fn split_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let (sign, body) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(body) => (-1.0, body),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = body
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','))
        .unwrap_or(body.len());
    let (digits, rest) = body.split_at(end);
    let value: f64 = digits.replacen(',', ".", 1).parse().ok()?;
    value.is_finite().then_some((sign * value, rest.trim()))
}

#[cfg(test)]
mod tests {
    use super::split_number;

    #[test]
    fn the_number_and_its_unit_come_apart() {
        assert_eq!(split_number(" 16 °C "), Some((16.0, "°C")));
        assert_eq!(split_number("\u{2212}3°C"), Some((-3.0, "°C")));
        assert_eq!(split_number("+.80"), Some((0.8, "")));
        assert_eq!(split_number("1,95"), Some((1.95, "")));
        assert_eq!(split_number("759mmHg"), Some((759.0, "mmHg")));
    }

    #[test]
    fn what_is_not_plainly_a_number_is_none() {
        for text in [
            "", " ", "-", ".", ",", "inf", "nan", "--1", "+-1", "1,234.5", "1.2.3", "°C",
        ] {
            assert_eq!(split_number(text), None, "{text:?}");
        }
        assert_eq!(split_number(&"9".repeat(400)), None);
    }
}
