//! A whole frame: the verdict on the first line, the four answers on the second, the keys on the last,
//! and between them a view or what lies over it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use pipeline::VERSION;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use step6::{screen_text, width};

use super::app::{App, Over, View};
use super::match_detail;
use super::matches::{Columns, Table};
use super::overview::{self, short, text};
use super::paint::Tone;
use super::{help, steps};
use crate::look::Look;
use crate::product::{Detail, Which};

/// A look that is older than this is said to be.
const STALE_VIEW: Duration = Duration::from_secs(10);

/// What a frame shows besides the look.
#[derive(Debug, Default)]
pub struct Beside {
    /// The end of the day log, the oldest line first.
    pub log: Vec<String>,
    /// What step 2 knows of the match whose details are open, or why it can't be had.
    pub detail: Option<Result<Detail, String>>,
}

/// Draws the frame. `now` is the time of drawing: the look may be older.
pub fn frame(
    frame: &mut Frame<'_>,
    app: &mut App,
    look: &Look,
    beside: &Beside,
    now: DateTime<Utc>,
) {
    let area = frame.area();
    let columns = usize::from(area.width);
    let rows = usize::from(area.height);
    if rows == 0 || columns == 0 {
        return;
    }
    let mut lines = vec![banner(app, look, columns, now)];
    if rows > 2 {
        lines.push(answers(app, look, columns));
    }
    let body = rows.saturating_sub(lines.len() + 1);
    let mut page = if rows < 4 {
        Vec::new()
    } else {
        self::body(app, look, beside, columns, body, now)
    };
    page.truncate(body);
    page.resize(body, Line::default());
    lines.extend(page);
    if rows > 1 {
        lines.push(footer(app, columns));
    }
    let buffer = frame.buffer_mut();
    for (y, line) in lines.iter().take(rows).enumerate() {
        let y = area.y + u16::try_from(y).unwrap_or(u16::MAX);
        buffer.set_line(area.x, y, line, area.width);
        if y == area.y || line.style != ratatui::style::Style::default() {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), line.style);
        }
    }
}

fn body(
    app: &mut App,
    look: &Look,
    beside: &Beside,
    columns: usize,
    rows: usize,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    match (app.over, app.view) {
        (Over::Help, _) => scrolled(app, help::lines(app, columns), rows),
        (Over::Logs, _) => logs(app, beside, columns, rows),
        (Over::Alerts, _) => scrolled(app, alerts(app, look, columns), rows),
        (Over::Details, View::Overview) => scrolled(app, help::step(app, look, columns), rows),
        (Over::Details, View::Matches) => {
            scrolled(app, chosen(app, look, beside, columns, now), rows)
        }
        (Over::Nothing, View::Overview) => overview::lines(look, app, columns, rows),
        (Over::Nothing, View::Matches) => matches(app, look, columns, rows, now),
    }
}

/// The first line: the verdict in a word and in a sentence, where, and when.
fn banner(app: &App, look: &Look, columns: usize, now: DateTime<Utc>) -> Line<'static> {
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
fn answers(app: &App, look: &Look, columns: usize) -> Line<'static> {
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

fn footer(app: &App, columns: usize) -> Line<'static> {
    let paint = app.paint;
    if let Some(typing) = &app.typing {
        let words = format!(
            " find: {}_   Enter to search, Esc to leave",
            screen_text(typing, 40)
        );
        return text(paint, Tone::Head, &words, columns);
    }
    if let Some(message) = &app.message {
        return text(paint, Tone::Head, &format!(" {message}"), columns);
    }
    let keys: &[&str] = match (app.over, app.view) {
        (Over::Nothing, View::Overview) => &[
            "?help",
            "m matches",
            "q quit",
            "Enter step",
            "l logs",
            "a alerts",
            "e errors",
            "/ find",
            "t time",
            "f freeze",
            "j/k move",
            "w snapshot",
        ],
        (Over::Nothing, View::Matches) => &[
            "?help",
            "1 overview",
            "q quit",
            "Enter details",
            "s sort",
            "v which",
            "/ find",
            "o odds",
            "b books",
            "f freeze",
            "j/k move",
            "w snapshot",
        ],
        (Over::Help | Over::Details | Over::Alerts, _) => &["Esc back", "j/k scroll", "q quit"],
        (Over::Logs, _) => &["Esc back", "j/k scroll", "e errors", "/ find", "q quit"],
    };
    let mut line = String::new();
    for key in keys {
        if app.read_only && key.starts_with("w ") {
            continue;
        }
        if width(&line) + key.len() + 3 > columns {
            break;
        }
        line += &format!(" [{key}]");
    }
    Line::from(Span::styled(line, paint.of(Tone::Dim)))
}

