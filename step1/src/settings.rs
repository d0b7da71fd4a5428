//! The configuration as the plan and the cache take it.

use std::path::Path;
use std::time::Duration;

use pipeline::Config;
use pipeline::config::{Feed, Provider};
use pipeline::handoff::RECORDING;

use crate::budget::Budget;
use crate::plan::Ages;
use crate::reference::Keep;

impl Keep {
    pub(crate) fn of(feed: &Feed) -> Keep {
        Keep {
            ttl_s: feed.reference_ttl.0.as_secs() as i64,
            unused_s: feed.reference_keep.0.as_secs() as i64,
            most: feed.reference_max,
        }
    }
}

impl Ages {
    pub(crate) fn of(config: &Config) -> Ages {
        Ages {
            playing: config.feed.max_odds_age.0.as_secs() as i64,
            idle: config.feed.max_odds_age_idle.0.as_secs() as i64,
            interval: config.schedule.interval.0.as_secs() as i64,
        }
    }
}

/// What a run may ask; its log is in the folder `state`.
pub(crate) fn budget(feed: &Feed, state: &Path) -> Budget {
    let ms = |span: Duration| span.as_millis() as i64;
    Budget::new(
        state,
        feed.requests_per_minute,
        ms(feed.budget_wait.0),
        ms(feed.deadline.0),
    )
}

/// What the envelope of a cycle may name as its provider: the sandbox may serve a recording.
pub(crate) fn providers(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Thesports => &["thesports"],
        Provider::Sandbox => &["sandbox", RECORDING],
    }
}

/// Whose state this is: the provider, and the address unless it is this machine's (whose port changes).
pub(crate) fn source(feed: &Feed) -> String {
    let address = if feed.base_url.contains("127.0.0.1") {
        ""
    } else {
        &feed.base_url
    };
    format!("{} {address}", feed.provider.as_str())
        .trim()
        .to_owned()
}
