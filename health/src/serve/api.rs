//! `/api/v1/matches`: the rows of the table for programs.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::answer::Page;
use crate::look::Look;
use crate::product::{Filter, Row};

/// The kind of a JSON document.
pub(super) const JSON: &str = "application/json";

/// The document. Nothing in it is built twice: with thousands of matches it has megabytes.
#[derive(Serialize)]
struct Matches<'a> {
    schema: u8,
    cycle: String,
    provider: &'a str,
    fetched_at: String,
    fresh_until: Option<String>,
    fresh: bool,
    data_age_s: i64,
    total: usize,
    shown: usize,
    matches: Vec<&'a Row>,
}

/// The rows as JSON: whether one may act on them is said anew, since the file can't know how late it is.
pub(super) fn matches(look: &Look, filter: &Filter) -> Page {
    let now = look.facts.now;
    let board = match look.board.as_ref() {
        Ok(board) => board,
        Err(why) => {
            let body = json!({"schema": 1, "fresh": false, "error": why.message, "matches": []});
            return Page::of(StatusCode::SERVICE_UNAVAILABLE, JSON, format!("{body}\n"));
        }
    };
    let rows = filter.apply(&board.matches);
    let document = Matches {
        schema: 1,
        cycle: board.envelope.cycle.to_string(),
        provider: &board.envelope.provider,
        fetched_at: pipeline::handoff::instant(board.envelope.fetched_at),
        fresh_until: board.fresh_until.map(pipeline::handoff::instant),
        fresh: board.fresh(now),
        data_age_s: board.age_s(now),
        total: board.matches.len(),
        shown: rows.len(),
        matches: rows,
    };
    // Our own types, whose keys are strings: writing them can't fail.
    let text = serde_json::to_string(&document).unwrap_or_default();
    Page::of(StatusCode::OK, JSON, text + "\n")
}
