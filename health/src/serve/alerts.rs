//! `/alerts`: what fires, what waits, silences, who is told, what was; and the form that silences.
//!
//! The form does what `health alerts silence` does, by the same code. Whether there is one, and who may
//! send it, [`super::guard`] decides.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use chrono::TimeDelta;
use maud::{Markup, html};
use pipeline::config::alerts::Span;

use super::answer::Page;
use super::page::seen;
use crate::alerts::command::What;
use crate::alerts::rules::ALL;
use crate::alerts::state::{self, Entry, State};
use crate::alerts::{Active, View};
use crate::look::Look;
use crate::words::length;

/// Its address.
pub(super) const PATH: &str = "/alerts";

/// Entries of the past that are shown.
const PAST: usize = 50;

/// For how long an alert can be silenced by a button, as the form and the button say it.
const LENGTHS: [(&str, &str); 3] = [("1h", "1 h"), ("4h", "4 h"), ("1d", "1 day")];

/// What stands for the end of the incident in the form.
const OVER: &str = "over";

/// What a form asks for.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// The word that only our pages hold.
    pub(super) word: String,
    /// The same as on the command line.
    pub(super) what: What,
}

impl Form {
    /// Reads what a browser sent.
    ///
    /// # Errors
    /// In words, when it is none of our forms.
    pub(super) fn of(headers: &HeaderMap, body: &Bytes) -> Result<Form, String> {
        let kind = headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
            return Err("A form is expected, as a browser sends it.".to_owned());
        }
        // What an address asks for and what a form sends is written alike.
        let text = String::from_utf8_lossy(body);
        let uri = format!("/?{text}")
            .parse()
            .map_err(|_| "The form can't be read.")?;
        let axum::extract::Query(fields) =
            axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&uri)
                .map_err(|_| "The form can't be read.")?;
        let field = |name: &str| {
            let found = fields.iter().find(|(field, _)| field == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        let name = field("name").to_owned();
        let what = match (field("do"), field("for")) {
            ("unsilence", _) => What::Unsilence { name },
            ("silence", length) => What::Silence {
                name,
                length: lasting(length)?,
                comment: "by the page".to_owned(),
            },
            _ => return Err("The form says neither silence nor unsilence.".to_owned()),
        };
        Ok(Form {
            word: field("word").to_owned(),
            what,
        })
    }
}

/// How long a silence lasts: `1h`, or until the incident is over.
fn lasting(text: &str) -> Result<Option<Span>, String> {
    if text == OVER {
        return Ok(None);
    }
    match text.parse::<Span>() {
        Ok(Span(length)) if length >= Duration::from_secs(60) => Ok(Some(Span(length))),
        _ => Err("The form does not say for how long, such as 1h.".to_owned()),
    }
}

/// The page of a form that was not obeyed.
pub(super) fn refused(status: StatusCode, words: &str) -> Page {
    let page = html! {
        (maud::DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Nothing was changed - football-bot" }
                link rel="stylesheet" href=(super::page::address("style.css", super::answer::STYLE));
            }
            body { main {
                h2 { "Nothing was changed" }
                p { (words) }
                p { a href=(PATH) { "Back to the alerts" } }
            } }
        }
    };
    Page::html(status, page.into_string())
}

/// The page.
pub fn page(look: &Look, word: Option<&str>) -> Markup {
    let view = &look.facts.alerts;
    html! {
        @if let Some(problem) = &view.problem { p class="warn" { (problem) } }
        h2 { (headline(view)) }
        (cards(look, word))
        (pending(look))
        (silences(look, word))
        (told(look))
        (past(look))
        (rules())
    }
}

/// What fires, in words.
fn headline(view: &View) -> String {
    let silenced = view.firing.iter().filter(|one| one.silenced).count();
    let all = view.firing.len();
    let fire = if all == 1 {
        "alert fires"
    } else {
        "alerts fire"
    };
    match (all, silenced) {
        (0, _) => "No alert fires".to_owned(),
        (_, 0) => format!("{all} {fire}"),
        _ => format!("{all} {fire}, {silenced} silenced"),
    }
}

/// A card for each alert that fires: what, why, what to do, who was told, and the buttons.
pub(super) fn cards(look: &Look, word: Option<&str>) -> Markup {
    html! { @for one in &look.facts.alerts.firing { (card(look, one, word)) } }
}

fn card(look: &Look, one: &Active, word: Option<&str>) -> Markup {
    let alert = &one.alert;
    let urgency = alert.severity.word().to_uppercase();
    html! {
        section class=(format!("alert {urgency}")) id=(format!("alert-{}", one.name)) {
            p {
                b { (urgency) ": " (one.name) } @if one.silenced { " (silenced)" }
                // Without a watcher nobody may know since when: every look sees it for the first time.
                @if !look.facts.alerts.watched && look.facts.now - alert.since < TimeDelta::seconds(2) { ", seen just now" }
                @else { " since " (seen(alert.since)) ", for " (length(look.facts.now - alert.since)) }
            }
            p { (alert.what) }
            @if let Some(why) = &alert.why { p { "Why: " (why) } }
            p { "Do: " code { (alert.next) } }
            p class="dim" {
                @match alert.last_told {
                    Some(last) => { "Messages: " (alert.told) ", the last " (length(look.facts.now - last)) " ago" },
                    None => "No message was sent yet",
                }
                @if let Some(next) = one.next_reminder.filter(|_| !one.silenced) { "; the next reminder " (seen(next)) }
            }
            @if !one.silenced { (silence(look, &one.name, word)) }
        }
    }
}

