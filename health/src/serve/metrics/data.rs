//! The product and the feed behind it.

use chrono::{DateTime, Utc};
use football::Phase;

use super::counts::{Counts, ENDPOINTS, endpoint_of};
use super::text::Text;
use crate::look::Look;
use crate::product::Board;

pub(super) fn data(text: &mut Text, look: &Look) {
    let board = look.board();
    let now = look.facts.now;
    let at = |time: chrono::DateTime<chrono::Utc>| time.timestamp_millis() as f64 / 1000.0;
    text.family(
        "data_age_seconds",
        "gauge",
        "Age of the product's data, by what it is.",
    );
    let fetch = look.pace.as_ref().and_then(|pace| pace.fetch.as_ref());
    // What was fetched with the live list was that old then.
    for (kind, then) in [
        ("live_score", Some(0)),
        ("live_odds", fetch.and_then(|fetch| fetch.live_odds_age_s)),
        ("schedule", fetch.and_then(|fetch| fetch.schedule_age_s)),
    ] {
        if let Some((board, then)) = board.zip(then) {
            let age = board.age_s(now) as f64 + then as f64;
            text.sample("data_age_seconds", &[("kind", kind)], age);
        }
    }
    text.one(
        "odds_age_seconds",
        "gauge",
        "Age of the middle 1X2 price of the matches being played.",
        board.and_then(|board| odds_age(board, now)),
    );
    text.one(
        "output_fetched_timestamp_seconds",
        "gauge",
        "When the product's data was fetched, unix time.",
        board.map(|board| at(board.envelope.fetched_at)),
    );
    text.one(
        "output_generated_timestamp_seconds",
        "gauge",
        "When the product was written, unix time.",
        board.map(|board| at(board.envelope.generated_at)),
    );
    text.family("matches", "gauge", "Matches in the product, by phase.");
    if let Some(board) = board {
        let counts = board.counts();
        for (status, n) in ["live", "upcoming", "finished", "other"].iter().zip(counts) {
            text.sample("matches", &[("status", status)], n as f64);
        }
    }
    text.one(
        "matches_missing_odds",
        "gauge",
        "Matches in the product without any odds.",
        board.map(|board| board.matches.len().saturating_sub(board.with_odds) as f64),
    );
    text.one(
        "matches_rejected",
        "gauge",
        "Matches of the newest cycle that could not be used.",
        board.map(|board| board.rejected as f64),
    );
}

pub(super) fn feed(text: &mut Text, look: &Look, counts: &Counts) {
    text.family(
        "api_requests_total",
        "counter",
        "Requests to the provider since health serve started, tries included, by what came of them.",
    );
    for ((endpoint, code), n) in &counts.requests {
        let labels = [("endpoint", endpoint.as_str()), ("code", code)];
        text.sample("api_requests_total", &labels, *n as f64);
    }
    text.one(
        "api_retries_total",
        "counter",
        "Tries after the first one since health serve started.",
        Some(counts.fetch_retries as f64),
    );
    text.family(
        "api_response_bytes_total",
        "counter",
        "Bytes from the provider since health serve started.",
    );
    for (endpoint, bytes) in &counts.bytes {
        let labels = [("endpoint", endpoint.as_str())];
        text.sample("api_response_bytes_total", &labels, *bytes as f64);
    }
    text.family(
        "api_request_duration_seconds",
        "histogram",
        "How long requests took to the end of their answers since health serve started, tries included.",
    );
    for (endpoint, times) in &counts.request_times {
        let labels = [("endpoint", endpoint.as_str())];
        text.histogram("api_request_duration_seconds", &labels, times);
    }
    text.one(
        "api_errors_total",
        "counter",
        "Requests to the provider that failed for good since health serve started.",
        Some(counts.failures as f64),
    );
    let fetch = look.pace.as_ref().and_then(|pace| pace.fetch.as_ref());
    text.one(
        "fetch_completeness_ratio",
        "gauge",
        "Share of matches of which no request of the newest fetch failed.",
        fetch.map(|fetch| fetch.completeness),
    );
    text.one(
        "fetch_skipped_for_budget",
        "gauge",
        "Requests of the newest fetch that had to wait.",
        fetch.map(|fetch| fetch.skipped_for_budget as f64),
    );
    text.one(
        "fetch_errors",
        "gauge",
        "Kinds of error of the newest fetch.",
        fetch.map(|fetch| fetch.errors.len() as f64),
    );
    text.one(
        "fetch_duration_seconds",
        "gauge",
        "How long the newest fetch took.",
        fetch.map(|fetch| fetch.elapsed_ms as f64 / 1000.0),
    );
    text.one(
        "fetch_odds_behind",
        "gauge",
        "Matches being played whose odds are further behind than allowed.",
        fetch.map(|fetch| fetch.odds_behind as f64),
    );
    text.family(
        "api_rate_limit_remaining",
        "gauge",
        "Requests that a budget had left after the newest fetch.",
    );
    for (endpoint, left) in fetch
        .into_iter()
        .flat_map(|fetch| fetch.budget_left.iter().take(ENDPOINTS))
    {
        text.sample(
            "api_rate_limit_remaining",
            &[("endpoint", &endpoint_of(endpoint))],
            *left as f64,
        );
    }
}

/// How old the middle one of the 1X2 prices is that the matches being played have; none while none has any.
fn odds_age(board: &Board, now: DateTime<Utc>) -> Option<f64> {
    let live = board.matches.iter().filter(|row| row.phase == Phase::Live);
    let mut ages: Vec<_> = live
        .filter_map(|row| Some(row.result.as_ref()?.age_s))
        .collect();
    ages.sort_unstable();
    let middle = ages.get(ages.len() / 2)?;
    Some((middle + board.age_s(now)) as f64)
}
