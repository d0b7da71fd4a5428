//! `health serve`: pages for a browser, JSON for programs, figures for Prometheus.
//!
//! Everything is read-only and made from one look at the files, no more than once a second however many
//! ask; the table of matches is parsed again only when its file has changed. A page needs no script and
//! asks nobody else for anything.

pub mod access;
pub mod logs;
pub mod matches;
pub mod metrics;
pub mod page;
pub mod svg;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use football::Format;
use pipeline::Config;
use pipeline::cli::Common;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use self::access::Access;
use self::metrics::Counts;
use crate::look::{Look, Looker, Pace, Range};
use crate::product::{Detail, Filter, Sort, Which, trail};
use crate::verdict::{Level, Verdict};

/// How long a look is good for.
const LOOK: Duration = Duration::from_secs(1);
/// How long a look may take; then the last one is shown again, and says itself how old it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pages that are kept for one look.
const KEPT: usize = 64;
/// The longest address that is kept or answered.
const LONGEST: usize = 500;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("live.js");
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `health serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where to listen [default: `[serve] listen`, 127.0.0.1:8787]; other machines need a token
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// File with the token that readers must give [default: `[serve] token_file`]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<String>,
}

/// Runs until it is told to stop; 0 then, else 3.
pub fn run(options: &Options, common: &Common, config: Config) -> u8 {
    match serve(options, common, config) {
        Ok(()) => Level::Ok.code(),
        Err(why) => {
            log::error!("{why}");
            Level::Unknown.code()
        }
    }
}

fn serve(options: &Options, common: &Common, mut config: Config) -> Result<(), String> {
    if let Some(file) = &options.token_file {
        config.serve.token_file.clone_from(file);
    }
    let listen = options
        .listen
        .clone()
        .unwrap_or_else(|| config.serve.listen.clone());
    let address: SocketAddr = listen
        .parse()
        .map_err(|_| format!("`{listen}` is no address with a port such as 127.0.0.1:8787"))?;
    let access = Access::of(&config.serve, address)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build()
        .map_err(|why| format!("failed to start the server: {why}"))?;
    let server = Arc::new(Server::new(common.clone(), config, access));
    runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind(address).await.map_err(|why| {
            format!("failed to listen on {address}: {why} (is another `health serve` running? --listen names another port)")
        })?;
        let bound = listener.local_addr().unwrap_or(address);
        log::info!("http://{bound}/ shows the dashboard, http://{bound}/metrics the figures");
        let mut term = signal(SignalKind::terminate()).map_err(|why| why.to_string())?;
        let mut int = signal(SignalKind::interrupt()).map_err(|why| why.to_string())?;
        let router = Router::new().fallback(answer).with_state(server);
        // Nothing here is written, so a request that is cut off loses nothing.
        tokio::select! {
            served = async { axum::serve(listener, router).await } => served.map_err(|why| why.to_string()),
            _ = term.recv() => Ok(()),
            _ = int.recv() => Ok(()),
        }
    })
}

/// What all requests share.
struct Server {
    access: Access,
    format: Format,
    eyes: Arc<Mutex<(Looker, Counts)>>,
    shown: tokio::sync::Mutex<Option<Arc<Shown>>>,
}

/// One look, and the pages that were made of it.
struct Shown {
    look: Look,
    at: Instant,
    metrics: String,
    pages: Mutex<HashMap<String, (StatusCode, &'static str, Bytes)>>,
}

impl Server {
    fn new(common: Common, config: Config, access: Access) -> Server {
        Server {
            access,
            format: step6::parse_format(&config.display.format).unwrap_or(Format::American),
            eyes: Arc::new(Mutex::new((Looker::new(common, config), Counts::default()))),
            shown: tokio::sync::Mutex::new(None),
        }
    }

    /// The newest look; a new one if it is older than a second. One request looks, the others wait for it.
    async fn look(&self) -> Option<Arc<Shown>> {
        let mut shown = self.shown.lock().await;
        if let Some(held) = shown.as_ref().filter(|held| held.at.elapsed() < LOOK) {
            return Some(Arc::clone(held));
        }
        let eyes = Arc::clone(&self.eyes);
        let looked = tokio::task::spawn_blocking(move || look_now(&eyes));
        match tokio::time::timeout(PATIENCE, looked).await {
            Ok(Ok(new)) => {
                *shown = Some(Arc::new(new));
                shown.clone()
            }
            // The disk hangs: what was seen last says itself when that was.
            _ => shown.clone(),
        }
    }
}

fn look_now(eyes: &Mutex<(Looker, Counts)>) -> Shown {
    let mut eyes = eyes.lock().unwrap_or_else(PoisonError::into_inner);
    let (looker, counts) = &mut *eyes;
    let look = looker.look(Range::Hour);
    let counted =
        journal::Reader::open(&look.facts.data.journal()).and_then(|reader| counts.count(&reader));
    if let Err(why) = counted {
        log::debug!("nothing counted: {why}");
    }
    Shown {
        metrics: metrics::page(&look, counts),
        at: Instant::now(),
        pages: Mutex::default(),
        look,
    }
}

async fn answer(
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

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const WORD: &str = "text/plain; charset=utf-8";

/// The answer for an address.
fn make(shown: &Shown, uri: &Uri, format: Format) -> (StatusCode, &'static str, String) {
    let look = &shown.look;
    let query = Query::<HashMap<String, String>>::try_from_uri(uri)
        .map(|Query(query)| query)
        .unwrap_or_default();
    let ok = StatusCode::OK;
    let or_503 = |good: bool| {
        if good {
            ok
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let get = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    let format = matches::formats()
        .find(|(_, word)| *word == get("format"))
        .map_or(format, |(format, _)| format);
    match uri.path() {
        "/" => {
            let other = Range::of(get("range")).filter(|range| *range != Range::Hour);
            let other = other.and_then(|range| Pace::read(&look.facts, range).ok());
            let main = page::overview(look, other.as_ref().or(look.pace.as_ref()));
            (ok, HTML, page::frame(look, "overview", "/", main))
        }
        "/matches" => {
            let main = matches::table(
                look,
                &filter(&query),
                format,
                get("page").parse().unwrap_or(1).clamp(1, 1000),
            );
            (ok, HTML, page::frame(look, "matches", "/matches", main))
        }
        "/logs" => {
            let main = logs::page(look, &logs::Search::of(&query));
            (ok, HTML, page::frame(look, "logs", "/logs", main))
        }
        "/metrics" => (
            ok,
            "text/plain; version=0.0.4; charset=utf-8",
            shown.metrics.clone(),
        ),
        "/health" => (
            or_503(look.verdict.level() < Level::Unknown),
            "application/health+json",
            crate::json::report(&look.facts, &look.verdict),
        ),
        "/api/v1/status" => (ok, JSON, crate::json::report(&look.facts, &look.verdict)),
        "/api/v1/matches" => api_matches(look, &filter(&query)),
        "/livez" => {
            let moves = Verdict::of_the_loop(&look.facts).level() == Level::Ok;
            (
                or_503(moves),
                WORD,
                if moves { "ok\n" } else { "not ok\n" }.to_owned(),
            )
        }
        "/readyz" => {
            let ready = look
                .board()
                .is_some_and(|board| board.fresh(look.facts.now));
            (
                or_503(ready),
                WORD,
                if ready { "ok\n" } else { "not ok\n" }.to_owned(),
            )
        }
        path => match path.strip_prefix("/matches/") {
            Some(id) => one(look, id, format),
            None => missing(look, "There is no such page."),
        },
    }
}

fn missing(look: &Look, words: &str) -> (StatusCode, &'static str, String) {
    let main = maud::html! { h2 { "Not found" } p { (words) } };
    (
        StatusCode::NOT_FOUND,
        HTML,
        page::frame(look, "not found", "", main),
    )
}

fn one(look: &Look, id: &str, format: Format) -> (StatusCode, &'static str, String) {
    let found = look
        .board()
        .and_then(|board| board.matches.iter().find(|row| row.id == id));
    let Some(row) = found else {
        return missing(look, "The newest cycle has no such match; it may be over.");
    };
    let detail = match Detail::read(&look.facts.data, id) {
        Ok(Some(detail)) => Ok(detail),
        Ok(None) => Err("Step 2's newest file has no such match.".to_owned()),
        Err(why) => Err(why.message),
    };
    let history = row.result.as_ref().map_or_else(Vec::new, |quote| {
        trail::whole(&look.facts.data.output(1), id, quote.bookmaker_id)
    });
    let main = matches::one(
        look,
        &matches::One {
            row,
            detail: detail.as_ref().map_err(String::as_str),
            history: &history,
            format,
        },
    );
    let title = format!(
        "{} - {}",
        matches::name(row.home.as_deref()),
        matches::name(row.away.as_deref())
    );
    (
        StatusCode::OK,
        HTML,
        page::frame(look, &title, "/matches", main),
    )
}

/// The rows as JSON: whether one may act on them is said anew, since the file can't know how late it is.
fn api_matches(look: &Look, filter: &Filter) -> (StatusCode, &'static str, String) {
    let now = look.facts.now;
    match look.board.as_ref() {
        Ok(board) => {
            let rows = filter.apply(&board.matches);
            let body = json!({
                "schema": 1,
                "cycle": board.envelope.cycle.to_string(),
                "provider": board.envelope.provider,
                "fetched_at": pipeline::handoff::instant(board.envelope.fetched_at),
                "fresh_until": board.fresh_until.map(pipeline::handoff::instant),
                "fresh": board.fresh(now),
                "data_age_s": board.age_s(now),
                "total": board.matches.len(),
                "shown": rows.len(),
                "matches": rows,
            });
            (StatusCode::OK, JSON, format!("{body}\n"))
        }
        Err(why) => {
            let body = json!({"schema": 1, "fresh": false, "error": why.message, "matches": []});
            (StatusCode::SERVICE_UNAVAILABLE, JSON, format!("{body}\n"))
        }
    }
}

fn filter(query: &HashMap<String, String>) -> Filter {
    let get = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    Filter {
        which: Which::of(get("status")).unwrap_or_default(),
        text: get("q").chars().take(60).collect(),
        min_books: get("books").parse().unwrap_or(0),
        sort: Sort::of(get("sort")).unwrap_or_default(),
    }
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
