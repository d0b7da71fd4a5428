//! One visit: an HTTP request with the page's own limits, and the reading of what comes. The address is never
//! shown: it may hold a token.

use std::time::Duration;

use pipeline::config::Page;
use reqwest::header::{
    CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, RETRY_AFTER,
};
use reqwest::{Certificate, StatusCode};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use super::LONGEST_RETRY_AFTER;
use super::state::Validators;
use super::table::{self, Row};

/// What came of it.
#[derive(Debug)]
pub(super) enum Visited {
    Read(Vec<Row>, Validators),
    Unchanged,
    /// Why, and how long the site wants to be left alone, if it says so.
    Failed(String, Option<Duration>),
}

/// Begins a visit; it ends within the page's timeout.
pub(super) fn spawn(
    page: Page,
    known: Validators,
    trusted: Vec<Certificate>,
) -> JoinHandle<Visited> {
    tokio::spawn(async move {
        let limit = page.timeout.0;
        timeout(limit, visit(page, known, trusted))
            .await
            .unwrap_or_else(|_| {
                Visited::Failed(format!("no whole answer within {}", humantime(limit)), None)
            })
    })
}

fn humantime(limit: Duration) -> String {
    pipeline::config::Span(limit).to_string()
}

async fn visit(page: Page, known: Validators, trusted: Vec<Certificate>) -> Visited {
    match load(&page, &known, trusted).await {
        Err((why, pause)) => Visited::Failed(why, pause),
        Ok(None) => Visited::Unchanged,
        Ok(Some((html, validators))) => {
            // Reading a large page takes a while; the feed's requests go on meanwhile.
            match spawn_blocking(move || table::rows(&html, &page)).await {
                Ok(Ok(rows)) => Visited::Read(rows, validators),
                Ok(Err(why)) => Visited::Failed(why, None),
                Err(_) => Visited::Failed("reading it went wrong".to_owned(), None),
            }
        }
    }
}

type Loaded = Result<Option<(String, Validators)>, (String, Option<Duration>)>;

async fn load(page: &Page, known: &Validators, trusted: Vec<Certificate>) -> Loaded {
    let plain = |why: &str| (why.to_owned(), None);
    // An error only says that somebody installed one before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .user_agent(&page.user_agent)
        .redirect(reqwest::redirect::Policy::limited(3))
        // Whoever we are sent on to need not know the address, which may hold a token.
        .referer(false)
        .tls_certs_merge(trusted)
        .build()
        .map_err(|_| plain("the HTTP client can't be set up"))?;
    let mut request = client.get(&page.url);
    if let Some(etag) = &known.etag {
        request = request.header(IF_NONE_MATCH, etag);
    }
    if let Some(then) = &known.last_modified {
        request = request.header(IF_MODIFIED_SINCE, then);
    }
    let mut response = request.send().await.map_err(|why| {
        plain(if why.is_connect() {
            "no connection"
        } else {
            "the request failed"
        })
    })?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED => return Ok(None),
        status => {
            return Err((
                format!("HTTP {}", status.as_u16()),
                retry_after(response.headers()),
            ));
        }
    }
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    if header(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(plain("it came compressed, which was not asked for"));
    }
    let kind = header(CONTENT_TYPE).unwrap_or_default().to_lowercase();
    let bounded = |text: Option<String>| text.filter(|text| text.len() <= 1000);
    let validators = Validators {
        etag: bounded(header(ETAG)),
        last_modified: bounded(header(LAST_MODIFIED)),
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| plain("the answer broke off"))?
    {
        bytes.extend_from_slice(&chunk);
        if bytes.len() as u64 > page.max_bytes {
            return Err((
                format!("it is larger than max_bytes ({})", page.max_bytes),
                None,
            ));
        }
    }
    match String::from_utf8(bytes) {
        Ok(html) => Ok(Some((html, validators))),
        Err(_) => Err((
            format!(
                "it is not UTF-8 text (the site calls it `{}`)",
                kind.escape_debug()
            ),
            None,
        )),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
}
