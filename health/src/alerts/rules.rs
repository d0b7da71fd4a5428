//! The rules: what each one measures, in which direction it is a problem, what is its cause if both
//! are there, and its words. Causes stand before consequences. Levels and times are configuration.

use journal::lock::Presence;
use journal::{CycleOutcome, EventKind};
use pipeline::Config;
use pipeline::config::alerts::Rule;

use super::engine::Reading;
use crate::facts::{Facts, Freshness, History, LOOP_SLACK};
use crate::verdict::commands;
use crate::words::{ago, bytes, grouped, length};

/// In which direction a number is a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Above the threshold.
    Over,
    /// At the threshold or above.
    AtLeast,
    /// Below the threshold.
    Under,
}

/// A rule, as far as it is not configuration.
#[derive(Debug)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// In which direction its number is a problem.
    pub direction: Direction,
    /// What the number counts.
    pub unit: &'static str,
    /// Rules that are its cause when they hold too.
    pub waits_on: &'static [&'static str],
    /// What it watches, for `explain`.
    pub about: &'static str,
    measure: fn(&Facts) -> Reading,
}

const GONE: &[&str] = &["CrashLoop", "ServiceDown", "ServiceHung"];
const UPSTREAM: &[&str] = &[
    "CrashLoop",
    "ServiceDown",
    "ServiceHung",
    "DiskLow",
    "UpstreamAuth",
    "UpstreamErrors",
];
const STALE: &[&str] = &[
    "CrashLoop",
    "ServiceDown",
    "ServiceHung",
    "DiskLow",
    "UpstreamAuth",
    "UpstreamErrors",
    "PublishStale",
];
const FAILING: &[&str] = &[
    "CrashLoop",
    "ServiceDown",
    "ServiceHung",
    "DiskLow",
    "UpstreamAuth",
    "UpstreamErrors",
    "PublishStale",
    "DataStale",
];

/// All rules, causes before consequences.
pub static ALL: [Definition; 20] = {
    use Direction::{AtLeast, Over, Under};
    macro_rules! rule {
        ($name:literal, $direction:ident, $unit:literal, $waits_on:expr, $measure:ident, $about:literal) => {
            Definition {
                name: $name,
                direction: $direction,
                unit: $unit,
                waits_on: $waits_on,
                about: $about,
                measure: $measure,
            }
        };
    }
    [
        rule!(
            "CrashLoop",
            AtLeast,
            "starts in 15 min",
            &[],
            crash_loop,
            "The orchestrator starts again and again."
        ),
        rule!(
            "ServiceDown",
            AtLeast,
            "1 = down",
            &["CrashLoop"],
            service_down,
            "No orchestrator runs on the data directory although one should."
        ),
        rule!(
            "ServiceHung",
            Over,
            "s late",
            &[],
            service_hung,
            "The orchestrator lives, but its loop has not moved when it said it would."
        ),
        rule!(
            "DiskLow",
            Under,
            "bytes free",
            &[],
            disk_low,
            "The disk of the data directory has little room left; cycles are skipped before files are half written."
        ),
        rule!(
            "UpstreamAuth",
            AtLeast,
            "1 = refused",
            GONE,
            upstream_auth,
            "The provider refuses the credentials, the address or the plan. Not tried again at speed."
        ),
        rule!(
            "UpstreamErrors",
            Over,
            "% of matches",
            &["CrashLoop", "ServiceDown", "ServiceHung", "UpstreamAuth"],
            upstream_errors,
            "Requests to the provider fail, over the last 15 minutes."
        ),
        rule!(
            "PublishStale",
            Over,
            "s behind",
            UPSTREAM,
            publish_stale,
            "Data is fetched, but a later step fails: the product file stays behind."
        ),
        rule!(
            "DataStale",
            Over,
            "s old",
            STALE,
            data_stale,
            "The data in step5.json is older than it should be. Bots must not act on it."
        ),
        rule!(
            "NoActivity",
            Over,
            "s",
            FAILING,
            no_activity,
            "No cycle has begun or ended for a while."
        ),
        rule!(
            "FailedCycles",
            Over,
            "failed in 1 h",
            FAILING,
            failed_cycles,
            "Too many cycles failed in the last hour."
        ),
        rule!(
            "LowSuccessRate",
            Under,
            "% good in 1 h",
            FAILING_AND_COUNT,
            low_success,
            "Too few cycles of the last hour were good."
        ),
        rule!(
            "CycleOverruns",
            Over,
            "overruns in 1 h",
            UPSTREAM,
            cycle_overruns,
            "Cycles take longer than the time from one to the next."
        ),
        rule!(
            "RecordsDrop",
            Over,
            "% fewer",
            UPSTREAM,
            records_drop,
            "Far fewer matches than at this hour of this weekday in the last four weeks."
        ),
        rule!(
            "OddsCoverageDrop",
            Over,
            "% fewer",
            UPSTREAM,
            odds_drop,
            "The share of matches with odds has fallen against the last day."
        ),
        rule!(
            "CpuHigh",
            Over,
            "%",
            &[],
            cpu_high,
            "The processors are busy."
        ),
        rule!(
            "MemoryHigh",
            Over,
            "%",
            &[],
            memory_high,
            "Memory is nearly used up."
        ),
        rule!(
            "DiskHigh",
            Over,
            "%",
            &["DiskLow"],
            disk_high,
            "The disk is nearly full."
        ),
        rule!(
            "DiskForecast",
            Under,
            "s until full",
            &["DiskLow", "DiskHigh"],
            disk_forecast,
            "At the pace of the last week the disk will soon be full."
        ),
        rule!(
            "JournalBroken",
            AtLeast,
            "1 = broken",
            GONE,
            journal_broken,
            "The record of cycles can't be read, or was damaged and begun anew in the last day."
        ),
        rule!(
            "SinkFailing",
            Over,
            "s",
            &[],
            sink_failing,
            "Messages wait for a sink that can't be reached."
        ),
    ]
};

