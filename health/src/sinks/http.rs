//! One request to a sink, and what its answer means.

use std::time::Duration;

use reqwest::blocking::{Client, RequestBuilder, Response};
use reqwest::header::RETRY_AFTER;
use reqwest::{Certificate, StatusCode};

use super::{Outcome, Sink, trust};

/// No sink may make us wait longer.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A client for `sink`.
pub(super) fn client(sink: &Sink) -> Result<Client, Outcome> {
    // An error only says that somebody installed one before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let timeout = sink.spec.timeout.0;
    let refused = |why: reqwest::Error| Outcome::Refused {
        error: format!("no HTTP client: {}", why.without_url()),
    };
    let trusted = Certificate::from_pem_bundle(&sink.trusted).map_err(refused)?;
    Client::builder()
        .user_agent(concat!("football-bot/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_merge(trusted)
        .build()
        .map_err(refused)
}

/// Sends a request. `retry_after` finds a wait that the body asks for, in seconds.
pub(super) fn send(request: RequestBuilder, retry_after: fn(&str) -> Option<f64>) -> Outcome {
    match request.send() {
        Ok(response) => judge(response, retry_after),
        Err(why) => Outcome::Again {
            after: None,
            error: in_words(why),
        },
    }
}

/// An error without the address, which may hold a token.
fn in_words(why: reqwest::Error) -> String {
    if why.is_timeout() {
        return "no answer in time".to_owned();
    }
    if why.is_builder() {
        return "its address is no URL".to_owned();
    }
    if trust::signed_by_a_stranger(&why) {
        return trust::STRANGER.to_owned();
    }
    let what = if why.is_connect() {
        "failed to connect"
    } else {
        "the request failed"
    };
    let mut text = what.to_owned();
    let why = why.without_url();
    let mut source = std::error::Error::source(&why);
    while let Some(cause) = source {
        // Only the innermost cause says something to a person.
        if cause.source().is_none() {
            text.push_str(&format!(": {cause}"));
        }
        source = cause.source();
    }
    text
}

fn judge(response: Response, retry_after: fn(&str) -> Option<f64>) -> Outcome {
    let status = response.status();
    if status.is_success() {
        return Outcome::Delivered;
    }
    let header = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok());
    let body = response.text().unwrap_or_default();
    let error = format!("HTTP {}", status.as_u16());
    let wait = header
        .or_else(|| retry_after(&body))
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .map(|seconds| Duration::from_secs_f64(seconds.min(LONGEST_WAIT.as_secs_f64())));
    let passing = status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
        );
    if passing {
        Outcome::Again { after: wait, error }
    } else {
        Outcome::Refused { error }
    }
}

/// No wait in the body.
pub(super) fn no_wait(_body: &str) -> Option<f64> {
    None
}

/// `"retry_after": seconds` at the top of a JSON body.
pub(super) fn wait_in_body(body: &str) -> Option<f64> {
    let value: serde_json::Value = serde_json::from_str(body).ok()?;
    value
        .get("retry_after")
        .or_else(|| value.get("parameters")?.get("retry_after"))?
        .as_f64()
}
