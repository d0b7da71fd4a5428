//! The two first lines: the verdict, and the four answers.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::VERSION;
use ratatui::text::{Line, Span};
use step6::{screen_text, width};

use super::app::App;
use super::overview::{moment, short};
use super::paint::Tone;
use super::{situation, steps};
use crate::look::Look;

/// A look that is older than this is said to be.
const STALE_VIEW: Duration = Duration::from_secs(10);

/// The first line: the verdict in a word and in a sentence, where, and when. `age` is the look's, by a
/// clock that nobody sets; `clock` is the time of drawing.
pub fn banner(
    app: &App,
    look: &Look,
    columns: usize,
    age: Duration,
    clock: DateTime<Utc>,
) -> Line<'static> {
    let level = look.verdict.level();
    let long = short(TimeDelta::from_std(age).unwrap_or_default());
    let word = match app.frozen {
        Some(_) => format!(" FROZEN {long} "),
        None if age > STALE_VIEW => format!(" STALE VIEW {long} "),
        None => format!(" {} ", level.word()),
    };
    let clock = clock.format("%H:%M:%SZ ").to_string();
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
    let sentence = match look.verdict.problems.first() {
        Some(problem) => situation::what(problem, look),
        None => look.verdict.all_well.clone(),
    };
    let room = columns.saturating_sub(width(&word) + width(&right) + 1);
    let sentence = screen_text(&sentence, room).into_owned();
    let gap =
        " ".repeat(columns.saturating_sub(width(&word) + 1 + width(&sentence) + width(&right)));
    let line = app.paint.plain(&format!("{word} {sentence}{gap}{right}"));
    Line::from(line).style(app.paint.banner(level))
}

/// What holds the next cycle back or is under way, and how long yet.
pub fn next(look: &Look, now: DateTime<Utc>) -> Option<(Tone, String)> {
    let facts = &look.facts;
    if look.running().is_none() {
        let since = facts
            .last_activity()
            .map(|at| format!(" since {}", moment(at, now)))
            .unwrap_or_default();
        return Some((Tone::Bad, format!("NOT RUNNING{since}")));
    }
    if let Some(pause) = &facts.pause {
        let words = match pause.until {
            Some(at) => held("PAUSED", at, now),
            None => "PAUSED until resumed".to_owned(),
        };
        return Some((Tone::Warn, words));
    }
    let until = facts.backoff.as_ref().and_then(|backoff| backoff.until);
    match (until.or(facts.next_start), &facts.backoff) {
        (Some(at), Some(_)) => {
            let words = held("BACKOFF", at, now);
            return Some((Tone::Warn, words));
        }
        (None, Some(_)) => return Some((Tone::Warn, "BACKOFF after failures".to_owned())),
        (_, None) => {}
    }
    let history = facts.history.as_ref().ok()?;
    if let Some(running) = &history.running {
        let step = running.step.as_ref();
        let step = step.map(|step| format!(", {}", step.name));
        let lasts = short(now - running.cycle.started_at);
        return Some((
            Tone::Plain,
            format!("cycle runs {lasts}{}", step.unwrap_or_default()),
        ));
    }
    let at = facts.next_start?;
    Some((Tone::Plain, due("next cycle", at, now)))
}

/// `PAUSED 14m58s yet, until 12:18:53Z`.
fn held(word: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = short(until - now);
    format!("{word} {left} yet, until {}", moment(until, now))
}

/// `next cycle in 8s`, or that it is due: what is shown may be older than its start.
pub fn due(what: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if at > now {
        format!("{what} in {}", short(at - now))
    } else {
        format!("{what} is due")
    }
}

/// The second line: what comes next if that is unusual, steps, data, errors, who runs it and since when.
pub fn answers(app: &App, look: &Look, columns: usize, now: DateTime<Utc>) -> Line<'static> {
    let paint = app.paint;
    let (fresh, all) = steps::fresh_at(look, now);
    let mut parts = Vec::new();
    if all > 0 {
        let tone = if fresh == all {
            Tone::Plain
        } else {
            Tone::Warn
        };
        let steps = if columns < 60 { "" } else { "steps " };
        parts.push((tone, format!("{fresh}/{all} {steps}fresh")));
    }
    if let Some(board) = look.board() {
        // Before all that a narrow line may have no room for.
        parts.extend(board.not_real().map(|word| (Tone::Warn, word.to_owned())));
        let tone = if board.fresh(now) {
            Tone::Plain
        } else {
            Tone::Bad
        };
        let age = TimeDelta::seconds(board.age_s(now));
        parts.push((tone, format!("data {} old", short(age))));
    }
    match next(look, now) {
        // What is unusual comes first: a narrow line has no room for more.
        Some((tone, words)) if tone != Tone::Plain => parts.insert(0, (tone, words)),
        usual => parts.extend(usual),
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
    if let Some(holder) = look.running() {
        let up = holder
            .since
            .map(|since| format!("up {}", short(now - since)));
        parts.extend(up.map(|up| (Tone::Plain, up)));
        let every = holder
            .interval
            .map(|every| format!("every {}s", every.as_secs()));
        parts.extend(every.map(|every| (Tone::Dim, every)));
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
