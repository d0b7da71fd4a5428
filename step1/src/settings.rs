//! The configuration as the plan and the cache take it.

use pipeline::Config;
use pipeline::config::Feed;

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
