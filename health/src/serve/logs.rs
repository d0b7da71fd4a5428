//! `/logs`: the end of the day logs, searched by the address, so that every search is a link.

use std::collections::HashMap;

use log::Level;
use maud::{Markup, html};

use crate::logs::Line;
use crate::look::Look;

/// Lines that are shown at most.
const MOST: usize = 500;
const LEVELS: [&str; 4] = ["ERROR", "WARN", "INFO", "DEBUG"];

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Only this level and what is worse, 0 being errors; none = all.
    pub level: Option<usize>,
    /// Only lines of this step.
    pub step: Option<u8>,
    /// Only lines with this text, in whatever case.
    pub text: String,
    /// How many lines.
    pub lines: usize,
}

impl Search {
    /// The search of an address.
    pub fn of(query: &HashMap<String, String>) -> Search {
        let get = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
        Search {
            level: LEVELS
                .iter()
                .position(|level| level.eq_ignore_ascii_case(get("level"))),
            step: get("step").trim_start_matches("step").parse().ok(),
            text: get("q").chars().take(100).collect(),
            lines: get("lines").parse().unwrap_or(100).clamp(1, MOST),
        }
    }

    /// The newest lines that are wanted, the oldest first.
    pub fn apply(&self, lines: Vec<String>) -> Vec<String> {
        let text = self.text.to_lowercase();
        let step = self.step.map(|n| format!("step{n}"));
        let mut found: Vec<_> = lines
            .into_iter()
            .rev()
            .filter(|line| {
                let worse = self.level.is_none_or(|level| {
                    let words = line.split_whitespace().take(6);
                    let mut at = words.filter_map(|word| {
                        LEVELS
                            .iter()
                            .position(|one| *one == word.trim_matches(['[', ']', ':']))
                    });
                    at.next().is_some_and(|found| found <= level)
                });
                worse
                    && step.as_ref().is_none_or(|step| line.contains(step))
                    && (text.is_empty() || line.to_lowercase().contains(&text))
            })
            .take(self.lines)
            .collect();
        found.reverse();
        found
    }
}

/// The page.
pub fn page(look: &Look, search: &Search) -> Markup {
    let lines = search.apply(crate::tail::lines(look.facts.data.logs()));
    html! {
        form method="get" action="/logs" {
            input type="search" name="q" value=(search.text) placeholder="Text" aria-label="Text" maxlength="100";
            select name="level" aria-label="Level" {
                option value="" { "all levels" }
                @for (at, level) in LEVELS.iter().enumerate().take(3) { option value=(level) selected[search.level == Some(at)] { (level) " and worse" } }
            }
            select name="step" aria-label="Step" {
                option value="" { "all steps" }
                @for n in 1..=6_u8 { option value=(n) selected[search.step == Some(n)] { "step " (n) } }
            }
            select name="lines" aria-label="Lines" { @for n in [50, 100, 250, 500] { option selected[n == search.lines] { (n) } } }
            button { "Show" }
        }
        p class="dim" { (lines.len()) " lines, the newest last. All of them: " code { (crate::verdict::commands::health("logs", &look.facts)) } }
        @if lines.is_empty() { p { "No such line." } }
        @for line in &lines {
            pre class=(class(line)) { (visible(line)) }
        }
    }
}

/// The class that colours a line: by its level, not by a word that happens to stand in it.
pub(super) fn class(line: &str) -> &'static str {
    match Line::of(line).level {
        Some(Level::Error) => "bad",
        Some(Level::Warn) => "warn",
        _ => "",
    }
}

/// A line without what turns text around or controls a terminal.
pub(super) fn visible(line: &str) -> String {
    step6::screen_text(line, 2000).into_owned()
}
