//! The provider's answers of one cycle, as `step1.json` or a bare recording holds them.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use feed::codes::{Market, PAGE_BOOKMAKERS};
use feed::envelope::{self, FeedError};
use feed::index::Marks;
use feed::json::{Cursor, Fault};
use feed::row::Anomalies;
use pipeline::handoff::{self, Source};
use pipeline::{CycleId, Envelope, Failure, Listed, Text};

use crate::digest::Series;
use crate::record::Book;

/// Bodies by the id that they were asked for; still text.
pub(crate) type Bodies<'a> = HashMap<Text<'a>, &'a str>;

/// The odds of one match, digested.
pub(crate) type Books<'a> = Listed<i64, Book<'a>>;

/// The provider's answers of one cycle.
#[derive(Debug, Default)]
pub struct Cycle<'a> {
    pub(crate) live: Option<&'a str>,
    pub(crate) details: Bodies<'a>,
    pub(crate) odds: HashMap<Text<'a>, Result<Books<'a>, FeedError>>,
    pub(crate) teams: Bodies<'a>,
    pub(crate) competitions: Bodies<'a>,
    pub(crate) countries: Option<&'a str>,
    /// Newer changes than the histories have: `{match: {company: {market: [tick]}}}`.
    pub(crate) odds_live: Bodies<'a>,
    /// Odds read from web pages, in the same shape.
    pub(crate) page_odds: Bodies<'a>,
    /// The names of the bookmakers whose pages were read, by their ids.
    pub(crate) page_books: Listed<i64, Text<'a>>,
    pub(crate) anomalies: Anomalies,
}

/// Why a file holds no cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotACycle(Fault);

impl From<Fault> for NotACycle {
    fn from(fault: Fault) -> Self {
        NotACycle(fault)
    }
}

impl fmt::Display for NotACycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let NotACycle(fault) = self;
        if fault.ended {
            write!(f, "ends in the middle (truncated): {fault}")
        } else {
            write!(f, "is not the JSON it should be: {fault}")
        }
    }
}

impl<'a> Cycle<'a> {
    /// Walks the whole text once.
    ///
    /// # Errors
    /// When it is no JSON object, or ends early.
    pub fn parse(text: &'a str) -> Result<Cycle<'a>, NotACycle> {
        let mut cycle = Cycle::default();
        let mut cursor = Cursor::new(text);
        cursor.object::<NotACycle>(|key, c| {
            match &*key {
                "live_matches" => cycle.live = Some(c.value()?),
                "match_details" => cycle.details = bodies(c, "match_details", &cycle.anomalies)?,
                "team_info" => cycle.teams = bodies(c, "team_info", &cycle.anomalies)?,
                "competition_info" => {
                    cycle.competitions = bodies(c, "competition_info", &cycle.anomalies)?
                }
                "countries" => cycle.countries = Some(c.value()?),
                "odds_live" => cycle.odds_live = bodies(c, "odds_live", &cycle.anomalies)?,
                "page_odds" => {
                    c.object::<Fault>(|key, c| {
                        match &*key {
                            "matches" => {
                                cycle.page_odds = bodies(c, "page_odds", &cycle.anomalies)?
                            }
                            "books" => {
                                cycle.page_books =
                                    serde_json::from_str(c.value()?).unwrap_or_default()
                            }
                            _ => drop(c.value()?),
                        }
                        Ok(())
                    })?;
                }
                "match_odds" => cycle.odds = all_odds(c, &cycle.anomalies)?,
                _ => drop(c.value()?),
            }
            Ok(())
        })?;
        cursor.end()?;
        Ok(cycle)
    }
}

/// `{id: body}`; anything else is none, and odd.
fn bodies<'a>(
    cursor: &mut Cursor<'a>,
    name: &str,
    anomalies: &Anomalies,
) -> Result<Bodies<'a>, Fault> {
    let mut bodies = Bodies::default();
    if !is_object(cursor, name, anomalies)? {
        return Ok(bodies);
    }
    cursor.object::<Fault>(|id, c| {
        // The first of two alike wins, as everywhere.
        bodies.entry(Text(id)).or_insert(c.value()?);
        Ok(())
    })?;
    Ok(bodies)
}

/// Whether an object follows; anything else is passed over, and counted as odd unless it is an empty list or null.
fn is_object(cursor: &mut Cursor<'_>, name: &str, anomalies: &Anomalies) -> Result<bool, Fault> {
    if cursor.peek() == Some(b'{') {
        return Ok(true);
    }
    let raw = cursor.value()?;
    let empty = raw == "null" || (raw.starts_with('[') && raw[1..].trim_start().starts_with(']'));
    if !empty {
        anomalies.note(name, "no object");
    }
    Ok(false)
}

