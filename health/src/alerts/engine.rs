//! From what is seen and what is remembered to what is remembered next and who must be told: pure.
//!
//! An alert is pending until its condition has lasted, then it fires, then (after its condition has
//! been over for a while, at another level than it began: no flapping) it is resolved. Silences and
//! causes stand beside that state, never instead of it: they hold back messages, not the evaluation.
//! Who was told that it fired is told that it is over, whatever was silenced meanwhile.

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::config::alerts::{Alerts, Rule, Severity};
use serde::{Deserialize, Serialize};

use super::rules::{Definition, Direction};
use super::state::{Alert, Entry, Silence, State};

/// What a rule sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The number that is judged; none when it can't be told, which changes nothing.
    pub value: Option<f64>,
    /// Since when it is so, at the latest, where the facts say that.
    pub since: Option<DateTime<Utc>>,
    /// What is wrong, if it is.
    pub what: String,
    /// Why, if it is known.
    pub why: Option<String>,
    /// The command to run next.
    pub next: String,
}

/// What a message says has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// It began.
    Firing,
    /// It still lasts.
    Still,
    /// It is over.
    Resolved,
}

/// What must be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// What happened.
    pub verb: Verb,
    /// The alert.
    pub name: String,
    /// How urgent.
    pub severity: Severity,
    /// What is wrong.
    pub what: String,
    /// Why, if it is known.
    pub why: Option<String>,
    /// The command to run next.
    pub next: String,
    /// Since when its condition holds.
    pub since: DateTime<Utc>,
    /// When this was decided.
    pub at: DateTime<Utc>,
    /// Messages about it, this one included.
    pub told: u32,
}

/// After its cause is gone an alert has so long to go away by itself.
const RECOVERY: TimeDelta = TimeDelta::minutes(2);

/// One evaluation. `seen` is in the order of causes before consequences.
pub fn evaluate(
    seen: &[(&Definition, &Rule, Reading)],
    before: &State,
    silences: &[Silence],
    settings: &Alerts,
    now: DateTime<Utc>,
) -> (State, Vec<Notification>) {
    let mut state = before.clone();
    if let Some(last) = before.evaluated_at
        && now < last
    {
        // The clock was set back: lengths of time stay what they were.
        state.shift(now - last);
    }
    state.evaluated_at = Some(now);
    // Alerts of rules that are gone or switched off are over.
    let mut told = Vec::new();
    let gone: Vec<_> = state
        .alerts
        .keys()
        .filter(|name| {
            !seen
                .iter()
                .any(|(definition, _, _)| definition.name == **name)
        })
        .cloned()
        .collect();
    for name in gone {
        resolve(&mut state, &name, now, &mut told);
    }
    for (definition, rule, reading) in seen {
        one(&mut state, definition, rule, reading, now, &mut told);
        if let Some(alert) = state.alerts.get_mut(definition.name) {
            let silenced = silences
                .iter()
                .any(|silence| silence.covers(definition.name, alert, now));
            if !silenced {
                tell(definition.name, alert, settings, now, &mut told);
            }
        }
    }
    (state, told)
}

