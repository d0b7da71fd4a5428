//! Matches, feed, disk, alerts and host: a line or two each, below the table of steps.

use chrono::{DateTime, TimeDelta, Utc};
use ratatui::text::{Line, Span};
use step6::screen_text;

use super::overview::short;
use super::paint::{Paint, Tone, thinned};
use crate::facts::Forecast;
use crate::look::Look;
use crate::words::{bytes, grouped};

/// Matches, feed, disk and host: a line each, or more where there is room.
pub fn lines(
    look: &Look,
    paint: Paint,
    columns: usize,
    roomy: bool,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let mut all: Vec<(&str, Tone, String)> = Vec::new();
    all.push(matches(look, now));
    all.extend(feed(look, roomy));
    all.extend(disk(look));
    all.push(notify(look, now));
    all.extend(host(look));
    if roomy {
        all.extend(pace(look));
    }
    let mut lines = Vec::new();
    for (title, tone, words) in all {
        let room = columns.saturating_sub(10);
        let shown = screen_text(&words, room).into_owned();
        lines.push(titled(paint, title, tone, paint.plain(&shown)));
    }
    if let (true, Some(pace)) = (roomy, &look.pace) {
        // Its gaps are of our own making and stay.
        let times: Vec<_> = pace.buckets.iter().map(|bucket| bucket.mean_s).collect();
        let strip = paint.spark(&thinned(&times, columns.saturating_sub(12).min(96)));
        lines.push(titled(paint, "", Tone::Plain, strip));
    }
    lines
}

fn titled(paint: Paint, title: &str, tone: Tone, words: String) -> Line<'static> {
    Line::from(vec![
        Span::styled(format!(" {title:<8} "), paint.of(Tone::Head)),
        Span::styled(words, paint.of(tone)),
    ])
}

fn matches(look: &Look, now: DateTime<Utc>) -> (&'static str, Tone, String) {
    let board = match look.board.as_ref() {
        Ok(board) => board,
        Err(why) => return ("MATCHES", Tone::Warn, why.message.clone()),
    };
    let [live, upcoming, finished, other] = board.counts();
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
pub fn notify(look: &Look, now: DateTime<Utc>) -> (&'static str, Tone, String) {
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
                format!("FAILING {}", short(now - since))
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
    ("ALERTS", tone, words)
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

/// The span in numbers.
fn pace(look: &Look) -> Option<(&'static str, Tone, String)> {
    let pace = look.pace.as_ref()?;
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
    Some(("CYCLES", Tone::Plain, words))
}

fn percent(part: f64) -> String {
    format!("{:.1}%", part * 100.0)
}
