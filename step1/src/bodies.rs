//! What the previous `step1.json` still knows: bodies as text, each with the time it was fetched.
//!
//! The previous file is the cache. What did not change is carried over unparsed; its age goes along, so
//! that nothing downstream takes it for newer than it is.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use feed::json::{Cursor, Fault};
use feed::row::{Anomalies, Row};
use pipeline::handoff::{self, Head};
use serde_json::value::RawValue;

/// A body and when it was fetched, unix seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept<'a> {
    pub(crate) body: &'a RawValue,
    pub(crate) at: i64,
}

/// Bodies by id.
pub(crate) type KeptById<'a> = HashMap<&'a str, Kept<'a>>;

/// What is known from the previous cycle.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    pub(crate) details: KeptById<'a>,
    pub(crate) odds: KeptById<'a>,
    details_until: Option<i64>,
}

/// Older files are not worth carrying over: every match of them has ended.
const OLDEST_USE_S: i64 = 3 * 3600;

/// The text of the previous file, if it is one of this provider and recent enough. Says why it starts cold otherwise.
pub(crate) fn previous(path: &Path, provider: &str, now: i64) -> String {
    let cold = |why: &str| {
        log::info!("starting cold: the previous step1.json {why}");
        String::new()
    };
    let text = match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => return cold("is not UTF-8 text"),
        },
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return String::new(),
        Err(why) => return cold(&format!("can't be read ({why})")),
    };
    let head = Head::of(&text);
    if head.schema != Some(handoff::schema(1)) {
        return cold("is of another schema");
    }
    if head.provider.as_deref() != Some(provider) {
        return cold("is another provider's");
    }
    match head.fetched_at.map(|at| now - at.timestamp()) {
        Some(age) if (-60..OLDEST_USE_S).contains(&age) => text,
        _ => cold("is too old, or from the future"),
    }
}

impl<'a> Known<'a> {
    /// Reads the previous file's text; empty text knows nothing.
    pub(crate) fn read(text: &'a str) -> Known<'a> {
        if text.is_empty() {
            return Known::default();
        }
        Known::parse(text).unwrap_or_else(|why| {
            log::info!("starting cold: the previous step1.json is corrupt ({why})");
            Known::default()
        })
    }

    fn parse(text: &'a str) -> Result<Known<'a>, Fault> {
        let (mut details, mut odds) = (Vec::new(), Vec::new());
        let mut times = Times::default();
        Cursor::new(text).object::<Fault>(|key, cursor| {
            match &*key {
                "fetched" => times = Times::read(cursor.value()?),
                "match_details" => details = entries(cursor)?,
                "match_odds" => odds = entries(cursor)?,
                _ => drop(cursor.value()?),
            }
            Ok(())
        })?;
        Ok(Known {
            details: kept(details, &times.details),
            odds: kept(odds, &times.odds),
            details_until: times.details_until,
        })
    }

    /// The newest `updated_at` that the provider is known to have had: what changed later is to be asked for.
    pub(crate) fn newest_update(&self) -> Option<i64> {
        let ignored = Anomalies::default();
        let updated = |kept: &Kept<'_>| detail_row(kept.body.get(), &ignored)?.int("updated_at");
        self.details
            .values()
            .filter_map(updated)
            .chain(self.details_until)
            .max()
    }
}

/// The one row of a details body.
pub(crate) fn detail_row<'a, 'n>(body: &'a str, anomalies: &'n Anomalies) -> Option<Row<'a, 'n>> {
    let results = feed::envelope::results(body).ok()?;
    let row = feed::row::list(results, "match details", anomalies)
        .first()
        .copied()?;
    Row::parse(row, anomalies).ok()
}

fn entries<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<(&'a str, &'a str)>, Fault> {
    let mut entries = Vec::new();
    cursor.object::<Fault>(|id, c| {
        let body = c.value()?;
        // Ids need no escapes; one that has them is not worth a copy.
        if let std::borrow::Cow::Borrowed(id) = id {
            entries.push((id, body));
        }
        Ok(())
    })?;
    Ok(entries)
}

fn kept<'a>(entries: Vec<(&'a str, &'a str)>, times: &HashMap<String, i64>) -> KeptById<'a> {
    entries
        .into_iter()
        .filter_map(|(id, text)| {
            let body = serde_json::from_str::<&RawValue>(text).ok()?;
            Some((
                id,
                Kept {
                    body,
                    at: *times.get(id)?,
                },
            ))
        })
        .collect()
}

/// `fetched` of `step1.json`: when each body was fetched.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Times {
    /// The newest `updated_at` that `match/recent/list?time=` has given.
    pub(crate) details_until: Option<i64>,
    #[serde(rename = "match_details")]
    pub(crate) details: HashMap<String, i64>,
    #[serde(rename = "match_odds")]
    pub(crate) odds: HashMap<String, i64>,
}

impl Times {
    fn read(text: &str) -> Times {
        serde_json::from_str(text).unwrap_or_default()
    }
}
