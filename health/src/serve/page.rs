//! The frame of every page, and the first page: verdict, what is wrong, cards, steps, charts, events.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{DOCTYPE, Markup, html};
use pipeline::VERSION;

use super::answer::{SCRIPT, STYLE};
use super::course::Course;
use super::{charts, svg};
use crate::facts::Forecast;
use crate::look::{Beat, Look, Pace, Range};
use crate::monitor::overview::short;
use crate::monitor::steps::Doing;
use crate::verdict::Level;
use crate::words::grouped;

/// The address of the style or the script: what is changed has another address, since a browser keeps it.
pub(super) fn address(name: &str, text: &str) -> String {
    // FNV-1a, 64 bits: it need only differ.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("/{name}?{hash:x}")
}

/// A page around `main`; `path` is the page's own, for the navigation.
pub fn frame(look: &Look, title: &str, path: &str, main: Markup) -> String {
    let verdict = &look.verdict;
    let level = verdict.level();
    let word = level.word();
    let firing = verdict.problems.len();
    let mark = if firing > 0 {
        format!("{word} {firing}")
    } else {
        word.to_owned()
    };
    let now = look.facts.now;
    let simulated = look.facts.not_real();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (mark) " - " (title) " - football-bot" }
                noscript { meta http-equiv="refresh" content="30"; }
                link rel="icon" href=(icon(level));
                link rel="stylesheet" href=(address("style.css", STYLE));
                script src=(address("live.js", SCRIPT)) defer {}
            }
            body {
                header class=(format!("banner {word}")) {
                    h1 { (word) ": " (verdict.sentence()) }
                    p {
                        @if let Some(word) = simulated { b { (word) } " · " }
                        (seen(now)) " · " span id="age" { "reloads every 30 s" }
                    }
                }
                nav aria-label="Pages" {
                    @for (to, name) in [("/", "Overview"), ("/matches", "Matches"), ("/alerts", "Alerts"), ("/logs", "Logs")] {
                        a href=(to) aria-current=[(to == path).then_some("page")] { (name) }
                    }
                }
                main { (main) }
                footer {
                    "football-bot " (VERSION) " · "
                    a href="/health" { "health" } " · " a href="/metrics" { "metrics" } " · "
                    a href="/api/v1/status" { "status" } " · " a href="/api/v1/matches" { "matches" } " · "
                    a href="/livez" { "livez" } " · " a href="/readyz" { "readyz" }
                }
            }
        }
    }
    .into_string()
}

/// A coloured dot as the tab's icon.
fn icon(level: Level) -> &'static str {
    match level {
        Level::Ok => {
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='4' fill='%230a6b2d'/%3E%3C/svg%3E"
        }
        Level::Warning | Level::Unknown => {
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath d='M4 0l4 8H0z' fill='%23c77700'/%3E%3C/svg%3E"
        }
        Level::Critical => {
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath d='M0 0h8v8H0z' fill='%23b3001e'/%3E%3C/svg%3E"
        }
    }
}

/// A time in UTC, with the local one behind it.
pub(super) fn seen(at: DateTime<Utc>) -> Markup {
    let local = at
        .with_timezone(&chrono::Local)
        .format("%Y-%m-%d %H:%M:%S %z");
    html! {
        time datetime=(at.to_rfc3339()) title=(local) { (at.format("%Y-%m-%d %H:%M:%S UTC")) }
    }
}

/// The first page.
pub fn overview(look: &Look, course: Option<&Course>, word: Option<&str>) -> Markup {
    html! {
        (problems(look))
        (super::alerts::cards(look, word))
        (cards(look))
        @if let Some(course) = course {
            (steps(look, course))
            (super::errors::section(look, &course.steps))
            (charts::charts(look, course))
        }
        @if let Some(pace) = &look.pace { (events(pace)) }
    }
}

/// What the verdict finds wrong, without what an alert says in the same words.
fn problems(look: &Look) -> Markup {
    let firing = &look.facts.alerts.firing;
    let said = |what: &str| firing.iter().any(|one| one.alert.what == what);
    let problems = look.verdict.problems.iter().enumerate();
    html! {
        @for (at, problem) in problems.filter(|(_, problem)| !said(&problem.what)) {
            section class=(format!("alert {}", problem.level.word())) id=(format!("problem-{at}")) {
                p { b { (problem.level.word()) ": " (problem.what) } }
                @if let Some(why) = &problem.why { p { "Why: " (why) } }
                p { "Do: " code { (problem.next) } }
            }
        }
    }
}

