//! The report for people: verdict, then the sections of the first system in their order, then the
//! next command. 80 columns; every colour stands on a word.

mod feed;
pub mod nagios;
mod performance;

use chrono::{Local, TimeDelta};
use journal::EventKind;
use journal::lock::Presence;

use crate::alerts::command::list_short;
use crate::facts::unit;
use crate::facts::{Facts, Freshness, History, Running, Settings};
use crate::verdict::{Level, Verdict, commands};
use crate::words::{WIDTH, ago, bytes, grouped, instant, length, tail, wrapped};

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// The verdict line, and why.
pub fn headline(verdict: &Verdict, colored: bool) -> String {
    let level = verdict.level();
    let word = tinted(level.word(), level_color(level), colored);
    let mut text = format!("{word}  football-bot: {}\n", verdict.sentence());
    for (n, (problem, why)) in verdict.reasons().enumerate() {
        if n > 0 {
            let also = format!("{}, {}", problem.level.word(), problem.what);
            text.push_str(&wrapped("  also: ", &also));
        }
        if let Some(why) = why {
            text.push_str(&wrapped("  why:  ", why));
        }
    }
    text
}

/// The whole report.
pub fn text(facts: &Facts, verdict: &Verdict, colored: bool) -> String {
    let mut page = Page {
        text: headline(verdict, colored),
        colored,
    };
    page.head(facts);
    page.service(facts);
    page.performance(facts);
    page.files(facts);
    page.feed(facts);
    page.host(facts);
    page.alerts(facts);
    page.text.push_str(&format!("\nnext: {}\n", verdict.next()));
    page.text
}

struct Page {
    text: String,
    colored: bool,
}

impl Page {
    fn line(&mut self, label: &str, value: &str) {
        self.text.push_str(&format!("  {label:<19} {value}\n"));
    }

    fn title(&mut self, title: &str) {
        let title = tinted(title, BOLD, self.colored);
        self.text.push_str(&format!("\n{title}\n"));
        self.text.push_str(&"-".repeat(20));
        self.text.push('\n');
    }

    fn marked(&mut self, freshness: Freshness, rest: &str) {
        let (mark, color) = match freshness {
            Freshness::Fresh => ("✓", GREEN),
            Freshness::Late => ("!", YELLOW),
            Freshness::Stale | Freshness::Missing => ("✗", RED),
        };
        let mark = tinted(mark, color, self.colored);
        let word = tinted(&format!("{:<8}", freshness.word()), color, self.colored);
        self.text.push_str(&format!("{mark} {word} {rest}\n"));
    }

    fn head(&mut self, facts: &Facts) {
        let title = tinted("Football Bot Health Report", BOLD, self.colored);
        self.text.push_str(&format!("\n{title}\n"));
        self.text.push_str(&"=".repeat(50));
        self.text.push('\n');
        let zone = facts.now.with_timezone(&Local).format("%:z");
        self.line("Generated:", &format!("{} {zone}", instant(facts.now)));
        let root = facts.data.root().display().to_string();
        self.line("Data Directory:", &tail(&root, WIDTH - 22));
        if let Some(word) = facts.not_real() {
            let source = facts.provider.as_deref().unwrap_or_default();
            self.line("Data:", &format!("{word} (from the {source}, not real)"));
        }
    }

    fn service(&mut self, facts: &Facts) {
        self.title("Service Status");
        let history = facts.history.as_ref().ok();
        match &facts.presence {
            Presence::Running(holder) => {
                let ours = facts
                    .unit
                    .as_ref()
                    .filter(|unit| unit.pid == Some(holder.pid));
                let words = match ours {
                    Some(unit) => format!(
                        "Service is {} ({}, process {})",
                        unit.state.to_uppercase(),
                        unit::NAME,
                        holder.pid
                    ),
                    None => format!(
                        "Orchestrator is RUNNING (process {}, not by systemd)",
                        holder.pid
                    ),
                };
                self.state(GREEN, "✓", &words);
                if let Some(since) = holder.since {
                    let day = since.with_timezone(&Local).format("%a");
                    let since = format!("{day} {} ({})", instant(since), ago(since, facts.now));
                    self.line("Started:", &since);
                }
            }
            Presence::NoLock if !facts.ever_ran() => {
                self.state(YELLOW, "!", "Orchestrator has NOT RUN here yet");
            }
            Presence::Gone(_) | Presence::NoLock => {
                self.state(RED, "✗", "Orchestrator is NOT RUNNING");
                if let Some(unit) = &facts.unit {
                    self.line("Service:", &format!("{} ({})", unit.state, unit::NAME));
                }
                self.line("Ended:", &ended(facts, history));
            }
        }
        let restarts = facts
            .unit
            .as_ref()
            .and_then(|unit| unit.restarts)
            .or(history.map(|history| history.totals.starts.saturating_sub(1)));
        if let (Some(unit), Presence::Running(_)) = (&facts.unit, &facts.presence)
            && let Some(since) = unit.since
        {
            let since = format!("{} ({})", instant(since), ago(since, facts.now));
            self.line("Active Since:", &since);
        }
        if let Some(n) = restarts {
            self.line("Restarts:", &grouped(n));
        }
        if let Some(process) = &facts.process {
            let state = if process.stopped() { ", STOPPED" } else { "" };
            let words = format!(
                "{} memory, {} threads{state}",
                bytes(process.rss),
                process.threads
            );
            self.line("Process:", &words);
        }
        if facts.settings != Settings::InForce {
            let check = commands::orchestrator("check", facts);
            let reload = commands::reload(facts);
            let state = match facts.settings {
                Settings::Wrong => "NOT VALID as edited, not in force",
                _ => "edited, not in force yet",
            };
            let words = format!("{state}: `{check}`, then `{reload}`");
            let head = format!("  {:<19} ", "Settings:");
            self.text.push_str(&wrapped(&head, &words));
        }
        if matches!(facts.presence, Presence::Running(_)) {
            self.line("Now:", &now(facts, history));
        }
    }

