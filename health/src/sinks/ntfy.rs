//! An ntfy topic: a body of at most 4096 bytes; title, priority and tags as headers.

use pipeline::config::alerts::Severity;
use reqwest::header::HeaderValue;

use super::{Message, Outcome, Sink, http};
use crate::alerts::engine::Verb;
use crate::alerts::words::cut;

const LIMIT: usize = 4096;

pub(super) fn deliver(sink: &Sink, message: &Message) -> Outcome {
    let client = match http::client(sink) {
        Ok(client) => client,
        Err(outcome) => return outcome,
    };
    let (priority, tag) = match (message.notification.verb, message.notification.severity) {
        (Verb::Resolved, _) => ("3", "white_check_mark"),
        (_, Severity::Critical) => ("5", "rotating_light"),
        (_, Severity::Warning) => ("3", "warning"),
    };
    let title = cut(&message.title().replace(['\r', '\n'], " "), 250);
    let mut request = client
        .post(sink.address())
        .header("Priority", priority)
        .header("Tags", tag)
        .body(cut(&message.body(), LIMIT));
    if let Ok(title) = HeaderValue::from_bytes(title.as_bytes()) {
        request = request.header("Title", title);
    }
    if let Some(token) = &sink.token {
        request = request.bearer_auth(token.reveal());
    }
    http::send(request, http::no_wait)
}
