//! What the provider answers.

use journal::CycleOutcome;
use journal::reader::Cycle;

use super::{Reading, history, reading, yes};
use crate::facts::Facts;
use crate::verdict::commands;
use crate::words::grouped;

/// The exit code of the step that failed in the newest cycle, and the message.
pub(super) fn newest_failure(facts: &Facts) -> Option<(String, Option<i32>, Option<String>)> {
    let history = history(facts)?;
    let cycle = history.newest.as_ref()?;
    if cycle.outcome != Some(CycleOutcome::Failed) {
        return None;
    }
    let step = cycle.failed_step.clone()?;
    let outcome = history.newest_steps.iter().find(|run| run.name == step);
    let code = outcome.and_then(|run| run.outcome?.exit_code());
    Some((step, code, cycle.message.clone()))
}

pub(super) fn last_message(facts: &Facts) -> Option<String> {
    newest_failure(facts).and_then(|(_, _, message)| message)
}

pub(super) fn upstream_auth(facts: &Facts) -> Reading {
    let failure = newest_failure(facts);
    let refused = matches!(failure, Some((_, Some(77), _)));
    reading(
        history(facts).and_then(|_| yes(refused)),
        "the provider refuses us (credentials, address or plan)".to_owned(),
        failure.and_then(|(_, _, message)| message),
        commands::errors(facts),
    )
}

pub(super) fn upstream_errors(facts: &Facts) -> Reading {
    let Some(history) = history(facts) else {
        return reading(None, String::new(), None, String::new());
    };
    let since = facts.now - chrono::TimeDelta::minutes(15);
    let (mut missed, mut cycles, mut requests) = (0.0, 0.0, 0);
    for cycle in history
        .recent
        .iter()
        .filter(|cycle| cycle.started_at >= since)
    {
        match &cycle.fetch {
            _ if failed_at_fetch(cycle) => missed += 1.0,
            Some(fetch) => {
                missed += 1.0 - fetch.completeness.clamp(0.0, 1.0);
                requests += fetch.requests;
            }
            None => {}
        }
        cycles += 1.0;
    }
    // Since when nothing but failures comes.
    let newest = history.recent.iter();
    let refused = newest.take_while(|cycle| failed_at_fetch(cycle));
    // One failure among three cycles is no rate; that is the verdict's warning, not an alert.
    let enough = cycles >= 5.0 || requests >= 20 || (missed >= 2.0);
    let percent = if cycles > 0.0 && enough {
        missed * 100.0 / cycles
    } else {
        0.0
    };
    let first = facts.feed.as_ref().and_then(|feed| feed.errors.first());
    let why = first
        .map(|error| format!("{} ({} times in 1 h)", error.what, grouped(error.count)))
        .or_else(|| last_message(facts));
    let what = format!("requests to the provider fail for {percent:.0}% of the matches");
    Reading {
        since: refused.last().map(|cycle| cycle.started_at),
        ..reading(Some(percent), what, why, commands::errors(facts))
    }
}

fn failed_at_fetch(cycle: &Cycle) -> bool {
    cycle.outcome == Some(CycleOutcome::Failed) && cycle.failed_step.as_deref() == Some("step1")
}
