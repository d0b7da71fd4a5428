//! `health alerts`: what fires, what was, silences, a test message, and one rule explained.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use pipeline::Config;
use pipeline::config::alerts::{Severity, SinkKind, Span};
use serde_json::json;

use super::engine::{Notification, Verb};
use super::rules::{ALL, Definition};
use super::state::{self, Silence, Silences, State};
use super::{Active, words};
use crate::facts::Facts;
use crate::sinks::{self, Message, Outcome, Sink};
use crate::verdict::Level;
use crate::words::{WIDTH, ago, instant, length, tail, wrapped};

/// `health alerts`.
#[derive(Clone, Debug, Args)]
pub struct Alerts {
    /// What to do [default: list]
    #[command(subcommand)]
    pub what: Option<What>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with alerts.
#[derive(Clone, Debug, Subcommand)]
pub enum What {
    /// Show what fires, what may soon, silences and sinks (the default)
    List,
    /// Show what fired and how long it lasted
    History {
        /// So many entries
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: usize,
    },
    /// Hold back the messages of an alert (`all` = of every one)
    Silence {
        /// Its name, or `all`
        name: String,
        /// For so long, such as 20m [default: until the incident is over]
        #[arg(long = "for", value_name = "TIME")]
        length: Option<Span>,
        /// Why
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Let the messages of an alert through again
    Unsilence {
        /// Its name, or `all`
        name: String,
    },
    /// Send a test message to the sinks
    Test {
        /// Only to this one
        #[arg(long, value_name = "NAME")]
        sink: Option<String>,
    },
    /// Show a rule, the numbers now, and what to do
    Explain {
        /// Its name
        name: String,
    },
}

/// What to print, and how bad it is.
pub type Said = (String, Level);

impl Alerts {
    /// Does it.
    ///
    /// # Errors
    /// A sentence for the person; the exit code is then that of unknown.
    pub fn run(&self, facts: &Facts, config: &Config) -> Result<Said, String> {
        match self.what.as_ref().unwrap_or(&What::List) {
            What::List if self.json => Ok((json_line(&facts.alerts), level(facts))),
            What::List => Ok((list(facts), level(facts))),
            What::History { lines } => history(facts, *lines, self.json),
            What::Silence {
                name,
                length,
                comment,
            } => silence(facts, name, *length, comment),
            What::Unsilence { name } => unsilence(facts, name),
            What::Test { sink } => test(config, sink.as_deref()),
            What::Explain { name } => explain(facts, config, name, self.json),
        }
    }
}

fn level(facts: &Facts) -> Level {
    let worst = facts.alerts.firing.first();
    match worst.map(|active| active.alert.severity) {
        Some(Severity::Critical) => Level::Critical,
        Some(Severity::Warning) => Level::Warning,
        None => Level::Ok,
    }
}

fn json_line(value: &impl serde::Serialize) -> String {
    // Our own types, whose keys are strings: writing them can't fail.
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

/// What fires, in lines.
pub fn list(facts: &Facts) -> String {
    let view = &facts.alerts;
    let silenced = view.firing.iter().filter(|active| active.silenced).count();
    let mut text = match view.firing.len() {
        0 => "OK  no alert fires\n".to_owned(),
        n => format!(
            "{}  {n} {} ({silenced} silenced)\n",
            level(facts).word(),
            if n == 1 { "alert fires" } else { "alerts fire" },
        ),
    };
    if let Some(problem) = &view.problem {
        text.push_str(&wrapped("  note: ", problem));
    }
    for active in &view.firing {
        text.push('\n');
        text.push_str(&firing(active, facts));
    }
    let mut pending = String::new();
    for active in &view.pending {
        let alert = &active.alert;
        let state = match &alert.waits_on {
            Some(cause) => format!("waits on {cause}"),
            None => format!("not told before {}", crate::words::clock(alert.ready_from)),
        };
        let head = format!("  {:<17} ", active.name);
        pending.push_str(&wrapped(&head, &format!("{state}: {}", alert.what)));
    }
    if !pending.is_empty() {
        text.push_str(&format!("\nNot told\n{pending}"));
    }
    if !view.silences.is_empty() {
        text.push_str("\nSilences\n");
        for silence in &view.silences {
            let until = match silence.until {
                Some(at) => format!("until {}", instant(at)),
                None => "until the incident is over".to_owned(),
            };
            let line = format!("{:<17} {until} {}", shown(&silence.name), silence.comment);
            text.push_str(&format!("  {}\n", line.trim_end()));
        }
    }
    text.push_str(&told(facts));
    let next = match view.firing.first() {
        Some(active) => active.alert.next.clone(),
        None => format!("health alerts history{}", facts.data_flag),
    };
    text.push_str(&format!("\nnext: {next}\n"));
    text
}

/// What fires, one line each, for the report.
pub fn list_short(facts: &Facts) -> String {
    let view = &facts.alerts;
    let mut text = String::new();
    for active in &view.firing {
        let word = match active.alert.severity {
            Severity::Critical => "CRITICAL",
            Severity::Warning => "WARNING",
        };
        let silenced = if active.silenced { " (silenced)" } else { "" };
        let lasted = length(facts.now - active.alert.since);
        let line = format!(
            "{} for {lasted}{silenced}: {}",
            active.name, active.alert.what
        );
        text.push_str(&wrapped(&format!("✗ {word:<8} "), &line));
    }
    for active in &view.pending {
        let state = match &active.alert.waits_on {
            Some(cause) => format!("waits on {cause}"),
            None => format!("for {}", length(facts.now - active.alert.since)),
        };
        text.push_str(&wrapped("! waits    ", &format!("{} {state}", active.name)));
    }
    if text.is_empty() {
        text.push_str("✓ none\n");
    }
    match (view.sinks.len(), view.watched) {
        (0, _) => text.push_str("  Told:               nobody (no [[sink]] is configured)\n"),
        (_, false) => text.push_str("  Told:               nobody (health watch does not run)\n"),
        (_, true) => {
            for sink in &view.sinks {
                let state = match (sink.failing_since, sink.last_success) {
                    (Some(since), _) => format!("FAILS for {}", length(facts.now - since)),
                    (None, Some(at)) => format!("ok, last {}", ago(at, facts.now)),
                    (None, None) => "nothing sent yet".to_owned(),
                };
                let line = format!("{} ({}) {state}", sink.name, sink.kind);
                text.push_str(&format!("  Told:               {line}\n"));
            }
        }
    }
    text
}

fn shown(name: &str) -> &str {
    if name == "*" { "all" } else { name }
}

/// One that fires, in lines.
fn firing(active: &Active, facts: &Facts) -> String {
    let alert = &active.alert;
    let word = match alert.severity {
        Severity::Critical => "CRITICAL",
        Severity::Warning => "WARNING",
    };
    let silenced = if active.silenced { ", silenced" } else { "" };
    let head = format!(
        "{word}  {} for {}{silenced}",
        active.name,
        length(facts.now - alert.since)
    );
    let mut text = format!("{head}\n{}", wrapped("  what: ", &alert.what));
    if let Some(why) = &alert.why {
        text.push_str(&wrapped("  why:  ", why));
    }
    text.push_str(&format!("  do:   {}\n", alert.next));
    if let Some(last) = alert.last_told {
        let next = active
            .next_reminder
            .map(|at| format!(", next reminder at {}", crate::words::clock(at)))
            .unwrap_or_default();
        text.push_str(&format!("  told: {}{next}\n", ago(last, facts.now)));
    }
    text
}

/// Who is told, in lines.
fn told(facts: &Facts) -> String {
    let view = &facts.alerts;
    let mut text = String::from("\nTold\n");
    if view.sinks.is_empty() {
        text.push_str("  nobody: no [[sink]] is configured\n");
    } else if !view.watched {
        text.push_str("  nobody now: `health watch` does not run (the orchestrator starts it)\n");
    }
    for sink in &view.sinks {
        let state = match (sink.failing_since, sink.last_success) {
            (Some(since), _) => {
                let error = sink.error.as_deref().unwrap_or("no answer");
                format!("FAILS for {}: {error}", length(facts.now - since))
            }
            (None, Some(at)) => format!("ok, last {}", ago(at, facts.now)),
            (None, None) => "nothing sent yet".to_owned(),
        };
        let waiting = match sink.queued {
            0 => String::new(),
            n => format!(" ({n} wait)"),
        };
        let head = format!("  {:<12} {:<9} ", sink.name, sink.kind);
        text.push_str(&wrapped(&head, &format!("{state}{waiting}")));
    }
    text
}

fn history(facts: &Facts, lines: usize, as_json: bool) -> Result<Said, String> {
    let state = state::load::<State>(&State::path(&facts.data.state()))?;
    let entries = state.history.iter().rev().take(lines);
    if as_json {
        let entries: Vec<_> = entries.collect();
        return Ok((json_line(&entries), Level::Ok));
    }
    let mut text = String::new();
    for entry in entries {
        let (verb, what) = match entry.lasted_s {
            Some(seconds) => {
                let lasted = length(TimeDelta::seconds(seconds));
                let words = format!("{} after {lasted} ({} messages)", entry.name, entry.told);
                ("RESOLVED", words)
            }
            None => ("FIRING", format!("{}: {}", entry.name, entry.what)),
        };
        let head = format!("{}  {verb:<8} ", instant(entry.at));
        text.push_str(&wrapped(&head, &what));
    }
    if text.is_empty() {
        text.push_str("no alert has fired yet (health watch remembers them)\n");
    }
    Ok((text, Level::Ok))
}

/// The name as rules have it; `all` is `*`.
fn named(name: &str) -> Result<String, String> {
    if name == "all" || name == "*" {
        return Ok("*".to_owned());
    }
    match Definition::find(name) {
        Some(rule) => Ok(rule.name.to_owned()),
        None => {
            let known: Vec<_> = ALL.iter().map(|rule| rule.name).collect();
            let list = wrapped("there are: ", &known.join(", "));
            Err(format!("there is no alert `{name}`\n{}", list.trim_end()))
        }
    }
}

/// Holds back the messages of an alert, for so long or until its incident is over.
///
/// # Errors
/// When there is no such alert, no incident to wait for, or the file can't be read or written.
pub fn silence(
    facts: &Facts,
    name: &str,
    length: Option<Span>,
    comment: &str,
) -> Result<Said, String> {
    let name = named(name)?;
    let path = Silences::path(&facts.data.state());
    let mut silences = state::load::<Silences>(&path)?;
    let now = facts.now;
    silences.tidy(now);
    silences.silences.retain(|silence| silence.name != name);
    let until = length.map(|Span(length)| end(now, length));
    let incident = facts
        .alerts
        .firing
        .iter()
        .chain(&facts.alerts.pending)
        .find(|active| active.name == name)
        .map(|active| active.alert.since);
    if until.is_none() && incident.is_none() {
        return Err(format!(
            "{} does not fire now, so there is no incident to wait for: say how long, such as --for 20m",
            shown(&name)
        ));
    }
    silences.silences.push(Silence {
        name: name.clone(),
        since: now,
        until,
        incident,
        comment: comment.to_owned(),
    });
    state::save(&path, &silences).map_err(|why| why.to_string())?;
    let until = match until {
        Some(at) => format!("until {}", instant(at)),
        None => "until this incident is over".to_owned(),
    };
    let text = format!(
        "{} is silenced {until}; that it is over will be told\n",
        shown(&name)
    );
    Ok((text, Level::Ok))
}

fn end(now: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(length)
        .ok()
        .and_then(|length| now.checked_add_signed(length))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Lets the messages of an alert through again.
///
/// # Errors
/// When there is no such alert, or the file can't be read or written.
pub fn unsilence(facts: &Facts, name: &str) -> Result<Said, String> {
    let name = named(name)?;
    let path = Silences::path(&facts.data.state());
    let mut silences = state::load::<Silences>(&path)?;
    let before = silences.silences.len();
    silences
        .silences
        .retain(|silence| name != "*" && silence.name != name);
    if silences.silences.len() == before {
        return Ok((format!("{} was not silenced\n", shown(&name)), Level::Ok));
    }
    state::save(&path, &silences).map_err(|why| why.to_string())?;
    Ok((
        format!("{} is no longer silenced\n", shown(&name)),
        Level::Ok,
    ))
}

fn test(config: &Config, only: Option<&str>) -> Result<Said, String> {
    let wanted = |name: &str| only.is_none_or(|only| only == name);
    let specs: Vec<_> = config
        .sink
        .iter()
        .filter(|spec| wanted(&spec.name))
        .collect();
    if specs.is_empty() {
        return Err(match only {
            Some(name) => format!("there is no sink `{name}` in the configuration"),
            None => "no [[sink]] is configured; football-bot.toml shows how".to_owned(),
        });
    }
    let now = Utc::now();
    let message = Message {
        notification: Notification {
            verb: Verb::Firing,
            name: "Test".to_owned(),
            severity: Severity::Warning,
            what: "this is a test; nothing is wrong".to_owned(),
            why: Some("somebody ran `health alerts test`.".to_owned()),
            next: "nothing".to_owned(),
            since: now,
            at: now,
            told: 1,
        },
        merged: 0,
        host: sinks::host(config),
        settings: config.alerts.clone(),
    };
    let mut text = String::new();
    let mut worst = Level::Ok;
    for spec in specs {
        let result = match Sink::open(spec).map(|sink| sink.deliver(&message)) {
            Ok(Outcome::Delivered) if spec.kind == SinkKind::Ping => {
                "called (as a remark)".to_owned()
            }
            Ok(Outcome::Delivered) => "delivered".to_owned(),
            Ok(Outcome::Again { error, .. } | Outcome::Refused { error }) | Err(error) => {
                worst = Level::Critical;
                format!("FAILED: {error}")
            }
        };
        let head = format!("{:<12} {:<9} ", spec.name, spec.kind.word());
        text.push_str(&wrapped(&head, &result));
    }
    Ok((text, worst))
}

fn explain(facts: &Facts, config: &Config, name: &str, as_json: bool) -> Result<Said, String> {
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
        super::rules::Direction::Over => "above",
        super::rules::Direction::AtLeast => "at least",
        super::rules::Direction::Under => "below",
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
