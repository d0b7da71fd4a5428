//! The figures of a fetch, and whether it is good enough.

use feed::endpoint::Endpoint;
use pipeline::{Exit, Failure};

use crate::budget::{BUDGETED, now_ms};
use crate::error::refusal;
use crate::fetch::Cycle;
use crate::words::{counted, either};

impl Cycle<'_> {
    /// Without details a match has neither names nor a kick-off: where the plan does not have them, it counts as
    /// failed, and too many of them are a refusal.
    pub(crate) fn details_or_refusal(&mut self) -> Result<(), Failure> {
        if self.coverage.has(Endpoint::RecentList, self.now) {
            return Ok(());
        }
        let bare = |id: &str| self.detail(id).is_none();
        let ids = self.live.iter().map(|one| one.id.clone());
        let without: Vec<String> = ids.filter(|id| bare(id)).collect();
        let (count, total) = (without.len(), self.live.len());
        self.failed.extend(without);
        if count as f64 <= (1.0 - self.config.feed.min_completeness) * total as f64 {
            return Ok(());
        }
        // Whoever has changed the plan need not wait for the next look at it.
        self.coverage.forget(Endpoint::RecentList);
        self.coverage.save()?;
        Err(refusal(&format!(
            "{} is not in the plan, so {count} of {} {} neither names nor a kick-off; the previous step1.json stays",
            Endpoint::RecentList.path(),
            counted(total, "match", "matches"),
            either(count, "has", "have"),
        )))
    }

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
        self.fetch.answers = traffic.answers;
        self.fetch.cost = traffic.cost;
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
                format!(
                    "the budget of {} a minute allows no more",
                    counted(limit, "request", "requests")
                )
            } else {
                "their requests failed".to_owned()
            };
            log::warn!(
                "the odds of {} are missing or more than {} behind: {cause}",
                counted(self.fetch.odds_behind, "running match", "running matches"),
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
                "requests failed for {failed} of {}: completeness {complete:.2} is below [feed] min_completeness \
                 {least}; the previous step1.json stays. First: {}",
                counted(total, "match", "matches"),
                first.map_or("(no error noted)", String::as_str)
            ),
        ))
    }
}
