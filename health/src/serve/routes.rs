//! Which page or document an address names.

use std::collections::HashMap;

use axum::extract::Query;
use axum::http::{StatusCode, Uri};
use football::Format;

use super::answer::Page;
use super::course::{Course, Hours};
use super::shown::Shown;
use super::{alerts, api, logs, matches, one_match, page};
use crate::look::{Look, Range};
use crate::product::{Board, Detail, Filter, Sort, Which, trail};
use crate::verdict::{Level, Verdict};

/// The page for an address; `word` is what a form must carry, if the pages have any.
pub(super) fn make(
    shown: &Shown,
    uri: &Uri,
    format: Format,
    word: Option<&str>,
    hours: &Hours,
) -> Page {
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
    let html = |title: &str, main| Page::html(ok, page::frame(look, title, uri.path(), main));
    let probe = |good: bool| Page::word(or_503(good), if good { "ok\n" } else { "not ok\n" });
    match uri.path() {
        "/" => {
            let range = Range::of(get("range")).unwrap_or_default();
            let course = Course::of(look, range, hours);
            html("overview", page::overview(look, course.as_ref(), word))
        }
        "/matches" => {
            let page = get("page").parse().unwrap_or(1).clamp(1, 1000);
            html(
                "matches",
                matches::table(look, &filter(&query), format, page),
            )
        }
        "/alerts" => html("alerts", alerts::page(look, word)),
        "/logs" => html("logs", logs::page(look, &logs::Search::of(&query))),
        "/metrics" => Page::of(
            ok,
            "text/plain; version=0.0.4; charset=utf-8",
            shown.metrics.clone(),
        ),
        "/health" => Page::of(
            or_503(look.verdict.level() < Level::Unknown),
            "application/health+json",
            crate::json::report(&look.facts, &look.verdict),
        ),
        "/api/v1/status" => Page::of(
            ok,
            api::JSON,
            crate::json::report(&look.facts, &look.verdict),
        ),
        "/api/v1/matches" => api::matches(look, &filter(&query)),
        "/livez" => probe(Verdict::of_the_loop(&look.facts).level() == Level::Ok),
        "/readyz" => {
            let fresh = |board: &Board| board.fresh(look.facts.now);
            probe(look.board().is_some_and(fresh))
        }
        path => match path.strip_prefix("/matches/") {
            Some(id) => one(look, id, format),
            None => missing(look, "There is no such page."),
        },
    }
}

fn missing(look: &Look, words: &str) -> Page {
    let main = maud::html! { h2 { "Not found" } p { (words) } };
    let text = page::frame(look, "not found", "", main);
    Page::html(StatusCode::NOT_FOUND, text)
}

fn one(look: &Look, id: &str, format: Format) -> Page {
    let found = look
        .board()
        .and_then(|board| Some((board, board.matches.iter().find(|row| row.id == id)?)));
    let Some((board, row)) = found else {
        return missing(look, "The newest cycle has no such match; it may be over.");
    };
    let detail = match Detail::read_at(&look.facts.data, &board.records, id) {
        Ok(Some(detail)) => Ok(detail),
        Ok(None) => Err("Step 2's newest file has no such match.".to_owned()),
        Err(why) => Err(why.message),
    };
    let history = row.result.as_ref().map_or_else(Vec::new, |quote| {
        let file = look.facts.data.output(1);
        trail::whole(&file, &board.histories, id, quote.bookmaker_id)
    });
    let main = one_match::one(
        look,
        &one_match::One {
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
    Page::html(StatusCode::OK, page::frame(look, &title, "/matches", main))
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
