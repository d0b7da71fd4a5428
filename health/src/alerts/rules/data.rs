//! How old the data is, and how much of it there is.

use journal::lock::Presence;

use super::provider::{last_message, newest_failure};
use super::service::stopped_on_purpose;
use super::{Reading, history, reading};
use crate::facts::{Facts, Freshness};
use crate::verdict::commands;
use crate::words::{grouped, length};

/// Paused and backing off are told by other means: then nothing is late.
pub(super) fn held_back(facts: &Facts) -> bool {
    facts.pause.is_some()
}

/// In the first minutes after a start old data is no news.
pub(super) fn starting(facts: &Facts) -> bool {
    match &facts.presence {
        Presence::Running(holder) => holder.since.is_some_and(|since| {
            (facts.now - since).to_std().unwrap_or_default() <= facts.limits.fresh
        }),
        _ => stopped_on_purpose(facts),
    }
}

pub(super) fn publish_stale(facts: &Facts) -> Reading {
    let behind = match (facts.product.raw_fetched_at, facts.product.fetched_at) {
        (Some(raw), Some(product)) => Some((raw - product).num_seconds().max(0) as f64),
        (Some(raw), None) => Some((facts.now - raw).num_seconds().max(0) as f64),
        _ => Some(0.0),
    };
    let failure = newest_failure(facts);
    let at = failure
        .as_ref()
        .map(|(step, _, _)| format!(": {step} fails"))
        .unwrap_or_default();
    let what = format!("data is fetched but not published{at}");
    let why = failure.and_then(|(_, _, message)| message);
    reading(behind, what, why, commands::errors(facts))
}

pub(super) fn data_stale(facts: &Facts) -> Reading {
    let age = facts.product.fetched_at.map(|at| facts.now - at);
    let limit = facts.limits.fresh.as_secs_f64();
    let seconds = age.map(|age| age.num_seconds() as f64);
    // The configured level is meant for a minute's interval; longer ones make older data.
    let scaled = seconds.map(|s| if s <= limit { 0.0 } else { s });
    let value = if held_back(facts) || starting(facts) {
        Some(0.0)
    } else {
        scaled
    };
    let what = format!("the data is {} old", length(age.unwrap_or_default()));
    reading(value, what, last_message(facts), commands::errors(facts))
}

pub(super) fn no_activity(facts: &Facts) -> Reading {
    let idle = facts.last_activity().map(|at| facts.now - at);
    let quiet = held_back(facts)
        || facts.backoff.is_some()
        || starting(facts)
        || facts.freshness_at(facts.last_activity().unwrap_or(facts.now)) < Freshness::Late;
    let value = if quiet {
        Some(0.0)
    } else {
        idle.map(|idle| idle.num_seconds() as f64)
    };
    let what = format!("nothing was done for {}", length(idle.unwrap_or_default()));
    reading(value, what, None, commands::errors(facts))
}

pub(super) fn records_drop(facts: &Facts) -> Reading {
    let usual = history(facts)
        .and_then(|history| history.baseline.matches)
        .filter(|n| *n >= 10.0);
    let now = history(facts)
        .and_then(|history| history.newest_good.as_ref())
        .and_then(|cycle| cycle.matches);
    let drop = match (usual, now) {
        (Some(usual), Some(now)) => (100.0 - now as f64 * 100.0 / usual).max(0.0),
        _ => 0.0,
    };
    let what = format!(
        "{} matches where {:.0} are usual at this hour",
        grouped(now.unwrap_or(0)),
        usual.unwrap_or(0.0)
    );
    let value = history(facts).map(|_| drop);
    reading(value, what, None, commands::report(facts))
}

pub(super) fn odds_drop(facts: &Facts) -> Reading {
    let usual = history(facts).and_then(|history| history.baseline.odds_coverage);
    let now = facts
        .feed
        .as_ref()
        .and_then(|feed| feed.with_odds)
        .filter(|(_, all)| *all >= 10);
    let share = now.map(|(with, all)| with as f64 / all as f64);
    let drop = match (usual, share) {
        (Some(usual), Some(share)) if usual > 0.0 => (100.0 - share * 100.0 / usual).max(0.0),
        _ => 0.0,
    };
    let what = format!(
        "only {:.0}% of the matches have odds, {:.0}% are usual",
        share.unwrap_or(0.0) * 100.0,
        usual.unwrap_or(0.0) * 100.0
    );
    let value = history(facts).map(|_| drop);
    reading(value, what, None, commands::report(facts))
}
