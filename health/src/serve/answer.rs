//! One answer: whether it may be given, the headers around it, and the pages that are kept for the next reader.

use std::sync::PoisonError;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::alerts;
use super::shown::Server;

/// Pages that are kept for one look.
const KEPT: usize = 128;
/// What they may have together, in bytes.
const KEPT_BYTES: usize = 4 << 20;
/// The largest form, in bytes; ours have some 100.
const LARGEST_FORM: usize = 4096;
/// How long a form may take to come.
const FORM: Duration = Duration::from_secs(10);
/// The longest address that is kept or answered.
const LONGEST: usize = 500;

pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const SCRIPT: &str = include_str!("live.js");
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What stands in an answer.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) body: Bytes,
}

impl Page {
    /// A page for a browser.
    pub(super) fn html(status: StatusCode, text: String) -> Page {
        Page::of(status, HTML, text)
    }

    /// A document of another kind.
    pub(super) fn of(status: StatusCode, kind: &'static str, text: String) -> Page {
        Page {
            status,
            kind,
            body: Bytes::from(text),
        }
    }

    /// A line of text.
    pub(super) fn word(status: StatusCode, text: &'static str) -> Page {
        Page {
            status,
            kind: WORD,
            body: Bytes::from_static(text.as_bytes()),
        }
    }
}

const HTML: &str = "text/html; charset=utf-8";
const WORD: &str = "text/plain; charset=utf-8";

/// Answers a request.
pub(super) async fn answer(server: &Server, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let uri = &head.uri;
    if uri.path().len() + uri.query().map_or(0, str::len) > LONGEST {
        let page = Page::word(StatusCode::URI_TOO_LONG, "the address is too long\n");
        return finished(page);
    }
    // Probes carry no token, and learn one word.
    let probe = matches!(uri.path(), "/livez" | "/readyz");
    if let Err(status) = server.access.admits(&head.headers)
        && !probe
    {
        return refused(status);
    }
    match (&head.method, uri.path()) {
        (&Method::GET | &Method::HEAD, "/style.css") => asset("text/css; charset=utf-8", STYLE),
        (&Method::GET | &Method::HEAD, "/live.js") => {
            asset("text/javascript; charset=utf-8", SCRIPT)
        }
        (&Method::GET | &Method::HEAD, _) => finished(read(server, uri).await),
        (&Method::POST, alerts::PATH) => change(server, &head.headers, body).await,
        (_, path) => not_allowed(path),
    }
}

/// A page as it was made for an earlier reader of the same look, or a new one.
async fn read(server: &Server, uri: &Uri) -> Page {
    let Some(shown) = server.look().await else {
        return no_answer();
    };
    let key = uri
        .path_and_query()
        .map(ToString::to_string)
        .unwrap_or_default();
    let pages = || shown.pages.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = pages().get(&key).cloned();
    if let Some(page) = kept {
        return page;
    }
    let Some(page) = server.make(&shown, uri).await else {
        return no_answer();
    };
    let mut pages = pages();
    let bytes: usize = pages.values().map(|page| page.body.len()).sum();
    if pages.len() < KEPT && bytes + page.body.len() <= KEPT_BYTES {
        pages.insert(key, page.clone());
    }
    drop(pages);
    page
}

/// Silences or lets speak again, and leads back to the page, so that loading it anew repeats nothing.
async fn change(server: &Server, headers: &HeaderMap, body: Body) -> Response {
    let wrong = |status, words: &str| finished(alerts::refused(status, words));
    let body = axum::body::to_bytes(body, LARGEST_FORM);
    let body = match tokio::time::timeout(FORM, body).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return wrong(StatusCode::PAYLOAD_TOO_LARGE, "The form is too large."),
        Err(_) => {
            return wrong(
                StatusCode::REQUEST_TIMEOUT,
                "The form did not come in time.",
            );
        }
    };
    let form = match alerts::Form::of(headers, &body) {
        Ok(form) => form,
        Err(why) => return wrong(StatusCode::BAD_REQUEST, &why),
    };
    if let Err(why) = server.guard.admits(headers, &form.word) {
        log::warn!("a change of the silences was refused: {}", why.words());
        return wrong(StatusCode::FORBIDDEN, why.words());
    }
    match server.change(form.what).await {
        Some(Ok(said)) => {
            log::info!("asked for on the page: {}", said.trim_end());
            let mut answer = finished(Page::word(StatusCode::SEE_OTHER, "done\n"));
            let back = HeaderValue::from_static(alerts::PATH);
            answer.headers_mut().insert(header::LOCATION, back);
            answer
        }
        Some(Err(why)) => {
            log::warn!("a change of the silences failed: {why}");
            wrong(StatusCode::UNPROCESSABLE_ENTITY, &why)
        }
        None => finished(no_answer()),
    }
}

fn no_answer() -> Page {
    Page::word(
        StatusCode::SERVICE_UNAVAILABLE,
        "the data directory does not answer\n",
    )
}

fn not_allowed(path: &str) -> Response {
    let (words, methods) = if path == alerts::PATH {
        ("only GET, HEAD and POST\n", "GET, HEAD, POST")
    } else {
        ("only GET and HEAD\n", "GET, HEAD")
    };
    let mut answer = finished(Page::word(StatusCode::METHOD_NOT_ALLOWED, words));
    let methods = HeaderValue::from_static(methods);
    answer.headers_mut().insert(header::ALLOW, methods);
    answer
}

fn finished(page: Page) -> Response {
    let mut answer = (page.status, page.body).into_response();
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, page.kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer` a browser would not say from which page a form of ours comes.
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    answer
}

/// Style and script: their addresses change with them, so a browser may keep them.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let mut answer = finished(Page {
        status: StatusCode::OK,
        kind,
        body: Bytes::from_static(text.as_bytes()),
    });
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
    let mut answer = finished(Page::word(status, words));
    if status == StatusCode::UNAUTHORIZED {
        let ask = HeaderValue::from_static("Basic realm=\"football-bot\", charset=\"UTF-8\"");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
    }
    answer
}
