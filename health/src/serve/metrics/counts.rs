//! What is counted from the journal's rows while this process runs.

use std::collections::BTreeMap;

use journal::windows::Run;
use journal::{JournalError, Reader, StepOutcome};

use super::text::Histogram;

/// Runs that are looked at for new ones, in cycles.
pub(super) const BACK: u32 = 200;

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
}

impl Counts {
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
                    *self.requests.entry(endpoint_of(endpoint)).or_default() += n;
                }
                self.fetch_retries += fetch.retries;
                self.bytes += fetch.bytes;
            }
            for step in reader.steps(cycle)? {
                let name = bounded(&step.name);
                *self.retries.entry(name).or_default() +=
                    u64::from(step.attempts.saturating_sub(1));
            }
        }
        let names = reader.steps(new[0])?;
        let runs = reader.runs(BACK)?;
        for run in runs
            .iter()
            .filter(|run| new.iter().any(|cycle| cycle.seq == run.cycle))
        {
            let name = names.iter().find(|step| step.position == run.position);
            if let Some(name) = name {
                self.run(bounded(&name.name), run);
            }
        }
        self.seen = Some(last);
        Ok(())
    }

    fn run(&mut self, step: String, run: &Run) {
        let Some(outcome) = run.outcome else { return };
        let result = match outcome {
            StepOutcome::Ok => "ok",
            StepOutcome::TimedOut { .. } => "timeout",
            StepOutcome::NotRun | StepOutcome::Cancelled => "skipped",
            _ => "error",
        };
        if let Some(wall) = run.wall_ms.filter(|_| result == "ok") {
            self.times
                .entry(step.clone())
                .or_default()
                .add(wall as f64 / 1000.0);
        }
        *self.runs.entry((step, result)).or_default() += 1;
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
