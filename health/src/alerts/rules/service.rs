//! The orchestrator, its record and the sinks.

use chrono::{DateTime, TimeDelta, Utc};
use journal::EventKind;
use journal::lock::Presence;

use super::provider::last_message;
use super::{Reading, history, reading, yes};
use crate::facts::{Facts, LOOP_SLACK, Settings};
use crate::verdict::commands;
use crate::words::{ago, length};

/// Whether an orchestrator is meant to run: it ran, and was not told to end nor done with its task.
pub(super) fn stopped_on_purpose(facts: &Facts) -> bool {
    history(facts)
        .and_then(|history| history.last_turn.as_ref())
        .is_some_and(|turn| turn.kind == EventKind::Finished)
}

pub(super) fn crash_loop(facts: &Facts) -> Reading {
    let starts = history(facts).map(|history| f64::from(history.starts_15m));
    let what = format!(
        "the orchestrator started {} times in 15 min",
        starts.unwrap_or(0.0)
    );
    reading(starts, what, last_message(facts), commands::errors(facts))
}

pub(super) fn service_down(facts: &Facts) -> Reading {
    let down = match &facts.presence {
        Presence::Running(_) => yes(false),
        _ if !facts.ever_ran() => None,
        _ => yes(!stopped_on_purpose(facts)),
    };
    let last = facts
        .last_activity()
        .map(|at| format!(", last cycle {}", ago(at, facts.now)))
        .unwrap_or_default();
    let turn = history(facts).and_then(|history| history.last_turn.as_ref());
    let why = match turn {
        Some(turn) if turn.kind == EventKind::Stop => turn.text.clone(),
        _ => facts.why_gone().to_owned(),
    };
    let what = format!("the orchestrator is not running{last}");
    Reading {
        since: down_since(facts),
        ..reading(down, what, Some(why), commands::start(facts))
    }
}

/// Since when it does not run, at the latest.
fn down_since(facts: &Facts) -> Option<DateTime<Utc>> {
    let turn = history(facts).and_then(|history| history.last_turn.as_ref());
    match (turn, &facts.presence) {
        (Some(turn), _) if turn.kind == EventKind::Stop => Some(turn.at),
        // By then it would have been heard of again.
        (_, Presence::Gone(holder)) => holder.due,
        _ => Some(facts.last_activity()? + TimeDelta::from_std(facts.limits.interval).ok()?),
    }
}

pub(super) fn service_hung(facts: &Facts) -> Reading {
    let Presence::Running(holder) = &facts.presence else {
        return reading(Some(0.0), String::new(), None, String::new());
    };
    let late = holder
        .due
        .map(|due| (facts.now - due).max(chrono::TimeDelta::zero()));
    let what = format!(
        "the orchestrator hangs: its loop is {} late",
        length(late.unwrap_or(LOOP_SLACK))
    );
    let stopped = facts.process.is_some_and(|process| process.stopped());
    let why = if stopped {
        format!(
            "process {} was stopped (kill -STOP, a debugger)",
            holder.pid
        )
    } else {
        format!(
            "process {} lives and holds the lock, but its loop stands still",
            holder.pid
        )
    };
    let seconds = late.map(|late| late.num_milliseconds() as f64 / 1000.0);
    reading(
        seconds,
        what,
        Some(why),
        commands::unhang(facts, holder.pid),
    )
}

pub(super) fn journal_broken(facts: &Facts) -> Reading {
    let day = chrono::TimeDelta::hours(24);
    let aside = facts
        .storage
        .journal_aside
        .filter(|at| facts.now - *at < day);
    let (broken, why) = match (&facts.history, aside) {
        (Err(why), _) => (facts.ever_ran(), Some(why.to_string())),
        (Ok(_), Some(at)) => {
            let why = format!("a damaged one was moved aside {}", ago(at, facts.now));
            (true, Some(why))
        }
        _ => (false, None),
    };
    let what = "the record of cycles can't be used".to_owned();
    reading(yes(broken), what, why, commands::check(facts))
}

pub(super) fn configuration_invalid(facts: &Facts) -> Reading {
    reading(
        yes(facts.settings == Settings::Wrong),
        "the configuration file is not valid: a restart would fail".to_owned(),
        Some("it was edited; cycles go on by what it said before".to_owned()),
        commands::orchestrator("check", facts),
    )
}

pub(super) fn sink_failing(facts: &Facts) -> Reading {
    let failing = facts.alerts.sinks.iter().filter(|sink| sink.queued > 0);
    let worst = failing
        .filter_map(|sink| Some((facts.now - sink.failing_since?, sink)))
        .max_by_key(|(age, _)| *age);
    let (seconds, what, why) = match worst {
        Some((age, sink)) => (
            age.num_seconds() as f64,
            format!(
                "the sink {} can't be reached: {} messages wait",
                sink.name, sink.queued
            ),
            sink.error.clone(),
        ),
        None => (0.0, String::new(), None),
    };
    reading(
        Some(seconds),
        what,
        why,
        commands::health("alerts test", facts),
    )
}
