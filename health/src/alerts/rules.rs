//! The rules: what each one measures, in which direction it is a problem, what is its cause if both
//! are there, and its words. Causes stand before consequences. Levels and times are configuration.

mod cycles;
mod data;
mod host;
mod provider;
mod service;

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::Config;
use pipeline::config::alerts::Rule;

use super::engine::Reading;
use crate::facts::{Facts, History};
use cycles::{cycle_overruns, failed_cycles, low_success};
use data::{data_stale, no_activity, odds_drop, publish_stale, records_drop};
use host::{cpu_high, disk_forecast, disk_high, disk_low, memory_high};
use provider::{upstream_auth, upstream_errors};
use service::{
    configuration_invalid, crash_loop, journal_broken, service_down, service_hung, sink_failing,
};

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
pub static ALL: [Definition; 21] = {
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
            "ConfigurationInvalid",
            AtLeast,
            "1 = not valid",
            GONE,
            configuration_invalid,
            "The configuration file was edited and is not valid: a restart would end with 78."
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

    /// Since when its condition has held, at the latest, as far as the facts tell by themselves.
    pub fn began(
        &self,
        rule: &Rule,
        reading: &Reading,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        // A number of seconds that grows with time was at the threshold so long ago.
        let is_age = self.direction == Direction::Over && self.unit.split(' ').next() == Some("s");
        if !is_age {
            return reading.since;
        }
        let beyond = reading.value? - rule.threshold;
        Some(now - TimeDelta::milliseconds((beyond.max(0.0) * 1000.0) as i64))
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
        since: None,
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
