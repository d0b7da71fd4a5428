//! The members of one object of a large JSON file, one at a time: `match_odds` of `step1.json` has tens
//! of megabytes, and a server that shows one match must not hold them.
//!
//! The file is read in small pieces. What nobody wants is passed over by brackets and strings alone;
//! what is wanted is copied out, and where it stood is told, so that it can be found again without
//! reading what stands before it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Stamp;

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;
/// The largest member that is copied out, in bytes; the odds of a match have some 100,000.
pub(crate) const LARGEST: usize = 8 << 20;
/// The longest key that can be wanted.
const LONGEST_KEY: usize = 1024;

/// Where a member's value stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first byte.
    pub(crate) from: u64,
    /// Its length in bytes.
    pub(crate) length: usize,
}

/// Where the members of an object stand in one file, so that one of them can be read without the others.
/// Good only for the very file that it was made from: another one has other places.
#[derive(Clone, Debug, Default)]
pub struct Places {
    file: Option<Stamp>,
    of: HashMap<String, Span>,
}

impl Places {
    /// None yet, of the file that is at `path` now.
    pub(crate) fn new(path: &Path) -> Places {
        Places {
            file: Stamp::of(path),
            of: HashMap::new(),
        }
    }

    /// Those of all members of the top-level object `name`; as many as can be found.
    pub(crate) fn all(path: &Path, name: &str) -> Places {
        let mut places = Places::new(path);
        let walked = of_file(
            path,
            name,
            |_| true,
            |id, span, _| {
                places.add(id, span);
                true
            },
        );
        if let Err(why) = walked {
            log::debug!("`{}` can't be walked to its end: {why}", path.display());
        }
        places
    }

    pub(crate) fn add(&mut self, key: &str, span: Span) {
        self.of.insert(key.to_owned(), span);
    }

    /// The text of a member; none when it is not known, or the file has become another one.
    pub(crate) fn read(&self, path: &Path, key: &str) -> Option<String> {
        let span = self.of.get(key)?;
        let file = File::open(path).ok()?;
        if Stamp::of_file(&file) != self.file {
            return None;
        }
        let mut text = vec![0; span.length];
        file.read_exact_at(&mut text, span.from).ok()?;
        String::from_utf8(text).ok()
    }
}

/// Calls `each` with key, place and text of the members of the top-level object `name` for which
/// `wanted` says so, in the file's order, until `each` returns false.
///
/// # Errors
/// When the file can't be read or ends early, or is no JSON where it was looked at.
pub(crate) fn of_file(
    path: &Path,
    name: &str,
    wanted: impl FnMut(&str) -> bool,
    each: impl FnMut(&str, Span, &str) -> bool,
) -> io::Result<()> {
    of(File::open(path)?, name, wanted, each)
}

