//! The pages that lie over a view: the keys, and one step in full.

use chrono::{DateTime, Utc};
use journal::StepOutcome;
use ratatui::text::Line;
use step6::width;

use super::app::App;
use super::overview::{short, strip, text};
use super::paint::Tone;
use super::steps::Doing;
use crate::look::{Beat, Look};
use crate::verdict::commands;

/// The keys in the order of the page. The last ones write something and are absent with `--read-only`.
const KEYS: [(&str, &str); 24] = [
    ("?", "this page"),
    (
        "q, Ctrl-C, Esc",
        "leave (Esc first closes what lies over the view, then ends a search)",
    ),
    ("Tab, 1, 2, m", "the other view: 1 overview, 2 or m matches"),
    (
        "j k, arrows",
        "move; on a page that lies over the view: scroll",
    ),
    ("Space, PgUp, PgDn", "by a page"),
    ("g G, Home, End", "first, last; of the log: oldest, newest"),
    ("Enter", "the selected step or match in full, and back"),
    (
        "a",
        "the alerts, and everything that is wrong, why, and what to do",
    ),
    (
        "l",
        "the end of the day log; from a step's details only its lines",
    ),
    (
        "e",
        "only errors and warnings, among the events and in the log",
    ),
    (
        "/",
        "find: events, lines of the log; among the matches: team, competition or country",
    ),
    (
        "n N",
        "the next (older) and previous one found; in the details of a step or match: of the next one",
    ),
    ("t", "time of the figures: 15m, 1h, 24h, 7d"),
    (
        "S",
        "matches: order by time, league, move, margin, age, books, goals",
    ),
    ("v", "matches: all, live, upcoming, finished, other"),
    ("b", "matches: all, with a book, with five books or more"),
    (
        "o",
        "matches: american, decimal, hong kong or fractional odds",
    ),
    (
        "f",
        "freeze the screen (the first line says FROZEN and for how long), and go on",
    ),
    ("Ctrl-L, Ctrl-R", "draw again"),
    (
        "s",
        "silence the selected alert, for 15m, 1h, 4h or until it is resolved",
    ),
    ("u", "tell of the selected alert again"),
    (
        "p",
        "pause the pipeline for 15m, 1h, 4h or until resumed; resume it",
    ),
    (
        "r",
        "run a cycle now, also during a pause or after failures",
    ),
    (
        "w",
        "write a snapshot here: a frame and the facts, two files",
    ),
];

/// Of the keys those that write something.
const WRITE: usize = 5;

const MARKS: [(&str, &str); 7] = [
    (
        "x",
        "in a strip of runs: a bad one; a blank one did not run",
    ),
    (
        "! ~ at a step",
        "failed or stale; waits, since an earlier step failed",
    ),
    (
        "! ~ at a price",
        "suspended; stale or from an old score: don't bet on it",
    ),
    ("HCAP", "the home side's line: -0.5 gives half a goal"),
    (
        "MOVE",
        "fair probability of a home win since the opening, in points",
    ),
    (
        "HOME WIN",
        "the same over time: since kick-off, else since the opening",
    ),
    (
        "* N, red mark",
        "best price of the open books; neutral ground; red card",
    ),
];

/// The keys and the marks; all of them, whether or not they act now.
pub fn lines(app: &App, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let keys = if app.read_only {
        &KEYS[..KEYS.len() - WRITE]
    } else {
        &KEYS[..]
    };
    for (title, list) in [(" KEYS", keys), (" MARKS", &MARKS[..])] {
        lines.push(text(app.paint, Tone::Head, title, columns));
        for (key, what) in list {
            for (at, part) in fold(what, columns.saturating_sub(21))
                .into_iter()
                .enumerate()
            {
                let key = if at == 0 { *key } else { "" };
                lines.push(text(
                    app.paint,
                    Tone::Plain,
                    &format!(" {key:<18} {part}"),
                    columns,
                ));
            }
        }
    }
    lines
}

/// The selected step in full.
pub fn step(app: &App, look: &Look, columns: usize, now: DateTime<Utc>) -> Vec<Line<'static>> {
    let step = look
        .pace
        .as_ref()
        .and_then(|pace| Some((pace, pace.steps.get(app.step)?)));
    let Some((pace, step)) = step else {
        return vec![text(app.paint, Tone::Dim, " no step has run", columns)];
    };
    let doing = Doing::at(step, &look.facts, now);
    let window = &step.window;
    let mut lines = vec![text(
        app.paint,
        Tone::Head,
        &format!(" step {} of the cycle: {}", window.position, window.name),
        columns,
    )];
    let mut put = |name: &str, value: String| {
        for (at, part) in fold(&value, columns.saturating_sub(15))
            .into_iter()
            .enumerate()
        {
            let name = if at == 0 { name } else { "" };
            lines.push(text(
                app.paint,
                Tone::Plain,
                &format!(" {name:<12} {part}"),
                columns,
            ));
        }
    };
    put("state", doing.word().to_owned());
    let good = step.last_good.map(|at| {
        format!(
            "{} ago, at {}",
            short(now - at),
            at.format("%Y-%m-%d %H:%M:%SZ")
        )
    });
    put(
        "last good",
        good.unwrap_or_else(|| "not among the newest cycles".to_owned()),
    );
    put(
        "limit",
        format!("{} s, then late", look.facts.limits.fresh.as_secs()),
    );
    put(
        "runs",
        format!(
            "{} good, {} bad, {} retries in {}",
            window.ok,
            window.bad,
            window.retries,
            pace.range.word()
        ),
    );
    if let Some(times) = &window.times {
        put(
            "took",
            format!(
                "p50 {:.3}s  p95 {:.3}s  p99 {:.3}s  longest {:.3}s",
                times.p50_s, times.p95_s, times.p99_s, times.max_s
            ),
        );
    }
    if let Some(rss) = window.max_rss {
        put("memory", format!("at most {}", crate::words::bytes(rss)));
    }
    if let Some(matches) = step.matches {
        put("matches", matches.to_string());
    }
    if let Some(outcome) = step.newest.filter(|outcome| *outcome != StepOutcome::Ok) {
        let code = outcome
            .exit_code()
            .map(|code| format!(", exit {code}: {}", pipeline::Exit::meaning(code)));
        put(
            "ended",
            format!(
                "{}{}",
                outcome.as_str().replace('_', " "),
                code.unwrap_or_default()
            ),
        );
    }
    let error = pace
        .happenings
        .iter()
        .find(|one| one.level == 'E' && one.who == window.name);
    if let Some(error) = error {
        put(
            "last error",
            format!("{} ago: {}", short(now - error.at), error.text),
        );
    }
    put(
        "its log",
        commands::health(&format!("logs --step {}", window.position), &look.facts),
    );
    let last: Vec<String> = step
        .strip
        .iter()
        .rev()
        .take(20)
        .map(|beat| match beat {
            Beat::Good(seconds) => format!("{seconds:.2}s"),
            Beat::Bad => "bad".to_owned(),
            Beat::Not => "not run".to_owned(),
        })
        .collect();
    put("newest first", last.join("  "));
    let wide = columns.saturating_sub(2).min(96);
    lines.push(Line::raw(format!(
        " {}",
        strip(app.paint, &step.strip, wide).trim_start()
    )));
    lines
}

/// A text in lines of at most `columns`, broken between words; a longer word stands alone.
pub fn fold(words: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let line = lines
            .last_mut()
            .filter(|line| line.is_empty() || width(line) + 1 + width(word) <= columns);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}
