//! What a cycle's fetch cost and missed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a cycle's fetch cost and missed: the `fetch` object of step1.json, as far as reports need it.
/// Read leniently: what is not there is 0 or nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fetch {
    /// Requests sent, tries included.
    pub requests: u64,
    /// Tries after the first ones.
    pub retries: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Bytes after decompression.
    pub bytes_decoded: u64,
    /// Bodies that were known and not asked for again.
    pub cache_hits: u64,
    /// Requests that were due and had to wait.
    pub skipped_for_budget: u64,
    /// Matches being played whose odds are further behind than allowed.
    pub odds_behind: u64,
    /// The share of matches of which no request failed, 0 to 1.
    pub completeness: f64,
    /// How long the fetch took, in milliseconds.
    pub elapsed_ms: u64,
    /// Requests by endpoint path.
    pub by_endpoint: BTreeMap<String, u64>,
    /// What came of them, by endpoint path: `200`, `4xx`, `timeout` and a few more.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, BTreeMap<String, u64>>,
    /// Requests that each budget still has, by endpoint path; none without a limit.
    pub budget_left: BTreeMap<String, u64>,
    /// What failed, each kind once, with how often.
    pub errors: Vec<String>,
}
