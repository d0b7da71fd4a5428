//! A Slack incoming webhook: a text and a coloured attachment; about one message a second.

use pipeline::config::alerts::Severity;
use serde_json::json;

use super::{Message, Outcome, Sink, http};
use crate::alerts::engine::Verb;
use crate::alerts::words::cut;

pub(super) fn deliver(sink: &Sink, message: &Message) -> Outcome {
    let color = match (message.notification.verb, message.notification.severity) {
        (Verb::Resolved, _) => "good",
        (_, Severity::Critical) => "danger",
        (_, Severity::Warning) => "warning",
    };
    let escaped = |text: String| {
        text.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
    };
    let body = json!({
        "text": cut(&escaped(message.title()), 3000),
        "attachments": [{"color": color, "text": cut(&escaped(message.body()), 6000)}],
    });
    match http::client(sink) {
        Ok(client) => http::send(client.post(sink.address()).json(&body), http::no_wait),
        Err(outcome) => outcome,
    }
}
