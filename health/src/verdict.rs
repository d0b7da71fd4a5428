//! The judgement: which of the facts are a problem, how bad, why, and what to do about it.
//!
//! Old data is a problem whoever runs; an orchestrator that does not run is one as soon as it was not
//! meant to end. Of several problems the worst gives the verdict and the others stand below it. Each
//! has a [`Situation`], by which programs tell them apart.

pub mod commands;
mod cycles;
mod host;
mod running;
mod telling;

use chrono::{DateTime, Utc};
use journal::lock::Presence;
use serde::Serialize;

use crate::facts::Facts;
use crate::words::{ago, grouped};

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Situation {
    /// No orchestrator ever ran on this data directory, as far as can be seen.
    NeverRan,
    /// The record of cycles is missing or corrupt.
    StateUnreadable,
    /// The orchestrator died.
    OrchestratorDead,
    /// The orchestrator was told to stop.
    OrchestratorStopped,
    /// The orchestrator did what it was asked for and ended, a while ago.
    OrchestratorFinished,
    /// It lives and does not move.
    OrchestratorHung,
    /// A person paused it.
    Paused,
    /// It waits after failures.
    Backoff,
    /// A cycle failed, data is still fresh.
    CycleFailed,
    /// Cycles fail one after the other.
    CyclesFail,
    /// Too few cycles were good.
    LowSuccessRate,
    /// The provider refuses credentials, address or plan.
    UpstreamAuth,
    /// The provider can't be reached, or fails, or limits us.
    UpstreamErrors,
    /// The data is old.
    DataStale,
    /// The disk has little or no room.
    DiskLow,
    /// The clock was set back, or forward and no cycle has been good since.
    ClockJumped,
    /// A sink can't be reached.
    SinkFailing,
    /// Sinks are configured, and nobody tells them.
    NotWatched,
    /// The configuration file is not valid: a restart would end with 78.
    ConfigurationInvalid,
    /// An alert fires that none of the above says.
    AlertFiring,
    /// What is remembered of alerts can't be used.
    AlertsUnreadable,
}

/// How bad it is; the order is that of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// All is well.
    Ok,
    /// Somebody should look at it some time.
    Warning,
    /// It can't be told.
    Unknown,
    /// Somebody should look at it now.
    Critical,
}

impl Level {
    /// The exit code that monitors know.
    pub const fn code(self) -> u8 {
        match self {
            Level::Ok => 0,
            Level::Warning => 1,
            Level::Critical => 2,
            Level::Unknown => 3,
        }
    }

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Level::Ok => "OK",
            Level::Warning => "WARNING",
            Level::Critical => "CRITICAL",
            Level::Unknown => "UNKNOWN",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What kind.
    pub situation: Situation,
    /// How bad.
    pub level: Level,
    /// What, in at most 56 columns.
    pub what: String,
    /// Since when, if it is known.
    pub since: Option<DateTime<Utc>>,
    /// Why, if it is known.
    pub why: Option<String>,
    /// The command to run next.
    pub next: String,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What is wrong, the worst first.
    pub problems: Vec<Problem>,
    /// What is right, for when nothing is wrong.
    pub all_well: String,
    /// The command to run next when nothing is wrong.
    pub all_well_next: String,
}

impl Verdict {
    /// How bad it is all together.
    pub fn level(&self) -> Level {
        self.problems.first().map_or(Level::Ok, |worst| worst.level)
    }

    /// The verdict in one sentence.
    pub fn sentence(&self) -> &str {
        self.problems
            .first()
            .map_or(&self.all_well, |worst| &worst.what)
    }

    /// The problems, each with its reason unless one before it has given that already.
    pub fn reasons(&self) -> impl Iterator<Item = (&Problem, Option<&str>)> {
        self.problems.iter().enumerate().map(|(n, problem)| {
            let mut earlier = self.problems[..n].iter().filter_map(|p| p.why.as_deref());
            let why = problem.why.as_deref();
            // A backoff repeats the failure that it comes from, with the step before it.
            let why = why.filter(|why| !earlier.any(|told| why.ends_with(told)));
            (problem, why)
        })
    }

    /// The command to run next.
    pub fn next(&self) -> &str {
        self.problems
            .first()
            .map_or(&self.all_well_next, |worst| &worst.next)
    }

    /// Judges everything.
    pub fn of(facts: &Facts) -> Verdict {
        let mut problems = Vec::new();
        match &facts.history {
            Ok(history) => {
                problems.extend(running::presence(facts, history));
                problems.extend(running::hung(facts));
                problems.extend(cycles::held(facts));
                problems.extend(cycles::cycles(facts, history));
                problems.extend(cycles::data(facts, history));
            }
            Err(why) => {
                problems.push(running::no_history(facts, why));
                problems.extend(running::dead_without_history(facts, why));
                problems.extend(running::hung(facts));
            }
        }
        problems.extend(host::disk(facts));
        problems.extend(host::clock_jumped(facts));
        problems.extend(running::settings(facts));
        problems.extend(telling::not_watched(facts));
        problems.extend(telling::sinks(facts));
        problems.extend(telling::alerts(facts, &problems));
        // Stable: of two equally bad ones the cause stands before the consequence, as above.
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.level));
        Verdict {
            problems,
            all_well: all_well(facts),
            all_well_next: match facts.presence {
                Presence::Running(_) => commands::health("report --json", facts),
                _ => commands::start(facts),
            },
        }
    }

    /// Judges only whether the orchestrator's loop moves.
    pub fn of_the_loop(facts: &Facts) -> Verdict {
        let problem = match &facts.presence {
            Presence::Running(_) => running::hung(facts),
            _ if !facts.ever_ran() => Some(running::never_ran(facts)),
            _ => Some(Problem {
                situation: Situation::OrchestratorDead,
                level: Level::Critical,
                what: "the orchestrator is not running".to_owned(),
                since: facts.last_activity(),
                why: facts.copied().map(str::to_owned),
                next: commands::start(facts),
            }),
        };
        Verdict {
            problems: problem.into_iter().collect(),
            all_well: "the orchestrator's loop moves".to_owned(),
            all_well_next: commands::report(facts),
        }
    }
}

fn all_well(facts: &Facts) -> String {
    let Ok(history) = &facts.history else {
        return String::new();
    };
    let simulated = facts
        .not_real()
        .map(|word| format!(" ({word})"))
        .unwrap_or_default();
    let Some(newest) = &history.newest else {
        return format!("the first cycle is under way{simulated}");
    };
    let (ok, bad, span) = if history.day.cycles() == history.totals.cycles() {
        (history.totals.ok, history.totals.bad(), "cycles good")
    } else {
        (history.day.ok, history.day.bad(), "good in 24 h")
    };
    let last = newest.ended_at.unwrap_or(newest.started_at);
    format!(
        "{} of {} {span}, last one {}{simulated}",
        grouped(ok),
        grouped(ok + bad),
        ago(last, facts.now)
    )
}
