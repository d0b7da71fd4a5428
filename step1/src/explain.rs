//! `--explain`: what step 1 would request now, and why. No request, no change of state, no credentials.
//!
//! The live list is not known before it is asked for; the previous cycle's stands in for it.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use chrono::Utc;
use feed::endpoint::Endpoint;
use feed::envelope;
use feed::json::{Cursor, Fault};
use pipeline::{Config, DataDir, Exit, Failure};

use crate::bodies::{self, Known};
use crate::budget::{BUDGETED, now_ms};
use crate::coverage::Coverage;
use crate::fetch::reference_ids;
use crate::output::short;
use crate::plan::{self, Ages, Why};
use crate::reference::{Keep, Kind, Reference};
use crate::words::counted;
use crate::{pages, settings};

/// Where the last column of the table begins.
const WHY: usize = 40;

/// Prints it.
///
/// # Errors
/// 74 when standard output can't be written.
pub(crate) fn print(config: &Config, data: &DataDir) -> Result<(), Failure> {
    let text = text(config, data);
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::CannotWrite,
            format!("failed to write to standard output: {why}"),
        )),
        _ => Ok(()),
    }
}

fn text(config: &Config, data: &DataDir) -> String {
    let (feed, state) = (&config.feed, data.state());
    let now = Utc::now().timestamp();
    let carry_over = feed.carry_over.0.as_secs() as i64;
    let previous = bodies::previous(
        &data.output(1),
        settings::providers(feed.provider),
        now,
        carry_over,
    )
    .text;
    let known = Known::read(&previous);
    let live = live_body(&previous)
        .and_then(|body| envelope::results(body).ok())
        .map(plan::live_list)
        .unwrap_or_default();
    let source = settings::source(feed);
    let mut reference = Reference::open(&state, &source, Keep::of(feed));
    let coverage = Coverage::open(&state, &source, feed.plan_recheck.0.as_secs() as i64);
    let budget = settings::budget(feed, &state);

    let mut out = format!(
        "What step 1 would request from {} now:\n\n",
        feed.provider.as_str()
    );
    out.push_str("  requests  budget        endpoint      why\n");
    let mut total = 0;
    let mut line = |endpoint: Endpoint, wanted: usize, why: &str| {
        let left = budget.left(endpoint, now_ms());
        let by_id = BUDGETED.contains(&endpoint) && !why.contains("changed since");
        let (count, shown) = if !coverage.has(endpoint, now) {
            (0, "not in plan".to_owned())
        } else {
            match left.filter(|_| by_id) {
                Some(left) => {
                    let count = wanted.min(usize::try_from(left).unwrap_or(usize::MAX));
                    (count, format!("{left} -> {}", left - count as u64))
                }
                None => (wanted, "-".to_owned()),
            }
        };
        total += count;
        out.push_str(&format!(
            "  {count:>8}  {shown:<12}  {:<12}  {why}\n",
            short(endpoint.path())
        ));
        let skipped = if coverage.has(endpoint, now) {
            wanted - count
        } else {
            0
        };
        if skipped > 0 {
            out.push_str(&format!(
                "{:WHY$}{} to wait for the budget\n",
                "",
                counted(skipped, "more has", "more have")
            ));
        }
    };
    line(Endpoint::DetailLive, 1, "the live list, in every cycle");
    if let Some(since) = known.changes_since(now) {
        let why = format!("changed since {}", clock(since));
        line(Endpoint::RecentList, 1, &why);
    }
    let unknown = live
        .iter()
        .filter(|one| !known.details.contains_key(one.id.as_str()))
        .count();
    line(Endpoint::RecentList, unknown, "matches without details");
    line(
        Endpoint::OddsUpdate,
        1,
        "whose odds changed in the last minute",
    );
    if feed.odds_live {
        line(Endpoint::OddsLive, 1, "the last minute's prices");
    }
    let ages: HashMap<&str, i64> = known
        .odds
        .iter()
        .map(|(id, kept)| (*id, now - kept.at))
        .collect();
    let named: HashSet<String> = known.odds_waiting.iter().cloned().collect();
    let changed = coverage.has(Endpoint::OddsUpdate, now).then_some(&named);
    let due = plan::odds_due(&live, &ages, changed, Ages::of(config));
    let reasons: Vec<String> = Why::ALL
        .into_iter()
        .filter_map(|why| {
            let count = due.iter().filter(|(_, one)| *one == why).count();
            (count > 0).then(|| format!("{count} {}", why.words()))
        })
        .collect();
    let reasons = if reasons.is_empty() {
        "none is due".to_owned()
    } else {
        reasons.join(&format!("\n{:WHY$}", ""))
    };
    line(Endpoint::OddsHistory, due.len(), &reasons);
    for kind in Kind::ALL {
        if let Some(since) = reference.changes_due(kind, now) {
            line(
                kind.endpoint(),
                1,
                &format!("changed since {}", clock(since)),
            );
        }
        let details = live
            .iter()
            .filter_map(|one| known.details.get(one.id.as_str()));
        let ids = reference_ids(details.map(|kept| kept.text()), kind);
        let needed = ids
            .iter()
            .filter(|id| reference.needs(kind, id, now))
            .count();
        let cached = reference.len(kind);
        line(
            kind.endpoint(),
            needed,
            &format!("unknown or outdated; {cached} in the cache"),
        );
    }
    line(
        Endpoint::Country,
        usize::from(reference.needs_countries(now)),
        "all, once per reference_ttl",
    );
    out.push_str(&format!("  {total:>8}  together\n\n"));

    let playing = live.iter().filter(|one| one.playing()).count();
    if live.is_empty() {
        out.push_str(
            "Nothing usable is known from a previous cycle:\nwhat the live list names comes on top.\n",
        );
    } else {
        out.push_str(&format!(
            "As far as the previous live list tells: {}, {playing} being played.\n\
             What odds/update names, and matches that are new, come on top.\n",
            counted(live.len(), "match", "matches")
        ));
    }
    let mut ages: Vec<i64> = ages.into_values().collect();
    ages.sort_unstable();
    if let (Some(newest), Some(oldest)) = (ages.first(), ages.last()) {
        out.push_str(&format!(
            "Odds known of {}, {newest} s to {oldest} s old (half within {} s).\n",
            counted(ages.len(), "match", "matches"),
            ages[ages.len() / 2]
        ));
    }
    for (book, due, visited_at) in pages::due(&config.page, &state, now) {
        let last = visited_at.map_or("never visited".to_owned(), |at| {
            format!("visited {} s ago", now - at)
        });
        let what = if due { "would be visited" } else { "not due" };
        out.push_str(&format!("Page of {book}: {what} ({last}).\n"));
    }
    out
}

fn clock(at: i64) -> String {
    chrono::DateTime::from_timestamp(at, 0).map_or_else(String::new, |at| {
        at.format("%Y-%m-%d %H:%M:%SZ").to_string()
    })
}

fn live_body(text: &str) -> Option<&str> {
    let mut body = None;
    // A document that is cut off was reported already.
    let _ = Cursor::new(text).object::<Fault>(|key, cursor| {
        let value = cursor.value()?;
        if key == "live_matches" {
            body = Some(value);
        }
        Ok(())
    });
    body
}
