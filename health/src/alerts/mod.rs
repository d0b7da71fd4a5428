//! Alerts: what is wrong long enough to tell somebody.
//!
//! [`rules`] measure the facts, [`engine`] decides (pure), [`state`] remembers, [`words`] says it. Who
//! only looks ([`look`]) evaluates too, from what the watcher remembers, and saves nothing: so alerts
//! are true when nobody watches. Nobody then has counted how long a condition has held; of most the
//! facts tell.

pub mod command;
pub mod engine;
pub mod rules;
pub mod state;
pub mod words;

use std::fs::{self, File, TryLockError};

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::config::alerts::Rule;
use pipeline::{Config, DataDir};
use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use engine::Reading;
use rules::Definition;
use state::{Alert, Silence, Silences, State};

/// The alerts as they are now.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    /// Whether `health watch` runs, and so somebody is told.
    pub watched: bool,
    /// When the watcher last evaluated.
    pub evaluated_at: Option<DateTime<Utc>>,
    /// Why what is remembered can't be used.
    pub problem: Option<String>,
    /// Those that fire, the most urgent first. What waits on a cause is not among them.
    pub firing: Vec<Active>,
    /// Those that have not lasted long enough, and those that wait on a cause.
    pub pending: Vec<Active>,
    /// The silences that are in force.
    pub silences: Vec<Silence>,
    /// Who is told, and how that goes.
    pub sinks: Vec<SinkStatus>,
}

/// One alert now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Active {
    /// Its name.
    pub name: String,
    /// What is remembered of it.
    #[serde(flatten)]
    pub alert: Alert,
    /// Whether its messages are held back.
    pub silenced: bool,
    /// When the next reminder is due.
    pub next_reminder: Option<DateTime<Utc>>,
}

/// How telling a sink goes; in `state/sinks/NAME.json`, without anything secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SinkStatus {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: String,
    /// Messages that wait.
    pub queued: u64,
    /// Messages that were delivered, ever.
    pub delivered: u64,
    /// When one was last delivered.
    pub last_success: Option<DateTime<Utc>>,
    /// Since when it can't be reached; none if it can.
    pub failing_since: Option<DateTime<Utc>>,
    /// The last error, without address and token.
    pub error: Option<String>,
}

/// The alerts as they are now, judged on `facts`; nothing is saved.
pub fn look(facts: &Facts, config: &Config) -> View {
    let folder = facts.data.state();
    let (state, problem) = match state::load::<State>(&State::path(&folder)) {
        Ok(state) => (state, None),
        Err(why) => (State::default(), Some(why)),
    };
    let silences = state::load::<Silences>(&Silences::path(&folder)).unwrap_or_default();
    let seen = rules::read(facts, config);
    let watched = watched(&facts.data);
    let before = state;
    let evaluated = |before: &State| {
        let silences = &silences.silences;
        engine::evaluate(&seen, before, silences, &config.alerts, facts.now).0
    };
    let mut state = evaluated(&before);
    if !watched {
        backdate(&mut state, &seen, facts.now);
        state = evaluated(&state);
    }
    // To look tells nobody.
    for (name, alert) in &mut state.alerts {
        let remembered = before.alerts.get(name);
        alert.told = remembered.map_or(0, |alert| alert.told);
        alert.last_told = remembered.and_then(|alert| alert.last_told);
    }
    let mut view = View::of(&state, silences, config, facts.now);
    view.watched = watched;
    view.evaluated_at = before.evaluated_at;
    view.problem = problem;
    view.sinks = sink_statuses(&facts.data, config);
    view
}

/// Lets what is pending have begun when the facts say that it did.
fn backdate(state: &mut State, seen: &[(&Definition, &Rule, Reading)], now: DateTime<Utc>) {
    for (definition, rule, reading) in seen {
        let Some(alert) = state.alerts.get_mut(definition.name) else {
            continue;
        };
        let began = definition
            .began(rule, reading, now)
            .filter(|began| alert.fired_at.is_none() && *began < alert.since);
        if let (Some(began), Ok(lasting)) = (began, TimeDelta::from_std(rule.lasting.0)) {
            alert.since = began;
            alert.ready_from = alert.ready_from.min(began + lasting);
        }
    }
}

impl View {
    /// The alerts in `state`.
    pub fn of(state: &State, mut silences: Silences, config: &Config, now: DateTime<Utc>) -> View {
        silences.tidy(now);
        let mut view = View::default();
        for (name, alert) in &state.alerts {
            let silenced = silences
                .silences
                .iter()
                .any(|silence| silence.covers(name, alert, now));
            let wait = if alert.told <= 1 {
                config.alerts.first_reminder
            } else {
                config.alerts.reminder
            };
            let active = Active {
                name: name.clone(),
                alert: alert.clone(),
                silenced,
                next_reminder: alert
                    .last_told
                    .and_then(|at| Some(at + chrono::TimeDelta::from_std(wait.0).ok()?)),
            };
            if alert.fired_at.is_some() && alert.waits_on.is_none() {
                view.firing.push(active);
            } else {
                view.pending.push(active);
            }
        }
        // Causes before consequences within one urgency.
        let place = |active: &Active| rules::ALL.iter().position(|rule| rule.name == active.name);
        view.firing
            .sort_by_key(|active| (std::cmp::Reverse(active.alert.severity), place(active)));
        view.pending.sort_by_key(place);
        view.silences = silences.silences;
        view
    }
}

/// The lock of the watcher: one per data directory.
pub fn watch_lock(data: &DataDir) -> std::path::PathBuf {
    data.state().join("watch.lock")
}

/// Whether a watcher runs. Its lock is only shared for the look, which a starting watcher outlasts.
pub fn watched(data: &DataDir) -> bool {
    let Ok(file) = File::open(watch_lock(data)) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// The folder of the sinks' queues.
pub fn sink_folder(data: &DataDir) -> std::path::PathBuf {
    data.state().join("sinks")
}

/// How telling the configured sinks goes.
pub fn sink_statuses(data: &DataDir, config: &Config) -> Vec<SinkStatus> {
    let folder = sink_folder(data);
    let read = |name: &str| -> Option<SinkStatus> {
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).ok()?;
        serde_json::from_str(&text).ok()
    };
    config
        .sink
        .iter()
        .map(|spec| SinkStatus {
            name: spec.name.clone(),
            kind: spec.kind.word().to_owned(),
            ..read(&spec.name).unwrap_or_default()
        })
        .collect()
}
