//! One cycle: the steps one after the other, until one fails or we are told to stop.
//!
//! A step has succeeded when it exits with 0 and the file it owes carries this cycle's id.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use journal::control::Control;
use journal::writer::{CycleEnd, StepEnd};
use journal::{CycleKey, CycleOutcome, Fetch, StepOutcome};
use pipeline::handoff::Head;
use pipeline::{CycleId, Exit};
use tokio::time::sleep;

use crate::child::{self, Attention, Finished, Launch};
use crate::companion::Companion;
use crate::family::Family;
use crate::figures::{self, Figures};
use crate::logger;
use crate::plan::{Plan, PlannedStep};
use crate::pulse::Pulse;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::signals::{Signals, Stop};
use crate::upkeep;
use crate::verdict::{Verdict, describe, failure};

/// What the loop may be late by beside the limits that it knows of (a slow disk, a busy machine).
pub const SLACK: Duration = Duration::from_secs(15);

/// What a cycle works with.
#[derive(Debug)]
pub struct Workshop {
    /// What is to be run.
    pub plan: Plan,
    /// The heartbeat, by which we are heard of.
    pub pulse: Pulse,
    /// The journal.
    pub record: Record,
    /// The signals to us.
    pub signals: Signals,
    /// What a person asks for by files.
    pub control: Control,
    /// Our children.
    pub family: Arc<Family>,
    /// The sandbox, if it is ours.
    pub sandbox: Sandbox,
    /// What runs beside the cycles.
    pub companion: Companion,
}

/// A cycle whose end is not recorded yet.
#[derive(Debug)]
pub struct Open {
    /// How it went.
    pub cycle: Cycle,
    key: Option<CycleKey>,
    fetched_at: Option<DateTime<Utc>>,
    fetch: Option<Fetch>,
    with_odds: Option<u64>,
}

impl Open {
    /// A cycle that did not run.
    pub(crate) fn refused(key: Option<CycleKey>, verdict: Verdict) -> Open {
        Open {
            cycle: Cycle {
                verdict,
                matches: None,
                wall: Duration::ZERO,
            },
            key,
            fetched_at: None,
            fetch: None,
            with_odds: None,
        }
    }
}

/// A cycle that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// How it went.
    pub verdict: Verdict,
    /// The matches it brought, if a step said so.
    pub matches: Option<u64>,
    /// How long it took.
    pub wall: Duration,
}

/// A cycle under way.
struct Run<'a> {
    id: &'a CycleId,
    key: Option<CycleKey>,
    started: Instant,
    sandbox_url: Option<String>,
    matches: Option<u64>,
    fetched_at: Option<DateTime<Utc>>,
    fetch: Option<Fetch>,
    with_odds: Option<u64>,
}

/// A step that has ended.
struct StepResult {
    finished: Finished,
    attempts: u32,
    bytes_out: Option<u64>,
    matches: Option<u64>,
    rejected: Option<BTreeMap<String, u64>>,
    why: Option<String>,
}

impl Workshop {
    /// Runs one cycle and records it; `scheduled` is when it was to begin (none: a person asked for it).
    /// The record of its end is written by [`Workshop::close`].
    pub async fn cycle(&mut self, id: &CycleId, scheduled: Option<DateTime<Utc>>) -> Open {
        let started = Instant::now();
        let mut run = Run {
            id,
            key: self.record.begin_cycle(id, scheduled),
            started,
            sandbox_url: None,
            matches: None,
            fetched_at: None,
            fetch: None,
            with_odds: None,
        };
        let verdict = match self.sandbox_url().await {
            Ok(url) => {
                run.sandbox_url = url;
                self.steps(&mut run).await
            }
            Err(verdict) => verdict,
        };
        Open {
            key: run.key,
            fetched_at: run.fetched_at,
            fetch: run.fetch,
            with_odds: run.with_odds,
            cycle: Cycle {
                verdict,
                matches: run.matches,
                wall: started.elapsed(),
            },
        }
    }

