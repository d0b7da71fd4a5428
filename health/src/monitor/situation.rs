//! What can be said of a problem besides why and what to do: what happens by itself, and when.

use chrono::{DateTime, Utc};
use journal::lock::Presence;

use super::head::due;
use super::overview::{moment, short};
use crate::look::Look;
use crate::verdict::{Problem, Situation};

/// The problem in a sentence. What ends at some time is told with that time as the rest of the screen has
/// it, in UTC: the verdict is for reports, which are local.
pub fn what(problem: &Problem, look: &Look) -> String {
    let facts = &look.facts;
    match (problem.situation, &facts.pause, &facts.backoff) {
        (Situation::Paused, Some(pause), _) => {
            let until = match pause.until {
                Some(at) => moment(at, facts.now),
                None => "a person resumes it".to_owned(),
            };
            let since = pause
                .since
                .map(|at| format!(", paused at {}", moment(at, facts.now)))
                .unwrap_or_default();
            format!("paused by a person until {until}{since}")
        }
        (Situation::Backoff, _, Some(backoff)) => {
            let next = backoff.until.or(facts.next_start);
            let next = next.map(|at| format!(", next cycle at {}", moment(at, facts.now)));
            format!("waiting after failures{}", next.unwrap_or_default())
        }
        _ => problem.what.clone(),
    }
}

/// What is going on because of it; none where there is no more to say.
pub fn note(problem: &Problem, look: &Look, now: DateTime<Utc>) -> Option<String> {
    match problem.situation {
        Situation::UpstreamAuth => {
            let next = retry(look, now).map(|next| format!("; {next}"));
            Some(format!(
                "credentials, address or plan: no retry mends that{}",
                next.unwrap_or_default()
            ))
        }
        Situation::UpstreamErrors | Situation::CyclesFail | Situation::CycleFailed => {
            let budget = || {
                let fetch = look.pace.as_ref()?.fetch.as_ref()?;
                let left = fetch.budget_left.values().min()?;
                Some(format!("budget {left} left"))
            };
            let parts: Vec<_> = retry(look, now).into_iter().chain(budget()).collect();
            (!parts.is_empty()).then(|| parts.join("; "))
        }
        Situation::OrchestratorDead
        | Situation::OrchestratorStopped
        | Situation::OrchestratorFinished => {
            let at = look.facts.last_activity()?;
            Some(format!(
                "NOTHING RUNS since {}: all below is the last known, {} old",
                moment(at, now),
                short(now - at)
            ))
        }
        Situation::StateUnreadable => Some(format!(
            "`{}`; what is below is from the other files",
            crate::words::tail(&look.facts.data.journal().display().to_string(), 30)
        )),
        _ => None,
    }
}

/// When the next try is.
fn retry(look: &Look, now: DateTime<Utc>) -> Option<String> {
    let facts = &look.facts;
    if facts.pause.is_some() || !matches!(facts.presence, Presence::Running(_)) {
        return None;
    }
    let backoff = facts.backoff.as_ref();
    let at = backoff.and_then(|one| one.until).or(facts.next_start)?;
    let word = if backoff.is_some() { " (backoff)" } else { "" };
    Some(format!(
        "{}, at {}{word}",
        due("next try", at, now),
        moment(at, now)
    ))
}
