//! One answer: whether it may be given, the headers around it, and the pages that are kept for the next reader.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::routes::{WORD, make};
use super::shown::Server;

/// Pages that are kept for one look.
const KEPT: usize = 64;
/// The longest address that is kept or answered.
const LONGEST: usize = 500;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers a request.
pub(super) async fn answer(
    State(server): State<Arc<Server>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return finished(
            StatusCode::METHOD_NOT_ALLOWED,
            "text/plain; charset=utf-8",
            "only GET and HEAD\n".into(),
        );
    }
    if uri.path().len() + uri.query().map_or(0, str::len) > LONGEST {
        return finished(
            StatusCode::URI_TOO_LONG,
            "text/plain; charset=utf-8",
            "the address is too long\n".into(),
        );
    }
    // Probes carry no token, and learn one word.
    let probe = matches!(uri.path(), "/livez" | "/readyz");
    if let Err(status) = server
        .access
        .admits(&headers)
        .or_else(|status| if probe { Ok(()) } else { Err(status) })
    {
        return refused(status);
    }
    match uri.path() {
        "/style.css" => return asset("text/css; charset=utf-8", STYLE),
        "/live.js" => return asset("text/javascript; charset=utf-8", SCRIPT),
        _ => {}
    }
    let Some(shown) = server.look().await else {
        return finished(
            StatusCode::SERVICE_UNAVAILABLE,
            "text/plain; charset=utf-8",
            "the data directory does not answer\n".into(),
        );
    };
    let key = uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let kept = |pages: &Mutex<HashMap<_, _>>| {
        let pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.get(&key).cloned()
    };
    if let Some((status, kind, body)) = kept(&shown.pages) {
        return finished(status, kind, body);
    }
    let made = {
        let (shown, uri, format) = (Arc::clone(&shown), uri.clone(), server.format);
        tokio::task::spawn_blocking(move || make(&shown, &uri, format)).await
    };
    let Ok((status, kind, body)) = made else {
        return finished(
            StatusCode::INTERNAL_SERVER_ERROR,
            "text/plain; charset=utf-8",
            "a bug: see the log of health serve\n".into(),
        );
    };
    let body = Bytes::from(body);
    let mut pages = shown.pages.lock().unwrap_or_else(PoisonError::into_inner);
    if pages.len() < KEPT {
        pages.insert(key, (status, kind, body.clone()));
    }
    drop(pages);
    finished(status, kind, body)
}

fn finished(status: StatusCode, kind: &'static str, body: Bytes) -> Response {
    let mut answer = (status, body).into_response();
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    answer
}

/// Style and script: their addresses carry the version, so a browser may keep them.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let mut answer = finished(StatusCode::OK, kind, Bytes::from_static(text.as_bytes()));
    let keep = HeaderValue::from_static("private, max-age=86400");
    answer.headers_mut().insert(header::CACHE_CONTROL, keep);
    answer
}

fn refused(status: StatusCode) -> Response {
    let words = if status == StatusCode::UNAUTHORIZED {
        "a token is needed: as a bearer token, or as the password\n"
    } else {
        "asked for under a name that is not this machine's; `[serve] hosts` names others, or use a token\n"
    };
    let mut answer = finished(status, WORD, words.into());
    if status == StatusCode::UNAUTHORIZED {
        let ask = HeaderValue::from_static("Basic realm=\"football-bot\", charset=\"UTF-8\"");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
    }
    answer
}
