//! A message, readable on a lock screen: what, since when, why, what to do.

use chrono::TimeDelta;
use pipeline::config::alerts::{Alerts, Severity};

use super::engine::{Notification, Verb};
use crate::words::length;

/// `[CRIT]`, `[WARN]`, `[STILL 1 h 2 min]`, `[OK]`.
pub fn mark(notification: &Notification) -> String {
    match (notification.verb, notification.severity) {
        (Verb::Firing, Severity::Critical) => "[CRIT]".to_owned(),
        (Verb::Firing, Severity::Warning) => "[WARN]".to_owned(),
        (Verb::Still, _) => format!("[STILL {}]", length(age(notification))),
        (Verb::Resolved, _) => "[OK]".to_owned(),
    }
}

/// How long it has lasted.
pub fn age(notification: &Notification) -> TimeDelta {
    notification.at - notification.since
}

/// The first line.
pub fn title(notification: &Notification, host: &str) -> String {
    let mark = mark(notification);
    let name = &notification.name;
    match notification.verb {
        Verb::Firing | Verb::Still => format!("{mark} {host} {name}: {}", notification.what),
        Verb::Resolved => format!(
            "{mark} {host} {name} is over after {} ({} messages)",
            length(age(notification)),
            notification.told
        ),
    }
}

/// The lines below it.
pub fn body(notification: &Notification, settings: &Alerts) -> String {
    let at = notification.since.format("%H:%M:%SZ");
    if notification.verb == Verb::Resolved {
        return format!("It was: {} (since {at})", notification.what);
    }
    let mut text = format!("Since {at}.");
    if let Some(why) = &notification.why {
        text.push_str(&format!(" {why}"));
    }
    text.push_str(&format!("\nDo: {}", notification.next));
    if !settings.runbook.is_empty() {
        text.push_str(&format!("\n{}", runbook(&notification.name, settings)));
    }
    text
}

/// Where the runbook speaks of an alert.
pub fn runbook(name: &str, settings: &Alerts) -> String {
    format!("{}#{}", settings.runbook, name.to_lowercase())
}

/// At most `limit` bytes, cut at a character and marked as cut.
pub fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub('…'.len_utf8());
    let end = (0..=room).rev().find(|at| text.is_char_boundary(*at));
    format!("{}…", &text[..end.unwrap_or(0)])
}
