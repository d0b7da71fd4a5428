//! How a cycle went, and what a failed step means for people and for scripts (words, exit code): decided
//! here, once.

use journal::StepOutcome;
use pipeline::Exit;

use crate::plan::PlannedStep;
use crate::signals::Stop;

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
        /// Whether another try soon may succeed.
        soon: bool,
    },
    /// We were told to stop.
    Cancelled(Stop),
}

/// The verdict over a cycle whose `step` ended so; said too.
pub(crate) fn failure(step: &PlannedStep, outcome: StepOutcome, why: Option<String>) -> Verdict {
    let why = why.unwrap_or_else(|| describe(outcome));
    log::error!("{} failed: {why}", step.name);
    let advice = advice(outcome);
    if let Some(advice) = advice {
        log::error!("{advice}");
    }
    Verdict::Failed {
        step: step.name.clone(),
        exit: exit_code(step, outcome),
        why,
        soon: advice.is_none(),
    }
}

/// The outcome in words.
pub(crate) fn describe(outcome: StepOutcome) -> String {
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
