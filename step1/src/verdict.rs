//! The figures of a fetch, and whether it is good enough.

use feed::endpoint::Endpoint;
use pipeline::{Exit, Failure};

use crate::fetch::{Cycle, now_ms};

/// The endpoints that are asked for one id at a time, and so have a budget.
pub(crate) const BUDGETED: [Endpoint; 4] = [
    Endpoint::OddsHistory,
    Endpoint::RecentList,
    Endpoint::Team,
    Endpoint::Competition,
];

impl Cycle<'_> {
    /// Fills in `fetch`, says what went wrong, and fails when too little came.
    pub(crate) fn judge(&mut self, elapsed_ms: u64) -> Result<(), Failure> {
        let traffic = self.client.traffic();
        let total = self.live.len();
        let failed = self
            .live
            .iter()
            .filter(|one| self.failed.contains(&one.id))
            .count();
        let complete = if total == 0 {
            1.0
        } else {
            1.0 - failed as f64 / total as f64
        };
        let max_age = self.config.feed.max_odds_age.0.as_secs() as i64;
        let has_odds = self.coverage.has(Endpoint::OddsHistory, self.now);
        let behind = self.live.iter().filter(|one| {
            has_odds
                && one.playing()
                && !self.odds.contains_key(&one.id)
                && self
                    .known
                    .odds
                    .get(one.id.as_str())
                    .is_none_or(|kept| self.now - kept.at > max_age)
        });
        self.fetch.odds_behind = behind.count() as u64;
        self.fetch.completeness = (complete * 1e4).round() / 1e4;
        self.fetch.requests = traffic.requests;
        self.fetch.retries = traffic.retries;
        self.fetch.bytes = traffic.bytes;
        self.fetch.bytes_decoded = traffic.bytes_decoded;
        self.fetch.by_endpoint = traffic.by_endpoint;
        self.fetch.budget_left = BUDGETED
            .into_iter()
            .filter_map(|endpoint| Some((endpoint.path(), self.budget.left(endpoint, now_ms())?)))
            .collect();
        self.fetch.out_of_plan = self.coverage.missing().map(str::to_owned).collect();
        self.fetch.elapsed_ms = elapsed_ms;
        self.fetch.errors = self
            .errors
            .iter()
            .map(|(what, count)| format!("{what} ({count}×)"))
            .collect();
        for error in &self.fetch.errors {
            log::warn!("{error}");
        }
        if self.fetch.odds_behind > 0 {
            let limit = self.config.feed.requests_per_minute;
            let cause = if self.fetch.skipped_for_budget > 0 {
                format!("the budget of {limit} requests a minute allows no more")
            } else {
                "their requests failed".to_owned()
            };
            log::warn!(
                "the odds of {} running matches are more than {} behind: {cause}",
                self.fetch.odds_behind,
                self.config.feed.max_odds_age
            );
        }
        let least = self.config.feed.min_completeness;
        if complete >= least {
            return Ok(());
        }
        let first = self.fetch.errors.first();
        Err(Failure::new(
            Exit::Unavailable,
            format!(
                "requests failed for {failed} of {total} matches: completeness {complete:.2} is below [feed] \
                 min_completeness {least}; the previous step1.json stays. First: {}",
                first.map_or("(no error noted)", String::as_str)
            ),
        ))
    }
}