/// Moves one alert on.
fn one(
    state: &mut State,
    definition: &Definition,
    rule: &Rule,
    reading: &Reading,
    now: DateTime<Utc>,
    told: &mut Vec<Notification>,
) {
    let name = definition.name;
    let Some(value) = reading.value else {
        return;
    };
    let begins = definition.direction.begins(value, rule.threshold);
    let over = definition.direction.over(value, rule.clear, rule.threshold);
    let cause = definition
        .waits_on
        .iter()
        .find(|cause| state.alerts.contains_key(**cause))
        .map(|cause| (*cause).to_owned());
    let lasting = span(rule.lasting.0);
    let Some(alert) = state.alerts.get_mut(name) else {
        if begins {
            state.alerts.insert(
                name.to_owned(),
                Alert {
                    severity: rule.severity,
                    since: now,
                    ready_from: now + lasting,
                    fired_at: None,
                    clear_since: None,
                    waits_on: None,
                    told: 0,
                    last_told: None,
                    value,
                    what: String::new(),
                    why: None,
                    next: String::new(),
                },
            );
            return one(state, definition, rule, reading, now, told);
        }
        return;
    };
    if over {
        let since = *alert.clear_since.get_or_insert(now);
        if alert.fired_at.is_none() {
            state.alerts.remove(name);
        } else if now - since >= span(rule.hold.0) {
            resolve(state, name, now, told);
        }
        return;
    }
    if alert.fired_at.is_none() && !begins {
        // Between the levels, and it never fired: it has not lasted.
        state.alerts.remove(name);
        return;
    }
    alert.clear_since = None;
    alert.severity = rule.severity;
    alert.value = value;
    alert.what.clone_from(&reading.what);
    alert.why.clone_from(&reading.why);
    alert.next.clone_from(&reading.next);
    if alert.waits_on.is_some() && cause.is_none() {
        alert.ready_from = now + lasting.max(RECOVERY);
    }
    alert.waits_on = cause;
    if alert.fired_at.is_none() && alert.waits_on.is_none() && now >= alert.ready_from {
        alert.fired_at = Some(now);
        let entry = Entry {
            at: now,
            event: "firing".to_owned(),
            name: name.to_owned(),
            severity: alert.severity,
            what: alert.what.clone(),
            lasted_s: None,
            told: 0,
        };
        state.remember(entry);
    }
}

/// Says what must be said of an alert that fires.
fn tell(
    name: &str,
    alert: &mut Alert,
    settings: &Alerts,
    now: DateTime<Utc>,
    told: &mut Vec<Notification>,
) {
    let fires = alert.fired_at.is_some() && alert.clear_since.is_none() && alert.waits_on.is_none();
    if !fires || now < alert.ready_from {
        return;
    }
    let verb = match alert.last_told {
        None => Verb::Firing,
        Some(last) => {
            let wait = if alert.told <= 1 {
                settings.first_reminder
            } else {
                settings.reminder
            };
            if now - last < span(wait.0) {
                return;
            }
            Verb::Still
        }
    };
    alert.told += 1;
    alert.last_told = Some(now);
    told.push(notification(verb, name, alert, now));
}

fn resolve(state: &mut State, name: &str, now: DateTime<Utc>, told: &mut Vec<Notification>) {
    let Some(mut alert) = state.alerts.remove(name) else {
        return;
    };
    if alert.fired_at.is_none() {
        return;
    }
    if alert.told > 0 {
        alert.told += 1;
        told.push(notification(Verb::Resolved, name, &alert, now));
    }
    state.remember(Entry {
        at: now,
        event: "resolved".to_owned(),
        name: name.to_owned(),
        severity: alert.severity,
        what: alert.what,
        lasted_s: Some((now - alert.since).num_seconds().max(0)),
        told: alert.told,
    });
}

fn notification(verb: Verb, name: &str, alert: &Alert, now: DateTime<Utc>) -> Notification {
    Notification {
        verb,
        name: name.to_owned(),
        severity: alert.severity,
        what: alert.what.clone(),
        why: alert.why.clone(),
        next: alert.next.clone(),
        since: alert.since,
        at: now,
        told: alert.told,
    }
}

impl Direction {
    /// Whether a number is a problem.
    pub fn begins(self, value: f64, threshold: f64) -> bool {
        match self {
            Direction::Over => value > threshold,
            Direction::AtLeast => value >= threshold,
            Direction::Under => value < threshold,
        }
    }

    /// Whether a number is none any more.
    pub fn over(self, value: f64, clear: f64, threshold: f64) -> bool {
        match self {
            Direction::Over => value <= clear.min(threshold),
            Direction::AtLeast => value < clear.min(threshold),
            Direction::Under => value >= clear.max(threshold),
        }
    }
}

fn span(length: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(length).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