    fn state(&mut self, color: &str, mark: &str, words: &str) {
        let mark = tinted(mark, color, self.colored);
        self.text.push_str(&format!("{mark} {words}\n"));
    }

    fn files(&mut self, facts: &Facts) {
        self.title("Data Files Status");
        for file in &facts.files {
            let rest = match file.found {
                Some((size, at)) => format!(
                    "{:<20} {:>10}  {}",
                    file.name,
                    bytes(size),
                    ago(at, facts.now)
                ),
                None => file.name.clone(),
            };
            self.marked(facts.freshness(file), &rest);
        }
    }

    fn host(&mut self, facts: &Facts) {
        self.title("System Resources");
        if let Some(cpu) = &facts.host.cpu {
            let words = format!(
                "{:.1}% (load {:.2} on {} processors)",
                cpu.percent(),
                cpu.load,
                cpu.processors
            );
            self.line("CPU Usage:", &words);
        }
        for (label, share) in [
            ("Memory Usage:", facts.host.memory),
            ("Disk Usage:", facts.host.disk),
        ] {
            if let Some(share) = share {
                let high = if share.percent() > 90.0 { ", HIGH" } else { "" };
                let words = format!(
                    "{:.1}% ({} of {}){high}",
                    share.percent(),
                    bytes(share.used),
                    bytes(share.total)
                );
                self.line(label, &words);
            }
        }
        self.growth(facts);
        if let Some(set) = facts.clock_set() {
            let words = format!("{}, {}", set.text, ago(set.at, facts.now));
            self.text
                .push_str(&wrapped("  Clock:              ", &words));
        }
    }

    /// What the data directory holds, how fast that grows, and when the disk is full.
    fn growth(&mut self, facts: &Facts) {
        let storage = &facts.storage;
        if let Some(held) = storage.bytes {
            let most = storage.areas.first().filter(|area| area.bytes > 0);
            let most = most
                .map(|area| format!(" (most in {}: {})", area.name, bytes(area.bytes)))
                .unwrap_or_default();
            self.line("Data Holds:", &format!("{}{most}", bytes(held)));
        }
        let per_day = storage.growth.and_then(|growth| growth.data_per_day);
        let growth = match per_day {
            Some(per_day) if per_day >= 0.0 => format!("+{} a day", bytes(per_day as u64)),
            Some(per_day) => format!("-{} a day", bytes(-per_day as u64)),
            None => "not known yet (a few hours of cycles are needed)".to_owned(),
        };
        let most = storage.grows_most().filter(|_| per_day.is_some());
        let most = most.map(|most| {
            let per_day = bytes(most.per_day as u64);
            format!(" (fastest: {}, +{per_day})", most.area)
        });
        self.line("Growth:", &(growth + &most.unwrap_or_default()));
        if let Some(seconds) = storage.full_in() {
            let words = if seconds.is_finite() {
                let left = TimeDelta::seconds(seconds as i64);
                let day = (facts.now + left).with_timezone(&Local).format("%Y-%m-%d");
                format!("in {} ({day}), at the pace of the last week", length(left))
            } else {
                "not at the pace of the last week".to_owned()
            };
            self.line("Disk Full:", &words);
        }
    }

    /// The alerts, in short.
    fn alerts(&mut self, facts: &Facts) {
        self.title("Active Alerts");
        self.text.push_str(&list_short(facts));
    }
}

/// When and how the orchestrator ended.
fn ended(facts: &Facts, history: Option<&History>) -> String {
    let turn = history.and_then(|history| history.last_turn.as_ref());
    match turn {
        Some(turn) if turn.kind == EventKind::Stop => {
            let how = turn.text.split("; ").next().unwrap_or_default();
            format!("{}, {how}", ago(turn.at, facts.now))
        }
        Some(turn) if turn.kind == EventKind::Finished => {
            format!("{}, all its cycles done", ago(turn.at, facts.now))
        }
        _ => {
            let how = if facts.copied().is_some() {
                "not known, this is a copy"
            } else {
                "it died"
            };
            match facts.last_activity() {
                Some(at) => format!("{how}; last heard of {}", ago(at, facts.now)),
                None => how.to_owned(),
            }
        }
    }
}

/// What the orchestrator does now.
fn now(facts: &Facts, history: Option<&History>) -> String {
    match history.and_then(|history| history.running.as_ref()) {
        Some(Running {
            step: Some(step), ..
        }) => {
            let since = step.started_at.unwrap_or(facts.now);
            format!("{} runs, for {}", step.name, length(facts.now - since))
        }
        Some(Running { cycle, step: None }) => format!("cycle {} runs", cycle.id),
        None if facts.pause.is_some() => "paused".to_owned(),
        None => {
            let waiting = if facts.backoff.is_some() {
                "waiting after failures for the next cycle"
            } else {
                "waiting for the next cycle"
            };
            match facts.next_start {
                Some(at) => format!("{waiting}, in {}", length(at - facts.now)),
                None => waiting.to_owned(),
            }
        }
    }
}

fn level_color(level: Level) -> &'static str {
    match level {
        Level::Ok => GREEN,
        Level::Warning | Level::Unknown => YELLOW,
        Level::Critical => RED,
    }
}

fn tinted(text: &str, color: &str, colored: bool) -> String {
    if colored {
        format!("{color}{text}{PLAIN}")
    } else {
        text.to_owned()
    }
}
