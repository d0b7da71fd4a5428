//! Which page or document an address names.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use football::Format;
use serde_json::json;

use super::shown::Shown;
use super::{logs, matches, page};
use crate::look::{Look, Pace, Range};
use crate::product::{Detail, Filter, Sort, Which, trail};
use crate::verdict::{Level, Verdict};

pub(super) const HTML: &str = "text/html; charset=utf-8";
pub(super) const JSON: &str = "application/json";
pub(super) const WORD: &str = "text/plain; charset=utf-8";

/// The answer for an address.
pub(super) fn make(shown: &Shown, uri: &Uri, format: Format) -> (StatusCode, &'static str, String) {
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
