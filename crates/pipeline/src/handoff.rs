//! The files that steps hand to each other: the envelope, and reading and writing it.
//!
//! Every `stepN.json` begins with schema, cycle, the two instants and the provider. A reader looks at
//! these first and refuses a foreign schema or another cycle before it parses anything else, so a
//! cycle can not go on with a file that an earlier one left behind.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cycle::CycleId;
use crate::exit::{Exit, Failure};
use crate::input::Input;
use crate::{atomic, text};

/// The head of every `stepN.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Envelope {
    /// `football-bot/stepN/1`.
    pub schema: String,
    /// The cycle that this file belongs to.
    pub cycle: CycleId,
    /// When this file was made; of a recording, the instant that was recorded (see [`Envelope::now`]).
    #[serde(serialize_with = "rfc3339")]
    pub generated_at: DateTime<Utc>,
    /// When step 1 got its live list.
    #[serde(serialize_with = "rfc3339")]
    pub fetched_at: DateTime<Utc>,
    /// `thesports`, `sandbox` or `recording`.
    pub provider: String,
}

/// The provider's name in the envelope of a cycle that was recorded.
pub const RECORDING: &str = "recording";

impl Envelope {
    /// What the clock shows to a step that works on this data. In a recording time stands still at the instant
    /// of the recording, so that the same recording gives the same files, bit for bit, whenever it is replayed.
    pub fn now(&self) -> DateTime<Utc> {
        if self.is_recording() {
            self.fetched_at
        } else {
            Utc::now()
        }
    }

    /// Whether the data was recorded some time ago and is replayed now: nothing to act on, however new it looks.
    pub fn is_recording(&self) -> bool {
        self.provider == RECORDING
    }
}

/// An instant as the files have it: RFC 3339, UTC, to the millisecond.
///
/// # Errors
/// Those of the serializer.
pub fn rfc3339<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant(*at))
}

/// An instant as the files have it: RFC 3339, UTC, to the millisecond.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The schema that step `number` writes.
pub fn schema(number: u8) -> String {
    format!("football-bot/step{number}/1")
}

/// What stands at the head of a file, as far as it is there: for programs that only look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// `schema`.
    pub schema: Option<String>,
    /// `cycle`.
    pub cycle: Option<String>,
    /// `generated_at`.
    pub generated_at: Option<DateTime<Utc>>,
    /// `fetched_at`.
    pub fetched_at: Option<DateTime<Utc>>,
    /// `provider`.
    pub provider: Option<String>,
    /// `total_matches`, which steps 2 to 5 write next.
    pub total_matches: Option<u64>,
}

impl Head {
    /// Reads the head of a document; stops at the first key that does not belong to it.
    pub fn of(document: &str) -> Head {
        let mut head = Head::default();
        // The error that ends the reading early is expected; what was read until then stands.
        let _ = serde::de::DeserializeSeed::deserialize(
            HeadReader(&mut head),
            &mut serde_json::Deserializer::from_str(document),
        );
        head
    }

    /// Reads the head of the file at `path`.
    ///
    /// # Errors
    /// When the file can't be opened or read.
    pub fn of_file(path: &Path) -> io::Result<Head> {
        let mut start = Vec::new();
        File::open(path)?.take(4096).read_to_end(&mut start)?;
        Ok(Head::of(&String::from_utf8_lossy(&start)))
    }
}

struct HeadReader<'h>(&'h mut Head);

impl<'de> serde::de::DeserializeSeed<'de> for HeadReader<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeadReader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let head = self.0;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "schema" => head.schema = map.next_value()?,
                "cycle" => head.cycle = map.next_value()?,
                "generated_at" => head.generated_at = parse_instant(&map.next_value::<String>()?),
                "fetched_at" => head.fetched_at = parse_instant(&map.next_value::<String>()?),
                "provider" => head.provider = map.next_value()?,
                "total_matches" => head.total_matches = map.next_value()?,
                "fresh" | "data_age_s" | "fresh_until" => drop(map.next_value::<IgnoredAny>()?),
                _ => return Err(serde::de::Error::custom("the head ends here")),
            }
        }
        Ok(())
    }
}

/// When a recording was made: RFC 3339, or Python's `isoformat()`, which has no zone and is UTC.
pub fn recorded_instant(text: &str) -> Option<DateTime<Utc>> {
    let naive = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    parse_instant(text).or_else(|| naive().map(|at| at.and_utc()))
}

fn parse_instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|at| at.to_utc())
}

/// Where a step reads from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `-`: standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" {
            Source::Stdin
        } else {
            Source::File(path)
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Stdin => f.write_str("standard input"),
            Source::File(path) => write!(f, "`{}`", path.display()),
        }
    }
}

/// Reads the whole input.
///
/// # Errors
/// 66 when it is missing, 65 when it is a folder or unreadable.
pub fn read(source: &Source) -> Result<Input, Failure> {
    let read = match source {
        Source::Stdin => {
            let mut bytes = Vec::new();
            let read = io::stdin().lock().read_to_end(&mut bytes);
            read.map(|_| Input::Heap(bytes))
        }
        Source::File(path) => Input::of_file(path),
    };
    read.map_err(|why| unreadable(source, &why))
}

