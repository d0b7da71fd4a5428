//! Whether people are told, and what alerts say that nothing else has said.

use chrono::{DateTime, TimeDelta, Utc};
use journal::lock::Presence;

use super::{Level, Problem, Situation, commands};
use crate::facts::Facts;
use crate::words::{length, shell};

/// That sinks are configured and `health watch` does not run; a starting orchestrator has a minute.
pub(super) fn not_watched(facts: &Facts) -> Option<Problem> {
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
        next: commands::health("watch", facts),
    })
}

pub(super) fn sinks(facts: &Facts) -> Option<Problem> {
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
    let waiting = match failing.queued {
        0 => String::new(),
        1 => "; 1 message waits".to_owned(),
        n => format!("; {n} messages wait"),
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
            "{}{waiting}{other}",
            failing.error.as_deref().unwrap_or("no answer"),
        )),
        next: commands::health(
            &format!("alerts test --sink {}", shell(&failing.name)),
            facts,
        ),
    })
}

/// Alerts that nothing above says already.
pub(super) fn alerts(facts: &Facts, said: &[Problem]) -> Vec<Problem> {
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
            "ConfigurationInvalid" => &[Situation::ConfigurationInvalid],
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
            next: commands::health(&format!("alerts explain {}", active.name), facts),
        })
        .collect();
    if let Some(why) = &facts.alerts.problem {
        problems.push(Problem {
            situation: Situation::AlertsUnreadable,
            level: Level::Warning,
            what: "what is remembered of alerts can't be used".to_owned(),
            since: None,
            why: Some(format!("{why}; the watcher begins anew")),
            next: commands::health("alerts", facts),
        });
    }
    problems
}
