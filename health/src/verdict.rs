//! The judgement: which of the facts are a problem, how bad, why, and what to do about it.
//!
//! Old data is a problem whoever runs; an orchestrator that does not run is one as soon as it was not
//! meant to end. Of several problems the worst gives the verdict and the others stand below it. Each
//! has a [`Situation`], by which programs tell them apart.

pub mod commands;

use chrono::{DateTime, TimeDelta, Utc};
use journal::lock::Presence;
use journal::{CycleOutcome, EventKind};
use serde::Serialize;

use crate::facts::{Facts, Freshness, History, LOOP_SLACK, Unreadable};
use crate::words::{ago, bytes, clock, grouped, length};

/// Less free space than this, in bytes, and nothing can be written soon.
const DISK_FLOOR: u64 = 256 * 1024 * 1024;

/// Less free space than this, in bytes, is little.
const DISK_LITTLE: u64 = 1_000_000_000;

/// Cycles below which a success rate says nothing.
const ENOUGH_CYCLES: u64 = 5;

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Situation {
    /// No orchestrator ever ran on this data directory.
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
    /// The clock was set back.
    ClockJumped,
    /// A sink can't be reached.
    SinkFailing,
    /// Sinks are configured, and nobody tells them.
    NotWatched,
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
                problems.extend(presence(facts, history));
                problems.extend(hung(facts));
                problems.extend(held(facts));
                problems.extend(cycles(facts, history));
                problems.extend(data(facts, history));
            }
            Err(why) => {
                problems.push(no_history(facts, why));
                problems.extend(dead_without_history(facts, why));
                problems.extend(hung(facts));
            }
        }
        problems.extend(disk(facts));
        problems.extend(clock_jumped(facts));
        problems.extend(not_watched(facts));
        problems.extend(sinks(facts));
        problems.extend(alerts(facts, &problems));
        // Stable: of two equally bad ones the cause stands before the consequence, as above.
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.level));
        Verdict {
            problems,
            all_well: all_well(facts),
            all_well_next: match facts.presence {
                Presence::Running(_) => format!("health report --json{}", facts.data_flag),
                _ => commands::start(facts),
            },
        }
    }

    /// Judges only whether the orchestrator's loop moves.
    pub fn of_the_loop(facts: &Facts) -> Verdict {
        let problem = match &facts.presence {
            Presence::Running(_) => hung(facts),
            Presence::Gone(_) => Some(Problem {
                situation: Situation::OrchestratorDead,
                level: Level::Critical,
                what: "the orchestrator is not running".to_owned(),
                since: facts.last_activity(),
                why: None,
                next: commands::start(facts),
            }),
            Presence::Never => Some(never_ran(facts)),
        };
        Verdict {
            problems: problem.into_iter().collect(),
            all_well: "the orchestrator's loop moves".to_owned(),
            all_well_next: format!("health report{}", facts.data_flag),
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

/// That the orchestrator does not run although it should.
fn presence(facts: &Facts, history: &History) -> Option<Problem> {
    let Presence::Gone(_) = &facts.presence else {
        return (facts.presence == Presence::Never).then(|| never_ran(facts));
    };
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
            let why = format!("{} {}", turn.text, ago(turn.at, facts.now));
            problem(Situation::OrchestratorStopped, level, Some(turn.at), why)
        }
        _ => problem(
            Situation::OrchestratorDead,
            Level::Critical,
            facts.last_activity(),
            "it died without saying why (killed, out of memory, or the machine went down)"
                .to_owned(),
        ),
    }
}

fn never_ran(facts: &Facts) -> Problem {
    Problem {
        situation: Situation::NeverRan,
        level: Level::Unknown,
        what: "no orchestrator has run here yet".to_owned(),
        since: None,
        why: Some(format!(
            "there is no state to read in `{}`; name another directory with --data-dir, or start with simulated data",
            facts.data.root().display()
        )),
        next: format!("orchestrator --once --provider sandbox{}", facts.data_flag),
    }
}

