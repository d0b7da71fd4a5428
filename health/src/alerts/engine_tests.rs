//! An alert's life as a table: what is measured at which second, and what is told.

use std::time::Duration;

use pipeline::config::alerts::{Rules, Span};

use super::*;
use crate::alerts::rules::{ALL, Definition};

/// Alerts with the given rules' settings, evaluated second by second.
struct Life {
    settings: Alerts,
    state: State,
    silences: Vec<Silence>,
    told: Vec<(i64, String)>,
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

impl Life {
    fn new() -> Life {
        Life {
            settings: Alerts {
                rule: Rules::default(),
                ..Alerts::default()
            },
            state: State::default(),
            silences: Vec::new(),
            told: Vec::new(),
        }
    }

    fn rule(&mut self, name: &str, lasting: u64, hold: u64) {
        let rule = self.settings.rule.get_mut(name).unwrap();
        rule.lasting = Span(Duration::from_secs(lasting));
        rule.hold = Span(Duration::from_secs(hold));
    }

    /// What is measured at `second`: (name, value); the others are well.
    fn see(&mut self, second: i64, values: &[(&str, f64)]) {
        let settings = self.settings.clone();
        let seen: Vec<_> = ALL
            .iter()
            .map(|definition: &Definition| {
                let well = match definition.direction {
                    Direction::Under => f64::INFINITY,
                    _ => 0.0,
                };
                let value = values
                    .iter()
                    .find(|(name, _)| *name == definition.name)
                    .map_or(well, |(_, value)| *value);
                let reading = Reading {
                    value: value.is_finite().then_some(value).or(Some(value)),
                    since: None,
                    what: format!("{} is wrong", definition.name),
                    why: None,
                    next: "do".to_owned(),
                };
                let rule = settings.rule.get(definition.name).unwrap();
                (definition, rule, reading)
            })
            .collect();
        let (state, told) = evaluate(&seen, &self.state, &self.silences, &settings, at(second));
        self.state = state;
        for one in told {
            self.told
                .push((second, format!("{:?} {}", one.verb, one.name)));
        }
    }

    /// The same every five seconds from `from` to `to`, as the watcher does.
    fn through(&mut self, from: i64, to: i64, values: &[(&str, f64)]) {
        for second in (from..to).step_by(5) {
            self.see(second, values);
        }
    }