fn matches(
    app: &mut App,
    look: &Look,
    columns: usize,
    rows: usize,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let paint = app.paint;
    let board = match look.board.as_ref() {
        Ok(board) => board,
        Err(why) => {
            let words = format!(" no matches to show: {}", why.message);
            let lines = crate::words::wrapped("", &words);
            return lines
                .lines()
                .map(|line| text(paint, Tone::Warn, line, columns))
                .collect();
        }
    };
    let shown = app.rows(look);
    let mut choice = format!(
        " {} of {} matches, by {}",
        shown.len(),
        board.matches.len(),
        app.filter.sort.word()
    );
    if app.filter.which != Which::All {
        choice += &format!(", {} only", app.filter.which.word());
    }
    if app.filter.min_books > 0 {
        choice += &format!(", {} books or more", app.filter.min_books);
    }
    if !app.filter.text.is_empty() {
        choice += &format!(", with `{}`", screen_text(&app.filter.text, 30));
    }
    choice += &format!(", {} odds", app.format.as_str().replace('_', " "));
    let table = Table {
        columns: Columns::of(columns),
        paint,
        format: app.format,
        since_fetch: board.age_s(now),
        now,
    };
    let head = table.columns.header();
    let mut lines = vec![
        text(paint, Tone::Dim, &choice, columns),
        Line::styled(head, paint.of(Tone::Head)),
    ];
    if !board.fresh(now) {
        let words = format!(
            " STALE: fetched {} ago; no price here may be bet on",
            short(now - board.envelope.fetched_at)
        );
        lines.insert(0, text(paint, Tone::Bad, &words, columns));
    }
    if shown.is_empty() {
        // "No match" and "no data" are different things, and the reader must see which it is.
        let words = if board.matches.is_empty() {
            " the feed lists no match now"
        } else {
            " no match is like that; v, b and / choose others"
        };
        lines.push(text(paint, Tone::Plain, words, columns));
    }
    let room = rows.saturating_sub(lines.len());
    app.page = room;
    let at = app.chosen_at(&shown);
    let first = (at + 1).saturating_sub(room).max(
        at.saturating_sub(room / 2)
            .min(shown.len().saturating_sub(room)),
    );
    for (place, row) in shown.iter().enumerate().skip(first).take(room) {
        let line = table.line(row);
        lines.push(if place == at {
            line.style(paint.selected())
        } else {
            line
        });
    }
    lines
}

fn chosen(
    app: &App,
    look: &Look,
    beside: &Beside,
    columns: usize,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let rows = app.rows(look);
    let (Some(row), Some(board)) = (rows.get(app.chosen_at(&rows)), look.board()) else {
        return vec![text(app.paint, Tone::Dim, " no match is chosen", columns)];
    };
    let view = match_detail::View {
        paint: app.paint,
        format: app.format,
        since_fetch: board.age_s(now),
        now,
        width: columns,
    };
    let detail = match &beside.detail {
        Some(Ok(detail)) => Ok(detail),
        Some(Err(why)) => Err(why.as_str()),
        None => Err("reading step 2's file"),
    };
    match_detail::lines(row, detail, &view)
}

fn logs(app: &mut App, beside: &Beside, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let find = app.find.to_lowercase();
    let wanted = |line: &&String| {
        let bad = line.contains("ERROR") || line.contains("WARN");
        (!app.errors_only || bad) && (find.is_empty() || line.to_lowercase().contains(&find))
    };
    let shown: Vec<_> = beside.log.iter().filter(wanted).collect();
    // The newest line is the last one; scrolling goes back from there.
    let scroll = app.scroll.min(shown.len().saturating_sub(rows));
    let end = shown.len() - scroll;
    let lines = shown[end.saturating_sub(rows)..end].iter().map(|line| {
        let tone = if line.contains("ERROR") {
            Tone::Bad
        } else if line.contains("WARN") {
            Tone::Warn
        } else {
            Tone::Plain
        };
        text(app.paint, tone, line, columns)
    });
    let lines: Vec<_> = lines.collect();
    app.scroll = scroll;
    if lines.is_empty() {
        return vec![text(
            app.paint,
            Tone::Dim,
            " no such line in the day log",
            columns,
        )];
    }
    lines
}

fn alerts(app: &App, look: &Look, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for problem in &look.verdict.problems {
        let head = format!("{} {}", problem.level.word(), problem.what);
        lines.push(text(
            app.paint,
            steps::tone_of(problem.level),
            &head,
            columns,
        ));
        for part in [problem.why.clone(), Some(format!("do: {}", problem.next))] {
            let part = part.unwrap_or_default();
            let folded = help::fold(&part, columns.saturating_sub(2));
            let folded = folded.iter().filter(|line| !line.is_empty());
            lines.extend(
                folded.map(|line| text(app.paint, Tone::Plain, &format!("  {line}"), columns)),
            );
        }
    }
    if lines.is_empty() {
        lines.push(text(app.paint, Tone::Good, " nothing is wrong", columns));
    }
    lines
}

/// The part of a long text that fits, from where it is scrolled to.
fn scrolled(app: &mut App, lines: Vec<Line<'static>>, rows: usize) -> Vec<Line<'static>> {
    app.scroll = app.scroll.min(lines.len().saturating_sub(rows));
    lines.into_iter().skip(app.scroll).take(rows).collect()
}