const FAILING_AND_COUNT: &[&str] = &[
    "CrashLoop",
    "ServiceDown",
    "ServiceHung",
    "DiskLow",
    "UpstreamAuth",
    "UpstreamErrors",
    "PublishStale",
    "DataStale",
    "FailedCycles",
];

impl Definition {
    /// The rule of this name, in any case.
    pub fn find(name: &str) -> Option<&'static Definition> {
        ALL.iter().find(|rule| rule.name.eq_ignore_ascii_case(name))
    }

    /// What it sees.
    pub fn read(&self, facts: &Facts) -> Reading {
        (self.measure)(facts)
    }
}

/// What all rules that are switched on see.
pub fn read<'c>(
    facts: &Facts,
    config: &'c Config,
) -> Vec<(&'static Definition, &'c Rule, Reading)> {
    ALL.iter()
        .filter_map(|definition| {
            let rule = config.alerts.rule.get(definition.name)?;
            rule.enabled
                .then(|| (definition, rule, definition.read(facts)))
        })
        .collect()
}

fn reading(value: Option<f64>, what: String, why: Option<String>, next: String) -> Reading {
    Reading {
        value,
        what,
        why,
        next,
    }
}

fn history(facts: &Facts) -> Option<&History> {
    facts.history.as_ref().ok()
}

fn yes(condition: bool) -> Option<f64> {
    Some(f64::from(u8::from(condition)))
}

/// Whether an orchestrator is meant to run: it ran, and was not told to end nor done with its task.
fn stopped_on_purpose(facts: &Facts) -> bool {
    history(facts)
        .and_then(|history| history.last_turn.as_ref())
        .is_some_and(|turn| turn.kind == EventKind::Finished)
}

fn crash_loop(facts: &Facts) -> Reading {
    let starts = history(facts).map(|history| f64::from(history.starts_15m));
    let what = format!(
        "the orchestrator started {} times in 15 min",
        starts.unwrap_or(0.0)
    );
    reading(starts, what, last_message(facts), commands::errors(facts))
}

fn service_down(facts: &Facts) -> Reading {
    let down = match &facts.presence {
        Presence::Running(_) => yes(false),
        Presence::Gone(_) => yes(!stopped_on_purpose(facts)),
        Presence::Never => None,
    };
    let last = facts
        .last_activity()
        .map(|at| format!(", last cycle {}", ago(at, facts.now)))
        .unwrap_or_default();
    let turn = history(facts).and_then(|history| history.last_turn.as_ref());
    let why = match turn {
        Some(turn) if turn.kind == EventKind::Stop => turn.text.clone(),
        _ => "it died without saying why (killed, out of memory, or the machine went down)"
            .to_owned(),
    };
    reading(
        down,
        format!("the orchestrator is not running{last}"),
        Some(why),
        commands::start(facts),
    )
}