    fn told(&self) -> Vec<(i64, &str)> {
        self.told
            .iter()
            .map(|(at, text)| (*at, text.as_str()))
            .collect()
    }
}

#[test]
fn it_is_told_when_it_has_lasted_reminded_of_and_told_when_it_is_over() {
    let mut life = Life::new();
    life.rule("DiskHigh", 60, 300);
    life.through(0, 50, &[("DiskHigh", 95.0)]);
    life.through(50, 60, &[]);
    life.through(60, 6 * 3600, &[("DiskHigh", 95.0)]);
    life.through(6 * 3600, 7 * 3600, &[]);
    assert_eq!(
        life.told(),
        [
            (120, "Firing DiskHigh"),
            (120 + 3600, "Still DiskHigh"),
            (120 + 5 * 3600, "Still DiskHigh"),
            (6 * 3600 + 300, "Resolved DiskHigh"),
        ]
    );
    let lasted = life.state.history.last().unwrap().lasted_s;
    assert_eq!(lasted, Some(6 * 3600 + 300 - 60));
}

#[test]
fn an_hour_of_flapping_at_the_limit_is_two_messages() {
    let mut life = Life::new();
    life.rule("DiskHigh", 0, 300);
    for n in 0..720 {
        // 90.1 and 89.9 in turn: the way back is at 85.
        let value = if n % 2 == 0 { 90.1 } else { 89.9 };
        life.see(n * 5, &[("DiskHigh", value)]);
    }
    assert_eq!(life.told(), [(0, "Firing DiskHigh")], "an hour's messages");
    // And far below, but never for long.
    for n in 720..1440 {
        let value = if n % 10 == 0 { 95.0 } else { 10.0 };
        life.see(n * 5, &[("DiskHigh", value)]);
    }
    let firing = life
        .told
        .iter()
        .filter(|(_, text)| !text.starts_with("Still"))
        .count();
    assert_eq!(firing, 1, "{:?}", life.told);
    life.through(7200, 8000, &[]);
    assert_eq!(life.told.last().unwrap().1, "Resolved DiskHigh");
}

#[test]
fn one_cause_is_one_message_and_its_consequences_recover_unheard() {
    let mut life = Life::new();
    let all = [
        ("ServiceDown", 1.0),
        ("DataStale", 500.0),
        ("NoActivity", 900.0),
        ("FailedCycles", 20.0),
    ];
    life.through(0, 600, &all);
    assert_eq!(life.told(), [(30, "Firing ServiceDown")]);
    assert_eq!(
        life.state.alerts["DataStale"].waits_on.as_deref(),
        Some("ServiceDown")
    );
    // It runs again; the data is old until its first cycle has ended.
    life.through(600, 700, &[("DataStale", 500.0), ("NoActivity", 900.0)]);
    life.through(700, 1500, &[]);
    assert_eq!(
        life.told(),
        [(30, "Firing ServiceDown"), (660, "Resolved ServiceDown")]
    );
}

#[test]
fn a_consequence_that_outlasts_its_cause_is_told_after_all() {
    let mut life = Life::new();
    life.through(0, 300, &[("ServiceDown", 1.0), ("DataStale", 500.0)]);
    life.through(300, 900, &[("DataStale", 500.0)]);
    let told = life.told();
    assert_eq!(told[0].1, "Firing ServiceDown");
    assert_eq!(told[1].1, "Resolved ServiceDown");
    assert_eq!(told[2], (360 + 120, "Firing DataStale"));
}

#[test]
fn a_silence_holds_back_messages_but_never_that_it_is_over() {
    let mut life = Life::new();
    life.rule("DiskHigh", 0, 0);
    life.see(0, &[("DiskHigh", 95.0)]);
    life.silences.push(Silence {
        name: "DiskHigh".to_owned(),
        since: at(5),
        until: Some(at(9000)),
        incident: None,
        comment: String::new(),
    });
    life.through(5, 8000, &[("DiskHigh", 95.0)]);
    life.see(8000, &[]);
    assert_eq!(
        life.told(),
        [(0, "Firing DiskHigh"), (8000, "Resolved DiskHigh")]
    );
    // Silenced from the beginning, it begins and ends unheard; still there at the end, it is told.
    life.through(8010, 8100, &[("DiskHigh", 95.0)]);
    life.see(8100, &[]);
    life.through(8500, 9010, &[("DiskHigh", 95.0)]);
    assert_eq!(life.told()[2..], [(9000, "Firing DiskHigh")]);
}

#[test]
fn a_silence_without_an_end_ends_with_its_incident() {
    let mut life = Life::new();
    life.rule("DiskHigh", 0, 0);
    life.silences.push(Silence {
        name: "*".to_owned(),
        since: at(0),
        until: None,
        incident: Some(at(0)),
        comment: String::new(),
    });
    life.see(0, &[("DiskHigh", 95.0)]);
    life.see(5, &[]);
    assert_eq!(life.told(), []);
    life.see(10, &[("DiskHigh", 95.0)]);
    assert_eq!(life.told(), [(10, "Firing DiskHigh")]);
}

#[test]
fn a_restart_in_the_middle_neither_repeats_nor_forgets_and_the_wait_goes_on() {
    let mut life = Life::new();
    life.rule("DiskHigh", 60, 0);
    life.through(0, 30, &[("DiskHigh", 95.0)]);
    let restarted = |life: &mut Life| {
        let text = serde_json::to_string(&life.state).unwrap();
        life.state = serde_json::from_str(&text).unwrap();
    };
    restarted(&mut life);
    life.through(40, 70, &[("DiskHigh", 95.0)]);
    restarted(&mut life);
    life.through(100, 200, &[("DiskHigh", 95.0)]);
    restarted(&mut life);
    life.see(200, &[]);
    assert_eq!(
        life.told(),
        [(60, "Firing DiskHigh"), (200, "Resolved DiskHigh")]
    );
}

#[test]
fn a_clock_that_is_set_back_neither_delays_nor_hastens() {
    let mut life = Life::new();
    life.rule("DiskHigh", 60, 0);
    life.through(10_000, 10_030, &[("DiskHigh", 95.0)]);
    life.through(0, 60, &[("DiskHigh", 95.0)]);
    // 25 s before the jump, so 35 s after it.
    assert_eq!(life.told(), [(35, "Firing DiskHigh")]);
}

#[test]
fn what_can_not_be_measured_changes_nothing() {
    let definition = Definition::find("DiskHigh").unwrap();
    let mut life = Life::new();
    life.rule("DiskHigh", 0, 0);
    life.see(0, &[("DiskHigh", 95.0)]);
    let settings = life.settings.clone();
    let unknown = Reading {
        value: None,
        since: None,
        what: String::new(),
        why: None,
        next: String::new(),
    };
    let rule = settings.rule.get("DiskHigh").unwrap();
    let (state, told) = evaluate(
        &[(definition, rule, unknown)],
        &life.state,
        &[],
        &settings,
        at(600),
    );
    assert!(told.is_empty());
    assert!(state.alerts.contains_key("DiskHigh"));
}

#[test]
fn a_rule_that_is_switched_off_is_over() {
    let mut life = Life::new();
    life.rule("DiskHigh", 0, 0);
    life.see(0, &[("DiskHigh", 95.0)]);
    let (state, told) = evaluate(&[], &life.state, &[], &life.settings, at(5));
    assert_eq!(told[0].verb, Verb::Resolved);
    assert!(state.alerts.is_empty());
}
