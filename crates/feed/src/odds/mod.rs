//! Odds histories: `results = {company: {market: [tick, …]}}`, newest first.
//!
//! A tick is `[unix seconds, "minute", home|over, line|draw, away|under, status, sealed, "h-a"]`. A cycle
//! holds some 150,000 of them, so they are read by a reader for exactly that shape: one look at each
//! byte, prices straight into integers, texts borrowed. Whatever does not have that shape (a string for
//! a number, null, an escape) is read again by the lenient reader and counted as odd.

mod lexer;

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codes::Market;
use crate::json::{Cursor, Fault};
use crate::row::{Anomalies, int, text};
use lexer::Lexer;

/// A price or a line in ten-thousandths: exact for the feed's two decimals. `None`: the feed has no number.
pub type Value = Option<i64>;

/// Ten-thousandths in one.
pub const UNIT: i64 = 10_000;

/// The largest price that has a decimal form in 32 bits.
const MOST: i64 = u32::MAX as i64 - UNIT;

/// The times that can be meant: a feed that sends milliseconds sends no time.
pub const TIMES: std::ops::Range<i64> = 1..4_102_444_800;

/// One change of one book's market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick<'a> {
    /// Unix seconds.
    pub at: i64,
    /// The feed's minute text: `""` before kick-off, `"16"`, `"45+"`, `"midfield"` at half-time.
    pub minute: Cow<'a, str>,
    /// In the feed's order; what they mean depends on the [`Market`].
    pub values: [Value; 3],
    /// Match status at that time.
    pub status: i64,
    /// Whether the market was closed (`sealed` other than 0).
    pub sealed: bool,
    /// Score at that time, `"h-a"`; for corners the corner count.
    pub score: Cow<'a, str>,
}

impl<'a> Tick<'a> {
    /// Whether every price is above evens-on-nothing (decimal > 1) and the line is there.
    #[inline]
    pub fn valid(&self, market: Market) -> bool {
        let [a, b, c] = self.values;
        let price = |value: Value, least: i64| value.is_some_and(|n| n > least && n <= MOST);
        match market {
            Market::FullTimeResult => price(a, UNIT) && price(b, UNIT) && price(c, UNIT),
            Market::Spread | Market::OverUnder | Market::CornersOverUnder => {
                price(a, 0) && b.is_some() && price(c, 0)
            }
        }
    }

    /// Whether one could bet on it: open and valid.
    #[inline]
    pub fn open_valid(&self, market: Market) -> bool {
        !self.sealed && self.valid(market)
    }

    /// Reads the tick at the cursor; `None` when it has no usable time (counted as odd).
    ///
    /// # Errors
    /// When the text is no JSON.
    pub fn read(cursor: &mut Cursor<'a>, anomalies: &Anomalies) -> Result<Option<Tick<'a>>, Fault> {
        cursor.peek();
        match Lexer::new(cursor).tick() {
            Some((tick, length)) => {
                cursor.advance(length);
                Ok(Some(tick))
            }
            None => Tick::read_leniently(cursor, anomalies),
        }
    }

    /// The same tick, independent of the text it was read from.
    pub fn into_owned(self) -> Tick<'static> {
        Tick {
            minute: Cow::Owned(self.minute.into_owned()),
            score: Cow::Owned(self.score.into_owned()),
            at: self.at,
            values: self.values,
            status: self.status,
            sealed: self.sealed,
        }
    }

    #[cold]
    fn read_leniently(
        cursor: &mut Cursor<'a>,
        anomalies: &Anomalies,
    ) -> Result<Option<Tick<'a>>, Fault> {
        if cursor.peek() != Some(b'[') {
            cursor.value()?;
            anomalies.note("odds tick", "no list");
            return Ok(None);
        }
        let mut elements = Vec::with_capacity(8);
        cursor.array::<Fault>(|c| {
            elements.push(c.value()?);
            Ok(())
        })?;
        let raw = |index: usize| elements.get(index).copied().unwrap_or("null");
        let time = int(raw(0), "odds time", anomalies).filter(|at| TIMES.contains(at));
        let Some(at) = time else {
            anomalies.note("odds tick", "no time");
            return Ok(None);
        };
        let words = |index, name| text(raw(index), name, anomalies).unwrap_or_default();
        Ok(Some(Tick {
            at,
            minute: words(1, "odds minute"),
            values: [2, 3, 4].map(|index| value(raw(index), anomalies)),
            status: int(raw(5), "odds status", anomalies).unwrap_or(0),
            // Without a word on it the market must not count as open.
            sealed: int(raw(6), "odds sealed", anomalies) != Some(0),
            score: words(7, "odds score"),
        }))
    }
}

