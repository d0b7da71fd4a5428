//! `/metrics`: the Prometheus text format, every family named once, here.
//!
//! Counters that the journal keeps for all time are given as they are. Those that only its rows tell
//! (runs and times of steps) begin with this process, since retention removes rows and a counter must
//! not fall. No label is a match, a team or a league, so the number of series does not grow.

mod counts;
mod data;
mod machine;
mod process;
mod steps;
mod text;

pub use self::counts::Counts;
pub(super) use self::counts::times;
use self::text::Text;
use crate::look::Look;
use crate::verdict::{Level, Verdict};

/// The page.
pub fn page(look: &Look, counts: &Counts) -> String {
    let mut text = Text(String::new());
    general(&mut text, look, counts);
    steps::steps(&mut text, look, counts);
    steps::cycles(&mut text, look, counts);
    steps::said(&mut text, counts);
    data::data(&mut text, look);
    data::feed(&mut text, look, counts);
    machine::storage(&mut text, look);
    machine::alerts(&mut text, look);
    process::orchestrator(&mut text, look);
    process::own(&mut text);
    text.0
}

fn general(text: &mut Text, look: &Look, counts: &Counts) {
    let facts = &look.facts;
    text.family("build_info", "gauge", "Version of health, always 1.");
    let (version, commit) = pipeline::VERSION
        .split_once(" (")
        .unwrap_or((pipeline::VERSION, ""));
    let labels = [
        ("version", version),
        ("commit", commit.trim_end_matches(')')),
        ("rustc", pipeline::RUSTC),
    ];
    text.sample("build_info", &labels, 1.0);
    let level = look.verdict.level();
    text.each(
        "verdict",
        "gauge",
        "1 at the verdict of health check, 0 at the others.",
        "level",
        [Level::Ok, Level::Warning, Level::Unknown, Level::Critical]
            .map(|one| (one.word(), f64::from(u8::from(one == level)))),
    );
    let up = look.running();
    text.one(
        "orchestrator_up",
        "gauge",
        "1 while an orchestrator holds the lock.",
        Some(f64::from(u8::from(up.is_some()))),
    );
    let moves = Verdict::of_the_loop(facts).level() == Level::Ok;
    text.one(
        "orchestrator_moves",
        "gauge",
        "1 while the orchestrator's loop moves.",
        Some(f64::from(u8::from(moves))),
    );
    let since = up.and_then(|holder| holder.since);
    text.one(
        "start_time_seconds",
        "gauge",
        "When the orchestrator started, unix time.",
        since.map(|at| at.timestamp_millis() as f64 / 1000.0),
    );
    text.one(
        "config_last_reload_success_timestamp_seconds",
        "gauge",
        "When the orchestrator last read its configuration and took it, its start included, unix time.",
        counts
            .loaded
            .map(|at| at.timestamp_millis() as f64 / 1000.0),
    );
    let ready = look.board().is_some_and(|board| board.fresh(facts.now));
    text.one(
        "ready",
        "gauge",
        "1 while the product is fresh enough to bet on.",
        Some(f64::from(u8::from(ready))),
    );
}