    /// Records the end of a cycle, which overran the next start by `overrun`.
    pub fn close(&mut self, open: Open, overrun: Option<Duration>) -> Cycle {
        let cycle = open.cycle;
        let (outcome, failed_step, message) = match &cycle.verdict {
            Verdict::Good => (CycleOutcome::Ok, None, None),
            Verdict::Failed { step, why, .. } => {
                (CycleOutcome::Failed, Some(&**step), Some(why.clone()))
            }
            Verdict::Cancelled(stop) => {
                let message = format!("stopped by {}", stop.name());
                (CycleOutcome::Cancelled, None, Some(message))
            }
        };
        let end = CycleEnd {
            at: Utc::now(),
            outcome,
            failed_step,
            matches: cycle.matches,
            wall: cycle.wall,
            message: message.as_deref(),
            overrun,
            fetched_at: open.fetched_at,
            with_odds: open.with_odds,
            fetch: open.fetch.as_ref(),
            data_bytes: Some(upkeep::size_of(&self.plan.data).total()),
            disk_free: upkeep::free(self.plan.data.root()),
        };
        self.record.end_cycle(open.key, &end);
        cycle
    }

    async fn steps(&mut self, run: &mut Run<'_>) -> Verdict {
        let steps = self.plan.steps.clone();
        for (position, step) in (1..).zip(&steps) {
            if let Some(stop) = self.signals.poll() {
                return Verdict::Cancelled(stop);
            }
            if run.started.elapsed() >= self.plan.config.pipeline.deadline.0 {
                self.not_run(run.key, &steps, position - 1);
                let why = format!("the cycle ran into its deadline before {}", step.name);
                log::error!("{why}");
                return Verdict::Failed {
                    step: step.name.clone(),
                    exit: Exit::Bug.code(),
                    why,
                    soon: true,
                };
            }
            self.record.begin_step(run.key, position, &step.name);
            self.pulse
                .notify
                .status(&format!("cycle {}: {} runs", run.id, step.name));
            let result = self.step_with_retries(step, run).await;
            let outcome = result.finished.outcome;
            let end = StepEnd {
                position,
                outcome,
                wall: result.finished.wall,
                bytes_out: result.bytes_out,
                matches: result.matches,
                message: result.why.as_deref(),
                attempts: result.attempts,
                max_rss: result.finished.max_rss,
                cpu: result.finished.cpu,
                leaked: result.finished.leaked,
            };
            self.record.end_step(run.key, &end);
            if outcome == StepOutcome::Ok {
                let rejected = result.rejected;
                let records = figures::records(step.number, run.matches, result.matches, rejected);
                self.record.step_records(run.key, position, records);
            }
            run.matches = result.matches.or(run.matches);
            if let (StepOutcome::Cancelled, Some(stop)) = (outcome, self.signals.stopping()) {
                return Verdict::Cancelled(stop);
            }
            if self.pulse.lost() {
                return failure(step, StepOutcome::Cancelled, result.why);
            }
            if outcome != StepOutcome::Ok && !step.required {
                let why = result.why.unwrap_or_else(|| describe(outcome));
                log::warn!("{} failed and is not required: {why}", step.name);
            } else if outcome != StepOutcome::Ok {
                self.not_run(run.key, &steps, position);
                return failure(step, outcome, result.why);
            }
        }
        Verdict::Good
    }

    fn not_run(&mut self, key: Option<CycleKey>, steps: &[PlannedStep], after: u32) {
        for (position, step) in (1..).zip(steps).skip(after as usize) {
            self.record.step_not_run(key, position, &step.name);
        }
    }

    /// A step, and again while it ends with a code that says so and the cycle's time lasts.
    async fn step_with_retries(&mut self, step: &PlannedStep, run: &mut Run<'_>) -> StepResult {
        let begun = Instant::now();
        let pipeline = &self.plan.config.pipeline;
        let (retries, mut delay) = (pipeline.retries, pipeline.retry_delay.0);
        // Beyond the next start another cycle could do it as well.
        let until = run.started + self.plan.interval.min(pipeline.deadline.0);
        let mut attempts = 1;
        loop {
            let mut result = self.step(step, run).await;
            result.attempts = attempts;
            result.finished.wall = begun.elapsed();
            let StepOutcome::Failed(code) = result.finished.outcome else {
                return result;
            };
            let lasts = Instant::now() + delay < until;
            if !Exit::retryable(code) || attempts > retries || !lasts {
                return result;
            }
            let why = result.why.as_deref().unwrap_or_default();
            let wait = humantime::format_duration(delay);
            log::warn!("{} failed ({why}): trying again in {wait}", step.name);
            if self.pause_for(delay).await.is_some() {
                result.finished.outcome = StepOutcome::Cancelled;
                return result;
            }
            delay *= 2;
            attempts += 1;
        }
    }

