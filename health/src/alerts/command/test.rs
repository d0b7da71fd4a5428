//! `health alerts test`: a test message to the sinks.

use chrono::Utc;
use pipeline::Config;
use pipeline::config::alerts::{Severity, SinkKind};

use super::Said;
use crate::alerts::engine::{Notification, Verb};
use crate::sinks::{self, Message, Outcome, Sink};
use crate::verdict::Level;
use crate::words::wrapped;

pub(super) fn test(config: &Config, only: Option<&str>) -> Result<Said, String> {
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