fn of(
    reader: impl Read,
    name: &str,
    mut wanted: impl FnMut(&str) -> bool,
    mut each: impl FnMut(&str, Span, &str) -> bool,
) -> io::Result<()> {
    let mut walk = Walk::new(reader);
    let mut text = Vec::new();
    walk.expect(b'{')?;
    while let Some(key) = walk.key()? {
        if key != name || walk.peek()? != b'{' {
            walk.value(None)?;
            continue;
        }
        walk.expect(b'{')?;
        while let Some(id) = walk.key()? {
            if !wanted(&id) {
                walk.value(None)?;
                continue;
            }
            text.clear();
            walk.peek()?;
            let from = walk.offset();
            walk.value(Some(&mut text))?;
            let length = usize::try_from(walk.offset() - from).unwrap_or(usize::MAX);
            if length > LARGEST {
                log::debug!("`{id}` of {length} bytes is too large to be shown");
                continue;
            }
            let found = std::str::from_utf8(&text).map_err(|_| walk.fault("text in UTF-8"))?;
            if !each(&id, Span { from, length }, found) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A position in a file of which a piece is held.
struct Walk<R> {
    reader: R,
    piece: Vec<u8>,
    /// The next byte of the piece, and the end of what was read into it.
    at: usize,
    end: usize,
    /// Bytes before the piece.
    before: u64,
    /// Whether a comma must stand before the next key.
    first: bool,
}

impl<R: Read> Walk<R> {
    fn new(reader: R) -> Self {
        Walk {
            reader,
            piece: vec![0; PIECE],
            at: 0,
            end: 0,
            before: 0,
            first: true,
        }
    }

    fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    fn fault(&self, expected: &str) -> io::Error {
        let words = format!("{expected} expected at byte {}", self.offset());
        io::Error::new(io::ErrorKind::InvalidData, words)
    }

    /// Reads the next piece, if the present one is used up.
    fn fill(&mut self) -> io::Result<()> {
        while self.at == self.end {
            self.before += self.end as u64;
            (self.at, self.end) = (0, 0);
            match self.reader.read(&mut self.piece) {
                Ok(0) => {
                    let words = format!("it ends at byte {}", self.before);
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, words));
                }
                Ok(read) => self.end = read,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> io::Result<u8> {
        loop {
            self.fill()?;
            let byte = self.piece[self.at];
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Ok(byte);
            }
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> io::Result<()> {
        if self.peek()? != byte {
            return Err(self.fault(&format!("`{}`", char::from(byte))));
        }
        self.at += 1;
        self.first = byte == b'{';
        Ok(())
    }

    /// The next key of the object, with its colon passed over; none at the object's end, passed over too.
    fn key(&mut self) -> io::Result<Option<String>> {
        if self.peek()? == b'}' {
            self.at += 1;
            self.first = false;
            return Ok(None);
        }
        if !self.first {
            self.expect(b',')?;
        }
        if self.peek()? != b'"' {
            return Err(self.fault("a key"));
        }
        let mut quoted = Vec::new();
        self.string(Some(&mut quoted))?;
        let key = if quoted.len() > LONGEST_KEY {
            String::new()
        } else {
            serde_json::from_slice(&quoted).map_err(|_| self.fault("a key"))?
        };
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Passes over a value, and copies it to `out` as long as it is not too large.
    fn value(&mut self, mut out: Option<&mut Vec<u8>>) -> io::Result<()> {
        self.first = false;
        match self.peek()? {
            b'"' => self.string(out),
            b'{' | b'[' => {
                let mut depth = 0_usize;
                loop {
                    self.fill()?;
                    let rest = &self.piece[self.at..self.end];
                    let stop = rest.iter().position(|byte| STOPS[usize::from(*byte)]);
                    let passed = stop.unwrap_or(rest.len());
                    copy(&mut out, &rest[..passed]);
                    self.at += passed;
                    let Some(byte) = stop.map(|at| rest[at]) else {
                        continue;
                    };
                    if byte == b'"' {
                        self.string(out.as_deref_mut())?;
                        continue;
                    }
                    copy(&mut out, &[byte]);
                    self.at += 1;
                    if matches!(byte, b'{' | b'[') {
                        depth += 1;
                    } else {
                        depth -= 1;
                        if depth == 0 {
                            return Ok(());
                        }
                    }
                }
            }
            b',' | b':' | b'}' | b']' => Err(self.fault("a value")),
            _ => loop {
                self.fill()?;
                let byte = self.piece[self.at];
                if matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t') {
                    return Ok(());
                }
                copy(&mut out, &[byte]);
                self.at += 1;
            },
        }
    }

    /// Passes over a string at its opening quote.
    fn string(&mut self, mut out: Option<&mut Vec<u8>>) -> io::Result<()> {
        copy(&mut out, b"\"");
        self.at += 1;
        let mut escaped = false;
        loop {
            self.fill()?;
            let rest = &self.piece[self.at..self.end];
            let mut passed = 0;
            let mut done = false;
            for byte in rest {
                passed += 1;
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => {
                        done = true;
                        break;
                    }
                    _ => {}
                }
            }
            copy(&mut out, &rest[..passed]);
            self.at += passed;
            if done {
                return Ok(());
            }
        }
    }
}

fn copy(out: &mut Option<&mut Vec<u8>>, bytes: &[u8]) {
    if let Some(out) = out
        && out.len() <= LARGEST
    {
        out.extend_from_slice(bytes);
    }
}

/// Where a look for brackets and strings must stop.
const STOPS: [bool; 256] = {
    let mut stops = [false; 256];
    let mut at = 0;
    while at < 5 {
        stops[b"\"{}[]"[at] as usize] = true;
        at += 1;
    }
    stops
};

#[cfg(test)]
mod tests {
    use super::*;

    /// One byte at a time, so that everything lies on a border.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(1);
            into[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    const TEXT: &str = r#" {"a": [1, {"match_odds": {"no": 1}}, "}]\"{"], "match_odds" :
        {"m1": {"x": "a\\\"]}", "y": [[], {}]}, "m\u00e9": [1,2 ], "n": -1.5e3 , "s":"ü\"", "t":true}, "z": null} "#;

    fn found(reader: impl Read, wanted: &str) -> io::Result<Vec<(String, Span, String)>> {
        let mut all = Vec::new();
        of(
            reader,
            "match_odds",
            |id| wanted.is_empty() || wanted == id,
            |id, span, text| {
                all.push((id.to_owned(), span, text.to_owned()));
                true
            },
        )?;
        Ok(all)
    }

    #[test]
    fn members_are_found_whole_wherever_the_pieces_end() {
        let expected = [
            ("m1", r#"{"x": "a\\\"]}", "y": [[], {}]}"#),
            ("mé", "[1,2 ]"),
            ("n", "-1.5e3"),
            ("s", r#""ü\"""#),
            ("t", "true"),
        ];
        for all in [
            found(TEXT.as_bytes(), "").unwrap(),
            found(Drip(TEXT.as_bytes()), "").unwrap(),
        ] {
            assert_eq!(all.len(), expected.len());
            for ((id, span, text), (key, value)) in all.iter().zip(expected) {
                assert_eq!((id.as_str(), text.as_str()), (key, value));
                let from = usize::try_from(span.from).unwrap();
                assert_eq!(&TEXT[from..from + span.length], value);
            }
        }
        assert_eq!(found(TEXT.as_bytes(), "n").unwrap().len(), 1);
    }

    #[test]
    fn it_ends_early_when_nobody_wants_more() {
        // What is broken behind the member is not looked at.
        let text = r#"{"match_odds":{"a":1,"b":2"#;
        let mut seen = 0;
        let each = |_: &str, _: Span, _: &str| {
            seen += 1;
            false
        };
        of(text.as_bytes(), "match_odds", |_| true, each).unwrap();
        assert_eq!(seen, 1);
    }

    #[test]
    fn what_is_cut_off_or_no_json_is_an_error_and_never_a_hang() {
        for cut in 1..TEXT.trim_end().len() {
            if TEXT.is_char_boundary(cut) {
                assert!(found(&TEXT.as_bytes()[..cut], "").is_err(), "{cut}");
            }
        }
        for wrong in [
            "",
            "[]",
            "{,}",
            r#"{"a" 1}"#,
            r#"{"a":}"#,
            r#"{"a":1 "b":2}"#,
        ] {
            assert!(found(wrong.as_bytes(), "").is_err(), "{wrong}");
        }
        assert!(
            found(br#"{"match_odds":[1]}"#.as_slice(), "")
                .unwrap()
                .is_empty()
        );
        assert!(found(b"{\"match_odds\":{\"a\":\"\xff\"}}".as_slice(), "").is_err());
    }

    #[test]
    fn a_member_that_is_too_large_is_left_out_and_the_next_one_found() {
        let text = format!(
            r#"{{"match_odds":{{"a":"{}","b":1}}}}"#,
            "x".repeat(LARGEST)
        );
        let all = found(text.as_bytes(), "").unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0, "b");
    }
}
