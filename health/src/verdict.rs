//! The judgement: which of the facts are a problem, how bad, why, and what to do about it.
//!
//! Old data is a problem whoever runs; an orchestrator that does not run is one as soon as it was not
//! meant to end. Of several problems the worst gives the verdict and the others stand below it.

use chrono::TimeDelta;
use journal::lock::Presence;
use journal::{CycleOutcome, EventKind, JournalError};

use crate::facts::{Facts, Freshness, History};
use crate::words::{ago, grouped, length};

/// Less free space than this, in bytes, and nothing can be written soon.
const DISK_FLOOR: u64 = 256 * 1024 * 1024;

/// How late the orchestrator's loop may be.
const LOOP_SLACK: TimeDelta = TimeDelta::seconds(15);

/// Cycles below which a success rate says nothing.
const ENOUGH_CYCLES: u64 = 5;

/// How bad it is; the order is that of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub level: Level,
    /// What, in at most 56 columns.
    pub what: String,
    /// Why, if it is known.
    pub why: Option<String>,
    /// The command to run next.
    pub next: String,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
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
                problems.extend(cycles(facts, history));
                problems.extend(data(facts, history));
            }
            Err(why) => {
                problems.push(no_history(facts, why));
                problems.extend(dead_without_history(facts, why));
            }
        }
        problems.extend(hung(facts));
        problems.extend(disk(facts));
        // Stable: of two equally bad ones the cause stands before the consequence, as above.
        problems.sort_by_key(|problem| std::cmp::Reverse(problem.level));
        Verdict {
            problems,
            all_well: all_well(facts),
            all_well_next: match facts.presence {
                Presence::Running(_) => format!("health report --json{}", facts.data_flag),
                _ => start_command(facts),
            },
        }
    }

    /// Judges only whether the orchestrator's loop moves.
    pub fn of_the_loop(facts: &Facts) -> Verdict {
        let problem = match &facts.presence {
            Presence::Running(_) => hung(facts),
            Presence::Gone(_) => Some(Problem {
                level: Level::Critical,
                what: "the orchestrator is not running".to_owned(),
                why: None,
                next: start_command(facts),
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
    let (window, span) = if history.day.cycles() == history.totals.cycles() {
        (history.totals, "cycles good")
    } else {
        (history.day, "good in 24 h")
    };
    let last = newest.ended_at.unwrap_or(newest.started_at);
    format!(
        "{} of {} {span}, last one {}{simulated}",
        grouped(window.ok),
        grouped(window.ok + window.bad()),
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
    let problem = |level, why: String| {
        Some(Problem {
            level,
            what: format!("the orchestrator is not running{when}"),
            why: Some(why),
            next: start_command(facts),
        })
    };
    let old = facts.freshness(facts.product()) > Freshness::Late;
    match &history.last_turn {
        Some(turn) if turn.kind == EventKind::Finished => {
            let recent = (facts.now - turn.at).to_std().unwrap_or_default() <= facts.limits.late;
            // That its cycles failed is the news then, and it is told below.
            let failed = recent && history.failures_in_a_row > 0;
            if failed || facts.freshness(facts.product()) == Freshness::Fresh {
                return None;
            }
            let level = if old { Level::Critical } else { Level::Warning };
            problem(level, "it did the cycles it was asked for".to_owned())
        }
        Some(turn) if turn.kind == EventKind::Stop => {
            let level = if old { Level::Critical } else { Level::Warning };
            problem(level, format!("{} {}", turn.text, ago(turn.at, facts.now)))
        }
        _ => problem(
            Level::Critical,
            "it died without saying why (killed, out of memory, or the machine went down)"
                .to_owned(),
        ),
    }
}

fn never_ran(facts: &Facts) -> Problem {
    Problem {
        level: Level::Unknown,
        what: "no orchestrator has run here yet".to_owned(),
        why: Some(format!(
            "there is no state to read in `{}`; name another directory with --data-dir, or start with simulated data",
            facts.data.root().display()
        )),
        next: format!("orchestrator --once --provider sandbox{}", facts.data_flag),
    }
}

fn no_history(facts: &Facts, why: &JournalError) -> Problem {
    if facts.presence == Presence::Never && matches!(why, JournalError::Missing { .. }) {
        return never_ran(facts);
    }
    Problem {
        level: Level::Unknown,
        what: "the record of cycles can't be read".to_owned(),
        why: Some(why.to_string()),
        next: format!("orchestrator check{}", facts.data_flag),
    }
}

/// A dead orchestrator is one with or without a record of it.
fn dead_without_history(facts: &Facts, why: &JournalError) -> Option<Problem> {
    let Presence::Gone(_) = &facts.presence else {
        return None;
    };
    Some(Problem {
        level: Level::Critical,
        what: "the orchestrator is not running".to_owned(),
        why: Some(why.to_string()),
        next: start_command(facts),
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
        let (level, what) = if streak >= facts.limits.backoff_after {
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
            level,
            what,
            why: cycle.message.clone(),
            next: log_command(facts),
        });
    }
    let judged = history.day.ok + history.day.bad();
    if judged >= ENOUGH_CYCLES && history.day.ok * 2 < judged {
        problems.push(Problem {
            level: Level::Critical,
            what: format!(
                "only {} of {} cycles good in 24 h",
                grouped(history.day.ok),
                grouped(judged)
            ),
            why: None,
            next: log_command(facts),
        });
    }
    problems
}

/// That the data is old. While the first cycle of a new start is under way that is no alarm.
fn data(facts: &Facts, history: &History) -> Option<Problem> {
    let product = facts.product();
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
        Freshness::Stale | Freshness::Missing if new => Level::Warning,
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
        level,
        what,
        why: Some(why),
        next: log_command(facts),
    })
}

/// That the orchestrator lives but does not move.
fn hung(facts: &Facts) -> Option<Problem> {
    let Presence::Running(holder) = &facts.presence else {
        return None;
    };
    let due = holder.due?;
    (facts.now > due + LOOP_SLACK).then(|| Problem {
        level: Level::Critical,
        what: format!(
            "the orchestrator hangs: it should have moved {}",
            ago(due, facts.now)
        ),
        why: Some(format!(
            "process {} lives and holds the lock, but its loop stands still",
            holder.pid
        )),
        next: match &facts.unit {
            Some(unit) if unit.pid == Some(holder.pid) => {
                "sudo systemctl restart football-bot".to_owned()
            }
            _ => format!("kill {}", holder.pid),
        },
    })
}

fn disk(facts: &Facts) -> Option<Problem> {
    let disk = facts.host.disk?;
    (disk.available < DISK_FLOOR).then(|| Problem {
        level: Level::Critical,
        what: format!("the disk is full ({:.1}%)", disk.percent()),
        why: Some(format!(
            "{} are left for `{}`",
            crate::words::bytes(disk.available),
            facts.data.root().display()
        )),
        next: format!("df -h {}", facts.data.root().display()),
    })
}

fn start_command(facts: &Facts) -> String {
    if facts.unit.is_some() {
        "sudo systemctl start football-bot".to_owned()
    } else {
        // After a sandbox run without an account the plain command would only ask for credentials.
        let provider = match facts.provider.as_deref() {
            Some("sandbox") => " --provider sandbox",
            _ => "",
        };
        format!("orchestrator{provider}{}", facts.data_flag)
    }
}

fn log_command(facts: &Facts) -> String {
    format!("grep -h ERROR {}/*.log | tail", facts.data.logs().display())
}
