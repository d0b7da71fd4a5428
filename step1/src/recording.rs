//! Recordings: a cycle's bodies in a file (`--record`), and a cycle from such a file (`--replay`).
//!
//! A recording has the shape of `step1.json` without its envelope: `timestamp` (UTC), what the fetch cost, then
//! the bodies. Time stands still in a replay (`pipeline::Envelope::now`): the same recording gives the same files.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use chrono::{DateTime, Utc};
use feed::json::{Cursor, Fault};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use pipeline::handoff::{Head, instant, recorded_instant};
use pipeline::{Exit, Failure, Listed, atomic};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::bodies::Times;
use crate::odds_live::LiveOdds;
use crate::output::{Bodies, Fetch, Output};
use crate::pages::PageOdds;

#[derive(Serialize)]
struct Recording<'a, 'b> {
    timestamp: String,
    fetch: &'b Fetch,
    fetched: &'b Times,
    live_matches: &'a RawValue,
    match_details: &'b Bodies<'a>,
    match_odds: &'b Bodies<'a>,
    #[serde(skip_serializing_if = "LiveOdds::is_empty")]
    odds_live: &'b LiveOdds,
    #[serde(skip_serializing_if = "PageOdds::is_empty")]
    page_odds: &'b PageOdds,
    team_info: &'b Bodies<'a>,
    competition_info: &'b Bodies<'a>,
    countries: Option<&'a RawValue>,
}

/// Writes the bodies of a cycle, compressed.
pub(crate) fn write(
    path: &Path,
    output: &Output<'_>,
    fetched_at: DateTime<Utc>,
) -> Result<(), Failure> {
    let recording = Recording {
        timestamp: instant(fetched_at),
        fetch: &output.fetch,
        fetched: &output.fetched,
        live_matches: output.live_matches,
        match_details: &output.match_details,
        match_odds: &output.match_odds,
        odds_live: &output.odds_live,
        page_odds: &output.page_odds,
        team_info: &output.team_info,
        competition_info: &output.competition_info,
        countries: output.countries,
    };
    let bytes = atomic::write(path, |out| {
        let mut encoder = GzEncoder::new(out, Compression::default());
        serde_json::to_writer(&mut encoder, &recording)?;
        encoder.finish().map(drop)
    })?;
    log::info!(
        "recorded this cycle in `{}` ({} kB)",
        path.display(),
        bytes / 1000
    );
    Ok(())
}

/// The text of a recording, plain or compressed.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|why| match why.kind() {
        io::ErrorKind::NotFound => Failure::new(
            Exit::NoInput,
            format!("the recording `{}` is not there", path.display()),
        ),
        _ => Failure::bad_input(format!(
            "failed to read the recording `{}`: {why}",
            path.display()
        )),
    })?;
    let bad = |why: String| Failure::bad_input(format!("the recording `{}` {why}", path.display()));
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        GzDecoder::new(&*bytes)
            .read_to_end(&mut plain)
            .map_err(|why| bad(format!("is damaged ({why})")))?;
        plain
    } else {
        bytes
    };
    String::from_utf8(bytes).map_err(|_| bad("is not UTF-8 text".to_owned()))
}

/// A recording's bodies under their keys, and when it was made.
pub(crate) struct Replay<'a> {
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) bodies: Listed<Cow<'a, str>, &'a RawValue>,
}

/// What a replay hands on: everything but the head of the file.
const HEAD: [&str; 6] = [
    "timestamp",
    "schema",
    "cycle",
    "generated_at",
    "fetched_at",
    "provider",
];

impl<'a> Replay<'a> {
    /// Reads a recording, or a `step1.json` that was kept.
    pub(crate) fn parse(text: &'a str, path: &Path) -> Result<Replay<'a>, Failure> {
        let bad =
            |why: &str| Failure::bad_input(format!("the recording `{}` {why}", path.display()));
        let mut timestamp = None;
        let mut bodies = Listed::default();
        let mut cursor = Cursor::new(text);
        cursor
            .object::<Fault>(|key, c| {
                let raw = c.value()?;
                if key == "timestamp" {
                    timestamp = serde_json::from_str::<String>(raw)
                        .ok()
                        .and_then(|text| recorded_instant(&text));
                }
                if !HEAD.contains(&&*key) {
                    let raw = serde_json::from_str(raw).map_err(|_| Fault {
                        at: 0,
                        ended: false,
                        expected: "valid JSON",
                    })?;
                    bodies.0.push((key, raw));
                }
                Ok(())
            })
            .and_then(|()| cursor.end())
            .map_err(|why| bad(&format!("is not usable: {why}")))?;
        let recorded_at = timestamp
            .or_else(|| Head::of(text).fetched_at)
            .ok_or_else(|| bad("does not say when it was made"))?;
        if !bodies.iter().any(|(key, _)| key == "live_matches") {
            return Err(bad("has no `live_matches`"));
        }
        Ok(Replay {
            recorded_at,
            bodies,
        })
    }
}
