//! A cursor over JSON text: walks objects and arrays, skips what nobody asks for, copies nothing.
//!
//! The odds histories are 98 % of a cycle's bytes and of each series only a handful of ticks is
//! reported, so the reader of `step1.json` must neither build a tree nor look at a byte twice. The
//! cursor checks structure where it walks; inside a value that it skips it checks brackets and
//! strings only, which is enough to notice a file that ends early. Depth costs no stack.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr2;
use serde::Deserialize;

/// Where and why the text is not the JSON that was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte at which it was noticed.
    pub at: usize,
    /// Whether the text ended too early (truncated), rather than being wrong.
    pub ended: bool,
    /// What was expected there.
    pub expected: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ended {
            write!(
                f,
                "the text ends at byte {} where {} should follow",
                self.at, self.expected
            )
        } else {
            write!(f, "{} expected at byte {}", self.expected, self.at)
        }
    }
}

impl std::error::Error for Fault {}

/// A position in JSON text.
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Cursor { text, at: 0 }
    }

    /// At byte `position` of `text`, which [`Cursor::position`] gave.
    pub fn at(text: &'a str, position: usize) -> Self {
        Cursor { text, at: position }
    }

    /// The byte at which the cursor stands.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The whole text that is walked.
    pub fn whole_text(&self) -> &'a str {
        self.text
    }

    /// The next byte that is not white space.
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// The bytes from here on, and how many of them to pass over: for readers of one known shape.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    pub(crate) fn text_at(&self, from: usize, to: usize) -> &'a str {
        &self.text[self.at + from..self.at + to]
    }

    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    fn fault(&self, expected: &'static str) -> Fault {
        Fault {
            at: self.at,
            ended: self.at >= self.text.len(),
            expected,
        }
    }

    /// Passes over `byte`, if it is the next one.
    pub fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8, name: &'static str) -> Result<(), Fault> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.fault(name))
        }
    }

    /// Nothing but white space may follow.
    ///
    /// # Errors
    /// When something does.
    pub fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("the end of the text")),
        }
    }

    /// Walks an object: `each` is called behind every key and must pass over the value.
    ///
    /// # Errors
    /// When this is no object, when it is malformed, and what `each` returns.
    pub fn object<E: From<Fault>>(
        &mut self,
        mut each: impl FnMut(Cow<'a, str>, &mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(b'{', "an object")?;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':', "a colon")?;
            each(key, self)?;
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',', "a comma or the end of the object")?;
        }
    }

    /// Walks an array: `each` is called before every element and must pass over it.
    ///
    /// # Errors
    /// When this is no array, when it is malformed, and what `each` returns.
    pub fn array<E: From<Fault>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(b'[', "a list")?;
        if self.take(b']') {
            return Ok(());
        }
        loop {
            each(self)?;
            if self.take(b']') {
                return Ok(());
            }
            self.expect(b',', "a comma or the end of the list")?;
        }
    }

    /// Reads a string.
    ///
    /// # Errors
    /// When this is no string, or one with a bad escape.
    pub fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.peek();
        let start = self.at;
        let escaped = self.pass_string()?;
        let raw = &self.text[start..self.at];
        if !escaped {
            return Ok(Cow::Borrowed(&raw[1..raw.len() - 1]));
        }
        serde_json::from_str(raw)
            .map(Cow::Owned)
            .map_err(|_| Fault {
                at: start,
                ended: false,
                expected: "a string with valid escapes",
            })
    }

    /// Passes over a string; says whether it has escapes.
    fn pass_string(&mut self) -> Result<bool, Fault> {
        self.expect(b'"', "a string")?;
        let bytes = self.text.as_bytes();
        // Most strings of the odds have one to five letters: to start a search costs more than to look at them.
        const FEW: usize = 12;
        for _ in 0..FEW {
            match bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(false);
                }
                Some(b'\\') | None => break,
                Some(_) => self.at += 1,
            }
        }
        let mut escaped = false;
        while let Some(found) = memchr2(b'"', b'\\', &bytes[self.at..]) {
            self.at += found;
            if bytes[self.at] == b'"' {
                self.at += 1;
                return Ok(escaped);
            }
            escaped = true;
            self.at = (self.at + 2).min(bytes.len());
        }
        self.at = bytes.len();
        Err(self.fault("the end of a string"))
    }

    /// Passes over one value and returns its text.
    ///
    /// # Errors
    /// When there is none, or its brackets don't match.
    pub fn value(&mut self) -> Result<&'a str, Fault> {
        let first = self.peek().ok_or_else(|| self.fault("a value"))?;
        let start = self.at;
        match first {
            b'"' => drop(self.pass_string()?),
            b'{' | b'[' => self.pass_container()?,
            _ => self.pass_scalar()?,
        }
        Ok(&self.text[start..self.at])
    }

    /// Reads one value as what it should be: for our own files, which were checked to be JSON.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read<T: Deserialize<'a>>(&mut self) -> Result<T, Fault> {
        let raw = self.value()?;
        serde_json::from_str(raw).map_err(|_| Fault {
            at: self.at - raw.len(),
            ended: false,
            expected: "a value of another type",
        })
    }

    fn pass_scalar(&mut self) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        while let Some(&byte) = bytes.get(self.at) {
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')) {
                break;
            }
            self.at += 1;
        }
        // A number at the very end of the text may have lost its tail.
        if self.at == start {
            Err(self.fault("a value"))
        } else {
            Ok(())
        }
    }

    fn pass_container(&mut self) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        let mut open: Vec<u8> = Vec::with_capacity(16);
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.pass_string()?;
                    continue;
                }
                b'{' => open.push(b'}'),
                b'[' => open.push(b']'),
                b'}' | b']' => {
                    if open.pop() != Some(byte) {
                        return Err(self.fault("the bracket that fits"));
                    }
                    if open.is_empty() {
                        self.at += 1;
                        return Ok(());
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        Err(self.fault("the end of a list or an object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_what_serde_json_reads() {
        let text = r#" {"a":[1, 2.5,{"b":"]}\""}], "ключ":"\u00e9" ,"n":null} "#;
        let mut seen = Vec::new();
        let mut cursor = Cursor::new(text);
        cursor
            .object::<Fault>(|key, c| {
                seen.push((key.into_owned(), c.value()?.to_owned()));
                Ok(())
            })
            .unwrap();
        cursor.end().unwrap();
        let expected: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(text).unwrap();
        assert_eq!(seen.len(), expected.len());
        for (key, raw) in seen {
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&raw).unwrap(),
                expected[&key]
            );
        }
    }

    #[test]
    fn every_proper_prefix_of_a_document_is_noticed_as_ended() {
        let text = r#"{"a":[1,2,{"b":"x\"y"}],"c":{"d":[]},"e":"f"}"#;
        for cut in 1..text.len() {
            let mut cursor = Cursor::new(&text[..cut]);
            let fault = cursor.value().unwrap_err();
            assert!(fault.ended, "cut at {cut}: {fault}");
        }
    }

    #[test]
    fn a_hundred_thousand_levels_cost_no_stack() {
        let text = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Cursor::new(&text).value().unwrap().len(), 200_000);
    }

    #[test]
    fn wrong_brackets_and_missing_commas_are_faults() {
        for text in [
            "[}",
            "{]",
            "[1 2]",
            r#"{"a" 1}"#,
            r#"{1:2}"#,
            "[,]",
            "",
            "]",
        ] {
            let mut cursor = Cursor::new(text);
            let result = match text.bytes().next() {
                Some(b'{') => cursor.object::<Fault>(|_, c| c.value().map(drop)),
                _ => cursor.array::<Fault>(|c| c.value().map(drop)),
            };
            assert!(result.is_err(), "{text}");
        }
    }
}
