//! Whether the orchestrator runs and moves, and what is known when there is no record.

use journal::EventKind;
use journal::lock::Presence;

use super::{Level, Problem, Situation, commands};
use crate::facts::{Facts, Freshness, History, LOOP_SLACK, Settings, Unreadable};
use crate::words::ago;

/// That the orchestrator does not run although it should.
pub(super) fn presence(facts: &Facts, history: &History) -> Option<Problem> {
    if matches!(facts.presence, Presence::Running(_)) {
        return None;
    }
    if !facts.ever_ran() {
        return Some(never_ran(facts));
    }
    let when = facts
        .last_activity()
        .map(|at| format!(", last cycle {}", ago(at, facts.now)))
        .unwrap_or_default();
    let problem = |situation, level, since, why: String| {
        Some(Problem {
            situation,
            level,
            what: format!("the orchestrator is not running{when}"),
            since,
            why: Some(why),
            next: commands::start(facts),
        })
    };
    let old = facts.freshness(facts.product_file()) > Freshness::Late;
    let level = if old { Level::Critical } else { Level::Warning };
    match &history.last_turn {
        Some(turn) if turn.kind == EventKind::Finished => {
            let recent = (facts.now - turn.at).to_std().unwrap_or_default() <= facts.limits.late;
            // That its cycles failed is the news then, and it is told below.
            let failed = recent && history.failures_in_a_row > 0;
            if failed || facts.freshness(facts.product_file()) == Freshness::Fresh {
                return None;
            }
            let why = "it did the cycles it was asked for".to_owned();
            problem(Situation::OrchestratorFinished, level, Some(turn.at), why)
        }
        Some(turn) if turn.kind == EventKind::Stop => {
            let when = ago(turn.at, facts.now);
            // Behind the semicolon stands what it had done.
            let why = match turn.text.split_once("; ") {
                Some((how, rest)) => format!("{how} {when}; {rest}"),
                None => format!("{} {when}", turn.text),
            };
            problem(Situation::OrchestratorStopped, level, Some(turn.at), why)
        }
        _ => problem(
            Situation::OrchestratorDead,
            Level::Critical,
            facts.last_activity(),
            facts.why_gone().to_owned(),
        ),
    }
}

pub(super) fn never_ran(facts: &Facts) -> Problem {
    Problem {
        situation: Situation::NeverRan,
        level: Level::Unknown,
        what: "no orchestrator has run here yet".to_owned(),
        since: None,
        why: Some(format!(
            "there is no state to read in `{}`; name another directory with --data-dir, or start with simulated data",
            facts.data.root().display()
        )),
        next: commands::begin(facts),
    }
}

pub(super) fn no_history(facts: &Facts, why: &Unreadable) -> Problem {
    if !facts.ever_ran() {
        return never_ran(facts);
    }
    Problem {
        situation: Situation::StateUnreadable,
        level: Level::Unknown,
        what: "the record of cycles can't be read".to_owned(),
        since: None,
        why: Some(format!(
            "{why}; the orchestrator moves a damaged file aside and begins a new one when it starts"
        )),
        next: commands::check(facts),
    }
}

/// A dead orchestrator is one with or without a record of it.
pub(super) fn dead_without_history(facts: &Facts, why: &Unreadable) -> Option<Problem> {
    let Presence::Gone(_) = &facts.presence else {
        return None;
    };
    Some(Problem {
        situation: Situation::OrchestratorDead,
        level: Level::Critical,
        what: "the orchestrator is not running".to_owned(),
        since: None,
        why: Some(why.to_string()),
        next: commands::start(facts),
    })
}

/// That the orchestrator lives but does not move.
pub(super) fn hung(facts: &Facts) -> Option<Problem> {
    let Presence::Running(holder) = &facts.presence else {
        return None;
    };
    let due = holder.due?;
    let stopped = facts.process.is_some_and(|process| process.stopped());
    (facts.now > due + LOOP_SLACK).then(|| Problem {
        situation: Situation::OrchestratorHung,
        level: Level::Critical,
        what: format!(
            "the orchestrator hangs: it should have moved {}",
            ago(due, facts.now)
        ),
        since: Some(due),
        why: Some(if stopped {
            format!(
                "process {} was stopped (kill -STOP, or a debugger)",
                holder.pid
            )
        } else {
            format!(
                "process {} lives and holds the lock, but its loop stands still",
                holder.pid
            )
        }),
        next: commands::unhang(facts, holder.pid),
    })
}

/// That a restart would fail on the configuration file, which was edited since it was accepted.
pub(super) fn settings(facts: &Facts) -> Option<Problem> {
    (facts.settings == Settings::Wrong).then(|| Problem {
        situation: Situation::ConfigurationInvalid,
        level: Level::Warning,
        what: "the configuration is not valid: a restart would fail".to_owned(),
        since: None,
        why: Some(
            "the file was edited; cycles go on by what it said before, and a restart ends with 78"
                .to_owned(),
        ),
        next: commands::orchestrator("check", facts),
    })
}
