//! Any address, with the JSON that Alertmanager sends (version 4), so that receivers made for that work.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{Message, Outcome, Sink, http};
use crate::alerts::engine::Verb;
use crate::alerts::words;

pub(super) fn deliver(sink: &Sink, message: &Message) -> Outcome {
    let client = match http::client(sink) {
        Ok(client) => client,
        Err(outcome) => return outcome,
    };
    let mut request = client.post(sink.address()).json(&payload(message));
    if let Some(token) = &sink.token {
        request = request.bearer_auth(token.reveal());
    }
    http::send(request, http::wait_in_body)
}

/// Alertmanager's version 4.
pub(super) fn payload(message: &Message) -> Value {
    let one = &message.notification;
    let status = if one.verb == Verb::Resolved {
        "resolved"
    } else {
        "firing"
    };
    let ends = if one.verb == Verb::Resolved {
        instant(one.at)
    } else {
        "0001-01-01T00:00:00Z".to_owned()
    };
    let labels = json!({
        "alertname": one.name,
        "severity": one.severity.word(),
        "instance": message.host,
        "job": "football-bot",
    });
    let annotations = json!({
        "summary": message.title(),
        "description": message.body(),
        "runbook_url": words::runbook(&one.name, &message.settings),
        "next": one.next,
    });
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{alertname=\"{}\"}}", one.name),
        "truncatedAlerts": message.merged,
        "status": status,
        "receiver": "football-bot",
        "groupLabels": {"alertname": one.name},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [{
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": instant(one.since),
            "endsAt": ends,
            "generatorURL": "",
            "fingerprint": fingerprint(&one.name, &message.host),
        }],
    })
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The same for the same alert of the same machine (FNV-1a, 64 bits).
fn fingerprint(name: &str, host: &str) -> String {
    let bytes = name.bytes().chain([0]).chain(host.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
