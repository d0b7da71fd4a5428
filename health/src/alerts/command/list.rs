//! `health alerts list`, and the same in short for the report.

use pipeline::config::alerts::Severity;

use super::{level, shown};
use crate::alerts::Active;
use crate::facts::Facts;
use crate::verdict::commands;
use crate::words::{ago, instant, length, wrapped};

/// What fires, in lines.
pub fn list(facts: &Facts) -> String {
    let view = &facts.alerts;
    let silenced = view.firing.iter().filter(|active| active.silenced).count();
    let mut text = match view.firing.len() {
        0 if !facts.ever_ran() => "UNKNOWN  no orchestrator has run here yet\n".to_owned(),
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
        let state = not_yet(active, facts);
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
        None if !facts.ever_ran() => commands::begin(facts),
        None => commands::health("alerts history", facts),
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
        let line = format!("{}: {}", active.name, not_yet(active, facts));
        text.push_str(&wrapped("! pending  ", &line));
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

/// Why one that holds is not told.
fn not_yet(active: &Active, facts: &Facts) -> String {
    let alert = &active.alert;
    let lasting = alert.ready_from - alert.since;
    match &alert.waits_on {
        Some(cause) => format!("waits on {cause}, its cause"),
        None if facts.alerts.watched => {
            let at = crate::words::clock(alert.ready_from);
            format!("told at {at} if it lasts until then")
        }
        // Nobody counts.
        None => format!("an alert if it lasts for {}", length(lasting)),
    }
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