    /// Waits, with an ear for signals; whether we are to stop.
    async fn pause_for(&mut self, wait: Duration) -> Option<Stop> {
        let wait = sleep(wait);
        tokio::pin!(wait);
        loop {
            tokio::select! {
                biased;
                _ = self.signals.next() => return self.signals.stopping(),
                () = &mut wait => return self.signals.poll(),
                () = self.pulse.beat() => {}
            }
        }
    }

    /// The address of our sandbox, which is brought up first if need be.
    async fn sandbox_url(&mut self) -> Result<Option<String>, Verdict> {
        let ready = tokio::select! {
            biased;
            ready = self.sandbox.ready(&self.plan, &self.family) => ready.map(|url| url.map(str::to_owned)),
            _ = self.signals.next() => Ok(None),
        };
        if let Some(stop) = self.signals.stopping() {
            return Err(Verdict::Cancelled(stop));
        }
        ready.map_err(|failure| {
            log::error!("{failure}");
            Verdict::Failed {
                step: "sandbox".to_owned(),
                exit: failure.exit.code(),
                why: failure.message,
                soon: true,
            }
        })
    }

    async fn step(&mut self, step: &PlannedStep, run: &mut Run<'_>) -> StepResult {
        let pipeline = &self.plan.config.pipeline;
        let grace = pipeline.grace.0;
        let left = pipeline.deadline.0.saturating_sub(run.started.elapsed());
        let sandbox_url = run.sandbox_url.as_deref();
        self.plan.accepted.lay_out_or_say();
        let launch = Launch {
            name: &step.name,
            program: &step.program,
            args: self.plan.arguments(step, run.id, sandbox_url),
            variables: self.plan.variables(step, sandbox_url),
            shown: self.plan.shows(step).then(logger::stdout).flatten(),
            timeout: step.timeout.min(left),
            grace,
            memory: step.memory,
        };
        self.pulse.promise(launch.timeout + grace + SLACK);
        let mut attention = Attention {
            signals: &mut self.signals,
            pulse: &mut self.pulse,
            family: &self.family,
        };
        let finished = child::run(&launch, &mut attention).await;
        let mut result = StepResult {
            why: finished.last_words.clone(),
            finished,
            attempts: 1,
            bytes_out: None,
            matches: None,
            rejected: None,
        };
        let outcome = result.finished.outcome;
        if outcome == StepOutcome::Ok {
            result.why = None;
            if let Some(number) = step.owes() {
                self.look_at_output(number, run, &mut result);
            }
        } else {
            let what = describe(outcome);
            result.why = Some(match result.why {
                Some(words) if outcome == StepOutcome::SpawnFailed => words,
                Some(words) => format!("{what}: {words}"),
                None => what,
            });
        }
        result
    }

    /// Checks that the file which step `number` owes is of this cycle.
    fn look_at_output(&self, number: u8, run: &mut Run<'_>, result: &mut StepResult) {
        let path = self.plan.data.output(number);
        let lie = match Head::of_file(&path) {
            Ok(head) if head.cycle.as_deref() == Some(run.id.as_str()) => {
                result.bytes_out = path.metadata().ok().map(|meta| meta.len());
                result.matches = head.total_matches;
                run.fetched_at = head.fetched_at.or(run.fetched_at);
                if matches!(number, 1 | 2 | 3 | 5) {
                    let figures = Figures::of_file(&path);
                    result.rejected = figures.rejected;
                    run.fetch = figures.fetch.or(run.fetch.take());
                    run.with_odds = figures.with_odds.or(run.with_odds);
                }
                return;
            }
            Ok(Head {
                cycle: Some(other), ..
            }) => format!("belongs to cycle {other}"),
            Ok(_) => "has no cycle id".to_owned(),
            Err(why) if why.kind() == io::ErrorKind::NotFound => "is missing".to_owned(),
            Err(why) => format!("can't be read: {why}"),
        };
        result.finished.outcome = StepOutcome::NoOutput;
        result.why = Some(format!(
            "reported success but its file {lie} (`{}`)",
            path.display()
        ));
    }
}
