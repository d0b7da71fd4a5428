//! What the product file says of itself: how old its data is, and how many matches are being played.

use std::collections::BTreeMap;
use std::fs;

use chrono::{DateTime, Utc};
use pipeline::DataDir;
use pipeline::handoff::Head;
use serde::{Deserialize, Serialize};

use super::Depth;

/// What the product file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Product {
    /// Who the data is from.
    pub provider: Option<String>,
    /// The cycle that it is of.
    pub cycle: Option<String>,
    /// When its data was fetched.
    pub fetched_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub generated_at: Option<DateTime<Utc>>,
    /// When the raw data of step 1 was fetched: later, if a step behind it fails.
    pub raw_fetched_at: Option<DateTime<Utc>>,
    /// Matches in it.
    pub matches: Option<u64>,
    /// Matches by phase; empty unless everything was asked for.
    pub by_phase: BTreeMap<String, u64>,
    /// The next scheduled start, if no match is being played.
    pub next_kickoff: Option<DateTime<Utc>>,
}

impl Product {
    pub(super) fn look(data: &DataDir, now: DateTime<Utc>, depth: Depth) -> Product {
        let head = Head::of_file(&data.output(5)).unwrap_or_default();
        let raw = Head::of_file(&data.output(1)).unwrap_or_default();
        let mut product = Product {
            provider: head.provider.or(raw.provider),
            cycle: head.cycle,
            fetched_at: head.fetched_at,
            generated_at: head.generated_at,
            raw_fetched_at: raw.fetched_at,
            matches: head.total_matches,
            ..Product::default()
        };
        if depth == Depth::Full
            && let Ok(text) = fs::read_to_string(data.output(5))
            && let Ok(body) = serde_json::from_str::<Body>(&text)
        {
            if body.live() == 0 {
                let kickoffs = body.matches.values().filter(|one| one.phase == "upcoming");
                product.next_kickoff = kickoffs
                    .filter_map(|one| one.kickoff)
                    .filter(|at| *at > now)
                    .min();
            }
            product.by_phase = body.statistics.by_phase;
        }
        product
    }

    /// Matches being played; none if that is not known.
    pub fn live(&self) -> Option<u64> {
        (!self.by_phase.is_empty() || self.matches == Some(0))
            .then(|| self.by_phase.get("live").copied().unwrap_or(0))
    }
}

/// As much of `step5.json` as is shown.
#[derive(Deserialize)]
struct Body {
    statistics: Statistics,
    matches: BTreeMap<String, One>,
}

#[derive(Deserialize)]
struct Statistics {
    by_phase: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct One {
    phase: String,
    kickoff: Option<DateTime<Utc>>,
}

impl Body {
    fn live(&self) -> u64 {
        self.statistics.by_phase.get("live").copied().unwrap_or(0)
    }
}
