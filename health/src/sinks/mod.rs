//! Telling people: each sink has a queue on the disk and a thread of its own, so that one that hangs
//! holds up neither the others nor the evaluation. What is queued survives a kill. A message is
//! shortened to what the sink takes and never lost; when too many wait, the oldest become one line.

mod command;
mod discord;
mod email;
mod http;
mod ntfy;
pub mod ping;
pub mod queue;
mod secret;
mod slack;
mod telegram;
mod trust;
mod webhook;
pub mod worker;

use std::time::Duration;

use pipeline::Config;
use pipeline::config::alerts::{Alerts, SinkKind, SinkSpec};

use crate::alerts::engine::Notification;
use crate::alerts::words;
use secret::Secret;

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It arrived.
    Delivered,
    /// It did not, and is tried again: when, if the sink said so, and why.
    Again {
        /// How long the sink asks us to wait.
        after: Option<Duration>,
        /// Why, without address and token.
        error: String,
    },
    /// It did not, and trying again at speed will not help: the sink refuses us.
    Refused {
        /// Why, without address and token.
        error: String,
    },
}

/// A message for a sink.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What must be told.
    pub notification: Notification,
    /// Earlier messages that were put together into this one.
    pub merged: u64,
    /// The name of this machine.
    pub host: String,
    /// How it is said.
    pub settings: Alerts,
}

impl Message {
    /// The first line.
    pub fn title(&self) -> String {
        words::title(&self.notification, &self.host)
    }

    /// The lines below it.
    pub fn body(&self) -> String {
        let body = words::body(&self.notification, &self.settings);
        match self.merged {
            0 => body,
            n => format!("{body}\n({n} earlier messages could not be delivered and were left out)"),
        }
    }

    /// Both, in at most `limit` bytes.
    pub fn text(&self, limit: usize) -> String {
        words::cut(&format!("{}\n{}", self.title(), self.body()), limit)
    }
}

/// A way to deliver.
#[derive(Debug)]
pub struct Sink {
    spec: SinkSpec,
    url: Option<Secret>,
    token: Option<Secret>,
    /// The certificates (PEM) that count beside those that the system trusts; empty where none are named.
    trusted: Vec<u8>,
}

impl Sink {
    /// The sink that `spec` describes; its address, token and certificates are read now.
    ///
    /// # Errors
    /// When a file or credential that it needs is missing: in words.
    pub fn open(spec: &SinkSpec) -> Result<Sink, String> {
        let url = match spec.url.as_str() {
            "" => Secret::find(spec.url_file.as_deref(), &spec.name, "url")?,
            plain => Some(Secret::new(plain)),
        };
        let token = Secret::find(spec.token_file.as_deref(), &spec.name, "token")?;
        let needs_token = spec.kind == SinkKind::Telegram;
        let needs_url = !matches!(spec.kind, SinkKind::Telegram | SinkKind::Command);
        let lacks = |what: &str| {
            Err(format!(
                "no {what}: name a file with {what}_file, or give the credential {}_{what}",
                spec.name
            ))
        };
        if needs_url && url.is_none() {
            return lacks("url");
        }
        if needs_token && token.is_none() {
            return lacks("token");
        }
        Ok(Sink {
            spec: spec.clone(),
            url,
            token,
            trusted: trust::read(spec.ca_file.as_deref())?,
        })
    }

    /// Delivers a message; takes no longer than the sink's timeout.
    pub fn deliver(&self, message: &Message) -> Outcome {
        let outcome = match self.spec.kind {
            SinkKind::Telegram => telegram::deliver(self, message),
            SinkKind::Discord => discord::deliver(self, message),
            SinkKind::Slack => slack::deliver(self, message),
            SinkKind::Ntfy => ntfy::deliver(self, message),
            SinkKind::Webhook => webhook::deliver(self, message),
            SinkKind::Email => email::deliver(self, message),
            SinkKind::Command => command::deliver(self, message),
            SinkKind::Ping => ping::call(self, ping::Call::Log, &message.text(10_000)),
        };
        self.scrubbed(outcome)
    }

    fn scrubbed(&self, outcome: Outcome) -> Outcome {
        let scrub = |error: String| {
            [&self.url, &self.token]
                .into_iter()
                .flatten()
                .fold(error, |text, secret| secret.scrub(&text))
        };
        match outcome {
            Outcome::Delivered => Outcome::Delivered,
            Outcome::Again { after, error } => Outcome::Again {
                after,
                error: scrub(error),
            },
            Outcome::Refused { error } => Outcome::Refused {
                error: scrub(error),
            },
        }
    }

    fn address(&self) -> &str {
        self.url.as_ref().map_or("", |url| url.reveal())
    }
}

/// How messages call this machine.
pub fn host(config: &Config) -> String {
    if !config.alerts.host.is_empty() {
        return config.alerts.host.clone();
    }
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .unwrap_or_else(|_| "football-bot".to_owned())
}
