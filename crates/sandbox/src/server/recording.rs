//! A recording behind the provider's paths: the bodies as they were, whenever one asks.
//!
//! Its time stands still. The list questions (`time=`, `page=`) are answered from the recorded rows, and
//! `odds/update` names the matches with a price of the last recorded minute.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use axum::http::HeaderValue;
use axum::http::header::HeaderName;
use flate2::read::GzDecoder;
use pipeline::exit::{Exit, Failure};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answers::rows_by_page_or_time;
use super::ask::Ask;
use super::reply::Reply;

type Bodies = HashMap<String, Box<RawValue>>;

/// A cycle's bodies.
#[derive(Debug, Deserialize)]
pub struct Recording {
    live_matches: Box<RawValue>,
    #[serde(default)]
    match_details: Bodies,
    #[serde(default)]
    match_odds: Bodies,
    #[serde(default)]
    team_info: Bodies,
    #[serde(default)]
    competition_info: Bodies,
    countries: Option<Box<RawValue>>,
    #[serde(skip)]
    updates: OnceLock<Vec<u8>>,
}

impl Recording {
    /// Reads a recording, plain or compressed, or a `step1.json` that was kept.
    ///
    /// # Errors
    /// 66 when the file is missing, 65 when it is no recording.
    pub fn read(path: &Path) -> Result<Recording, Failure> {
        let shown = path.display();
        let bad = |why: String| {
            Failure::bad_input(format!(
                "the recording `{shown}` {why}; make one with step1 --record"
            ))
        };
        let bytes = fs::read(path).map_err(|why| match why.kind() {
            std::io::ErrorKind::NotFound => Failure::new(
                Exit::NoInput,
                format!("the recording `{shown}` is not there; make one with step1 --record"),
            ),
            _ => bad(format!("can't be read ({why})")),
        })?;
        let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut plain = Vec::new();
            GzDecoder::new(&*bytes)
                .read_to_end(&mut plain)
                .map_err(|why| bad(format!("is damaged ({why})")))?;
            plain
        } else {
            bytes
        };
        serde_json::from_slice(&bytes).map_err(|why| bad(format!("is not usable ({why})")))
    }

    /// How many matches have details.
    pub fn matches(&self) -> usize {
        self.match_details.len()
    }

    /// The answer, marked: nobody shall take a recording for a simulation, let alone for what is going on.
    pub(super) fn answer(&self, ask: &Ask) -> Reply {
        let mut reply = self.unmarked(ask);
        let mark = (
            HeaderName::from_static("x-sandbox-recording"),
            HeaderValue::from_static("yes"),
        );
        reply.headers.push(mark);
        reply
    }

    fn unmarked(&self, ask: &Ask) -> Reply {
        let by_id = |bodies: &Bodies| match ask.parameter("uuid").and_then(|id| bodies.get(id)) {
            Some(body) => raw(body),
            None => Reply::invalid("uuid"),
        };
        let list = |bodies: &Bodies| {
            if ask.parameter("uuid").is_some() {
                return by_id(bodies);
            }
            let rows = || bodies.values().flat_map(|body| rows(body));
            rows_by_page_or_time(
                ask,
                |page| super::answers::page_of(rows(), page),
                |time| super::answers::changed_since(rows(), time),
            )
        };
        match ask.path() {
            "match/detail_live" => raw(&self.live_matches),
            "match/recent/list" => list(&self.match_details),
            "odds/history" => by_id(&self.match_odds),
            "odds/update" => {
                let made = self.updates.get_or_init(|| self.odds_updates());
                Reply::text(made.clone())
            }
            "team/additional/list" => list(&self.team_info),
            "competition/additional/list" => list(&self.competition_info),
            "country/list" => match &self.countries {
                Some(body) => raw(body),
                None => Reply::of(&json!({"code": 0, "results": []})),
            },
            _ => Reply::unknown_path(),
        }
    }

    /// The body of `odds/update`: prices of the minute before the newest of all.
    fn odds_updates(&self) -> Vec<u8> {
        let newest: Vec<_> = self
            .match_odds
            .iter()
            .flat_map(|(id, body)| {
                newest_prices(body)
                    .into_iter()
                    .map(move |(book, at)| (at, id, book))
            })
            .collect();
        let end = newest.iter().map(|(at, _, _)| *at).max().unwrap_or(0);
        let lately: BTreeSet<_> = newest.iter().filter(|(at, _, _)| *at > end - 60).collect();
        let rows: Vec<_> = lately
            .into_iter()
            .rev()
            .map(|(at, id, book)| json!({"id": id, "company_id": book, "update_time": at}))
            .collect();
        json!({"code": 0, "results": rows}).to_string().into_bytes()
    }
}

fn raw(body: &RawValue) -> Reply {
    Reply::text(body.get().as_bytes().to_vec())
}

fn rows(body: &RawValue) -> Vec<Value> {
    let mut body: Value = serde_json::from_str(body.get()).unwrap_or_default();
    match body["results"].take() {
        Value::Array(rows) => rows,
        _ => Vec::new(),
    }
}

/// Per bookmaker of an `odds/history` body, the time of its newest price.
fn newest_prices(body: &RawValue) -> Vec<(i64, i64)> {
    let body: Value = serde_json::from_str(body.get()).unwrap_or_default();
    let Some(books) = body["results"].as_object() else {
        return Vec::new();
    };
    let newest = |markets: &Value| {
        let series = markets.as_object()?.values();
        series.filter_map(|ticks| ticks[0][0].as_i64()).max()
    };
    books
        .iter()
        .filter_map(|(book, markets)| Some((book.parse().ok()?, newest(markets)?)))
        .collect()
}
