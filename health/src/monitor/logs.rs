//! The page of the day log.

use chrono::{DateTime, Utc};
use log::Level;
use ratatui::text::Line;
use step6::screen_text;

use super::app::App;
use super::draw::Beside;
use super::help::fold;
use super::overview::text;
use super::paint::Tone;
use crate::logs::Line as Logged;

/// A title, and the lines that are wanted, long ones folded, as many as there is room for. What is
/// searched for is marked and stands among its neighbours.
pub fn lines(
    app: &mut App,
    beside: &Beside,
    columns: usize,
    rows: usize,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let rows = rows.saturating_sub(1);
    let find = app.find.to_lowercase();
    let shown: Vec<_> = beside
        .log
        .iter()
        .map(|line| Logged::of(line))
        .filter(|line| {
            (!app.errors_only || line.level.is_some_and(|level| level <= Level::Warn))
                && (app.log_of.is_none() || line.who == app.log_of.as_deref())
        })
        .collect();
    let found = |line: &Logged<'_>| !find.is_empty() && line.text.to_lowercase().contains(&find);
    // From the newest on, as they are gone through.
    let all = (0..shown.len()).rev();
    let hits: Vec<_> = all.filter(|at| found(&shown[*at])).collect();
    app.hits = hits.len();
    app.hit = app.hit.min(hits.len().saturating_sub(1));
    let hit = hits.get(app.hit).copied();
    if let (true, Some(hit)) = (std::mem::take(&mut app.follow), hit) {
        app.scroll = shown.len().saturating_sub(hit + 1 + rows / 3);
    }
    app.scroll = app.scroll.min(shown.len().saturating_sub(1));
    let drawn = |at: usize| {
        let mark = match (Some(at) == hit, found(&shown[at])) {
            (true, _) => '>',
            (false, true) => '*',
            (false, false) => ' ',
        };
        entry(app, &shown[at], mark, columns, now)
    };
    // From the newest shown one back to the top of the page; where the log begins before, on from there.
    let end = shown.len() - app.scroll;
    let mut page: Vec<Vec<Line<'static>>> = Vec::new();
    let (mut room, mut forward) = (rows, 0);
    for at in (0..end).rev() {
        let mut lines = drawn(at);
        if lines.len() > room {
            // Of the topmost one the end, unless it is the only one.
            lines = if page.is_empty() {
                lines.into_iter().take(room).collect()
            } else {
                lines.split_off(lines.len() - room)
            };
        }
        room -= lines.len();
        page.push(lines);
        if room == 0 {
            break;
        }
    }
    page.reverse();
    for at in end..shown.len() {
        if room == 0 {
            break;
        }
        let mut lines = drawn(at);
        lines.truncate(room);
        room -= lines.len();
        page.push(lines);
        forward += 1;
    }
    app.scroll -= forward;
    app.page = page.len();
    let title = text(app.paint, Tone::Head, &title(app, shown.len()), columns);
    let mut lines = vec![title];
    lines.extend(page.into_iter().flatten());
    if shown.is_empty() {
        let words = " no such line in the day log";
        lines.push(text(app.paint, Tone::Dim, words, columns));
    }
    lines
}

/// What is shown, how far back, and what of it is searched for.
fn title(app: &App, count: usize) -> String {
    let mut title = match &app.log_of {
        Some(step) => format!(" LOG of {step}, UTC, newest last"),
        None => " LOG, UTC, newest last".to_owned(),
    };
    if app.errors_only {
        title += ", errors and warnings only";
    }
    if app.scroll > 0 {
        title += &format!(", {} of {count} back", app.scroll);
    }
    if !app.find.is_empty() {
        let find = screen_text(&app.find, 20);
        title += &match app.hits {
            0 => format!(", nothing with `{find}`"),
            n => format!(", `{find}` {} of {n}", app.hit + 1),
        };
    }
    title
}

/// A line of the log, with its time as all of the screen has it; what is too long goes on below.
fn entry(
    app: &App,
    line: &Logged<'_>,
    mark: char,
    columns: usize,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let time = line.at.map(|at| {
        let today = at.date_naive() == now.date_naive();
        let form = if today { "%H:%M:%S" } else { "%m-%d %H:%M" };
        at.format(form).to_string()
    });
    let head = match (time, line.level, line.who) {
        (Some(time), Some(level), Some(who)) => format!("{time} {level:<5} {who}: "),
        _ => String::new(),
    };
    let tone = match line.level {
        Some(Level::Error) => Tone::Bad,
        Some(Level::Warn) => Tone::Warn,
        _ => Tone::Plain,
    };
    // A narrow screen has no room for a hanging indent as deep as the head.
    let indent = if columns >= 2 * head.len() {
        head.len()
    } else {
        2
    };
    let first = columns.saturating_sub(1 + head.len()).max(1);
    let rest = columns.saturating_sub(1 + indent).max(1);
    let mut parts = fold(line.words, first).into_iter();
    let begin = format!("{mark}{head}{}", parts.next().unwrap_or_default());
    let mut lines = vec![text(app.paint, tone, &begin, columns)];
    let more = parts.collect::<Vec<_>>().join(" ");
    for part in fold(&more, rest).iter().filter(|part| !part.is_empty()) {
        let words = format!("{mark}{:indent$}{part}", "");
        lines.push(text(app.paint, tone, &words, columns));
    }
    if mark == '>' {
        for line in &mut lines {
            line.style = app.paint.selected();
        }
    }
    lines
}
