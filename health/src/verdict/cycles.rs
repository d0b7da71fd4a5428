//! What holds cycles back, how they end, and how old what they made is.

use journal::CycleOutcome;
use journal::lock::Presence;

use super::{Level, Problem, Situation, commands};
use crate::facts::{Facts, Freshness, History};
use crate::words::{ago, clock, grouped, length};

/// Cycles below which a success rate says nothing.
const ENOUGH_CYCLES: u64 = 5;

/// That a person paused it, or that it waits after failures.
pub(super) fn held(facts: &Facts) -> Option<Problem> {
    if let Some(pause) = &facts.pause {
        let until = match pause.until {
            Some(at) => format!("until {}", clock(at)),
            None => "until somebody resumes it".to_owned(),
        };
        return Some(Problem {
            situation: Situation::Paused,
            level: Level::Warning,
            what: format!("paused {until}"),
            since: pause.since,
            why: Some(match pause.since {
                Some(at) => format!("a person paused the pipeline {}", ago(at, facts.now)),
                None => "a person paused the pipeline".to_owned(),
            }),
            next: commands::orchestrator("resume", facts),
        });
    }
    let backoff = facts.backoff.as_ref()?;
    let until = backoff
        .until
        .or(facts.next_start)
        .map(|at| format!(", next cycle at {}", clock(at)))
        .unwrap_or_default();
    Some(Problem {
        situation: Situation::Backoff,
        level: Level::Warning,
        what: format!("waiting after failures{until}"),
        since: None,
        why: (!backoff.why.is_empty()).then(|| backoff.why.clone()),
        next: commands::orchestrator("run-now", facts),
    })
}

/// That cycles fail.
pub(super) fn cycles(facts: &Facts, history: &History) -> Vec<Problem> {
    let mut problems = Vec::new();
    let streak = history.failures_in_a_row;
    let failed = history
        .newest
        .as_ref()
        .filter(|cycle| cycle.outcome == Some(CycleOutcome::Failed));
    if let Some(cycle) = failed {
        let step = cycle.failed_step.as_deref().unwrap_or("a step");
        let many = streak >= facts.limits.backoff_after;
        let code = history
            .newest_steps
            .iter()
            .find(|run| Some(&run.name) == cycle.failed_step.as_ref())
            .and_then(|run| run.outcome?.exit_code());
        let situation = match code {
            Some(77) => Situation::UpstreamAuth,
            Some(69 | 75) => Situation::UpstreamErrors,
            _ if streak > 1 => Situation::CyclesFail,
            _ => Situation::CycleFailed,
        };
        let (level, what) = if situation == Situation::UpstreamAuth {
            let what = format!("the provider refuses us, at {step}");
            (Level::Critical, what)
        } else if many {
            let what = format!(
                "{} failures in a row, the last at {step}",
                grouped(streak.into())
            );
            (Level::Critical, what)
        } else if streak > 1 {
            let what = format!("the last {streak} cycles failed, the last at {step}");
            (Level::Warning, what)
        } else {
            (Level::Warning, format!("the last cycle failed at {step}"))
        };
        problems.push(Problem {
            situation,
            level,
            what,
            since: history
                .newest_good
                .as_ref()
                .and_then(|good| good.ended_at)
                .or(Some(cycle.started_at)),
            why: cycle.message.clone(),
            next: commands::errors(facts),
        });
    }
    let judged = history.day.ok + history.day.bad();
    if judged >= ENOUGH_CYCLES && history.day.ok * 2 < judged {
        problems.push(Problem {
            situation: Situation::LowSuccessRate,
            level: Level::Critical,
            what: format!(
                "only {} of {} cycles good in 24 h",
                grouped(history.day.ok),
                grouped(judged)
            ),
            since: None,
            why: None,
            next: commands::errors(facts),
        });
    }
    problems
}

/// That the data is old. While the first cycle of a new start is under way that is no alarm, and in a
/// pause it is no surprise.
pub(super) fn data(facts: &Facts, history: &History) -> Option<Problem> {
    let product = facts.product_file();
    let freshness = facts.freshness(product);
    let Presence::Running(holder) = &facts.presence else {
        // Who does not run makes no data; that is said already.
        return None;
    };
    let new = holder.since.is_some_and(|since| {
        (facts.now - since).to_std().unwrap_or_default() <= facts.limits.fresh
    });
    let level = match freshness {
        Freshness::Fresh => return None,
        Freshness::Missing if new => return None,
        Freshness::Late => Level::Warning,
        Freshness::Stale | Freshness::Missing if new || facts.pause.is_some() => Level::Warning,
        Freshness::Stale | Freshness::Missing => Level::Critical,
    };
    let what = match product.found {
        Some((_, at)) => format!("the data is {} old", length(facts.now - at)),
        None => format!("{} is missing", product.name),
    };
    let why = match &history.newest_good {
        Some(cycle) => {
            let at = cycle.ended_at.unwrap_or(cycle.started_at);
            format!("the last good cycle was {}", ago(at, facts.now))
        }
        None => "no cycle was good yet".to_owned(),
    };
    Some(Problem {
        situation: Situation::DataStale,
        level,
        what,
        since: product.found.map(|(_, at)| at),
        why: Some(why),
        next: commands::errors(facts),
    })
}
