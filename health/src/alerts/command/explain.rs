//! `health alerts explain`: one rule, the numbers now, what to do.

use pipeline::Config;
use serde_json::json;

use super::{Said, named};
use crate::alerts::rules::Definition;
use crate::alerts::words;
use crate::facts::Facts;
use crate::verdict::Level;
use crate::words::{WIDTH, length, tail, wrapped};

pub(super) fn explain(
    facts: &Facts,
    config: &Config,
    name: &str,
    as_json: bool,
) -> Result<Said, String> {
    let name = named(name)?;
    let Some(definition) = Definition::find(&name) else {
        return Err("explain one alert, not all".to_owned());
    };
    let Some(rule) = config.alerts.rule.get(&name) else {
        return Err(format!("there are no settings for {name}"));
    };
    let reading = definition.read(facts);
    let active = facts
        .alerts
        .firing
        .iter()
        .chain(&facts.alerts.pending)
        .find(|active| active.name == name);
    let state = match active {
        _ if !rule.enabled => "switched off".to_owned(),
        None => "not firing".to_owned(),
        Some(active) => match (&active.alert.waits_on, active.alert.fired_at) {
            (Some(cause), _) => format!("holds, and waits on {cause}, its cause"),
            (None, Some(at)) => format!("FIRING for {}", length(facts.now - at)),
            (None, None) => format!("holds for {}", length(facts.now - active.alert.since)),
        },
    };
    if as_json {
        let document = json!({
            "name": name, "about": definition.about, "rule": rule, "unit": definition.unit,
            "value": reading.value.filter(|value| value.is_finite()), "what": reading.what, "why": reading.why,
            "next": reading.next, "state": state, "waits_on": definition.waits_on,
            "runbook": words::runbook(&name, &config.alerts),
        });
        return Ok((format!("{document}\n"), Level::Ok));
    }
    let begins = definition
        .direction
        .begins(reading.value.unwrap_or(f64::NAN), rule.threshold);
    let relation = match definition.direction {
        crate::alerts::rules::Direction::Over => "above",
        crate::alerts::rules::Direction::AtLeast => "at least",
        crate::alerts::rules::Direction::Under => "below",
    };
    let now = match reading.value {
        None => "not known".to_owned(),
        Some(value) if value.is_infinite() => "no end in sight".to_owned(),
        Some(value) => format!("{} {}", number(value), definition.unit),
    };
    let mut text = format!(
        "{name} ({}): {}\n",
        rule.severity.word(),
        tail(&state, WIDTH - 30)
    );
    text.push_str(&wrapped("  about:      ", definition.about));
    for (label, value) in [
        (
            "rule:",
            format!("{relation} {} {}", number(rule.threshold), definition.unit),
        ),
        (
            "over at:",
            format!("{} for {}", number(rule.clear), rule.hold),
        ),
        ("told after:", rule.lasting.to_string()),
        ("now:", now),
    ] {
        text.push_str(&format!("  {label:<11} {value}\n"));
    }
    if begins {
        text.push_str(&wrapped("  what:       ", &reading.what));
        if let Some(why) = &reading.why {
            text.push_str(&wrapped("  why:        ", why));
        }
        text.push_str(&format!("  do:         {}\n", reading.next));
    }
    if !definition.waits_on.is_empty() {
        text.push_str(&wrapped("  waits on:   ", &definition.waits_on.join(", ")));
    }
    text.push_str(&format!(
        "  runbook:    {}\n",
        words::runbook(&name, &config.alerts)
    ));
    text.push_str(&format!(
        "  change it:  [alerts.rule.{name}] in football-bot.toml\n"
    ));
    Ok((text, Level::Ok))
}

/// A number without digits that say nothing.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}