fn service_hung(facts: &Facts) -> Reading {
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

fn disk_low(facts: &Facts) -> Reading {
    let free = facts.host.disk.map(|disk| disk.available);
    let what = format!("the disk has only {} left", bytes(free.unwrap_or(0)));
    let most = facts.storage.areas.first();
    let why = most.map(|area| format!("most is in {} ({})", area.name, bytes(area.bytes)));
    reading(
        free.map(|free| free as f64),
        what,
        why,
        commands::disk(facts),
    )
}

/// The exit code of the step that failed in the newest cycle, and the message.
fn newest_failure(facts: &Facts) -> Option<(String, Option<i32>, Option<String>)> {
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

fn last_message(facts: &Facts) -> Option<String> {
    newest_failure(facts).and_then(|(_, _, message)| message)
}

fn upstream_auth(facts: &Facts) -> Reading {
    let failure = newest_failure(facts);
    let refused = matches!(failure, Some((_, Some(77), _)));
    reading(
        history(facts).and_then(|_| yes(refused)),
        "the provider refuses us (credentials, address or plan)".to_owned(),
        failure.and_then(|(_, _, message)| message),
        commands::errors(facts),
    )
}

fn upstream_errors(facts: &Facts) -> Reading {
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
        let failed_at_fetch = cycle.outcome == Some(CycleOutcome::Failed)
            && cycle.failed_step.as_deref() == Some("step1");
        match &cycle.fetch {
            _ if failed_at_fetch => missed += 1.0,
            Some(fetch) => {
                missed += 1.0 - fetch.completeness.clamp(0.0, 1.0);
                requests += fetch.requests;
            }
            None => {}
        }
        cycles += 1.0;
    }
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
    reading(Some(percent), what, why, commands::errors(facts))
}

/// Paused and backing off are told by other means: then nothing is late.
fn held_back(facts: &Facts) -> bool {
    facts.pause.is_some()
}

/// In the first minutes after a start old data is no news.
fn starting(facts: &Facts) -> bool {
    match &facts.presence {
        Presence::Running(holder) => holder.since.is_some_and(|since| {
            (facts.now - since).to_std().unwrap_or_default() <= facts.limits.fresh
        }),
        _ => stopped_on_purpose(facts),
    }
}

fn publish_stale(facts: &Facts) -> Reading {
    let behind = match (facts.product.raw_fetched_at, facts.product.fetched_at) {
        (Some(raw), Some(product)) => Some((raw - product).num_seconds().max(0) as f64),
        (Some(raw), None) => Some((facts.now - raw).num_seconds().max(0) as f64),
        _ => Some(0.0),
    };
    let failure = newest_failure(facts);
    let at = failure
        .as_ref()
        .map(|(step, _, _)| format!(": {step} fails"))
        .unwrap_or_default();
    let what = format!("data is fetched but not published{at}");
    let why = failure.and_then(|(_, _, message)| message);
    reading(behind, what, why, commands::errors(facts))
}

fn data_stale(facts: &Facts) -> Reading {
    let age = facts.product.fetched_at.map(|at| facts.now - at);
    let limit = facts.limits.fresh.as_secs_f64();
    let seconds = age.map(|age| age.num_seconds() as f64);
    // The configured level is meant for a minute's interval; longer ones make older data.
    let scaled = seconds.map(|s| if s <= limit { 0.0 } else { s });
    let value = if held_back(facts) || starting(facts) {
        Some(0.0)
    } else {
        scaled
    };
    let what = format!("the data is {} old", length(age.unwrap_or_default()));
    reading(value, what, last_message(facts), commands::errors(facts))
}

fn no_activity(facts: &Facts) -> Reading {
    let idle = facts.last_activity().map(|at| facts.now - at);
    let quiet = held_back(facts)
        || facts.backoff.is_some()
        || starting(facts)
        || facts.freshness_at(facts.last_activity().unwrap_or(facts.now)) < Freshness::Late;
    let value = if quiet {
        Some(0.0)
    } else {
        idle.map(|idle| idle.num_seconds() as f64)
    };
    let what = format!("nothing was done for {}", length(idle.unwrap_or_default()));
    reading(value, what, None, commands::errors(facts))
}

fn failed_cycles(facts: &Facts) -> Reading {
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

fn low_success(facts: &Facts) -> Reading {
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

fn cycle_overruns(facts: &Facts) -> Reading {
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

fn records_drop(facts: &Facts) -> Reading {
    let usual = history(facts)
        .and_then(|history| history.baseline.matches)
        .filter(|n| *n >= 10.0);
    let now = history(facts)
        .and_then(|history| history.newest_good.as_ref())
        .and_then(|cycle| cycle.matches);
    let drop = match (usual, now) {
        (Some(usual), Some(now)) => (100.0 - now as f64 * 100.0 / usual).max(0.0),
        _ => 0.0,
    };
    let what = format!(
        "{} matches where {:.0} are usual at this hour",
        grouped(now.unwrap_or(0)),
        usual.unwrap_or(0.0)
    );
    let value = history(facts).map(|_| drop);
    reading(value, what, None, commands::report(facts))
}

fn odds_drop(facts: &Facts) -> Reading {
    let usual = history(facts).and_then(|history| history.baseline.odds_coverage);
    let now = facts
        .feed
        .as_ref()
        .and_then(|feed| feed.with_odds)
        .filter(|(_, all)| *all >= 10);
    let share = now.map(|(with, all)| with as f64 / all as f64);
    let drop = match (usual, share) {
        (Some(usual), Some(share)) if usual > 0.0 => (100.0 - share * 100.0 / usual).max(0.0),
        _ => 0.0,
    };
    let what = format!(
        "only {:.0}% of the matches have odds, {:.0}% are usual",
        share.unwrap_or(0.0) * 100.0,
        usual.unwrap_or(0.0) * 100.0
    );
    let value = history(facts).map(|_| drop);
    reading(value, what, None, commands::report(facts))
}

fn cpu_high(facts: &Facts) -> Reading {
    let percent = facts.host.cpu.map(|cpu| cpu.percent());
    let what = format!("the processors are {:.0}% busy", percent.unwrap_or(0.0));
    reading(percent, what, None, "top".to_owned())
}

fn memory_high(facts: &Facts) -> Reading {
    let percent = facts.host.memory.map(|share| share.percent());
    let what = format!("memory is {:.0}% used", percent.unwrap_or(0.0));
    reading(percent, what, None, "free -h".to_owned())
}

fn disk_high(facts: &Facts) -> Reading {
    let percent = facts.host.disk.map(|share| share.percent());
    let what = format!("the disk is {:.0}% used", percent.unwrap_or(0.0));
    reading(percent, what, None, commands::disk(facts))
}

fn disk_forecast(facts: &Facts) -> Reading {
    let roomy = facts.host.disk.is_none_or(|disk| disk.percent() < 60.0);
    let seconds = facts.storage.full_in();
    // Much room left is no problem, whatever the pace (a forecast alone is noisy).
    let value = if roomy {
        f64::INFINITY
    } else {
        seconds.unwrap_or(f64::INFINITY)
    };
    let left = chrono::TimeDelta::seconds(seconds.filter(|s| s.is_finite()).unwrap_or(0.0) as i64);
    let what = format!("the disk will be full in {}", length(left));
    reading(Some(value), what, None, commands::disk(facts))
}

fn journal_broken(facts: &Facts) -> Reading {
    let day = chrono::TimeDelta::hours(24);
    let aside = facts
        .storage
        .journal_aside
        .filter(|at| facts.now - *at < day);
    let (broken, why) = match (&facts.history, aside) {
        (Err(why), _) => (facts.presence != Presence::Never, Some(why.to_string())),
        (Ok(_), Some(at)) => {
            let why = format!("a damaged one was moved aside {}", ago(at, facts.now));
            (true, Some(why))
        }
        _ => (false, None),
    };
    let what = "the record of cycles can't be used".to_owned();
    reading(yes(broken), what, why, commands::check(facts))
}

fn sink_failing(facts: &Facts) -> Reading {
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
        format!("health alerts test{}", facts.data_flag),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_settings_and_stands_behind_its_causes() {
        let config = Config::default();
        let mut names: Vec<_> = ALL.iter().map(|rule| rule.name).collect();
        for (n, rule) in ALL.iter().enumerate() {
            for cause in rule.waits_on {
                let at = names.iter().position(|name| name == cause);
                assert!(
                    at.is_some_and(|at| at < n),
                    "{} waits on {cause}",
                    rule.name
                );
            }
        }
        names.sort_unstable();
        assert_eq!(names, config.alerts.rule.names().collect::<Vec<_>>());
    }
}
