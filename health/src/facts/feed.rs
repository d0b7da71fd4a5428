//! What fetching cost and missed in the last hour, from the records of its cycles.

use std::collections::BTreeMap;

use journal::CycleOutcome;
use serde::Serialize;

use super::History;

/// What fetching cost and missed.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FeedFigures {
    /// Cycles of the last hour of which figures are recorded.
    pub cycles: u64,
    /// Requests sent, tries included.
    pub requests: u64,
    /// Tries after the first ones.
    pub retries: u64,
    /// Bytes on the wire.
    pub bytes: u64,
    /// Bodies that were known and not asked for again.
    pub cache_hits: u64,
    /// Requests that were due and had to wait for the budget.
    pub skipped_for_budget: u64,
    /// Requests by endpoint path.
    pub by_endpoint: BTreeMap<String, u64>,
    /// What failed, the most frequent first.
    pub errors: Vec<ErrorKind>,
    /// The share of matches of which no request failed, in the newest cycle, 0 to 1.
    pub completeness: Option<f64>,
    /// The smallest such share.
    pub completeness_min: Option<f64>,
    /// Matches being played whose odds are further behind than allowed, in the newest cycle.
    pub odds_behind: u64,
    /// Requests that each budget still had after the newest cycle, by endpoint path.
    pub budget_left: BTreeMap<String, u64>,
    /// How long the newest fetch took, in milliseconds.
    pub elapsed_ms: u64,
    /// Matches with odds, of all, in the newest cycle.
    pub with_odds: Option<(u64, u64)>,
}

/// One kind of error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorKind {
    /// What failed and how, without an address.
    pub what: String,
    /// How often.
    pub count: u64,
}

impl FeedFigures {
    /// Of the last hour's cycles; none if none has figures.
    pub(super) fn of(history: &History) -> Option<FeedFigures> {
        let mut figures = FeedFigures::default();
        let mut errors: BTreeMap<&str, u64> = BTreeMap::new();
        let mut least: Option<f64> = None;
        for fetch in history
            .recent
            .iter()
            .filter_map(|cycle| cycle.fetch.as_ref())
        {
            if figures.cycles == 0 {
                figures.completeness = Some(fetch.completeness);
                figures.odds_behind = fetch.odds_behind;
                figures.budget_left.clone_from(&fetch.budget_left);
                figures.elapsed_ms = fetch.elapsed_ms;
            }
            figures.cycles += 1;
            figures.requests += fetch.requests;
            figures.retries += fetch.retries;
            figures.bytes += fetch.bytes;
            figures.cache_hits += fetch.cache_hits;
            figures.skipped_for_budget += fetch.skipped_for_budget;
            least = Some(least.map_or(fetch.completeness, |l: f64| l.min(fetch.completeness)));
            for (endpoint, count) in &fetch.by_endpoint {
                *figures.by_endpoint.entry(endpoint.clone()).or_default() += count;
            }
            for error in &fetch.errors {
                let (what, count) = counted(error);
                *errors.entry(what).or_default() += count;
            }
        }
        figures.completeness_min = least;
        figures.errors = errors
            .into_iter()
            .map(|(what, count)| ErrorKind {
                what: what.to_owned(),
                count,
            })
            .collect();
        figures
            .errors
            .sort_by_key(|error| std::cmp::Reverse(error.count));
        let good = history
            .recent
            .iter()
            .find(|cycle| cycle.outcome == Some(CycleOutcome::Ok));
        figures.with_odds = good.and_then(|cycle| Some((cycle.with_odds?, cycle.matches?)));
        (figures.cycles > 0 || figures.with_odds.is_some()).then_some(figures)
    }

    /// How often something failed.
    pub fn failures(&self) -> u64 {
        self.errors.iter().map(|error| error.count).sum()
    }
}

/// What stands before ` (3×)`, and the number.
fn counted(error: &str) -> (&str, u64) {
    error
        .strip_suffix("×)")
        .and_then(|head| head.rsplit_once(" ("))
        .and_then(|(what, n)| Some((what, n.parse().ok()?)))
        .unwrap_or((error, 1))
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn an_error_counts_as_often_as_it_says() {
        assert_eq!(counted("odds: HTTP 502 (3×)"), ("odds: HTTP 502", 3));
        assert_eq!(counted("odds (HTTP 502)"), ("odds (HTTP 502)", 1));
    }
}
