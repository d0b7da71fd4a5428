//! Switching faults while it runs, for this machine only: `/_sandbox/…`.
//!
//! `GET` and `POST /_sandbox/faults` (a body of rules, one a line; an empty one ends all faults) ·
//! `POST /_sandbox/latency` (`100ms±30ms`) · `GET` and `DELETE /_sandbox/requests`.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::ORIGIN;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Server;
use super::faults::Rule;
use super::reply::Reply;

/// What stands before the paths.
pub(super) const PREFIX: &str = "/_sandbox/";

/// More than anybody's rules need.
const LARGEST: usize = 64 * 1024;

/// Carries out a request from this machine.
pub(super) async fn control(server: &Server, request: Request) -> Response {
    // A web page that somebody reads on this machine has no business here.
    if request.headers().contains_key(ORIGIN) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let path = request.uri().path().trim_start_matches(PREFIX).to_owned();
    let method = request.method().clone();
    match (path.as_str(), method) {
        ("faults", Method::GET) => faults(server),
        ("faults", Method::POST) => match rules(&text(request.into_body()).await) {
            Ok(rules) => {
                server.faults.set_rules(rules);
                faults(server)
            }
            Err(why) => bad(&why),
        },
        ("latency", Method::POST) => match text(request.into_body()).await.trim().parse() {
            Ok(latency) => {
                server.faults.set_latency(latency);
                Reply::of(&json!({"ok": true})).into_response()
            }
            Err(why) => bad(&why),
        },
        ("requests", Method::GET) => {
            Reply::of(&json!({"requests": server.requests.lately()})).into_response()
        }
        ("requests", Method::DELETE) => {
            server.requests.clear();
            Reply::of(&json!({"ok": true})).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn faults(server: &Server) -> Response {
    let rules: Vec<_> = server.faults.rules().iter().map(Rule::to_string).collect();
    Reply::of(&json!({"faults": rules})).into_response()
}

/// One a line; blank lines don't count.
fn rules(text: &str) -> Result<Vec<Rule>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::parse).collect()
}

async fn text(body: Body) -> String {
    let bytes = to_bytes(body, LARGEST).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn bad(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response()
}
