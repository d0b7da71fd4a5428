//! Steps and cycles.

use chrono::{DateTime, TimeDelta, Utc};
use journal::StepOutcome;
use journal::windows::Run;

use super::counts::{Counts, bounded};
use super::text::{Histogram, Text};
use crate::look::Look;

pub(super) fn steps(text: &mut Text, look: &Look, counts: &Counts) {
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
        "step_records_total",
        "counter",
        "Matches that good runs got and put out since health serve started.",
    );
    // Step 1 gets no matches and does not count what it puts out; step 6 puts out lines.
    for (name, direction) in [
        ("step2", "in"),
        ("step2", "out"),
        ("step3", "in"),
        ("step3", "out"),
        ("step4", "in"),
        ("step4", "out"),
        ("step5", "in"),
        ("step5", "out"),
        ("step6", "in"),
    ] {
        if !names.iter().any(|known| known == name) {
            continue;
        }
        let n = counts.records.get(&(name.to_owned(), direction));
        let labels = [("step", name), ("direction", direction)];
        text.sample(
            "step_records_total",
            &labels,
            n.copied().unwrap_or(0) as f64,
        );
    }
    text.family(
        "step_records_rejected_total",
        "counter",
        "Matches that good runs left out since health serve started, by why.",
    );
    for ((name, reason), n) in &counts.rejected {
        let labels = [("step", name.as_str()), ("reason", reason)];
        text.sample("step_records_rejected_total", &labels, *n as f64);
    }
    text.family(
        "step_duration_seconds",
        "histogram",
        "How long good runs took since health serve started.",
    );
    for name in &names {
        let found = counts.times.get(name).cloned();
        let found = found.unwrap_or_else(|| Histogram::of_step(name));
        text.histogram("step_duration_seconds", &[("step", name)], &found);
    }
    let at = |time: Option<DateTime<Utc>>| time.map(|at| at.timestamp_millis() as f64 / 1000.0);
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
    let history = look.facts.history.as_ref().ok();
    let runs = history.map_or(&[][..], |history| &history.runs[..]);
    let ended = |position: u32| {
        let own = move |run: &&Run| run.position == position && run.outcome.is_some();
        runs.iter().rev().filter(own)
    };
    gauge(
        text,
        "step_consecutive_failures",
        "Runs that were not good since the newest good one, of the newest cycles.",
        &|step| {
            let bad = ended(step.window.position)
                .take_while(|run| run.outcome != Some(StepOutcome::Ok))
                .filter(|run| run.outcome != Some(StepOutcome::NotRun));
            Some(bad.count() as f64)
        },
    );
    gauge(
        text,
        "step_last_run_timestamp_seconds",
        "When the newest run ended, good or not, unix time.",
        &|step| at(ended(step.window.position).find_map(end)),
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

pub(super) fn cycles(text: &mut Text, look: &Look, counts: &Counts) {
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
    text.one(
        "cycle_overruns_total",
        "counter",
        "Cycles that took longer than the interval since health serve started.",
        Some(counts.overruns as f64),
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

pub(super) fn said(text: &mut Text, counts: &Counts) {
    text.family(
        "log_messages_total",
        "counter",
        "Errors and warnings in the day logs since health serve started.",
    );
    for (who, level, n) in counts.said.counts() {
        let labels = [("step", who), ("level", level)];
        text.sample("log_messages_total", &labels, n as f64);
    }
}

/// When a run ended; none if it never began.
fn end(run: &Run) -> Option<DateTime<Utc>> {
    let wall = i64::try_from(run.wall_ms?).ok()?;
    Some(run.started_at? + TimeDelta::milliseconds(wall))
}
