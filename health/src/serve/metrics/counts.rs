//! What is counted from the journal's rows and the day logs while this process runs.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use journal::reader::Step;
use journal::{EventKind, Fetch, JournalError, Reader, Records, StepOutcome};
use pipeline::Config;

use super::text::{Histogram, REQUEST};
use crate::logs::Tally;

/// Runs that are looked at for new ones, in cycles.
const BACK: u32 = 200;
/// Endpoints that have a label of their own; the provider has a few dozen, and step 1 asks seven.
pub(super) const ENDPOINTS: usize = 10;

/// What the orchestrator says of a configuration that it does not take.
const REFUSED: &str = "the new configuration is refused";
/// Endpoints with what came of them that have a label of their own.
const REQUESTS: usize = 24;
/// What comes of a request, as step 1 writes it.
const CODES: [&str; 9] = [
    "200", "err", "3xx", "4xx", "429", "5xx", "other", "timeout", "network",
];

/// Why matches are left out, as the orchestrator records it; anything else is `other`.
const REASONS: [&str; 5] = ["duplicate", "no_object", "no_id", "no_status", "other"];

/// What has been counted since this process began.
#[derive(Debug, Default)]
pub struct Counts {
    seen: Option<i64>,
    pub(super) runs: BTreeMap<(String, &'static str), u64>,
    pub(super) times: BTreeMap<String, Histogram>,
    pub(super) cycles: Histogram,
    pub(super) retries: BTreeMap<String, u64>,
    pub(super) requests: BTreeMap<(String, &'static str), u64>,
    pub(super) fetch_retries: u64,
    pub(super) bytes: BTreeMap<String, u64>,
    pub(super) request_times: BTreeMap<String, Histogram>,
    pub(super) failures: u64,
    pub(super) records: BTreeMap<(String, &'static str), u64>,
    pub(super) rejected: BTreeMap<(String, String), u64>,
    pub(super) overruns: u64,
    pub(super) said: Tally,
    /// When the orchestrator last read its configuration and took it; its start is the first time.
    pub(super) loaded: Option<DateTime<Utc>>,
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
        self.loaded = loaded(reader)?;
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
                    let mut untold = *n;
                    for (code, n) in fetch.answers.get(endpoint).into_iter().flatten() {
                        self.request(endpoint, code_of(code), *n);
                        untold = untold.saturating_sub(*n);
                    }
                    // Of a step 1 that does not say what came of them.
                    if untold > 0 {
                        self.request(endpoint, "unknown", untold);
                    }
                }
                self.failures += fetch.errors.iter().map(|error| times(error)).sum::<u64>();
                self.fetch_retries += fetch.retries;
                self.cost(fetch);
            }
            self.overruns += u64::from(cycle.overrun.is_some());
            let records = reader.records(cycle)?;
            for step in reader.steps(cycle)? {
                let name = bounded(&step.name);
                if let Some(records) = records.get(&step.position) {
                    self.passed(&name, records);
                }
                self.step(name, &step);
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
                let new = || Histogram::of_step(&name);
                let times = self.times.entry(name.clone()).or_insert_with(new);
                times.add(wall.as_secs_f64());
            }
            if let Some(matches) = step.matches {
                *self.records.entry((name.clone(), "out")).or_default() += matches;
            }
        }
        *self.runs.entry((name, result)).or_default() += 1;
    }

    fn passed(&mut self, name: &str, records: &Records) {
        if let Some(received) = records.received {
            *self.records.entry((name.to_owned(), "in")).or_default() += received;
        }
        for (reason, n) in records.rejected.iter().flatten() {
            let label = if REASONS.contains(&reason.as_str()) {
                reason
            } else {
                "other"
            };
            let key = (name.to_owned(), label.to_owned());
            *self.rejected.entry(key).or_default() += n;
        }
    }

    /// Adds what the requests of a fetch cost, by endpoint.
    fn cost(&mut self, fetch: &Fetch) {
        let mut untold = fetch.bytes;
        for (path, cost) in &fetch.cost {
            untold = untold.saturating_sub(cost.bytes);
            let mut endpoint = endpoint_of(path);
            if !self.request_times.contains_key(&endpoint) && self.request_times.len() >= ENDPOINTS
            {
                endpoint = "other".to_owned();
            }
            *self.bytes.entry(endpoint.clone()).or_default() += cost.bytes;
            let new = || Histogram::within(REQUEST);
            let times = self.request_times.entry(endpoint).or_insert_with(new);
            for (limit, n) in &cost.within {
                let ms = limit.parse::<f64>().ok();
                times.add_counted(ms.map(|ms| ms / 1000.0), *n);
            }
            times.add_sum(cost.ms as f64 / 1000.0);
        }
        // Of a step 1 that does not say whose they are.
        if untold > 0 {
            *self.bytes.entry("unknown".to_owned()).or_default() += untold;
        }
    }

    /// Counts requests under a label of their own while there are not too many.
    fn request(&mut self, path: &str, code: &'static str, n: u64) {
        let mut key = (endpoint_of(path), code);
        if !self.requests.contains_key(&key) && self.requests.len() >= REQUESTS {
            key.0 = "other".to_owned();
        }
        *self.requests.entry(key).or_default() += n;
    }
}

/// When the configuration was last read and taken.
fn loaded(reader: &Reader) -> Result<Option<DateTime<Utc>>, JournalError> {
    let Some(start) = reader.newest_event(&[EventKind::Start])? else {
        return Ok(None);
    };
    // The newest first.
    let again = reader.events_since(&[EventKind::Reload], start.at)?;
    let taken = again.iter().find(|event| !event.text.contains(REFUSED));
    Ok(Some(taken.map_or(start.at, |event| event.at)))
}

