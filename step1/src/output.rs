//! The body of `step1.json`.

use std::collections::BTreeMap;

use pipeline::Listed;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::bodies::Times;

/// What step 1 writes behind the envelope. The bodies are the provider's own.
#[derive(Debug, Serialize)]
pub(crate) struct Output<'a> {
    pub(crate) fetch: Fetch,
    /// When each body was fetched, unix seconds.
    pub(crate) fetched: Times,
    pub(crate) live_matches: &'a RawValue,
    pub(crate) match_details: Bodies<'a>,
    pub(crate) match_odds: Bodies<'a>,
    pub(crate) team_info: Bodies<'a>,
    pub(crate) competition_info: Bodies<'a>,
    pub(crate) countries: Option<&'a RawValue>,
}

/// Bodies by the id that they were asked for.
pub(crate) type Bodies<'a> = Listed<String, &'a RawValue>;

/// What the fetch cost and what it missed.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Fetch {
    pub(crate) requests: u64,
    pub(crate) retries: u64,
    /// Bytes of the bodies as they came over the wire.
    pub(crate) bytes: u64,
    pub(crate) bytes_decoded: u64,
    /// Bodies that were known and not asked for again.
    pub(crate) cache_hits: u64,
    /// Requests that were due and had to wait for the next cycle.
    pub(crate) skipped_for_budget: u64,
    /// The share of the live list's matches of which no request failed.
    pub(crate) completeness: f64,
    /// Matches being played whose odds are further behind than `[feed] max_odds_age`.
    pub(crate) odds_behind: u64,
    pub(crate) by_endpoint: BTreeMap<&'static str, u64>,
    pub(crate) elapsed_ms: u64,
    /// What failed, each kind once, with how often.
    pub(crate) errors: Vec<String>,
}
