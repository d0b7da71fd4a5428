//! `/metrics`: the Prometheus text format, every family named once, here.
//!
//! Counters that the journal keeps for all time are given as they are. Those that only its rows tell
//! (runs and times of steps) begin with this process, since retention removes rows and a counter must
//! not fall. No label is a match, a team or a league, so the number of series does not grow.

use std::collections::BTreeMap;
use std::fmt::Write;

use journal::windows::Run;
use journal::{JournalError, Reader, StepOutcome};

use crate::facts::Forecast;
use crate::look::Look;
use crate::verdict::{Level, Verdict};

/// Upper bounds of the histograms, in seconds.
const BOUNDS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Runs that are looked at for new ones, in cycles.
const BACK: u32 = 200;

/// What has been counted since this process began.
#[derive(Debug, Default)]
pub struct Counts {
    seen: Option<i64>,
    runs: BTreeMap<(String, &'static str), u64>,
    times: BTreeMap<String, Histogram>,
    cycles: Histogram,
    retries: BTreeMap<String, u64>,
    requests: BTreeMap<String, u64>,
    fetch_retries: u64,
    bytes: u64,
}

#[derive(Clone, Debug, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    fn add(&mut self, seconds: f64) {
        for (bucket, bound) in self.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        self.count += 1;
        self.sum += seconds;
    }
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
fn bounded(name: &str) -> String {
    name.chars().take(40).collect()
}

/// An endpoint's path as a label; the provider has a few dozen.
fn endpoint_of(path: &str) -> String {
    path.chars().filter(|c| !c.is_control()).take(60).collect()
}

struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string can't fail.
        let _ = writeln!(
            self.0,
            "# HELP football_bot_{name} {help}\n# TYPE football_bot_{name} {kind}"
        );
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let value = if value == f64::INFINITY {
            "+Inf".to_owned()
        } else {
            value.to_string()
        };
        let _ = writeln!(self.0, "football_bot_{name}{labels} {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: Option<f64>) {
        self.family(name, kind, help);
        if let Some(value) = value {
            self.sample(name, &[], value);
        }
    }

    fn each<'l>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'l str, f64)>,
    ) {
        self.family(name, kind, help);
        for (value, number) in values {
            self.sample(name, &[(label, value)], number);
        }
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], found: &Histogram) {
        let bucket = format!("{name}_bucket");
        for (count, bound) in found.buckets.iter().zip(BOUNDS) {
            let bound = bound.to_string();
            let labels: Vec<_> = labels
                .iter()
                .copied()
                .chain([("le", bound.as_str())])
                .collect();
            self.sample(&bucket, &labels, *count as f64);
        }
        let labels_inf: Vec<_> = labels.iter().copied().chain([("le", "+Inf")]).collect();
        self.sample(&bucket, &labels_inf, found.count as f64);
        self.sample(&format!("{name}_sum"), labels, found.sum);
        self.sample(&format!("{name}_count"), labels, found.count as f64);
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// The page.
pub fn page(look: &Look, counts: &Counts) -> String {
    let mut text = Text(String::new());
    general(&mut text, look);
    steps(&mut text, look, counts);
    cycles(&mut text, look, counts);
    data(&mut text, look);
    feed(&mut text, look, counts);
    storage(&mut text, look);
    alerts(&mut text, look);
    text.0
}

fn general(text: &mut Text, look: &Look) {
    let facts = &look.facts;
    text.family("build_info", "gauge", "Version of health, always 1.");
    text.sample("build_info", &[("version", pipeline::VERSION)], 1.0);
    let level = look.verdict.level();
    text.each(
        "verdict",
        "gauge",
        "1 at the verdict of health check, 0 at the others.",
        "level",
        [Level::Ok, Level::Warning, Level::Unknown, Level::Critical]
            .map(|one| (one.word(), f64::from(u8::from(one == level)))),
    );
    let up = look.running();
    text.one(
        "orchestrator_up",
        "gauge",
        "1 while an orchestrator holds the lock.",
        Some(f64::from(u8::from(up.is_some()))),
    );
    let moves = Verdict::of_the_loop(facts).level() == Level::Ok;
    text.one(
        "orchestrator_moves",
        "gauge",
        "1 while the orchestrator's loop moves.",
        Some(f64::from(u8::from(moves))),
    );
    let since = up.and_then(|holder| holder.since);
    text.one(
        "start_time_seconds",
        "gauge",
        "When the orchestrator started, unix time.",
        since.map(|at| at.timestamp_millis() as f64 / 1000.0),
    );
    let ready = look.board().is_some_and(|board| board.fresh(facts.now));
    text.one(
        "ready",
        "gauge",
        "1 while the product is fresh enough to bet on.",
        Some(f64::from(u8::from(ready))),
    );
}

fn steps(text: &mut Text, look: &Look, counts: &Counts) {
    let steps = look.pace.as_ref().map_or(&[][..], |pace| &pace.steps[..]);
    let names: Vec<_> = steps
        .iter()
        .map(|step| bounded(&step.window.name))
        .collect();
    text.family(
        "step_runs_total",
        "counter",
        "Runs of a step since health serve started, by how they ended.",
    );
    for name in &names {
        for result in ["ok", "error", "timeout", "skipped"] {
            let n = counts
                .runs
                .get(&(name.clone(), result))
                .copied()
                .unwrap_or(0);
            text.sample(
                "step_runs_total",
                &[("step", name), ("result", result)],
                n as f64,
            );
        }
    }
    text.family(
        "step_retries_total",
        "counter",
        "Tries after the first one since health serve started.",
    );
    for name in &names {
        let n = counts.retries.get(name).copied().unwrap_or(0);
        text.sample("step_retries_total", &[("step", name)], n as f64);
    }
    text.family(
        "step_duration_seconds",
        "histogram",
        "How long good runs took since health serve started.",
    );
    for name in &names {
        let found = counts.times.get(name).cloned().unwrap_or_default();
        text.histogram("step_duration_seconds", &[("step", name)], &found);
    }
    let at = |time: Option<chrono::DateTime<chrono::Utc>>| {
        time.map(|at| at.timestamp_millis() as f64 / 1000.0)
    };
    let gauge = |text: &mut Text,
                 name: &str,
                 help: &str,
                 value: &dyn Fn(&crate::look::StepPace) -> Option<f64>| {
        text.family(name, "gauge", help);
        for (step, label) in steps.iter().zip(&names) {
            if let Some(value) = value(step) {
                text.sample(name, &[("step", label)], value);
            }
        }
    };
    gauge(
        text,
        "step_up",
        "1 when the newest run of a step was good.",
        &|step| {
            step.newest
                .map(|outcome| f64::from(u8::from(outcome == StepOutcome::Ok)))
        },
    );
    gauge(
        text,
        "step_last_success_timestamp_seconds",
        "When the newest good run ended, unix time.",
        &|step| at(step.last_good),
    );
    gauge(
        text,
        "step_freshness_limit_seconds",
        "The age from which on a step's output is late.",
        &|_| Some(look.facts.limits.fresh.as_secs_f64()),
    );
    gauge(
        text,
        "step_last_records",
        "Matches in the newest output.",
        &|step| step.matches.map(|n| n as f64),
    );
    gauge(
        text,
        "step_memory_peak_bytes",
        "The most memory that a run of the last hour had resident.",
        &|step| step.window.max_rss.map(|n| n as f64),
    );
}

fn cycles(text: &mut Text, look: &Look, counts: &Counts) {
    let history = look.facts.history.as_ref().ok();
    let totals = history.map(|history| history.totals).unwrap_or_default();
    text.each(
        "cycles_total",
        "counter",
        "Cycles of all time, by how they ended.",
        "result",
        [
            ("ok", totals.ok as f64),
            ("failed", totals.failed as f64),
            ("cancelled", totals.cancelled as f64),
            ("crashed", totals.crashed as f64),
        ],
    );
    text.each(
        "cycles_skipped_total",
        "counter",
        "Cycle starts of all time that fell out, by why.",
        "reason",
        [
            ("overlap", totals.skipped_overlap as f64),
            ("backoff", totals.skipped_backoff as f64),
            ("pause", totals.skipped_pause as f64),
            ("suspend", totals.skipped_suspend as f64),
            ("disk", totals.skipped_disk as f64),
        ],
    );
    text.one(
        "matches_processed_total",
        "counter",
        "Matches that good cycles of all time brought.",
        Some(totals.matches as f64),
    );
    text.one(
        "orchestrator_starts_total",
        "counter",
        "Starts of the orchestrator of all time.",
        Some(totals.starts as f64),
    );
    let streak = history.map(|history| f64::from(history.failures_in_a_row));
    text.one(
        "cycle_consecutive_failures",
        "gauge",
        "Failures since the last good cycle.",
        streak,
    );
    text.family(
        "cycle_duration_seconds",
        "histogram",
        "How long cycles took since health serve started.",
    );
    text.histogram("cycle_duration_seconds", &[], &counts.cycles);
    let interval = look.running().and_then(|holder| holder.interval);
    text.one(
        "cycle_interval_seconds",
        "gauge",
        "From one cycle's start to the next.",
        interval.map(|every| every.as_secs_f64()),
    );
}

fn data(text: &mut Text, look: &Look) {
    let board = look.board();
    let now = look.facts.now;
    let at = |time: chrono::DateTime<chrono::Utc>| time.timestamp_millis() as f64 / 1000.0;
    text.one(
        "data_age_seconds",
        "gauge",
        "Age of the product's data, from the fetch.",
        board.map(|board| board.age_s(now) as f64),
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

fn feed(text: &mut Text, look: &Look, counts: &Counts) {
    text.family(
        "api_requests_total",
        "counter",
        "Requests to the provider since health serve started, tries included.",
    );
    for (endpoint, n) in &counts.requests {
        text.sample("api_requests_total", &[("endpoint", endpoint)], *n as f64);
    }
    text.one(
        "api_retries_total",
        "counter",
        "Tries after the first one since health serve started.",
        Some(counts.fetch_retries as f64),
    );
    text.one(
        "api_response_bytes_total",
        "counter",
        "Bytes from the provider since health serve started.",
        Some(counts.bytes as f64),
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
    text.family(
        "api_rate_limit_remaining",
        "gauge",
        "Requests that a budget had left after the newest fetch.",
    );
    for (endpoint, left) in fetch.into_iter().flat_map(|fetch| &fetch.budget_left) {
        text.sample(
            "api_rate_limit_remaining",
            &[("endpoint", &endpoint_of(endpoint))],
            *left as f64,
        );
    }
}

fn storage(text: &mut Text, look: &Look) {
    let facts = &look.facts;
    text.each(
        "storage_bytes",
        "gauge",
        "What the data directory holds.",
        "area",
        facts.storage.bytes.map(|bytes| ("data", bytes as f64)),
    );
    let disk = facts.host.disk;
    text.each(
        "storage_free_bytes",
        "gauge",
        "What its disk still has.",
        "area",
        disk.map(|disk| ("data", disk.available as f64)),
    );
    text.each(
        "storage_size_bytes",
        "gauge",
        "How large its disk is.",
        "area",
        disk.map(|disk| ("data", disk.total as f64)),
    );
    let full = facts.storage.growth.as_ref().and_then(|growth| growth.disk);
    let full = full.map(|full| match full {
        Forecast::Never => f64::INFINITY,
        Forecast::InSeconds(left) => left,
    });
    text.each(
        "storage_full_eta_seconds",
        "gauge",
        "When its disk is full, +Inf if it does not fill.",
        "area",
        full.map(|left| ("data", left)),
    );
    text.one(
        "host_memory_used_ratio",
        "gauge",
        "Memory in use.",
        facts.host.memory.map(|memory| memory.percent() / 100.0),
    );
    text.one(
        "host_load1_per_cpu",
        "gauge",
        "Processes that want to run, by processor.",
        facts
            .host
            .cpu
            .map(|cpu| cpu.load / cpu.processors.max(1) as f64),
    );
}

fn alerts(text: &mut Text, look: &Look) {
    let alerts = &look.facts.alerts;
    let firing = |word: &str| {
        let firing = alerts.firing.iter().filter(|one| !one.silenced);
        firing
            .filter(|one| one.alert.severity.word() == word)
            .count() as f64
    };
    text.each(
        "alerts_firing",
        "gauge",
        "Alerts that fire and are not silenced.",
        "severity",
        ["critical", "warning"].map(|word| (word, firing(word))),
    );
    let silenced = alerts.firing.iter().filter(|one| one.silenced).count();
    let waiting = alerts
        .pending
        .iter()
        .filter(|one| one.alert.waits_on.is_some())
        .count();
    text.each(
        "alerts_suppressed",
        "gauge",
        "Alerts that nobody is told of, by why.",
        "reason",
        [
            ("silenced", silenced as f64),
            ("inhibited", waiting as f64),
            ("pending", (alerts.pending.len() - waiting) as f64),
        ],
    );
    text.family(
        "notification_last_success_timestamp_seconds",
        "gauge",
        "When a sink last took a message, unix time.",
    );
    for sink in &alerts.sinks {
        if let Some(at) = sink.last_success {
            text.sample(
                "notification_last_success_timestamp_seconds",
                &[("sink", &sink.name)],
                at.timestamp() as f64,
            );
        }
    }
    text.family(
        "notification_failing",
        "gauge",
        "1 while a sink can't be reached.",
    );
    for sink in &alerts.sinks {
        text.sample(
            "notification_failing",
            &[("sink", &sink.name)],
            f64::from(u8::from(sink.failing_since.is_some())),
        );
    }
}