fn no_history(facts: &Facts, why: &Unreadable) -> Problem {
    if facts.presence == Presence::Never && why.missing {
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
fn dead_without_history(facts: &Facts, why: &Unreadable) -> Option<Problem> {
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

/// That a person paused it, or that it waits after failures.
fn held(facts: &Facts) -> Option<Problem> {
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
            next: format!("orchestrator resume{}", facts.data_flag),
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
        next: format!("orchestrator run-now{}", facts.data_flag),
    })
}

/// That cycles fail.
fn cycles(facts: &Facts, history: &History) -> Vec<Problem> {
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
fn data(facts: &Facts, history: &History) -> Option<Problem> {
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

/// That the orchestrator lives but does not move.
fn hung(facts: &Facts) -> Option<Problem> {
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

fn disk(facts: &Facts) -> Option<Problem> {
    let disk = facts.host.disk?;
    let (level, what) = match disk.available {
        0..DISK_FLOOR => {
            let what = format!("the disk is full ({:.1}%)", disk.percent());
            (Level::Critical, what)
        }
        DISK_FLOOR..DISK_LITTLE => {
            let what = format!("the disk has only {} left", bytes(disk.available));
            (Level::Warning, what)
        }
        _ => return None,
    };
    let most = facts.storage.areas.first();
    let most = most.map(|area| format!("; {} has most of it ({})", area.name, bytes(area.bytes)));
    let growth = facts.storage.growth.and_then(|growth| growth.data_per_day);
    let growth = growth
        .filter(|per_day| *per_day > 0.0)
        .map(|per_day| format!("; it grows by {} a day", bytes(per_day as u64)));
    Some(Problem {
        situation: Situation::DiskLow,
        level,
        what,
        since: None,
        why: Some(format!(
            "{} are left for `{}`{}{}",
            bytes(disk.available),
            facts.data.root().display(),
            most.unwrap_or_default(),
            growth.unwrap_or_default()
        )),
        next: commands::disk(facts),
    })
}

fn clock_jumped(facts: &Facts) -> Option<Problem> {
    let behind = facts.clock_behind()?;
    Some(Problem {
        situation: Situation::ClockJumped,
        level: Level::Warning,
        what: format!("the clock was set back by {} or more", length(behind)),
        since: None,
        why: Some(
            "records and files lie in the future; ages are shown as 0 until it has caught up"
                .to_owned(),
        ),
        next: "timedatectl".to_owned(),
    })
}

/// That sinks are configured and `health watch` does not run; a starting orchestrator has a minute.
fn not_watched(facts: &Facts) -> Option<Problem> {
    let Presence::Running(holder) = &facts.presence else {
        return None;
    };
    let settled = holder
        .since
        .is_some_and(|since| facts.now - since > TimeDelta::minutes(1));
    (settled && !facts.alerts.sinks.is_empty() && !facts.alerts.watched).then(|| Problem {
        situation: Situation::NotWatched,
        level: Level::Warning,
        what: "alerts reach nobody: health watch does not run".to_owned(),
        since: facts.alerts.evaluated_at,
        why: Some("sinks are configured, and the orchestrator has not started it as its companion ([alerts] companion)".to_owned()),
        next: format!("health watch{}", facts.data_flag),
    })
}

fn sinks(facts: &Facts) -> Option<Problem> {
    // One failed try is no news; the next one is under way.
    let long = |since: DateTime<Utc>| facts.now - since >= TimeDelta::minutes(1);
    let failing = facts
        .alerts
        .sinks
        .iter()
        .find(|sink| sink.failing_since.is_some_and(long))?;
    let since = failing.failing_since?;
    let other = facts.alerts.sinks.iter().find(|sink| {
        sink.failing_since.is_none() && sink.last_success.is_some() && sink.kind != "ping"
    });
    let other = match other {
        Some(other) => format!("; {} was told instead", other.name),
        None => String::new(),
    };
    Some(Problem {
        situation: Situation::SinkFailing,
        level: Level::Warning,
        what: format!(
            "the sink {} fails for {}",
            failing.name,
            length(facts.now - since)
        ),
        since: Some(since),
        why: Some(format!(
            "{}; {} messages wait{other}",
            failing.error.as_deref().unwrap_or("no answer"),
            failing.queued
        )),
        next: format!(
            "health alerts test --sink {}{}",
            failing.name, facts.data_flag
        ),
    })
}

/// Alerts that nothing above says already.
fn alerts(facts: &Facts, said: &[Problem]) -> Vec<Problem> {
    let known = |name: &str| {
        let situations: &[Situation] = match name {
            "ServiceDown" | "CrashLoop" => &[
                Situation::OrchestratorDead,
                Situation::OrchestratorStopped,
                Situation::OrchestratorFinished,
            ],
            "ServiceHung" => &[Situation::OrchestratorHung],
            "UpstreamAuth" => &[Situation::UpstreamAuth],
            "UpstreamErrors" => &[Situation::UpstreamErrors],
            "DataStale" | "NoActivity" | "PublishStale" => &[Situation::DataStale],
            "FailedCycles" | "LowSuccessRate" => &[
                Situation::LowSuccessRate,
                Situation::CyclesFail,
                Situation::UpstreamErrors,
                Situation::UpstreamAuth,
            ],
            "DiskLow" | "DiskHigh" | "DiskForecast" => &[Situation::DiskLow],
            "JournalBroken" => &[Situation::StateUnreadable],
            "SinkFailing" => &[Situation::SinkFailing],
            _ => &[],
        };
        said.iter()
            .any(|problem| situations.contains(&problem.situation))
    };
    let mut problems: Vec<_> = facts
        .alerts
        .firing
        .iter()
        .filter(|active| !known(&active.name))
        .map(|active| Problem {
            situation: Situation::AlertFiring,
            level: match active.alert.severity {
                pipeline::config::alerts::Severity::Critical => Level::Critical,
                pipeline::config::alerts::Severity::Warning => Level::Warning,
            },
            what: active.alert.what.clone(),
            since: Some(active.alert.since),
            why: active.alert.why.clone(),
            next: format!("health alerts explain {}{}", active.name, facts.data_flag),
        })
        .collect();
    if let Some(why) = &facts.alerts.problem {
        problems.push(Problem {
            situation: Situation::AlertsUnreadable,
            level: Level::Warning,
            what: "what is remembered of alerts can't be used".to_owned(),
            since: None,
            why: Some(format!("{why}; the watcher begins anew")),
            next: format!("health alerts{}", facts.data_flag),
        });
    }
    problems
}