/// A price or line from a value's text: a number, or a string that holds one.
fn value(raw: &str, anomalies: &Anomalies) -> Value {
    let inner = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let number: f64 = match inner.unwrap_or(raw).trim().parse() {
        Ok(number) if f64::abs(number) < 1e9 => number,
        _ => {
            if raw != "null" && raw != "\"\"" {
                anomalies.note("odds value", "no number");
            }
            return None;
        }
    };
    if inner.is_some() {
        anomalies.note("odds value", "text for a number");
    }
    Some((number * UNIT as f64).round() as i64)
}

/// A number of ten-thousandths as the decimal number it stands for (3.25).
pub fn as_decimal(value: i64) -> f64 {
    value as f64 / UNIT as f64
}

impl Serialize for Tick<'_> {
    /// As the feed has it: eight elements.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(8)?;
        tuple.serialize_element(&self.at)?;
        tuple.serialize_element(&self.minute)?;
        for value in self.values {
            tuple.serialize_element(&value.map(as_decimal))?;
        }
        tuple.serialize_element(&self.status)?;
        tuple.serialize_element(&u8::from(self.sealed))?;
        tuple.serialize_element(&self.score)?;
        tuple.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Tick<'a> {
    /// From what [`Serialize`] wrote: strict, since it is ours.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_tuple(8, TickVisitor)
    }
}

struct TickVisitor;

impl<'de> Visitor<'de> for TickVisitor {
    type Value = Tick<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an odds tick of eight elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tick<'de>, A::Error> {
        fn next<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(seq: &mut A) -> Result<T, A::Error> {
            seq.next_element()?
                .ok_or_else(|| A::Error::custom("an odds tick of fewer than eight elements"))
        }
        let at = next(&mut seq)?;
        let Borrowed(minute) = next(&mut seq)?;
        let mut values = [None; 3];
        for slot in &mut values {
            let number: Option<f64> = next(&mut seq)?;
            *slot = number.map(|number| (number * UNIT as f64).round() as i64);
        }
        let status = next(&mut seq)?;
        let sealed = next::<A, u8>(&mut seq)? != 0;
        let Borrowed(score) = next(&mut seq)?;
        Ok(Tick {
            at,
            minute,
            values,
            status,
            sealed,
            score,
        })
    }
}

