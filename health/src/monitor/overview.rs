//! The first view: what is wrong, the steps, the matches, the feed, the disk, and what happened.

use chrono::TimeDelta;
use ratatui::text::{Line, Span};
use step6::{screen_text, width};

use super::app::App;
use super::paint::{Paint, Tone, thinned};
use super::steps;
use crate::facts::Forecast;
use crate::look::{Beat, Happening, Look};
use crate::words::{bytes, grouped};

/// The lines between the two first and the last one, for `columns` and at most `rows`.
pub fn lines(look: &Look, app: &App, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let paint = app.paint;
    let mut page = problems(look, paint, columns, if rows < 14 { 1 } else { 3 });
    let steps = steps::table(look, app, columns, rows >= 9);
    let panes = panes(look, paint, columns, rows >= 30);
    let rule = || Line::styled(paint.or("─", "-").repeat(columns), paint.of(Tone::Dim));
    let roomy = rows >= page.len() + steps.len() + panes.len() + 4;
    page.extend(roomy.then(rule));
    // The table is what a look is for; what is wrong gives way to it where there is too little room.
    if page.len() + steps.len() > rows {
        page.truncate(rows.saturating_sub(steps.len()).max(1));
    }
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

/// What is wrong: at most three things, each with why and what to do, as far as there is room.
fn problems(look: &Look, paint: Paint, columns: usize, most: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let all = &look.verdict.problems;
    for problem in all.iter().take(most) {
        let tone = steps::tone_of(problem.level);
        let head = format!(">> {} {}", problem.level.word(), problem.what);
        lines.push(text(paint, tone, &head, columns));
        if let Some(why) = &problem.why {
            lines.push(text(paint, Tone::Plain, &format!("   why  {why}"), columns));
        }
        let next = format!("   do   {}", problem.next);
        lines.push(text(paint, Tone::Plain, &next, columns));
    }
    if all.len() > most {
        let more = format!("   +{} more: press a", all.len() - most);
        lines.push(text(paint, Tone::Warn, &more, columns));
    }
    if let Some(board) = look.board()
        && !board.fresh(look.facts.now)
    {
        let until = board
            .fresh_until
            .map(|at| format!(" since {}", at.format("%H:%M:%SZ")))
            .unwrap_or_default();
        let words = format!("   OUTPUT is marked STALE for the bot{until}: it must not bet on it");
        lines.push(text(paint, Tone::Bad, &words, columns));
    }
    lines
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

/// Matches, feed, disk and host: a line each, or more where there is room.
fn panes(look: &Look, paint: Paint, columns: usize, roomy: bool) -> Vec<Line<'static>> {
    let mut all: Vec<(&str, Tone, String)> = Vec::new();
    all.push(matches(look));
    all.extend(feed(look, roomy));
    all.extend(disk(look));
    all.extend(notify(look));
    all.extend(host(look));
    if roomy {
        all.extend(pace(look, paint, columns));
    }
    let mut lines = Vec::new();
    for (title, tone, words) in all {
        let room = columns.saturating_sub(10);
        let shown = screen_text(&words, room).into_owned();
        lines.push(Line::from(vec![
            Span::styled(format!(" {title:<8} "), paint.of(Tone::Head)),
            Span::styled(paint.plain(&shown), paint.of(tone)),
        ]));
    }
    lines
}

fn matches(look: &Look) -> (&'static str, Tone, String) {
    let board = match look.board.as_ref() {
        Ok(board) => board,
        Err(why) => return ("MATCHES", Tone::Warn, why.message.clone()),
    };
    let [live, upcoming, finished, other] = board.counts();
    let now = look.facts.now;
    let live = match (live, board.next_kickoff(now)) {
        (0, Some(at)) => format!(
            "0 live (next {} in {})",
            at.format("%H:%MZ"),
            short(at - now)
        ),
        (0, None) => "0 live (no kick-off ahead)".to_owned(),
        (n, _) => format!("{n} live"),
    };
    let missing = board.matches.len() - board.with_odds.min(board.matches.len());
    let rejected = match board.rejected {
        0 => String::new(),
        n => format!(", {n} rejected"),
    };
    let words = format!(
        "{live}, {upcoming} upcoming, {finished} finished, {other} other; {} with odds, {missing} without{rejected}",
        board.with_odds
    );
    let tone = if board.rejected > 0 {
        Tone::Warn
    } else {
        Tone::Plain
    };
    ("MATCHES", tone, words)
}

fn feed(look: &Look, roomy: bool) -> Vec<(&'static str, Tone, String)> {
    let Some(fetch) = look.pace.as_ref().and_then(|pace| pace.fetch.as_ref()) else {
        return vec![("FEED", Tone::Dim, "no fetch recorded yet".to_owned())];
    };
    let mut words = format!(
        "{} requests, {} retries, {} from cache, {} complete",
        grouped(fetch.requests),
        fetch.retries,
        grouped(fetch.cache_hits),
        percent(fetch.completeness)
    );
    let least = fetch.budget_left.values().min();
    if let Some(left) = least {
        words += &format!(", budget {left} left");
    }
    if fetch.skipped_for_budget > 0 {
        words += &format!(", {} put off", grouped(fetch.skipped_for_budget));
    }
    let bad = fetch.completeness < 1.0 || !fetch.errors.is_empty();
    let tone = if bad { Tone::Warn } else { Tone::Plain };
    let mut lines = vec![("FEED", tone, words)];
    if let Some(error) = fetch.errors.first() {
        lines.push(("", Tone::Warn, error.clone()));
    }
    if roomy {
        let words = format!(
            "{} on the wire, {} decoded, in {:.2}s",
            bytes(fetch.bytes),
            bytes(fetch.bytes_decoded),
            fetch.elapsed_ms as f64 / 1000.0
        );
        lines.push(("", Tone::Dim, words));
    }
    lines
}

fn disk(look: &Look) -> Option<(&'static str, Tone, String)> {
    let share = look.facts.host.disk?;
    let used = look
        .pace
        .as_ref()
        .and_then(|pace| pace.fills.iter().rev().find_map(|fill| fill.data_bytes));
    let data = used.map_or(String::new(), |used| format!("data {}, ", bytes(used)));
    let tone = if share.percent() > 90.0 {
        Tone::Bad
    } else {
        Tone::Plain
    };
    let growth = look.facts.storage.growth.as_ref();
    let full = match growth.and_then(|growth| growth.disk) {
        Some(Forecast::InSeconds(left)) => {
            format!(", full in ~{}", short(TimeDelta::seconds(left as i64)))
        }
        Some(Forecast::Never) => ", not filling".to_owned(),
        None => String::new(),
    };
    let words = format!(
        "{data}{} free of {} ({:.0}% used){full} at {}",
        bytes(share.available),
        bytes(share.total),
        share.percent(),
        crate::words::tail(&look.facts.data.root().display().to_string(), 40)
    );
    Some(("DISK", tone, words))
}

/// Alerts and who is told of them.
fn notify(look: &Look) -> Option<(&'static str, Tone, String)> {
    let alerts = &look.facts.alerts;
    let silenced = alerts.firing.iter().filter(|one| one.silenced).count();
    let mut words = match (alerts.firing.len(), alerts.pending.len()) {
        (0, 0) => "no alert".to_owned(),
        (firing, pending) => format!("{firing} firing ({silenced} silenced), {pending} pending"),
    };
    let mut tone = if alerts.firing.len() > silenced {
        Tone::Bad
    } else {
        Tone::Plain
    };
    for sink in &alerts.sinks {
        let state = match (sink.failing_since, sink.last_success) {
            (Some(since), _) => {
                tone = Tone::Bad;
                format!("FAILING {}", short(look.facts.now - since))
            }
            (None, Some(at)) => format!("ok {}", at.format("%H:%M")),
            (None, None) => "not used yet".to_owned(),
        };
        words += &format!(" | {} {state}", sink.name);
    }
    if alerts.sinks.is_empty() {
        words += " | nobody is told: no sink is configured";
    } else if !alerts.watched {
        words += " | NOBODY WATCHES: health watch does not run";
        tone = Tone::Bad;
    }
    Some(("ALERTS", tone, words))
}

fn host(look: &Look) -> Option<(&'static str, Tone, String)> {
    let memory = look.facts.host.memory?;
    let cpu = look.facts.host.cpu?;
    let most = look.pace.as_ref().and_then(|pace| {
        let each = pace.steps.iter().filter_map(|step| step.window.max_rss);
        each.max()
    });
    let most = most.map_or(String::new(), |rss| {
        format!(", largest step {}", bytes(rss))
    });
    let words = format!(
        "CPU {:.0}%, memory {:.0}% of {}{most}",
        cpu.percent(),
        memory.percent(),
        bytes(memory.total)
    );
    Some(("HOST", Tone::Plain, words))
}

/// The span in numbers, and its cycle times as a strip.
fn pace(look: &Look, paint: Paint, columns: usize) -> Vec<(&'static str, Tone, String)> {
    let Some(pace) = &look.pace else {
        return Vec::new();
    };
    let window = &pace.window;
    let rate = window.success_rate().map_or("-".to_owned(), percent);
    let words = format!(
        "{}: {} good, {} bad, {} skipped, {} overran; {rate} good",
        pace.range.word(),
        grouped(window.ok),
        grouped(window.bad()),
        grouped(window.skipped()),
        grouped(window.overruns)
    );
    let times: Vec<_> = pace.buckets.iter().map(|bucket| bucket.mean_s).collect();
    let strip = paint.spark(&thinned(&times, columns.saturating_sub(12).min(96)));
    vec![
        ("CYCLES", Tone::Plain, words),
        ("", Tone::Plain, strip.trim_end().to_owned()),
    ]
}

/// What happened, newest first.
fn happenings(look: &Look, app: &App, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let paint = app.paint;
    let mut title = "EVENTS, newest first".to_owned();
    if app.errors_only {
        title += ", errors and warnings only";
    }
    if !app.find.is_empty() {
        title += &format!(", with `{}`", screen_text(&app.find, 30));
    }
    let mut lines = vec![text(paint, Tone::Head, &format!(" {title}"), columns)];
    let all = look
        .pace
        .as_ref()
        .map_or(&[][..], |pace| &pace.happenings[..]);
    let wanted: Vec<_> = all.iter().filter(|one| wanted(one, app)).collect();
    if wanted.is_empty() {
        lines.push(text(paint, Tone::Dim, " none", columns));
    }
    for one in wanted.into_iter().take(rows.saturating_sub(1)) {
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

fn percent(part: f64) -> String {
    format!("{:.1}%", part * 100.0)
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
