//! A Discord webhook: an embed with a title of at most 256 and a description of at most 4096
//! characters, coloured by urgency; `retry_after` in the body when we are too hasty.

use pipeline::config::alerts::Severity;
use serde_json::json;

use super::{Message, Outcome, Sink, http};
use crate::alerts::engine::Verb;
use crate::alerts::words::cut;

pub(super) fn deliver(sink: &Sink, message: &Message) -> Outcome {
    let color = match (message.notification.verb, message.notification.severity) {
        (Verb::Resolved, _) => 0x2e_a0_43,
        (_, Severity::Critical) => 0xd7_3a_49,
        (_, Severity::Warning) => 0xe3_b3_41,
    };
    let body = json!({
        "embeds": [{
            "title": cut(&message.title(), 256),
            "description": cut(&message.body(), 4000),
            "color": color,
        }],
        "allowed_mentions": {"parse": []},
    });
    match http::client(sink) {
        Ok(client) => http::send(client.post(sink.address()).json(&body), http::wait_in_body),
        Err(outcome) => outcome,
    }
}
