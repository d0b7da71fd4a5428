//! `health explain [CYCLE]`: in plain words what happened to a cycle, or why nothing runs now and when
//! it will.

use journal::lock::Presence;
use journal::reader::{Cycle, Step};
use journal::{CycleOutcome, Reader, StepOutcome};
use pipeline::Exit;
use serde_json::json;

use crate::facts::Facts;
use crate::verdict::{Problem, Situation, Verdict, commands};
use crate::words::{ago, bytes, clock, grouped, instant, length, wrapped};

/// Explains the cycle whose id begins with `id`, or the present.
///
/// # Errors
/// A sentence for the person, when there is no such cycle or no record.
pub fn explain(facts: &Facts, id: Option<&str>, as_json: bool) -> Result<String, String> {
    let reader = match (Reader::open(&facts.data.journal()), id) {
        (Ok(reader), _) => reader,
        (Err(why), Some(_)) => return Err(why.to_string()),
        (Err(_), None) => return Ok(present(facts)),
    };
    let found = match id {
        Some(id) => reader.cycle_by_id(id),
        None => Ok(facts.history.as_ref().ok().and_then(|h| h.newest.clone())),
    };
    let found = found.map_err(|why| why.to_string())?;
    let Some(cycle) = found else {
        return match id {
            Some(id) => Err(format!(
                "there is no cycle `{id}` in the record; ids are in the log and in every stepN.json"
            )),
            None => Ok(present(facts)),
        };
    };
    let steps = reader.steps(&cycle).map_err(|why| why.to_string())?;
    if as_json {
        let now = id.is_none().then(|| Verdict::of(facts));
        return Ok(format!(
            "{}\n",
            json!({"cycle": cycle, "steps": steps, "now": now, "next_start": facts.next_start})
        ));
    }
    let mut text = past(facts, &cycle, &steps);
    if id.is_none() {
        text.push('\n');
        text.push_str(&present(facts));
    }
    Ok(text)
}

/// What happened to a cycle.
fn past(facts: &Facts, cycle: &Cycle, steps: &[Step]) -> String {
    let wall = cycle
        .wall
        .map(|wall| format!(" after {:.1} s", wall.as_secs_f64()))
        .unwrap_or_default();
    let step = cycle.failed_step.as_deref().unwrap_or("a step");
    let how = match cycle.outcome {
        Some(CycleOutcome::Ok) => format!("was good{wall}"),
        Some(CycleOutcome::Failed) => format!("failed at {step}{wall}"),
        Some(CycleOutcome::Cancelled) => format!("was cancelled{wall}"),
        Some(CycleOutcome::Crashed) => "was cut off: the orchestrator died in it".to_owned(),
        None => "still runs".to_owned(),
    };
    let mut text = format!("Cycle {} {how}.\n", cycle.id);
    let mut began = format!(
        "{} ({})",
        instant(cycle.started_at),
        ago(cycle.started_at, facts.now)
    );
    match cycle.scheduled_at {
        Some(at) if (cycle.started_at - at).num_seconds() > 1 => {
            began.push_str(&format!(", {} late", length(cycle.started_at - at)));
        }
        // Asked for by a person, or by an orchestrator that did not write it down.
        Some(_) | None => {}
    }
    text.push_str(&format!("  began:    {began}\n"));
    if let Some(over) = cycle.overrun {
        let words = format!("{:.1} s past the next start", over.as_secs_f64());
        text.push_str(&format!("  overran:  {words}\n"));
    }
    if let Some(message) = &cycle.message {
        text.push_str(&wrapped("  why:      ", message));
    }
    if cycle.outcome == Some(CycleOutcome::Failed) {
        text.push_str(&wrapped("  means:    ", meaning(steps)));
        let effect = if facts.product_file().found.is_some() {
            "what the failed step and those behind it write stayed as it was: bots still read the last good file"
        } else {
            "no step5.json was written yet: bots have nothing to read"
        };
        text.push_str(&wrapped("  effect:   ", effect));
    }
    text.push_str("  steps:\n");
    for step in steps {
        let head = format!("    {:<8} ", step.name);
        text.push_str(&wrapped(&head, &one_step(step)));
    }
    if let Some(matches) = cycle.matches {
        let odds = cycle
            .with_odds
            .map(|n| format!(", {} with odds", grouped(n)))
            .unwrap_or_default();
        text.push_str(&format!("  matches:  {}{odds}\n", grouped(matches)));
    }
    if let Some(fetch) = &cycle.fetch {
        let words = format!(
            "{} requests, {} retries, {} known already, completeness {:.1}%",
            grouped(fetch.requests),
            grouped(fetch.retries),
            grouped(fetch.cache_hits),
            fetch.completeness * 100.0
        );
        text.push_str(&wrapped("  fetch:    ", &words));
        for error in fetch.errors.iter().take(5) {
            text.push_str(&wrapped("            ", error));
        }
    }
    text.push_str(&format!(
        "  its log:  {}\n",
        commands::health(&format!("logs --cycle {}", cycle.id), facts)
    ));
    text
}