fn cards(look: &Look) -> Markup {
    let now = look.facts.now;
    let board = look.board();
    let age = board.map(|board| TimeDelta::seconds(board.age_s(now)));
    let stale = board.is_none_or(|board| !board.fresh(now));
    let times = look.pace.as_ref().and_then(|pace| pace.times.as_ref());
    let window = look.pace.as_ref().map(|pace| pace.window);
    let rate = window.and_then(|window| window.success_rate());
    let full = look
        .facts
        .storage
        .growth
        .as_ref()
        .and_then(|growth| growth.disk);
    let disk = match (full, look.facts.host.disk) {
        (Some(Forecast::InSeconds(left)), _) => {
            format!("full in {}", charts::until_full(left))
        }
        (Some(Forecast::Never), _) => "not filling".to_owned(),
        (None, Some(disk)) => format!("{:.0}% used", disk.percent()),
        (None, None) => "unknown".to_owned(),
    };
    let matches = match board.map(|board| board.counts()) {
        Some([live, upcoming, ..]) => (format!("{live} live"), format!("{upcoming} upcoming")),
        None => ("-".to_owned(), "no matches can be read".to_owned()),
    };
    let fresh = match (stale, board) {
        (false, _) => "age of the data",
        (true, Some(_)) => "age of the data: STALE, don't bet on it",
        (true, None) => "no data: nothing to bet on",
    };
    let card = |class: &str, value: String, words: &str| {
        html! { div class="card" { b class=(class) { (value) } span { (words) } } }
    };
    html! {
        div class="cards" {
            (card(if stale { "bad" } else { "ok" }, age.map_or("none".to_owned(), short), fresh))
            (card("", matches.0, &matches.1))
            (card("", times.map_or("-".to_owned(), |times| format!("{:.2} s", times.p95_s)), "for a cycle; 95 of 100 take no longer"))
            (card(if rate.is_some_and(|rate| rate < 1.0) { "warn" } else { "" }, rate.map_or("-".to_owned(), |rate| format!("{:.1}%", rate * 100.0)), "of the last hour's cycles were good"))
            (card("", disk, "disk"))
            (card("", look.facts.host.cpu.map_or("-".to_owned(), |cpu| format!("{:.0}%", cpu.percent())), "CPU"))
            (card("", look.facts.host.memory.map_or("-".to_owned(), |memory| format!("{:.0}%", memory.percent())), "memory"))
            (card("", look.pace.as_ref().and_then(|pace| pace.fetch.as_ref()).map_or("-".to_owned(), |fetch| format!("{:.0}%", fetch.completeness * 100.0)), "of the matches fetched without an error"))
        }
    }
}

fn steps(look: &Look, course: &Course) -> Markup {
    let all = course.steps.len();
    let limit = look.facts.limits.fresh;
    let young = course.steps.iter().filter(|step| {
        let age = step.last_good.map(|at| look.facts.now - at);
        age.is_some_and(|age| age.to_std().unwrap_or_default() <= limit)
    });
    let young = young.count();
    let tone = |doing: Doing| match doing {
        Doing::Well => "ok",
        Doing::Late | Doing::Waits => "warn",
        Doing::Stale | Doing::Failed | Doing::Died => "bad",
        _ => "dim",
    };
    let now = look.facts.now;
    let seconds =
        |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2} s"));
    html! {
        h2 { @if all == 0 { "Steps: none has run in the last " (course.range.word()) } @else { "Steps: " (young) " of " (all) " fresh" } }
        div class="pick" {
            span { "Times and counts of the last" }
            @for range in Range::PAGES {
                a href=(format!("/?range={}", range.word())) aria-current=[(range == course.range).then_some("true")] { (range.word()) }
            }
        }
        @if all > 0 { div class="scroll" { table {
            thead { tr {
                th scope="col" class="l" { "Step" } th scope="col" class="l" { "State" }
                th scope="col" { "Age" } th scope="col" { "Limit" } th scope="col" title="half of the runs took no longer" { "p50" }
                th scope="col" title="95 of 100 runs took no longer" { "p95" } th scope="col" title="99 of 100 runs took no longer" { "p99" } th scope="col" { "Matches" }
                th scope="col" { "Good" } th scope="col" { "Bad" } th scope="col" { "Runs" }
            } }
            tbody { @for step in &course.steps {
                @let doing = Doing::of(step, &look.facts);
                @let times = step.window.times;
                tr id=(format!("step-{}", step.window.position)) {
                    th scope="row" class="l" { a href=(format!("/logs?step={}", step.window.position)) { (step.window.name) } }
                    td class=(format!("l {}", tone(doing))) {
                        @if matches!(doing, Doing::Failed | Doing::Died) { a href=(format!("#error-{}-what", step.window.position)) { (doing.word()) } }
                        @else { (doing.word()) }
                    }
                    td { (step.last_good.map_or("-".to_owned(), |at| short(now - at))) }
                    td { (short(TimeDelta::from_std(look.facts.limits.fresh).unwrap_or_default())) }
                    td { (seconds(times.map(|times| times.p50_s))) }
                    td { (seconds(times.map(|times| times.p95_s))) }
                    td { (seconds(times.map(|times| times.p99_s))) }
                    td { (step.matches.map_or("-".to_owned(), grouped)) }
                    td { (grouped(step.window.ok)) }
                    td class=(if step.window.bad > 0 { "bad" } else { "" }) { (grouped(step.window.bad)) }
                    td { (svg::spark(&beats(&step.strip), &format!("newest runs of {}", step.window.name))) }
                }
            } }
        } } }
    }
}

fn beats(strip: &[Beat]) -> Vec<Option<f64>> {
    let newest = &strip[strip.len().saturating_sub(40)..];
    let value = |beat: &Beat| match beat {
        Beat::Good(seconds) => Some(*seconds),
        _ => None,
    };
    newest.iter().map(value).collect()
}

fn events(pace: &Pace) -> Markup {
    html! {
        h2 { "Events, newest first" }
        @if pace.happenings.is_empty() { p class="dim" { "Nothing has happened yet." } }
        @for one in pace.happenings.iter().take(20) {
            p class="event" {
                (seen(one.at)) " "
                b class=(match one.level { 'E' => "bad", 'W' => "warn", _ => "dim" }) {
                    (match one.level { 'E' => "error", 'W' => "warning", _ => "info" })
                }
                " " (one.who) ": " (step6::screen_text(&one.text, 500))
                @if one.times > 1 { " (" (one.times) " times)" }
            }
        }
    }
}
