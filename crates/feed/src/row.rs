//! One object of the provider's, read field by field and leniently.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::json::{Cursor, Fault};

/// What was odd in a feed, counted: `"status_id: text for a number" → 3`.
#[derive(Debug, Default)]
pub struct Anomalies(RefCell<BTreeMap<String, u64>>);

impl Anomalies {
    /// Counts one more.
    pub fn note(&self, field: &str, what: &str) {
        *self
            .0
            .borrow_mut()
            .entry(format!("{field}: {what}"))
            .or_default() += 1;
    }

    /// The counts, by what was odd.
    pub fn into_counts(self) -> BTreeMap<String, u64> {
        self.0.into_inner()
    }
}

/// An object whose values are still text.
#[derive(Clone, Debug)]
pub struct Row<'a, 'n> {
    fields: Vec<(Cow<'a, str>, &'a str)>,
    anomalies: &'n Anomalies,
}

impl<'a, 'n> Row<'a, 'n> {
    /// Reads the object at `text`.
    ///
    /// # Errors
    /// When it is no object.
    pub fn parse(text: &'a str, anomalies: &'n Anomalies) -> Result<Self, Fault> {
        let mut fields = Vec::with_capacity(24);
        Cursor::new(text).object::<Fault>(|key, cursor| {
            fields.push((key, cursor.value()?));
            Ok(())
        })?;
        Ok(Row { fields, anomalies })
    }

    /// The text of a field's value; `None` when it is absent or null. A field that occurs twice counts once.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.fields.iter().find(|(key, _)| key == name)?;
        (*value != "null").then_some(*value)
    }

    /// A whole number: `7`, `7.0` and `"7"`; none for absent, null and `""`.
    pub fn int(&self, name: &str) -> Option<i64> {
        int(self.raw(name)?, name, self.anomalies)
    }

    /// Text that is not empty; a number counts as its digits.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text(self.raw(name)?, name, self.anomalies)
    }

    /// A list's elements as text; an object's values where the provider sends one for a list; none when absent.
    pub fn list(&self, name: &str) -> Vec<&'a str> {
        self.raw(name)
            .map(|raw| list(raw, name, self.anomalies))
            .unwrap_or_default()
    }

    /// An object within this one.
    pub fn object(&self, name: &str) -> Option<Row<'a, 'n>> {
        let raw = self.raw(name)?;
        match Row::parse(raw, self.anomalies) {
            Ok(row) => Some(row),
            // PHP writes an empty object as an empty list.
            Err(_) if raw.starts_with('[') && raw[1..].trim_start().starts_with(']') => None,
            Err(_) => {
                self.anomalies.note(name, "no object");
                None
            }
        }
    }
}

/// The elements of a list; of an object, its values (counted as odd unless it is empty); none for all else.
pub fn list<'a>(raw: &'a str, name: &str, anomalies: &Anomalies) -> Vec<&'a str> {
    let mut elements = Vec::new();
    let mut cursor = Cursor::new(raw);
    let result = match cursor.peek() {
        Some(b'[') => cursor.array::<Fault>(|c| {
            elements.push(c.value()?);
            Ok(())
        }),
        Some(b'{') => cursor.object::<Fault>(|_, c| {
            elements.push(c.value()?);
            Ok(())
        }),
        _ if raw == "null" || raw == "\"\"" => Ok(()),
        _ => {
            anomalies.note(name, "no list");
            return elements;
        }
    };
    if result.is_err() {
        anomalies.note(name, "malformed list");
        elements.clear();
    } else if raw.starts_with('{') && !elements.is_empty() {
        anomalies.note(name, "object for a list");
    }
    elements
}

/// A whole number from a value's text; see [`Row::int`].
pub fn int(raw: &str, name: &str, anomalies: &Anomalies) -> Option<i64> {
    if let Ok(number) = raw.parse() {
        return Some(number);
    }
    if raw == "null" || raw == "\"\"" {
        return None;
    }
    let (number, what) = match raw.strip_prefix('"') {
        Some(rest) => (whole(rest.strip_suffix('"')?.trim()), "text for a number"),
        None if raw == "true" || raw == "false" => {
            (Some(i64::from(raw == "true")), "truth value for a number")
        }
        None => (whole(raw), "fraction for a whole number"),
    };
    anomalies.note(name, if number.is_some() { what } else { "no number" });
    number
}

fn whole(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    })
}

/// Text from a value's text; see [`Row::text`].
pub fn text<'a>(raw: &'a str, name: &str, anomalies: &Anomalies) -> Option<Cow<'a, str>> {
    match raw.as_bytes().first() {
        Some(b'"') => match Cursor::new(raw).string() {
            Ok(text) => (!text.trim().is_empty()).then_some(text),
            Err(_) => {
                anomalies.note(name, "malformed text");
                None
            }
        },
        Some(b'0'..=b'9' | b'-') => {
            anomalies.note(name, "number for a text");
            Some(Cow::Borrowed(raw))
        }
        _ if raw == "null" => None,
        _ => {
            anomalies.note(name, "no text");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_number_is_read_and_the_odd_ones_are_counted() {
        let anomalies = Anomalies::default();
        let text =
            r#"{"a":7,"b":"7","c":7.0,"d":null,"e":"","f":"x","g":[],"h":-1,"i":true,"j":7.5}"#;
        let row = Row::parse(text, &anomalies).unwrap();
        let read: Vec<_> = "abcdefghijk"
            .chars()
            .map(|c| row.int(&c.to_string()))
            .collect();
        let seven = Some(7);
        assert_eq!(
            read,
            [
                seven,
                seven,
                seven,
                None,
                None,
                None,
                None,
                Some(-1),
                Some(1),
                None,
                None
            ]
        );
        let counts = anomalies.into_counts();
        assert_eq!(counts["b: text for a number"], 1);
        assert_eq!(counts["f: no number"], 1);
        assert_eq!(counts.len(), 6, "{counts:?}");
    }

    #[test]
    fn a_list_may_come_as_an_object_and_nothing_may_come_as_anything() {
        let anomalies = Anomalies::default();
        let text = r#"{"a":[1,[2]],"b":{"0":1,"1":2},"c":{},"d":null,"e":"","f":5}"#;
        let row = Row::parse(text, &anomalies).unwrap();
        assert_eq!(row.list("a"), ["1", "[2]"]);
        assert_eq!(row.list("b"), ["1", "2"]);
        for empty in ["c", "d", "e", "f", "absent"] {
            assert!(row.list(empty).is_empty(), "{empty}");
        }
        let counts = anomalies.into_counts();
        assert_eq!(
            counts.into_iter().collect::<Vec<_>>(),
            [
                ("b: object for a list".to_owned(), 1),
                ("f: no list".to_owned(), 1)
            ]
        );
    }

    #[test]
    fn text_may_come_as_a_number_and_blank_text_is_no_data() {
        let anomalies = Anomalies::default();
        let row = Row::parse(r#"{"a":"FC \u00c5","b":12,"c":"  ","d":{}}"#, &anomalies).unwrap();
        assert_eq!(row.text("a").as_deref(), Some("FC Å"));
        assert_eq!(row.text("b").as_deref(), Some("12"));
        assert_eq!(row.text("c"), None);
        assert_eq!(row.text("d"), None);
    }
}