/// The buttons that silence an alert, or how it is done without them.
fn silence(look: &Look, name: &str, word: Option<&str>) -> Markup {
    let Some(word) = word else {
        let flag = &look.facts.data_flag;
        return html! { p class="dim" { @if name == "all" { "To silence all: " } @else { "To silence it: " } code { "health alerts silence " (name) " --for 1h" (flag) } } };
    };
    html! {
        form method="post" action=(PATH) {
            input type="hidden" name="word" value=(word);
            input type="hidden" name="do" value="silence";
            input type="hidden" name="name" value=(name);
            span { @if name == "all" { "Silence all alerts for" } @else { "Silence for" } }
            @for (value, text) in LENGTHS { button name="for" value=(value) { (text) } }
            @if name != "all" { button name="for" value=(OVER) { "until it is over" } }
        }
    }
}

fn pending(look: &Look) -> Markup {
    let pending = &look.facts.alerts.pending;
    html! { @if !pending.is_empty() {
        h2 { "Not firing yet" }
        @for one in pending {
            p class="event" {
                b { (one.name) } " "
                @match &one.alert.waits_on {
                    Some(cause) => { "is not told of while " (cause) " fires" },
                    None if !look.facts.alerts.watched => "does not fire yet",
                    None => { "fires at " (seen(one.alert.ready_from)) " if it lasts until then" },
                }
                ": " (one.alert.what)
            }
        }
    } }
}

fn silences(look: &Look, word: Option<&str>) -> Markup {
    let silences = &look.facts.alerts.silences;
    html! {
        h2 { "Silences" }
        @if silences.is_empty() { p class="dim" { "No alert is silenced." } }
        @for one in silences {
            @let name = if one.name == "*" { "all" } else { &one.name };
            form method="post" action=(PATH) class="event" {
                span {
                    b { (name) } " "
                    @match one.until {
                        Some(until) => { "until " (seen(until)) },
                        None => "until the incident is over",
                    }
                    @if !one.comment.is_empty() { " (" (step6::screen_text(&one.comment, 200)) ")" }
                }
                @if let Some(word) = word {
                    input type="hidden" name="word" value=(word);
                    input type="hidden" name="do" value="unsilence";
                    input type="hidden" name="name" value=(name);
                    button { "End this silence" }
                }
            }
        }
        (silence(look, "all", word))
        @if word.is_none() {
            p class="dim" { "This page only shows. " code { "[serve] read_only = false" } " in the configuration puts buttons here, for whoever may read it." }
        }
    }
}

/// Who is told, and how that goes.
fn told(look: &Look) -> Markup {
    let view = &look.facts.alerts;
    let now = look.facts.now;
    html! {
        h2 { "Who is told" }
        @if view.sinks.is_empty() { p { "Nobody: the configuration has no " code { "[[sink]]" } ", so alerts are seen only here and by " code { "health alerts" } "." } }
        @else if !view.watched { p class="warn" { "Nobody now: " code { "health watch" } ", which sends the messages, does not run (the orchestrator starts it)." } }
        @for sink in &view.sinks {
            p class="event" {
                b { (sink.name) } " (" (sink.kind) ") "
                @match (sink.failing_since, sink.last_success) {
                    (Some(since), _) => span class="bad" { "FAILS for " (length(now - since)) ": " (step6::screen_text(sink.error.as_deref().unwrap_or("no answer"), 300)) },
                    (None, Some(at)) => { "ok, last " (length(now - at)) " ago" },
                    (None, None) => "nothing sent yet",
                }
                @if sink.queued > 0 { ", " (sink.queued) " messages wait" }
            }
        }
    }
}

/// What fired and how long it lasted, the newest first.
fn past(look: &Look) -> Markup {
    let history = state::load::<State>(&State::path(&look.facts.data.state()));
    let history = match history {
        Ok(state) => state.history,
        Err(why) => return html! { h2 { "History" } p class="warn" { (why) } },
    };
    html! {
        h2 { "History" }
        @if history.is_empty() { p class="dim" { "Nothing is remembered: " code { "health watch" } " writes down what fires, while it runs." } }
        @else {
            @for entry in history.iter().rev().take(PAST) { (entry_line(entry)) }
            @if history.len() > PAST { p class="dim" { "Older ones: " code { "health alerts history -n " (history.len()) (look.facts.data_flag) } } }
        }
    }
}

fn entry_line(entry: &Entry) -> Markup {
    html! { p class="event" {
        (seen(entry.at)) " "
        @match entry.lasted_s {
            Some(seconds) => {
                b class="ok" { "RESOLVED" } " " (entry.name) " after " (length(TimeDelta::seconds(seconds)))
                ", messages: " (entry.told)
            },
            None => { b class="bad" { "FIRING" } " " (entry.name) ": " (entry.what) },
        }
    } }
}

fn rules() -> Markup {
    html! {
        details id="rules" {
            summary { "All " (ALL.len()) " rules" }
            @for rule in &ALL { p class="event" { b { (rule.name) } ": " (rule.about) } }
            p class="dim" { "How one stands now, with its numbers: " code { "health alerts explain NAME" } }
        }
    }
}
