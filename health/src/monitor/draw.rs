//! A whole frame: the verdict on the first line, the four answers on the second, the keys on the last,
//! and between them a view or what lies over it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use step6::screen_text;

use super::app::{App, Over, View};
use super::match_detail;
use super::matches::{Columns, Table};
use super::overview::{self, short, text};
use super::paint::Tone;
use super::{alerts, foot, head, help, logs};
use crate::look::Look;
use crate::product::{Detail, Which};

/// What a frame shows besides the look.
#[derive(Debug, Default)]
pub struct Beside {
    /// The end of the day log, the oldest line first.
    pub log: Vec<String>,
    /// What step 2 knows of the match whose details are open, or why it can't be had.
    pub detail: Option<Result<Detail, String>>,
    /// How old the look is, by a clock that nobody sets.
    pub age: Duration,
}

/// Draws the frame. `clock` is the time of drawing; ages are counted from the look's own time on, so that
/// a clock that is set moves none of them, and stand still on a frozen screen.
pub fn frame(
    frame: &mut Frame<'_>,
    app: &mut App,
    look: &Look,
    beside: &Beside,
    clock: DateTime<Utc>,
) {
    let area = frame.area();
    let columns = usize::from(area.width);
    let rows = usize::from(area.height);
    if rows == 0 || columns == 0 {
        return;
    }
    let age = match app.frozen {
        Some(_) => TimeDelta::zero(),
        None => TimeDelta::from_std(beside.age).unwrap_or_default(),
    };
    let now = look.facts.now + age;
    let mut lines = vec![head::banner(app, look, columns, beside.age, clock)];
    if rows > 2 {
        lines.push(head::answers(app, look, columns, now));
    }
    let foot = if rows > 1 {
        foot::lines(app, look, columns, rows.div_ceil(3))
    } else {
        Vec::new()
    };
    let body = rows.saturating_sub(lines.len() + foot.len());
    let mut page = if rows < 4 {
        Vec::new()
    } else {
        self::body(app, look, beside, columns, body, now)
    };
    page.truncate(body);
    page.resize(body, Line::default());
    lines.extend(page);
    lines.extend(foot);
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
    if app.over != Over::Nothing {
        app.page = rows;
    }
    match (app.over, app.view) {
        (Over::Help, _) => scrolled(app, help::lines(app, columns), rows),
        (Over::Logs, _) => logs::lines(app, beside, columns, rows, now),
        (Over::Alerts, _) => alerts::page(app, look, columns, rows, now),
        (Over::Details, View::Overview) => scrolled(app, help::step(app, look, columns, now), rows),
        (Over::Details, View::Matches) => {
            scrolled(app, chosen(app, look, beside, columns, now), rows)
        }
        (Over::Nothing, View::Overview) => overview::lines(look, app, columns, rows, now),
        (Over::Nothing, View::Matches) => matches(app, look, columns, rows, now),
    }
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
            let words = format!("no matches to show: {}", why.message);
            return help::fold(&words, columns.saturating_sub(1))
                .iter()
                .map(|line| text(paint, Tone::Warn, &format!(" {line}"), columns))
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

/// The part of a long text that fits, from where it is scrolled to; the last line says how much is below.
pub fn scrolled(app: &mut App, lines: Vec<Line<'static>>, rows: usize) -> Vec<Line<'static>> {
    app.scroll = app.scroll.min(lines.len().saturating_sub(rows));
    let below = lines.len().saturating_sub(app.scroll + rows);
    let mut page: Vec<_> = lines.into_iter().skip(app.scroll).take(rows).collect();
    if below > 0 && rows > 2 {
        let words = format!(" {} more lines below: Space", below + 1);
        page.pop();
        page.push(Line::styled(words, app.paint.of(Tone::Dim)));
    }
    page
}