/// The label of what came of a request, as step 1 writes it.
fn code_of(code: &str) -> &'static str {
    let known = CODES.iter().find(|known| **known == code);
    known.copied().unwrap_or("other")
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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use journal::CycleOutcome;
    use journal::Journal;
    use journal::writer::{CycleEnd, StepEnd};
    use std::time::Duration;

    /// A good cycle of one step, `step2`, which put out three matches.
    fn cycle(journal: &mut Journal, id: &str, records: &Records) {
        let key = journal.begin_cycle(id, Utc::now(), None).unwrap();
        journal.begin_step(key, 1, "step2", Utc::now()).unwrap();
        let step = StepEnd {
            position: 1,
            outcome: StepOutcome::Ok,
            wall: Duration::from_millis(30),
            bytes_out: None,
            matches: Some(3),
            message: None,
            attempts: 1,
            max_rss: None,
            cpu: None,
            leaked: false,
        };
        journal.end_step(key, &step).unwrap();
        journal.step_records(key, 1, records).unwrap();
        let end = CycleEnd {
            at: Utc::now(),
            outcome: CycleOutcome::Ok,
            failed_step: None,
            matches: Some(3),
            wall: Duration::from_millis(40),
            message: None,
            overrun: None,
            fetched_at: None,
            with_odds: None,
            fetch: None,
            data_bytes: None,
            disk_free: None,
        };
        journal.end_cycle(key, &end).unwrap();
    }

    #[test]
    fn what_went_in_and_was_left_out_is_counted_once_and_a_strange_reason_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let (mut journal, _) = Journal::open(&path).unwrap();
        let rejected = [("duplicate", 1), ("HJK", 1)].map(|(why, n)| (why.to_owned(), n));
        let records = Records {
            received: Some(5),
            rejected: Some(rejected.into_iter().collect()),
        };
        let mut counts = Counts::default();
        cycle(&mut journal, "before", &records);
        counts.count(&Reader::open(&path).unwrap()).unwrap();
        assert!(counts.records.is_empty(), "what was before is not ours");
        for id in ["one", "two"] {
            cycle(&mut journal, id, &records);
            for _ in 0..2 {
                counts.count(&Reader::open(&path).unwrap()).unwrap();
            }
        }
        let key = |word: &'static str| ("step2".to_owned(), word);
        assert_eq!(counts.records[&key("in")], 10);
        assert_eq!(counts.records[&key("out")], 6);
        let left_out: Vec<_> = counts.rejected.iter().collect();
        let name = |why: &str| ("step2".to_owned(), why.to_owned());
        assert_eq!(left_out, [(&name("duplicate"), &2), (&name("other"), &2)]);
    }

    #[test]
    fn what_requests_cost_is_added_up_by_endpoint_under_the_limits_that_step_1_counts_by() {
        let text = r#"{"bytes":1600,"cost":{"odds/history":{"bytes":1500,"ms":7470,"within":{"100":1,"250":2,"longer":1}}}}"#;
        let fetch: Fetch = serde_json::from_str(text).unwrap();
        let mut counts = Counts::default();
        for _ in 0..2 {
            counts.cost(&fetch);
        }
        assert_eq!(counts.bytes["odds/history"], 3000);
        assert_eq!(counts.bytes["unknown"], 200);
        let mut page = super::super::text::Text(String::new());
        page.histogram("t", &[], &counts.request_times["odds/history"]);
        let numbers = page
            .0
            .lines()
            .filter_map(|line| line.split(' ').next_back());
        assert_eq!(
            numbers.collect::<Vec<_>>(),
            ["2", "6", "6", "6", "8", "14.94", "8"]
        );
        let step1 = include_str!("../../../../step1/src/traffic.rs");
        for bound in REQUEST {
            let limit = format!("\"{}\")", bound * 1000.0);
            assert!(step1.contains(&limit), "step 1 counts no more by {limit}");
        }
        for n in 0..ENDPOINTS + 5 {
            let path = format!("endpoint/{n}");
            let one = [(path, journal::Cost::default())];
            counts.cost(&Fetch {
                cost: one.into(),
                ..Fetch::default()
            });
        }
        assert_eq!(counts.request_times.len(), ENDPOINTS + 1);
        assert!(counts.request_times.contains_key("other"));
    }

    #[test]
    fn a_start_is_a_reading_of_the_configuration_and_one_that_is_refused_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let (mut journal, _) = Journal::open(&path).unwrap();
        let mut counts = Counts::default();
        let begun = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let refused = format!("{REFUSED}, the old one stays: no");
        let mut after = |minutes: i64, kind: EventKind, text: &str| {
            let at = begun + TimeDelta::minutes(minutes);
            journal.event(at, kind, 1, text).unwrap();
            counts.count(&Reader::open(&path).unwrap()).unwrap();
            (counts.loaded.unwrap() - begun).num_minutes()
        };
        assert_eq!(after(0, EventKind::Start, "started"), 0);
        assert_eq!(after(1, EventKind::Reload, &refused), 0);
        assert_eq!(
            after(2, EventKind::Reload, "the configuration was read again"),
            2
        );
        assert_eq!(after(3, EventKind::Reload, &refused), 2);
        assert_eq!(after(4, EventKind::Start, "started"), 4);
        let said = include_str!("../../../../orchestrator/src/rounds/changes.rs");
        assert!(
            said.matches(REFUSED).count() == 2,
            "the orchestrator says it otherwise"
        );
    }
}
