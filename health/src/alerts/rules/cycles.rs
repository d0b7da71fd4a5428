//! How cycles end and how long they take.

use super::provider::last_message;
use super::{Reading, history, reading};
use crate::facts::Facts;
use crate::verdict::commands;
use crate::words::grouped;

pub(super) fn failed_cycles(facts: &Facts) -> Reading {
    let bad = history(facts).map(|history| history.hour.bad());
    let what = format!(
        "{} cycles failed in the last hour",
        grouped(bad.unwrap_or(0))
    );
    reading(
        bad.map(|n| n as f64),
        what,
        last_message(facts),
        commands::errors(facts),
    )
}

pub(super) fn low_success(facts: &Facts) -> Reading {
    let hour = history(facts).map(|history| history.hour);
    let judged = hour.map_or(0, |hour| hour.ok + hour.bad());
    let rate = hour
        .and_then(|hour| hour.success_rate())
        .filter(|_| judged >= 5);
    let percent = rate.map_or(100.0, |rate| rate * 100.0);
    let what = format!("only {percent:.0}% of the last hour's cycles were good");
    let value = hour.map(|_| percent);
    reading(value, what, last_message(facts), commands::errors(facts))
}

pub(super) fn cycle_overruns(facts: &Facts) -> Reading {
    let overruns = history(facts).map(|history| history.hour.overruns);
    let what = format!(
        "{} cycles of the last hour ran past the next start",
        grouped(overruns.unwrap_or(0))
    );
    let slowest = history(facts).and_then(|history| {
        let step = history.newest_steps.iter().max_by_key(|step| step.wall)?;
        Some(format!(
            "{} takes {:.1} s",
            step.name,
            step.wall?.as_secs_f64()
        ))
    });
    reading(
        overruns.map(|n| n as f64),
        what,
        slowest,
        commands::report(facts),
    )
}
