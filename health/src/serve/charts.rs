//! The charts of the first page: cycles, their time, the age of the data, requests, disk.

use chrono::{DateTime, TimeDelta, Utc};
use journal::windows::Bucket;
use maud::{Markup, html};

use super::course::Course;
use super::svg::{self, Series};
use crate::facts::Forecast;
use crate::look::{Look, Range};
use crate::monitor::overview::short;
use crate::words::{bytes, grouped};

/// Points of the disk's chart.
const FILL_POINTS: usize = 96;

/// All of them.
pub(super) fn charts(look: &Look, course: &Course) -> Markup {
    let now = look.facts.now;
    let stamp = |at: DateTime<Utc>| match course.range {
        Range::Quarter | Range::Hour => at.format("%H:%M").to_string(),
        _ => at.format("%d %b %H:%M").to_string(),
    };
    let (from, until) = (stamp(course.from), stamp(now));
    let values = |value: &dyn Fn(&Bucket) -> Option<f64>| {
        course.buckets.iter().map(value).collect::<Vec<_>>()
    };
    let mean = values(&|bucket| bucket.mean_s);
    let longest = values(&|bucket| bucket.max_s);
    let ages = values(&|bucket| bucket.data_age_s);
    let pieces = course.buckets.iter().map(|bucket| (bucket.ok, bucket.bad));
    let pieces: Vec<_> = pieces.collect();
    let sum = |count: fn(&Bucket) -> u64| grouped(course.buckets.iter().map(count).sum());
    let words = format!(
        "{} good and {} bad cycles from {from} to {until}",
        sum(|bucket| bucket.ok),
        sum(|bucket| bucket.bad)
    );
    html! {
        h2 { "Cycles, " (course.range.word()) }
        figure {
            figcaption { (words) ". Low, green: good ones; on top, red: the share that failed; a gap: none ran." }
            (svg::strip(&pieces, &words))
        }
        div class="charts" {
            (svg::chart("How long a cycle takes", &from, &until, " s", &[
                Series { name: "on average", values: &mean, dashed: false, class: "ok" },
                Series { name: "the longest", values: &longest, dashed: false, class: "dim" },
            ]))
            (svg::chart("Age of the data at the end of a cycle", &from, &until, " s", &[
                Series { name: "age", values: &ages, dashed: false, class: "ok" },
            ]))
            (requests(look, course, &from, &until))
            (disk(look, course))
        }
    }
}

/// The free space over the last week and, dashed, as it goes on if it goes on so.
fn disk(look: &Look, course: &Course) -> Markup {
    let fills: Vec<_> = course
        .fills
        .iter()
        .filter_map(|fill| Some((fill.at, fill.disk_free?)))
        .collect();
    let (Some(first), Some(last)) = (fills.first(), fills.last()) else {
        return svg::chart("Free space of the disk", "", "", "", &[]);
    };
    let gigabytes = |n: u64| n as f64 / 1e9;
    let span = (last.0 - first.0).num_seconds().max(1) as f64;
    let full = look
        .facts
        .storage
        .growth
        .as_ref()
        .and_then(|growth| growth.disk);
    // With a forecast the past is the left half, and the right one as much of what is to come. The past is
    // dense enough to hold each value up to the next.
    let filling = matches!(full, Some(Forecast::InSeconds(_)));
    let past = if filling {
        FILL_POINTS / 2
    } else {
        FILL_POINTS
    };
    let mut known = vec![None; FILL_POINTS];
    // A single look is a point, and no line that would tell of a past.
    let begin = if fills.len() == 1 { past - 1 } else { 0 };
    let mut next = fills.iter().peekable();
    let mut standing = None;
    for (point, value) in known.iter_mut().enumerate().take(past).skip(begin) {
        let at = span * point as f64 / (past - 1) as f64;
        while let Some((_, free)) =
            next.next_if(|(when, _)| (*when - first.0).num_seconds() as f64 <= at)
        {
            standing = Some(gigabytes(*free));
        }
        *value = standing;
    }
    let mut ahead = vec![None; FILL_POINTS];
    if let Some(Forecast::InSeconds(left)) = full {
        let now = gigabytes(last.1);
        for (step, point) in (FILL_POINTS / 2 - 1..FILL_POINTS).enumerate() {
            let seconds = span * step as f64 / (FILL_POINTS / 2) as f64;
            ahead[point] = Some((now * (1.0 - seconds / left.max(1.0))).max(0.0));
        }
    }
    let data = course.fills.iter().rev().find_map(|fill| fill.data_bytes);
    let title = match (full, data) {
        (Some(Forecast::InSeconds(left)), _) => {
            format!("Free space of the disk, full in {}", until_full(left))
        }
        (_, Some(data)) => format!(
            "Free space of the disk; the data directory holds {}",
            bytes(data)
        ),
        _ => "Free space of the disk".to_owned(),
    };
    let ahead_s = if filling { span as i64 } else { 0 };
    let until = last.0 + TimeDelta::seconds(ahead_s);
    let lines = [
        Series {
            name: "free",
            values: &known,
            dashed: false,
            class: "ok",
        },
        Series {
            name: "if it goes on so (dashed)",
            values: &ahead,
            dashed: true,
            class: "warn",
        },
    ];
    let lines = if filling { &lines[..] } else { &lines[..1] };
    let stamp = |at: DateTime<Utc>| at.format("%d %b %H:%M").to_string();
    svg::chart(&title, &stamp(first.0), &stamp(until), " GB", lines)
}

/// How long it takes until the disk is full, as exactly as a forecast can be.
pub(super) fn until_full(seconds: f64) -> String {
    let days = seconds / 86_400.0;
    match days {
        days if days < 2.0 => short(TimeDelta::seconds(seconds as i64)),
        days if days < 365.0 => format!("{days:.0} days"),
        _ => "over a year".to_owned(),
    }
}

/// What was asked of the provider in each piece of the last hour, and what failed; a longer time is not kept
/// request by request.
fn requests(look: &Look, course: &Course, from: &str, until: &str) -> Markup {
    let cycles = look.facts.history.as_ref().ok();
    let (Some(history), Range::Quarter | Range::Hour) = (cycles, course.range) else {
        return html! {};
    };
    let pieces = course.buckets.len().max(1);
    let begin = look.facts.now - course.range.length();
    let mut asked = vec![None; pieces];
    let mut failed = vec![None; pieces];
    for cycle in &history.recent {
        let (Some(fetch), Some(ended)) = (&cycle.fetch, cycle.ended_at) else {
            continue;
        };
        let seconds = (ended - begin).num_seconds();
        let piece = seconds * pieces as i64 / course.range.length().num_seconds().max(1);
        let Some(piece) = usize::try_from(piece).ok().filter(|at| *at < pieces) else {
            continue;
        };
        let bad: u64 = fetch
            .errors
            .iter()
            .map(|error| super::metrics::times(error))
            .sum();
        for (series, n) in [(&mut asked, fetch.requests), (&mut failed, bad)] {
            *series[piece].get_or_insert(0.0) += n as f64;
        }
    }
    let line = |name, values, class| Series {
        name,
        values,
        dashed: false,
        class,
    };
    svg::chart(
        "Requests to the provider",
        from,
        until,
        "",
        &[line("sent", &asked, "ok"), line("failed", &failed, "bad")],
    )
}
