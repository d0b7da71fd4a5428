//! One cycle: the steps one after the other, until one fails or we are told to stop.
//!
//! A step has succeeded when it exits with 0 and the file it owes carries this cycle's id. What a
//! failed step means for people and for scripts (words, exit code) is decided here, once.

use std::io;
use std::time::{Duration, Instant};

use chrono::Utc;
use journal::lock::Lock;
use journal::writer::{CycleEnd, StepEnd};
use journal::{CycleKey, CycleOutcome, StepOutcome};
use pipeline::handoff::Head;
use pipeline::{CycleId, Exit};

use crate::child::{self, Launch, Stdout};
use crate::plan::{Plan, PlannedStep};
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::signals::{Signals, Stop};

/// What the loop may be late by beside the limits that it knows of (a slow disk, a busy machine).
pub const SLACK: Duration = Duration::from_secs(15);

/// What a cycle works with.
#[derive(Debug)]
pub struct Workshop {
    /// What is to be run.
    pub plan: Plan,
    /// The lock, by which we are heard of.
    pub lock: Lock,
    /// The journal.
    pub record: Record,
    /// The signals that end us.
    pub signals: Signals,
    /// The sandbox, if it is ours.
    pub sandbox: Sandbox,
}

/// How a cycle went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All steps succeeded.
    Good,
    /// A step failed.
    Failed {
        /// Which.
        step: String,
        /// The exit code that tells a script why.
        exit: u8,
        /// Why, for people.
        why: String,
    },
    /// We were told to stop.
    Cancelled(Stop),
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

/// A step that has ended.
struct StepResult {
    outcome: StepOutcome,
    wall: Duration,
    bytes_out: Option<u64>,
    matches: Option<u64>,
    why: Option<String>,
}

impl Workshop {
    /// Runs one cycle and records it.
    pub async fn cycle(&mut self, id: &CycleId) -> Cycle {
        let started = Instant::now();
        let key = self.record.begin_cycle(id);
        let mut matches = None;
        let verdict = self.steps(id, key, &mut matches).await;
        let cycle = Cycle {
            verdict,
            matches,
            wall: started.elapsed(),
        };
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
            matches,
            wall: cycle.wall,
            message: message.as_deref(),
            overrun: None,
            fetched_at: None,
            with_odds: None,
            fetch: None,
            data_bytes: None,
            disk_free: None,
        };
        self.record.end_cycle(key, &end);
        cycle
    }

    async fn steps(
        &mut self,
        id: &CycleId,
        key: Option<CycleKey>,
        matches: &mut Option<u64>,
    ) -> Verdict {
        let sandbox_url = match self.sandbox_url().await {
            Ok(url) => url,
            Err(verdict) => return verdict,
        };
        let steps = self.plan.steps.clone();
        for (position, step) in (1..).zip(&steps) {
            if let Some(stop) = self.signals.poll().await {
                return Verdict::Cancelled(stop);
            }
            self.record.begin_step(key, position, &step.name);
            let result = self.step(step, id, sandbox_url.as_deref()).await;
            let end = StepEnd {
                position,
                outcome: result.outcome,
                wall: result.wall,
                bytes_out: result.bytes_out,
                matches: result.matches,
                message: result.why.as_deref(),
                attempts: 1,
                max_rss: None,
                cpu: None,
                leaked: false,
            };
            self.record.end_step(key, &end);
            *matches = result.matches.or(*matches);
            if let (StepOutcome::Cancelled, Some(stop)) = (result.outcome, self.signals.stopping())
            {
                return Verdict::Cancelled(stop);
            }
            if result.outcome != StepOutcome::Ok {
                for (position, step) in (1..).zip(&steps).skip(position as usize) {
                    self.record.step_not_run(key, position, &step.name);
                }
                return failure(step, result.outcome, result.why);
            }
        }
        Verdict::Good
    }

    /// The address of our sandbox, which is brought up first if need be.
    async fn sandbox_url(&mut self) -> Result<Option<String>, Verdict> {
        let ready = tokio::select! {
            biased;
            ready = self.sandbox.ready(&self.plan) => ready.map(|url| url.map(str::to_owned)),
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
            }
        })
    }

    async fn step(
        &mut self,
        step: &PlannedStep,
        id: &CycleId,
        sandbox_url: Option<&str>,
    ) -> StepResult {
        let grace = self.plan.config.pipeline.grace.0;
        // A lock file that can't be written only makes health think that we hang.
        let _ = self.lock.promise(step.timeout + grace + SLACK);
        let shows = step.number == Some(6) && self.plan.options.show.is_some();
        let launch = Launch {
            name: &step.name,
            program: &step.program,
            args: self.plan.arguments(step, id, sandbox_url),
            variable: self.plan.variables(step, sandbox_url),
            stdout: if shows { Stdout::Ours } else { Stdout::Log },
            timeout: step.timeout,
            grace,
        };
        let finished = child::run(&launch, &mut self.signals).await;
        let mut result = StepResult {
            outcome: finished.outcome,
            wall: finished.wall,
            bytes_out: None,
            matches: None,
            why: finished.last_words,
        };
        if result.outcome == StepOutcome::Ok {
            result.why = None;
            if let Some(number) = step.owes() {
                self.look_at_output(number, id, &mut result);
            }
        } else {
            let what = describe(result.outcome);
            result.why = Some(match result.why {
                Some(words) if result.outcome == StepOutcome::SpawnFailed => words,
                Some(words) => format!("{what}: {words}"),
                None => what,
            });
        }
        result
    }

    /// Checks that the file which step `number` owes is of this cycle.
    fn look_at_output(&self, number: u8, id: &CycleId, result: &mut StepResult) {
        let path = self.plan.data.output(number);
        let lie = match Head::of_file(&path) {
            Ok(head) if head.cycle.as_deref() == Some(id.as_str()) => {
                result.bytes_out = path.metadata().ok().map(|meta| meta.len());
                result.matches = head.total_matches;
                return;
            }
            Ok(Head {
                cycle: Some(other), ..
            }) => format!("belongs to cycle {other}"),
            Ok(_) => "has no cycle id".to_owned(),
            Err(why) if why.kind() == io::ErrorKind::NotFound => "is missing".to_owned(),
            Err(why) => format!("can't be read: {why}"),
        };
        result.outcome = StepOutcome::NoOutput;
        result.why = Some(format!(
            "reported success but its file {lie} (`{}`)",
            path.display()
        ));
    }
}