/// How a step of a cycle went, in words.
pub(crate) fn one_step(step: &Step) -> String {
    let how = match step.outcome {
        None => "runs".to_owned(),
        Some(StepOutcome::Ok) => "ok".to_owned(),
        Some(StepOutcome::NotRun) => "not run, an earlier one failed".to_owned(),
        Some(StepOutcome::Failed(code)) => format!("FAILED, exit {code} ({})", Exit::meaning(code)),
        Some(StepOutcome::Signalled(signal)) => format!("FAILED, ended by signal {signal}"),
        Some(StepOutcome::TimedOut { forced: false }) => "FAILED, its time was up".to_owned(),
        Some(StepOutcome::TimedOut { forced: true }) => {
            "FAILED, its time was up and it had to be killed".to_owned()
        }
        Some(StepOutcome::NoOutput) => "FAILED, wrote no file of this cycle".to_owned(),
        Some(StepOutcome::SpawnFailed) => "FAILED, could not be started".to_owned(),
        Some(StepOutcome::Cancelled) => "told to stop".to_owned(),
        Some(StepOutcome::Crashed) => "cut off".to_owned(),
    };
    let mut text = how;
    if let Some(wall) = step.wall {
        text.push_str(&format!(", {:.2} s", wall.as_secs_f64()));
    }
    if step.attempts > 1 {
        text.push_str(&format!(", {} tries", step.attempts));
    }
    if let Some(size) = step.bytes_out {
        text.push_str(&format!(", {}", bytes(size)));
    }
    if let Some(size) = step.max_rss {
        text.push_str(&format!(", {} memory", bytes(size)));
    }
    if step.leaked {
        text.push_str(", left something behind");
    }
    text
}

/// What the failure means to a person.
fn meaning(steps: &[Step]) -> &'static str {
    let failed = steps.iter().find_map(|step| match step.outcome? {
        StepOutcome::Ok | StepOutcome::NotRun => None,
        outcome => Some(outcome),
    });
    match failed {
        Some(StepOutcome::Failed(77)) => {
            "the provider refuses us; trying again won't help: check address, plan and credentials with it"
        }
        Some(StepOutcome::Failed(78)) => {
            "the configuration is wrong; `orchestrator check` lists what to change"
        }
        Some(StepOutcome::Failed(69)) => {
            "the provider did not answer or answered with errors; the next cycle tries again by itself"
        }
        Some(StepOutcome::Failed(75)) => "it is worth trying again later, which happens by itself",
        Some(StepOutcome::Failed(74)) => {
            "the output could not be written: look at the disk's space and the folder's owner"
        }
        Some(StepOutcome::Failed(65 | 66)) => {
            "the file of the step before is missing or unusable: run that step by hand and look at what it says"
        }
        Some(StepOutcome::TimedOut { .. }) => {
            "it took longer than its `timeout` in the configuration: a slow provider, a slow disk or a busy machine"
        }
        Some(StepOutcome::Signalled(_)) => {
            "something outside ended it; if the machine is short of memory, the kernel says so in its log"
        }
        Some(StepOutcome::SpawnFailed) => {
            "the program could not be started: `orchestrator check` looks for all of them"
        }
        _ => "the step has a fault of its own; its log has the details",
    }
}

/// Why nothing runs now, or what does, and when it goes on.
fn present(facts: &Facts) -> String {
    let verdict = Verdict::of(facts);
    let mut text = String::from("Now: ");
    let running = facts.history.as_ref().ok().and_then(|h| h.running.as_ref());
    match (&facts.presence, running) {
        (Presence::NoLock, _) if !facts.ever_ran() => {
            text.push_str("no orchestrator has run on this data directory yet.\n")
        }
        (Presence::Gone(_) | Presence::NoLock, _) => {
            text.push_str("nothing runs, because the orchestrator does not run.\n")
        }
        (Presence::Running(_), Some(running)) => {
            let step = running.step.as_ref();
            let name = step.map_or("no step", |step| step.name.as_str());
            let since = step
                .and_then(|s| s.started_at)
                .unwrap_or(running.cycle.started_at);
            text.push_str(&format!(
                "cycle {} runs, at {name} for {}.\n",
                running.cycle.id,
                length(facts.now - since)
            ));
        }
        (Presence::Running(_), None) => match (&facts.pause, &facts.backoff, facts.next_start) {
            (Some(pause), _, _) => {
                let until = match pause.until {
                    Some(at) => format!("it goes on at {}", clock(at)),
                    None => "it goes on when somebody resumes it".to_owned(),
                };
                text.push_str(&format!("paused by a person; {until}.\n"));
            }
            (None, Some(_), at) => {
                let at = at.map(|at| format!("; the next try is at {}", clock(at)));
                text.push_str(&format!(
                    "waiting longer than usual after failures{}.\n",
                    at.unwrap_or_default()
                ));
            }
            (None, None, Some(at)) => text.push_str(&format!(
                "nothing runs between two cycles; the next one starts at {} (in {}).\n",
                clock(at),
                length(at - facts.now)
            )),
            (None, None, None) => {
                text.push_str("nothing runs; the next cycle should start at once.\n")
            }
        },
    }
    for (problem, why) in verdict.reasons() {
        // Some are what the first line says already.
        let said = matches!(
            problem.situation,
            Situation::NeverRan
                | Situation::Paused
                | Situation::Backoff
                | Situation::OrchestratorDead
                | Situation::OrchestratorStopped
                | Situation::OrchestratorFinished
        );
        if !said {
            let also = format!("{}, {}", problem.level.word(), problem.what);
            text.push_str(&wrapped("  also: ", &also));
        }
        if let Some(why) = why {
            text.push_str(&wrapped("  why:  ", why));
        }
    }
    let jumped = |problem: &Problem| problem.situation == Situation::ClockJumped;
    if let Some(set) = facts
        .clock_set()
        .filter(|_| !verdict.problems.iter().any(jumped))
    {
        let words = format!(
            "{} ({}): times of what was recorded before are of another clock than those behind",
            set.text,
            ago(set.at, facts.now)
        );
        text.push_str(&wrapped("  note: ", &words));
    }
    let next = match facts.presence {
        Presence::Running(_) if verdict.problems.is_empty() => commands::report(facts),
        _ => verdict.next().to_owned(),
    };
    text.push_str(&format!("next: {next}\n"));
    text
}
