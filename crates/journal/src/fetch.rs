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
    /// How long before the live list the odds of the running match that is furthest behind were fetched, in
    /// seconds; none without such odds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_odds_age_s: Option<u64>,
    /// The same for the details of any match, its kick-off among them: when they were last known to be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_age_s: Option<u64>,
    /// Requests by endpoint path.
    pub by_endpoint: BTreeMap<String, u64>,
    /// What came of them, by endpoint path: `200`, `4xx`, `timeout` and a few more.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, BTreeMap<String, u64>>,
    /// What they cost, by endpoint path; empty in records from before it was counted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cost: BTreeMap<String, Cost>,
    /// Requests that each budget still has, by endpoint path; none without a limit.
    pub budget_left: BTreeMap<String, u64>,
    /// What failed, each kind once, with how often.
    pub errors: Vec<String>,
}

/// What the requests to one endpoint cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cost {
    /// Bytes on the wire.
    pub bytes: u64,
    /// How long they took, all together, in milliseconds.
    pub ms: u64,
    /// How many took so many milliseconds and no longer, each under the least limit that holds it; what is no
    /// number (`longer`) took longer than the last one.
    pub within: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_from_before_costs_were_counted_is_read_and_written_as_it_was() {
        let old = r#"{"requests":7,"retries":0,"bytes":90,"bytes_decoded":0,"cache_hits":0,"skipped_for_budget":0,"odds_behind":0,"completeness":1.0,"elapsed_ms":5,"by_endpoint":{"a":7},"budget_left":{},"errors":[]}"#;
        let fetch: Fetch = serde_json::from_str(old).unwrap();
        assert_eq!((fetch.cost.len(), fetch.schedule_age_s), (0, None));
        assert_eq!(serde_json::to_string(&fetch).unwrap(), old);
    }

    #[test]
    fn what_step_1_writes_of_costs_and_ages_comes_back_and_what_it_may_write_one_day_is_no_harm() {
        let text = r#"{"schedule_age_s":60,"live_odds_age_s":7,"later":1,"cost":{"a":{"bytes":9,"ms":470,"within":{"100":1,"longer":2},"later":1}}}"#;
        let fetch: Fetch = serde_json::from_str(text).unwrap();
        let within = [("100", 1), ("longer", 2)].map(|(limit, n)| (limit.to_owned(), n));
        let cost = Cost {
            bytes: 9,
            ms: 470,
            within: within.into(),
        };
        assert_eq!(fetch.cost["a"], cost);
        assert_eq!(
            (fetch.schedule_age_s, fetch.live_odds_age_s),
            (Some(60), Some(7))
        );
        let again = serde_json::to_string(&fetch).unwrap();
        assert_eq!(serde_json::from_str::<Fetch>(&again).unwrap(), fetch);
    }
}