/// Text that borrows; a plain `Cow` would be copied.
struct Borrowed<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Borrowed<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BorrowedVisitor;
        impl<'de> Visitor<'de> for BorrowedVisitor {
            type Value = Borrowed<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Borrowed(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Borrowed(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(BorrowedVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<'a>(text: &'a str, anomalies: &Anomalies) -> Option<Tick<'a>> {
        Tick::read(&mut Cursor::new(text), anomalies).unwrap()
    }

    #[test]
    fn a_tick_is_read_exactly() {
        let anomalies = Anomalies::default();
        let tick = read(r#"[1773516600,"16",0.8,-0.25,1.0,2,0,"0-0"]"#, &anomalies).unwrap();
        assert_eq!(tick.at, 1_773_516_600);
        assert_eq!(tick.minute, "16");
        assert_eq!(tick.values, [Some(8_000), Some(-2_500), Some(10_000)]);
        assert_eq!((tick.status, tick.sealed, &*tick.score), (2, false, "0-0"));
        assert!(tick.open_valid(Market::Spread));
        assert!(
            !tick.valid(Market::FullTimeResult),
            "0.80 is no decimal price"
        );
        assert!(anomalies.into_counts().is_empty());
    }

    #[test]
    fn odd_ticks_are_read_leniently_and_counted() {
        let anomalies = Anomalies::default();
        let tick = read(
            r#"["1748453415",16,"0.8",null,1e0,"2",null,"0\u002d0",9]"#,
            &anomalies,
        )
        .unwrap();
        assert_eq!(tick.values, [Some(8_000), None, Some(10_000)]);
        assert_eq!((&*tick.minute, &*tick.score), ("16", "0-0"));
        assert!(tick.sealed, "a market that does not say it is open is not");
        assert!(!tick.valid(Market::Spread), "no line");
        for text in ["[]", "[null]", "7", "{}", r#"["x"]"#] {
            assert_eq!(read(text, &anomalies), None, "{text}");
        }
        assert_eq!(anomalies.into_counts()["odds tick: no time"], 3);
    }

    #[test]
    fn numbers_of_any_length_are_read_or_are_none() {
        let nines = "9".repeat(40);
        for number in [
            &nines[..12],
            &nines[..13],
            &nines[..19],
            &nines[..20],
            &nines,
        ] {
            for text in [
                format!(r#"[{number},"5",0.9,0.5,0.9,2,0,"0-0"]"#),
                format!(r#"[-{number},"5",0.9,0.5,0.9,2,0,"0-0"]"#),
                format!(r#"[1,"5",{number},0.5,0.9,2,0,"0-0"]"#),
                format!(r#"[1,"5",{number}.{number},0.5,0.9,2,0,"0-0"]"#),
                format!(r#"[1,"5",-0.{number},0.5,0.9,2,0,"0-0"]"#),
                format!(r#"[1,"5",0.9,0.5,0.9,{number},0,"0-0"]"#),
                format!(r#"[1,"5",0.9,0.5,0.9,2,{number},"0-0"]"#),
            ] {
                let anomalies = Anomalies::default();
                if let Some(tick) = read(&text, &anomalies) {
                    assert_eq!(tick.at, 1, "{text}");
                    let most = 1_000_000_000_000 * UNIT;
                    let bounded = |value: &Value| value.is_none_or(|v| (-most..=most).contains(&v));
                    assert!(tick.values.iter().all(bounded), "{text}: {tick:?}");
                }
            }
        }
    }

    #[test]
    fn prices_that_are_none_do_not_count_as_valid() {
        let anomalies = Anomalies::default();
        for (text, market) in [
            (
                r#"[1,"5",1.0,51.0,101.0,2,0,"5-1"]"#,
                Market::FullTimeResult,
            ),
            (r#"[1,"5",0.0,0.5,0.9,2,0,"0-0"]"#, Market::Spread),
            (r#"[1,"5",-1,2.5,0.9,2,0,"0-0"]"#, Market::OverUnder),
            (r#"[1,"5",null,2.5,0.9,2,0,"0-0"]"#, Market::OverUnder),
        ] {
            assert!(!read(text, &anomalies).unwrap().valid(market), "{text}");
        }
    }

    proptest! {
        /// Both readers see the same tick, and what we write we read.
        #[test]
        fn the_fast_reader_agrees_with_the_lenient_one(
            at in 0i64..4_000_000_000, minute in "[0-9+a-z]{0,8}", cents in prop::array::uniform3(-100_000i64..100_000),
            status in 0i64..20, sealed in 0u8..2, score in "[0-9]{1,2}-[0-9]{1,2}", space in any::<bool>()
        ) {
            let [a, b, c] = cents.map(|n| format!("{}{}.{:02}", if n < 0 { "-" } else { "" }, n.abs() / 100, n.abs() % 100));
            let s = if space { " " } else { "" };
            let text = format!("[{at},{s}\"{minute}\",{s}{a},{s}{b},{s}{c},{s}{status},{s}{sealed},{s}\"{score}\"]");
            let anomalies = Anomalies::default();
            let mut cursor = Cursor::new(&text);
            let (fast, length) = Lexer::new(&cursor).tick().expect("the common shape");
            prop_assert_eq!(length, text.len());
            let slow = Tick::read_leniently(&mut cursor, &anomalies).unwrap().unwrap();
            prop_assert_eq!(&fast, &slow);
            let written = serde_json::to_string(&fast).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Tick>(&written).unwrap(), &fast);
        }

        /// Nothing that a feed may send makes the reader panic or read past its value.
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:0-9a-z.\\\\ -]{0,60}") {
            let anomalies = Anomalies::default();
            let _ = Tick::read(&mut Cursor::new(&text), &anomalies);
        }
    }
}