/// The input as text.
///
/// # Errors
/// 65 when it is empty or not UTF-8.
pub fn text<'a>(bytes: &'a [u8], source: &Source) -> Result<&'a str, Failure> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::bad_input(format!(
            "the input {source} is empty (run the step before it again)"
        )));
    }
    std::str::from_utf8(bytes).map_err(|why| {
        let at = why.valid_up_to();
        Failure::bad_input(format!(
            "the input {source} is not UTF-8 text (byte {at}); it is corrupt or not ours"
        ))
    })
}

fn unreadable(source: &Source, why: &io::Error) -> Failure {
    match why.kind() {
        io::ErrorKind::NotFound => Failure::new(
            Exit::NoInput,
            format!(
                "the input {source} is missing (run the step before it first, or name another with --input)"
            ),
        ),
        io::ErrorKind::IsADirectory => {
            Failure::bad_input(format!("the input {source} is a folder, not a file"))
        }
        _ => Failure::bad_input(format!("failed to read the input {source}: {why}")),
    }
}

/// Reads and checks the envelope of `document`, which must be the output of step `number` and, when `cycle`
/// is given, of that cycle.
///
/// # Errors
/// 65 with the one thing that is wrong.
pub fn open(
    document: &str,
    source: &Source,
    number: u8,
    cycle: Option<&CycleId>,
) -> Result<Envelope, Failure> {
    let head = Head::of(document);
    let expected = schema(number);
    let foreign = |found: &str| {
        Failure::bad_input(format!(
            "the input {source} is {found}, not `{expected}` (step {number}'s output)"
        ))
    };
    let Some(schema) = head.schema else {
        let found = match serde_json::from_str::<IgnoredAny>(document) {
            Ok(_) => "JSON without a schema".to_owned(),
            Err(why) => return Err(malformed(source, &why)),
        };
        return Err(foreign(&found));
    };
    if schema != expected {
        return Err(foreign(&format!("of schema `{}`", schema.escape_debug())));
    }
    let missing = |what: &str| {
        Failure::bad_input(format!(
            "the input {source} has no usable `{what}` in its envelope"
        ))
    };
    let found = head.cycle.ok_or_else(|| missing("cycle"))?;
    let found: CycleId = found.parse().map_err(|_| missing("cycle"))?;
    if let Some(wanted) = cycle
        && *wanted != found
    {
        return Err(Failure::bad_input(format!(
            "the input {source} belongs to cycle {found}, not to {wanted}: it is stale and was not used"
        )));
    }
    Ok(Envelope {
        schema,
        cycle: found,
        generated_at: head.generated_at.ok_or_else(|| missing("generated_at"))?,
        fetched_at: head.fetched_at.ok_or_else(|| missing("fetched_at"))?,
        provider: head.provider.ok_or_else(|| missing("provider"))?,
    })
}

/// The failure for a document that is no whole JSON of the right shape.
pub fn malformed(source: &Source, why: &serde_json::Error) -> Failure {
    not_json(source, why.is_eof(), why)
}

/// As [`malformed`], of whatever reader: whether the document `ended` too early, and what it says.
pub fn not_json(source: &Source, ended: bool, why: &dyn fmt::Display) -> Failure {
    let what = if ended {
        "ends in the middle (truncated)"
    } else {
        "is not the JSON it should be"
    };
    Failure::bad_input(format!("the input {source} {what}: {why}"))
}

/// Parses a document whose envelope was checked.
///
/// # Errors
/// As [`malformed`].
pub fn parse<'a, T: Deserialize<'a>>(document: &'a str, source: &Source) -> Result<T, Failure> {
    serde_json::from_str(document).map_err(|why| malformed(source, &why))
}

/// Where a step writes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sink {
    /// `-`: standard output.
    Stdout,
    /// A file, atomically.
    File(PathBuf),
}

impl From<PathBuf> for Sink {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" {
            Sink::Stdout
        } else {
            Sink::File(path)
        }
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sink::Stdout => f.write_str("standard output"),
            Sink::File(path) => write!(f, "`{}`", path.display()),
        }
    }
}

/// Writes envelope and body as one JSON object; returns the bytes written.
///
/// # Errors
/// 74 when it can't be written. A closed standard output is no error: its reader had enough.
pub fn write<T: Serialize>(
    sink: &Sink,
    envelope: &Envelope,
    body: &T,
    pretty: bool,
) -> Result<u64, Failure> {
    match sink {
        Sink::File(path) => atomic::write(path, |out| document(out, envelope, body, pretty)),
        Sink::Stdout => {
            let mut out = io::BufWriter::new(io::stdout().lock());
            match document(&mut out, envelope, body, pretty).and_then(|()| out.flush()) {
                Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
                    Exit::CannotWrite,
                    format!("failed to write to standard output: {why}"),
                )),
                _ => Ok(0),
            }
        }
    }
}

fn document<W: Write, T: Serialize>(
    out: &mut W,
    envelope: &Envelope,
    body: &T,
    pretty: bool,
) -> io::Result<()> {
    let head = if pretty {
        serde_json::to_string_pretty(envelope)?
    } else {
        serde_json::to_string(envelope)?
    };
    let head = head.trim_end_matches(['}', '\n']);
    out.write_all(head.as_bytes())?;
    out.write_all(b",")?;
    let rest = text::WithoutFirstByte::new(&mut *out);
    if pretty {
        serde_json::to_writer_pretty(rest, body)?
    } else {
        serde_json::to_writer(rest, body)?
    }
    out.write_all(b"\n")
}

#[cfg(test)]
#[path = "handoff_tests.rs"]
mod tests;
