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
#[path = "members_tests.rs"]
mod tests;