fn all_odds<'a>(
    cursor: &mut Cursor<'a>,
    anomalies: &Anomalies,
) -> Result<HashMap<Text<'a>, Result<Books<'a>, FeedError>>, Fault> {
    let mut all = HashMap::new();
    let mut marks = Marks::default();
    if !is_object(cursor, "match_odds", anomalies)? {
        return Ok(all);
    }
    cursor.object::<Fault>(|id, c| {
        let odds = match_odds(c, &mut marks, anomalies)?;
        all.entry(Text(id)).or_insert(odds);
        Ok(())
    })?;
    Ok(all)
}

/// One body of `odds/history`. Its error does not concern the other matches.
fn match_odds<'a>(
    cursor: &mut Cursor<'a>,
    marks: &mut Marks,
    anomalies: &Anomalies,
) -> Result<Result<Books<'a>, FeedError>, Fault> {
    if !is_object(cursor, "odds body", anomalies)? {
        return Ok(Err(FeedError::NoResults));
    }
    let (mut err, mut code, mut message, mut books) = (None, None, None, None);
    cursor.object::<Fault>(|key, c| {
        match &*key {
            "results" => books = Some(read_books(c, false, marks, anomalies)?),
            "err" => err = Some(c.value()?),
            "code" => code = Some(c.value()?),
            "msg" => message = Some(c.value()?),
            _ => drop(c.value()?),
        }
        Ok(())
    })?;
    Ok(envelope::judge(err, code, message).and_then(|()| books.ok_or(FeedError::NoResults)))
}

/// `{company: {market: [tick]}}`.
pub(crate) fn read_books<'a>(
    cursor: &mut Cursor<'a>,
    pages: bool,
    marks: &mut Marks,
    anomalies: &Anomalies,
) -> Result<Books<'a>, Fault> {
    let mut books = Books::default();
    if !is_object(cursor, "odds results", anomalies)? {
        return Ok(books);
    }
    cursor.object::<Fault>(|company, c| {
        let Ok(id) = company.parse::<i64>() else {
            anomalies.note("odds company", "no number");
            return c.value().map(drop);
        };
        let book = read_book(c, marks, anomalies)?;
        if PAGE_BOOKMAKERS.contains(&id) != pages {
            anomalies.note("odds company", "an id that is kept for web pages");
        } else if books.iter().any(|(known, _)| *known == id) {
            anomalies.note("odds company", "twice in one match");
        } else {
            books.0.push((id, book));
        }
        Ok(())
    })?;
    Ok(books)
}

fn read_book<'a>(
    cursor: &mut Cursor<'a>,
    marks: &mut Marks,
    anomalies: &Anomalies,
) -> Result<Book<'a>, Fault> {
    let mut book = Book::default();
    if !is_object(cursor, "odds company", anomalies)? {
        return Ok(book);
    }
    cursor.object::<Fault>(|key, c| {
        let Some(market) = Market::from_key(&key) else {
            anomalies.note(
                "odds market",
                &format!("unknown market {}", key.escape_debug()),
            );
            return c.value().map(drop);
        };
        if c.peek() != Some(b'[') {
            if c.value()? != "null" {
                anomalies.note("odds series", "no list");
            }
            return Ok(());
        }
        let series = Series::read(c, market, marks, anomalies)?;
        if series.ticks > 0 {
            book.slot(market).get_or_insert(series);
        }
        Ok(())
    })?;
    Ok(book)
}

/// When a bare recording was made; `None` when this is none (it has a schema, or no `timestamp`).
pub(crate) fn recorded_at(text: &str) -> Option<DateTime<Utc>> {
    /// Ends the walk: found, or not to be found.
    struct Stop(Option<DateTime<Utc>>);
    impl From<Fault> for Stop {
        fn from(_: Fault) -> Self {
            Stop(None)
        }
    }
    let walked = Cursor::new(text).object::<Stop>(|key, cursor| match &*key {
        "schema" => Err(Stop(None)),
        "timestamp" => Err(Stop(handoff::recorded_instant(&cursor.string()?))),
        _ => cursor.value().map(drop).map_err(Stop::from),
    });
    walked.err().and_then(|Stop(at)| at)
}

/// The envelope of a bare recording, which counts as fetched when it was made.
pub(crate) fn recording_envelope(
    at: DateTime<Utc>,
    source: &Source,
    cycle: Option<&CycleId>,
) -> Result<Envelope, Failure> {
    if let Some(wanted) = cycle {
        return Err(Failure::bad_input(format!(
            "the input {source} is a bare recording and belongs to no cycle, so not to {wanted} either"
        )));
    }
    Ok(Envelope {
        schema: handoff::schema(1),
        cycle: CycleId::at(at),
        generated_at: at,
        fetched_at: at,
        provider: "recording".to_owned(),
    })
}
