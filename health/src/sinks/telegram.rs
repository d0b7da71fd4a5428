//! A Telegram bot (Bot API, `sendMessage`): at most 4096 characters; a refusal for haste names the
//! seconds to wait in `parameters.retry_after`.

use pipeline::config::alerts::Severity;
use serde_json::json;

use super::{Message, Outcome, Sink, http};

const LIMIT: usize = 4096;

pub(super) fn deliver(sink: &Sink, message: &Message) -> Outcome {
    let base = match sink.address() {
        "" => "https://api.telegram.org",
        other => other.trim_end_matches('/'),
    };
    let token = sink.token.as_ref().map_or("", |token| token.reveal());
    let body = json!({
        "chat_id": sink.spec.to,
        "text": message.text(LIMIT),
        "disable_notification": message.notification.severity == Severity::Warning,
        "link_preview_options": {"is_disabled": true},
    });
    match http::client(sink) {
        Ok(client) => http::send(
            client
                .post(format!("{base}/bot{token}/sendMessage"))
                .json(&body),
            http::wait_in_body,
        ),
        Err(outcome) => outcome,
    }
}
