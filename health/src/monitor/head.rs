//! The two first lines: the verdict, and the four answers.

use std::time::Duration;

use chrono::{DateTime, Utc};
use pipeline::VERSION;
use ratatui::text::{Line, Span};
use step6::{screen_text, width};

use super::app::App;
use super::overview::short;
use super::paint::Tone;
use super::steps;
use crate::look::Look;

/// A look that is older than this is said to be.
const STALE_VIEW: Duration = Duration::from_secs(10);

/// The first line: the verdict in a word and in a sentence, where, and when.
pub fn banner(app: &App, look: &Look, columns: usize, now: DateTime<Utc>) -> Line<'static> {
    let age = now - look.facts.now;
    let level = look.verdict.level();
    let late = age.to_std().unwrap_or_default() > STALE_VIEW;
    let word = match app.frozen {
        Some(since) => format!(" FROZEN {} ", short(now - since)),
        None if late => format!(" STALE VIEW {} ", short(age)),
        None => format!(" {} ", level.word()),
    };
    let clock = now.format("%H:%M:%SZ ").to_string();
    let host = nix::unistd::gethostname().ok();
    let host = host
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default();
    let right = if columns >= 70 {
        format!(" {} {clock}", screen_text(&host, 16))
    } else if columns >= 50 {
        format!(" {clock}")
    } else {
        String::new()
    };
    let room = columns.saturating_sub(width(&word) + width(&right) + 1);
    let sentence = screen_text(look.verdict.sentence(), room).into_owned();
    let gap =
        " ".repeat(columns.saturating_sub(width(&word) + 1 + width(&sentence) + width(&right)));
    let line = app.paint.plain(&format!("{word} {sentence}{gap}{right}"));
    Line::from(line).style(app.paint.banner(level))
}

/// The second line: steps, data, errors, who runs it and since when.
pub fn answers(app: &App, look: &Look, columns: usize) -> Line<'static> {
    let paint = app.paint;
    let facts = &look.facts;
    let (fresh, all) = steps::fresh(look);
    let mut parts = Vec::new();
    if all > 0 {
        let tone = if fresh == all {
            Tone::Plain
        } else {
            Tone::Warn
        };
        parts.push((tone, format!("{fresh}/{all} steps fresh")));
    }
    if let Some(board) = look.board() {
        let age = board.age_s(facts.now);
        let tone = if board.fresh(facts.now) {
            Tone::Plain
        } else {
            Tone::Bad
        };
        parts.push((
            tone,
            format!("data {} old", short(chrono::TimeDelta::seconds(age))),
        ));
        parts.extend(board.not_real().map(|word| (Tone::Warn, word.to_owned())));
    }
    if let Some(pace) = &look.pace {
        let judged = pace.window.ok + pace.window.bad();
        if judged > 0 {
            let bad = pace.window.bad() as f64 * 100.0 / judged as f64;
            let tone = if pace.window.bad() > 0 {
                Tone::Warn
            } else {
                Tone::Plain
            };
            parts.push((tone, format!("err {bad:.0}%/{}", pace.range.word())));
        }
    }
    match look.running() {
        Some(holder) => {
            let up = holder
                .since
                .map(|since| format!("up {}", short(facts.now - since)));
            parts.extend(up.map(|up| (Tone::Plain, up)));
            let every = holder
                .interval
                .map(|every| format!("every {}s", every.as_secs()));
            parts.extend(every.map(|every| (Tone::Dim, every)));
        }
        None => parts.push((Tone::Bad, "NOT RUNNING".to_owned())),
    }
    parts.push((Tone::Dim, VERSION.to_owned()));
    let mut spans = Vec::new();
    let mut used = 0;
    for (tone, part) in parts {
        let part = if used == 0 {
            format!(" {part}")
        } else {
            format!(" | {part}")
        };
        // A part that does not fit is left out whole: half a number would be another number.
        if used + width(&part) > columns {
            break;
        }
        used += width(&part);
        spans.push(Span::styled(part, paint.of(tone)));
    }
    Line::from(spans)
}
