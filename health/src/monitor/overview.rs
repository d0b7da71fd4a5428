//! The first view: what is wrong, the steps, the matches, the feed, the disk, and what happened.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::text::{Line, Span};
use step6::{screen_text, width};

use super::app::App;
use super::paint::{Paint, Tone};
use super::{help, panes, situation, steps};
use crate::look::{Beat, Happening, Look};
use crate::verdict::Problem;

/// The lines between the two first and the last one, for `columns` and at most `rows`.
pub fn lines(
    look: &Look,
    app: &mut App,
    columns: usize,
    rows: usize,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let paint = app.paint;
    // The table is what a look is for; what is wrong gives way to it where there is too little room.
    let steps = steps::table(look, app, columns, rows >= 9, now);
    let room = rows.saturating_sub(steps.len()).max(1);
    let mut page = problems(look, paint, columns, room, now);
    let panes = panes::lines(look, paint, columns, rows >= 30, now);
    let rule = || Line::styled(paint.or("─", "-").repeat(columns), paint.of(Tone::Dim));
    let roomy = rows >= page.len() + steps.len() + panes.len() + 4;
    page.extend(roomy.then(rule));
    page.extend(steps);
    if rows < page.len() + 3 {
        page.truncate(rows);
        return page;
    }
    page.extend(roomy.then(rule));
    let left = rows - page.len();
    page.extend(panes.into_iter().take(left));
    if rows >= page.len() + 3 {
        page.extend(roomy.then(rule));
        let left = rows - page.len();
        page.extend(happenings(look, app, columns, left));
    }
    page.truncate(rows);
    page
}

/// What is wrong, in at most `room` lines: the worst with why and what to do in full, then others whole or
/// not at all, at most three, then how many more there are.
fn problems(
    look: &Look,
    paint: Paint,
    columns: usize,
    room: usize,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let stale = stale(look, paint, columns, now);
    let all = &look.verdict.problems;
    let mut told = 0;
    for problem in all.iter().take(3) {
        let mut block = block(problem, look, paint, columns, told == 0, now);
        let rest = usize::from(stale.is_some()) + usize::from(all.len() > told + 1);
        let left = room.saturating_sub(lines.len() + rest);
        if told == 0 {
            if left < 2 && block.len() > 1 {
                // The first line of the screen has said it.
                block.remove(0);
            }
            block.truncate(left.max(1));
        } else if block.len() > left {
            break;
        }
        lines.extend(block);
        told += 1;
    }
    if all.len() > told {
        let more = format!("   +{} more: press a", all.len() - told);
        lines.push(text(paint, Tone::Warn, &more, columns));
    }
    lines.extend(stale);
    lines.truncate(room);
    lines
}

/// One problem: its head, why, what to do, and what goes on by itself; folded, or cut at the end of the line.
fn block(
    problem: &Problem,
    look: &Look,
    paint: Paint,
    columns: usize,
    fold: bool,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let what = situation::what(problem, look);
    let head = format!(">> {} {what}", problem.level.word());
    let tone = steps::tone_of(problem.level);
    let mut lines = vec![text(paint, tone, &head, columns)];
    let parts = [
        ("why", problem.why.clone()),
        ("do", Some(problem.next.clone())),
        ("now", situation::note(problem, look, now)),
    ];
    for (name, part) in parts {
        let Some(part) = part else { continue };
        let folded = if fold {
            help::fold(&part, columns.saturating_sub(8))
        } else {
            vec![part]
        };
        for (at, part) in folded.iter().enumerate() {
            let name = if at == 0 { name } else { "" };
            let words = format!("   {name:<4} {part}");
            lines.push(text(paint, Tone::Plain, &words, columns));
        }
    }
    lines
}

/// That one must not act on the data any more.
fn stale(look: &Look, paint: Paint, columns: usize, now: DateTime<Utc>) -> Option<Line<'static>> {
    let board = look.board().filter(|board| !board.fresh(now))?;
    let until = board
        .fresh_until
        .map(|at| format!(" since {}", moment(at, now)))
        .unwrap_or_default();
    let words = format!("   OUTPUT is marked STALE for the bot{until}: it must not bet on it");
    Some(text(paint, Tone::Bad, &words, columns))
}

