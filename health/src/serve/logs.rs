//! `/logs`: the end of the day logs, searched by the address, so that every search is a link.

use std::collections::HashMap;

use log::Level;
use maud::{Markup, html};

use crate::logs::Line;
use crate::look::Look;
use crate::verdict::commands;
use crate::words::shell;

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

    /// The arguments of `health` that search alike, through all logs.
    fn command(&self) -> String {
        let mut command = format!("logs -n {}", self.lines);
        if let Some(level) = self.level.and_then(|level| LEVELS.get(level)) {
            command += &format!(" --level {}", level.to_lowercase());
        }
        if let Some(step) = self.step {
            command += &format!(" --step {step}");
        }
        if !self.text.is_empty() {
            let pattern = format!("(?i){}", regex::escape(&self.text));
            command += &format!(" --grep {}", shell(&pattern));
        }
        command
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
    let lines = crate::tail::lines(look.facts.data.logs());
    let all = lines.len();
    let lines = search.apply(lines);
    html! {
        form method="get" action="/logs" {
            input type="search" name="q" value=(search.text) placeholder="Words in the line" aria-label="Words in the line" maxlength="100";
            select name="level" aria-label="Level" {
                option value="" { "all levels" }
                @for (at, level) in LEVELS.iter().enumerate().take(3) { option value=(level) selected[search.level == Some(at)] { (level) " and worse" } }
            }
            select name="step" aria-label="Step" {
                option value="" { "all steps" }
                @for n in 1..=6_u8 { option value=(n) selected[search.step == Some(n)] { "step " (n) } }
            }
            select name="lines" aria-label="Lines" { @for n in [50, 100, 250, 500] { option value=(n) selected[n == search.lines] { (n) " lines" } } }
            button { "Show" }
        }
        @if all == 0 { p { "There is no log yet: " code { (look.facts.data.logs().display()) } " has no day log with a line in it." } }
        @else { p class="dim" {
            @match lines.len() { 0 => "No such line", 1 => "1 line", n => { (n) " lines, the newest last" } }
            ", times in UTC, from the end of the newest logs. Farther back: " code { (commands::health(&search.command(), &look.facts)) }
            @if lines.len() > 20 { " · " a href="#newest" { "to the newest" } }
        } }
        @for line in &lines { (shown(line)) }
        p id="newest" {}
    }
}

/// A line without what turns text around or controls a terminal, coloured by its level.
pub(super) fn shown(line: &str) -> Markup {
    let text = |text| step6::screen_text(text, 2000);
    let parts = Line::of(line);
    let class = match parts.level {
        Some(Level::Error) => "log bad",
        Some(Level::Warn) => "log warn",
        _ => "log",
    };
    html! { pre class=(class) {
        @match (parts.at, parts.level, parts.who) {
            (Some(at), Some(level), Some(who)) => {
                span class="dim" { (at.format("%Y-%m-%d %H:%M:%S%.3f")) }
                (format!(" {:<5} ", level.as_str())) (text(who)) ": " (text(parts.words))
            },
            _ => (text(line)),
        }
    } }
}
