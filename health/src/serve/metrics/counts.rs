//! What is counted from the journal's rows and the day logs while this process runs.

use std::collections::BTreeMap;
use std::path::Path;

use journal::reader::Step;
use journal::{JournalError, Reader, StepOutcome};
use pipeline::Config;

use super::text::Histogram;
use crate::logs::Tally;

/// Runs that are looked at for new ones, in cycles.
const BACK: u32 = 200;
/// Endpoints that have a label of their own; the provider has a few dozen, and step 1 asks seven.
pub(super) const ENDPOINTS: usize = 10;

/// What has been counted since this process began.
#[derive(Debug, Default)]
pub struct Counts {
    seen: Option<i64>,
    pub(super) runs: BTreeMap<(String, &'static str), u64>,
    pub(super) times: BTreeMap<String, Histogram>,
    pub(super) cycles: Histogram,
    pub(super) retries: BTreeMap<String, u64>,
    pub(super) requests: BTreeMap<String, u64>,
    pub(super) fetch_retries: u64,
    pub(super) bytes: u64,
    pub(super) failures: u64,
    pub(super) records: BTreeMap<String, u64>,
    pub(super) overruns: u64,
    pub(super) said: Tally,
}

impl Counts {
    /// Counts the errors and warnings that the day logs in `folder` got since the last time, by speaker: the
    /// steps of `config` and the orchestrator.
    pub fn listen(&mut self, folder: &Path, config: &Config) {
        let steps = config.pipeline.steps().unwrap_or_default();
        let names: Vec<_> = steps.iter().map(|step| bounded(&step.name)).collect();
        self.said.look(folder, &names);
    }

    /// Counts the cycles that have ended since the last time.
    ///
    /// # Errors
    /// When the journal can't be read.
    pub fn count(&mut self, reader: &Reader) -> Result<(), JournalError> {
        let newest = reader.newest(BACK)?;
        let ended: Vec<_> = newest
            .iter()
            .filter(|cycle| cycle.outcome.is_some())
            .collect();
        let last = ended.first().map_or(0, |cycle| cycle.seq);
        let Some(seen) = self.seen.filter(|seen| *seen <= last) else {
            // The beginning, or another journal: what was before is not ours to count.
            self.seen = Some(last);
            return Ok(());
        };
        if last == seen {
            return Ok(());
        }
        let new: Vec<_> = ended.into_iter().filter(|cycle| cycle.seq > seen).collect();
        for cycle in &new {
            if let Some(wall) = cycle.wall {
                self.cycles.add(wall.as_secs_f64());
            }
            if let Some(fetch) = &cycle.fetch {
                for (endpoint, n) in &fetch.by_endpoint {
                    let label = self.endpoint(endpoint);
                    *self.requests.entry(label).or_default() += n;
                }
                self.failures += fetch.errors.iter().map(|error| times(error)).sum::<u64>();
                self.fetch_retries += fetch.retries;
                self.bytes += fetch.bytes;
            }
            self.overruns += u64::from(cycle.overrun.is_some());
            for step in reader.steps(cycle)? {
                self.step(bounded(&step.name), &step);
            }
        }
        self.seen = Some(last);
        Ok(())
    }

    fn step(&mut self, name: String, step: &Step) {
        *self.retries.entry(name.clone()).or_default() +=
            u64::from(step.attempts.saturating_sub(1));
        let Some(outcome) = step.outcome else { return };
        let result = match outcome {
            StepOutcome::Ok => "ok",
            StepOutcome::TimedOut { .. } => "timeout",
            StepOutcome::NotRun | StepOutcome::Cancelled => "skipped",
            _ => "error",
        };
        if result == "ok" {
            if let Some(wall) = step.wall {
                let times = self.times.entry(name.clone()).or_default();
                times.add(wall.as_secs_f64());
            }
            *self.records.entry(name.clone()).or_default() += step.matches.unwrap_or(0);
        }
        *self.runs.entry((name, result)).or_default() += 1;
    }

    /// The label of an endpoint: one that is known, or a new one while there are not too many.
    fn endpoint(&self, path: &str) -> String {
        let label = endpoint_of(path);
        if self.requests.contains_key(&label) || self.requests.len() < ENDPOINTS {
            label
        } else {
            "other".to_owned()
        }
    }
}

/// A step's name as a label: ours, or one of the configuration's, which is bounded as well.
pub(super) fn bounded(name: &str) -> String {
    name.chars().take(40).collect()
}

/// An endpoint's path as a label; the provider has a few dozen.
pub(super) fn endpoint_of(path: &str) -> String {
    path.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// How often an error happened, as step 1 writes it: `odds: HTTP 502 (3×)`.
pub(in crate::serve) fn times(error: &str) -> u64 {
    let count = error
        .strip_suffix("×)")
        .and_then(|head| head.rsplit_once(" ("));
    count.and_then(|(_, n)| n.parse().ok()).unwrap_or(1)
}
