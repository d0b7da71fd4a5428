//! The body of `step1.json`, and the line about it in the log.

use std::collections::BTreeMap;

use pipeline::Listed;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::bodies::Times;
use crate::odds_live::LiveOdds;
use crate::pages::{PageOdds, PageReport};
use crate::traffic::{Answers, Cost};
use crate::words::counted;

/// What step 1 writes behind the envelope. The bodies are the provider's own.
#[derive(Debug, Serialize)]
pub(crate) struct Output<'a> {
    pub(crate) fetch: Fetch,
    /// When each body was fetched, unix seconds.
    pub(crate) fetched: Times,
    pub(crate) live_matches: &'a RawValue,
    pub(crate) match_details: Bodies<'a>,
    pub(crate) match_odds: Bodies<'a>,
    /// Newer changes than the histories have; only with `[feed] odds_live`.
    #[serde(skip_serializing_if = "LiveOdds::is_empty")]
    pub(crate) odds_live: LiveOdds,
    /// Odds of bookmakers that are read from web pages; only with `[[page]]`.
    #[serde(skip_serializing_if = "PageOdds::is_empty")]
    pub(crate) page_odds: PageOdds,
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
    /// How long ago the odds of the running match that is furthest behind were fetched, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) live_odds_age_s: Option<u64>,
    /// How long ago the details of the match that is furthest behind, its kick-off among them, were known to be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schedule_age_s: Option<u64>,
    pub(crate) by_endpoint: BTreeMap<&'static str, u64>,
    /// What came of them, by endpoint: `200`, `err` (200 with something else than what was asked for), `3xx`,
    /// `4xx`, `429`, `5xx`, `other`, `timeout`, `network`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) answers: Answers,
    /// What they cost, by endpoint.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) cost: BTreeMap<&'static str, Cost>,
    /// Requests that the budget of each endpoint still has; none without a limit.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) budget_left: BTreeMap<&'static str, u64>,
    /// Endpoints that the plan does not cover.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) out_of_plan: Vec<String>,
    pub(crate) elapsed_ms: u64,
    /// What failed, each kind once, with how often.
    pub(crate) errors: Vec<String>,
    /// What came of each `[[page]]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) pages: Vec<PageReport>,
}

/// The width of a line for people, less what the log puts before it.
const WIDTH: usize = 80 - "INFO  step1: ".len();

/// A few short lines about a fetch, for the log: what came, what is missing, what it cost.
pub(crate) fn summary(output: &Output<'_>, bytes_written: u64) -> Vec<String> {
    let fetch = &output.fetch;
    let mut lines = Vec::new();
    let (matches, odds) = (output.fetched.details.len(), output.match_odds.len());
    // There may be odds of a match whose details could not be had.
    let bare = matches.saturating_sub(odds) as u64;
    let missing: Vec<String> = [
        (bare, "without an odds history", "without an odds history"),
        (
            fetch.skipped_for_budget,
            "request left for the budget",
            "requests left for the budget",
        ),
        (
            fetch.odds_behind,
            "with odds too far behind",
            "with odds too far behind",
        ),
        (
            fetch.errors.len() as u64,
            "kind of error",
            "kinds of errors",
        ),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, one, many)| counted(count, one, many))
    .collect();
    lines.extend(wrapped("missing: ", &missing));
    for page in &fetch.pages {
        lines.push(format!("{}: {}", page.book, page.words()));
    }
    let mut by: Vec<(&str, u64)> = fetch.by_endpoint.iter().map(|(p, n)| (*p, *n)).collect();
    by.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let named = |(path, count): (&str, u64)| format!("{} {count}", short(path));
    let by: Vec<String> = by.into_iter().map(named).collect();
    let requests = format!("{}: ", counted(fetch.requests, "request", "requests"));
    lines.extend(wrapped(&requests, &by));
    let cost = [
        counted(fetch.retries, "retry", "retries"),
        format!("{} kB on the wire", fetch.bytes / 1000),
        format!("{} kB decoded", fetch.bytes_decoded / 1000),
        format!("{} kB written", bytes_written / 1000),
        format!("{} known already", fetch.cache_hits),
    ];
    lines.extend(wrapped("", &cost));
    let left = fetch.budget_left.iter().map(|(path, n)| (*path, *n));
    let left: Vec<String> = left.map(named).collect();
    lines.extend(wrapped("budget left: ", &left));
    lines
}

/// The first line about a fetch: how much came of how much.
pub(crate) fn came(output: &Output<'_>) -> String {
    format!(
        "{}, {:.0}% complete, {} ms",
        counted(output.fetched.details.len(), "match", "matches"),
        output.fetch.completeness * 100.0,
        output.fetch.elapsed_ms,
    )
}

/// The items with commas, in as many lines as it takes; none without items.
fn wrapped(head: &str, items: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.chars().count() + item.chars().count() + 3 <= WIDTH => {
                line.push_str(", ");
                line.push_str(item);
            }
            Some(line) => {
                line.push(',');
                lines.push(format!("  {item}"));
            }
            None => lines.push(format!("{head}{item}")),
        }
    }
    lines
}

/// `team/additional/list` is `team` in a line for people; the file has the paths.
pub(crate) fn short(path: &str) -> &str {
    match path {
        "match/detail_live" => "live",
        "match/recent/list" => "details",
        "odds/history" => "odds",
        "team/additional/list" => "teams",
        "competition/additional/list" => "competitions",
        "country/list" => "countries",
        other => other,
    }
}
