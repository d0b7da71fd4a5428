//! Questions about many things at once: what changed since an instant (`time=`), and whose odds changed.

use std::collections::HashSet;

use feed::endpoint::Endpoint;
use feed::row::{self, Anomalies, Row};
use feed::{FeedError, envelope};
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::FetchError;

/// Rows in a full page.
const PAGE: usize = 1000;
/// Pages in one cycle; what is left comes in the next one.
const PAGES: usize = 5;

/// What `time=` gave.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) pages: Vec<Box<RawValue>>,
    /// The newest `updated_at` so far: the next question goes on from there.
    pub(crate) until: i64,
    /// Whether there was no more to be had.
    pub(crate) complete: bool,
}

impl Changes {
    /// All rows.
    pub(crate) fn rows(&self) -> Vec<&str> {
        let anomalies = Anomalies::default();
        self.pages
            .iter()
            .filter_map(|page| envelope::results(page.get()).ok())
            .flat_map(|results| row::list(results, "changes", &anomalies))
            .collect()
    }
}

/// By so many seconds the provider's clock may be ahead of ours.
const AHEAD_S: i64 = 60;

/// How far `updated_at`, fetched at an instant, says that changes are known. A row from the future, of a provider
/// whose clock was wrong for a moment, must not hide what changes until then.
pub(crate) fn believed(updated_at: i64, fetched_at: i64) -> i64 {
    if updated_at > fetched_at.saturating_add(AHEAD_S) {
        fetched_at - AHEAD_S
    } else {
        updated_at
    }
}

/// The rows of `endpoint` with `updated_at` at or after `since`, page by page: each page begins where the one
/// before ended.
pub(crate) async fn since(
    client: &Client,
    endpoint: Endpoint,
    since: i64,
) -> Result<Changes, FetchError> {
    let anomalies = Anomalies::default();
    let mut changes = Changes {
        pages: Vec::new(),
        until: since - 1,
        complete: false,
    };
    while changes.pages.len() < PAGES && !changes.complete {
        let from = changes.until.saturating_add(1).to_string();
        let body = client.get(endpoint, &[("time", &from)]).await?;
        let rows = envelope::results(body.get())
            .map(|results| row::list(results, "changes", &anomalies))
            .unwrap_or_default();
        let newest = rows
            .iter()
            .filter_map(|raw| Row::parse(raw, &anomalies).ok()?.int("updated_at"))
            .max();
        let further = newest.filter(|newest| *newest > changes.until);
        changes.complete = rows.len() < PAGE || further.is_none();
        changes.until = further.unwrap_or(changes.until);
        changes.pages.push(body);
    }
    Ok(changes)
}

/// The match ids of an `odds/update` body, read leniently.
pub(crate) fn changed_ids(body: &RawValue) -> HashSet<String> {
    let anomalies = Anomalies::default();
    let Ok(results) = envelope::results(body.get()) else {
        return HashSet::new();
    };
    row::list(results, "odds updates", &anomalies)
        .into_iter()
        .filter_map(|raw| {
            let row = Row::parse(raw, &anomalies).ok()?;
            row.text("id")
                .or_else(|| row.text("match_id"))
                .map(|id| id.into_owned())
        })
        .collect()
}

/// The changes of an `odds/live` body, and how many parts of it were not understood.
pub(crate) fn live_changes(
    body: &RawValue,
) -> Result<(Vec<feed::odds_live::Change>, u64), FeedError> {
    let anomalies = Anomalies::default();
    let results = envelope::results(body.get())?;
    let changes = feed::odds_live::changes(results, &anomalies);
    let odd = anomalies
        .into_counts()
        .iter()
        .filter(|(what, _)| what.starts_with("odds/live"))
        .map(|(_, count)| count)
        .sum();
    Ok((changes, odd))
}
