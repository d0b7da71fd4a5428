//! One match in `step1.json`, found without reading the other matches' odds: the file may be 40 MB.

use chrono::{DateTime, Utc};
use feed::json::{Cursor, Fault};
use serde_json::{Value, json};

/// What step 1's file holds of one match: the provider's own bodies.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) fetched_at: Option<DateTime<Utc>>,
    /// Its entry in the live list.
    pub(super) live: Option<Value>,
    /// Its entry in the details.
    pub(super) detail: Option<Value>,
    /// When the details were fetched.
    pub(super) detail_at: Option<DateTime<Utc>>,
    /// Its odds: `results` of the body, by bookmaker and market.
    pub(super) odds: Option<Value>,
    /// When the odds were fetched.
    pub(super) odds_at: Option<DateTime<Utc>>,
}

impl Raw {
    pub(super) fn to_json(&self) -> Value {
        json!({"live": self.live, "detail": self.detail, "detail_fetched_at": self.detail_at,
            "odds": self.odds, "odds_fetched_at": self.odds_at})
    }
}

/// Finds the match; none if the text has no entry of it at all, as far as it can be read.
pub(super) fn find_in_step1(text: &str, id: &str) -> Option<Raw> {
    let mut raw = Raw::default();
    // What was found before a torn place stands.
    let _ = walk(text, id, &mut raw);
    (raw.live.is_some() || raw.detail.is_some() || raw.odds.is_some()).then_some(raw)
}

fn walk(text: &str, id: &str, raw: &mut Raw) -> Result<(), Fault> {
    Cursor::new(text).object::<Fault>(|key, c| {
        match &*key {
            "fetched_at" => {
                let at = DateTime::parse_from_rfc3339(&c.string()?).ok();
                raw.fetched_at = at.map(|at| at.to_utc());
            }
            "fetched" => {
                let times: Value = serde_json::from_str(c.value()?).unwrap_or_default();
                let at = |what: &str| {
                    let seconds = times.get(what)?.get(id)?.as_i64()?;
                    DateTime::from_timestamp(seconds, 0)
                };
                raw.detail_at = at("match_details");
                raw.odds_at = at("match_odds");
            }
            "live_matches" => raw.live = in_results(c.value()?, id),
            "match_details" => raw.detail = under(c, id)?.and_then(|body| in_results(body, id)),
            "match_odds" => {
                raw.odds = under(c, id)?
                    .and_then(|body| serde_json::from_str::<Value>(body).ok())
                    .and_then(|mut body| body.get_mut("results").map(Value::take));
            }
            _ => drop(c.value()?),
        }
        Ok(())
    })
}

/// The text of the value under `id`.
fn under<'a>(cursor: &mut Cursor<'a>, id: &str) -> Result<Option<&'a str>, Fault> {
    let mut found = None;
    if cursor.peek() != Some(b'{') {
        cursor.value()?;
        return Ok(None);
    }
    cursor.object::<Fault>(|key, c| {
        let body = c.value()?;
        if key == id {
            found.get_or_insert(body);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The entry of `results` with this id; entries of other matches are passed over as text.
fn in_results(body: &str, id: &str) -> Option<Value> {
    let mut found = None;
    let _ = Cursor::new(body).object::<Fault>(|key, c| {
        if key != "results" || c.peek() != Some(b'[') {
            c.value()?;
            return Ok(());
        }
        c.array::<Fault>(|c| {
            let entry = c.value()?;
            if found.is_none() && entry.contains(id) {
                let value: Value = serde_json::from_str(entry).unwrap_or_default();
                if value.get("id").and_then(Value::as_str) == Some(id) {
                    found = Some(value);
                }
            }
            Ok(())
        })
    });
    found
}