fn failure(step: &PlannedStep, outcome: StepOutcome, why: Option<String>) -> Verdict {
    let why = why.unwrap_or_else(|| describe(outcome));
    log::error!("{} failed: {why}", step.name);
    if let Some(advice) = advice(outcome) {
        log::error!("{advice}");
    }
    Verdict::Failed {
        step: step.name.clone(),
        exit: exit_code(step, outcome),
        why,
    }
}

/// The outcome in words.
fn describe(outcome: StepOutcome) -> String {
    match outcome {
        StepOutcome::Failed(code) => format!("exit {code}, {}", Exit::meaning(code)),
        StepOutcome::Signalled(signal) => match nix::sys::signal::Signal::try_from(signal) {
            Ok(signal) => format!("ended by {signal}, not by us"),
            Err(_) => format!("ended by signal {signal}, not by us"),
        },
        StepOutcome::TimedOut { forced: false } => "its time was up".to_owned(),
        StepOutcome::TimedOut { forced: true } => {
            "its time was up and it had to be killed".to_owned()
        }
        StepOutcome::Cancelled => "told to end".to_owned(),
        StepOutcome::SpawnFailed => "could not be started".to_owned(),
        other => other.as_str().to_owned(),
    }
}

/// What to do about an outcome that another try will not change.
fn advice(outcome: StepOutcome) -> Option<&'static str> {
    match outcome {
        StepOutcome::Failed(77) => {
            Some("the provider refuses us: check credentials, plan and address with it")
        }
        StepOutcome::Failed(78) => {
            Some("trying again won't help: `orchestrator check` lists what is wrong")
        }
        _ => None,
    }
}

/// The exit code that tells a script why a cycle failed.
fn exit_code(step: &PlannedStep, outcome: StepOutcome) -> u8 {
    match outcome {
        StepOutcome::Failed(code) => u8::try_from(code).unwrap_or(Exit::Bug.code()),
        StepOutcome::Signalled(signal) => u8::try_from(128 + signal).unwrap_or(Exit::Bug.code()),
        StepOutcome::TimedOut { .. } if step.number == Some(1) => Exit::Unavailable.code(),
        StepOutcome::SpawnFailed => Exit::Config.code(),
        _ => Exit::Bug.code(),
    }
}