/// One line of text that is cut where the terminal ends. Two blanks or more are our own columns and stay.
pub fn text(paint: Paint, tone: Tone, words: &str, columns: usize) -> Line<'static> {
    let mut shown = String::new();
    let mut rest = words;
    while !rest.is_empty() && width(&shown) < columns {
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        let (gap, behind) = rest.split_at(blanks);
        let end = behind.find("  ").unwrap_or(behind.len());
        shown.push_str(&gap[..gap.len().min(columns - width(&shown))]);
        shown.push_str(&screen_text(&behind[..end], columns - width(&shown)));
        rest = &behind[end..];
    }
    Line::from(Span::styled(paint.plain(&shown), paint.of(tone)))
}

/// What happened, newest first.
fn happenings(look: &Look, app: &mut App, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let paint = app.paint;
    let mut title = "EVENTS, newest first".to_owned();
    if app.errors_only {
        title += ", errors and warnings only";
    }
    let all = look
        .pace
        .as_ref()
        .map_or(&[][..], |pace| &pace.happenings[..]);
    let wanted: Vec<_> = all.iter().filter(|one| wanted(one, app)).collect();
    app.hits = wanted.len();
    app.hit = app.hit.min(wanted.len().saturating_sub(1));
    let mut from = 0;
    if !app.find.is_empty() {
        title += &format!(", with `{}`", screen_text(&app.find, 30));
        if app.hits > 0 {
            title += &format!(", {} of {}", app.hit + 1, app.hits);
        }
        from = app.hit;
    }
    let mut lines = vec![text(paint, Tone::Head, &format!(" {title}"), columns)];
    if wanted.is_empty() {
        lines.push(text(paint, Tone::Dim, " none", columns));
    }
    for one in wanted.into_iter().skip(from).take(rows.saturating_sub(1)) {
        let tone = match one.level {
            'E' => Tone::Bad,
            'W' => Tone::Warn,
            _ => Tone::Plain,
        };
        let times = match one.times {
            1 => String::new(),
            n => format!(" (x{n})"),
        };
        let at = if look.facts.now - one.at < TimeDelta::hours(24) {
            one.at.format("%H:%M:%S")
        } else {
            one.at.format("%m-%d %H:%M")
        };
        let words = format!(" {at} {} {:<12} {}{times}", one.level, one.who, one.text);
        lines.push(text(paint, tone, &words, columns));
    }
    lines
}

fn wanted(one: &Happening, app: &App) -> bool {
    let find = app.find.to_lowercase();
    (!app.errors_only || one.level != 'I')
        && (find.is_empty()
            || one.text.to_lowercase().contains(&find)
            || one.who.to_lowercase().contains(&find))
}

/// `12s`, `6m10s`, `3h05m`, `12d03h`: narrow, and always of the same few widths.
pub fn short(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// `14:43:10Z`, with its day where that is another one.
pub fn moment(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let near = (at - now).abs() < TimeDelta::hours(20);
    let form = if near { "%H:%M:%SZ" } else { "%m-%d %H:%MZ" };
    at.format(form).to_string()
}

/// Runs as a strip of `columns`, the newest right; `x` is a bad one, a blank one did not run.
pub fn strip(paint: Paint, beats: &[Beat], columns: usize) -> String {
    let newest = &beats[beats.len().saturating_sub(columns)..];
    let values: Vec<_> = newest
        .iter()
        .map(|beat| match beat {
            Beat::Good(seconds) => Some(*seconds),
            _ => None,
        })
        .collect();
    let drawn = paint.spark(&values);
    let marked = newest.iter().zip(drawn.chars()).map(
        |(beat, level)| {
            if *beat == Beat::Bad { 'x' } else { level }
        },
    );
    let text: String = marked.collect();
    format!("{}{text}", " ".repeat(columns.saturating_sub(width(&text))))
}
