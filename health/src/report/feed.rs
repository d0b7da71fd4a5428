//! The section of the feed: what fetching cost and missed, and what is played.

use super::Page;
use crate::facts::Facts;
use crate::words::{bytes, clock, grouped, length, wrapped};

/// Kinds of errors that are shown.
const KINDS: usize = 3;

impl Page {
    pub(super) fn feed(&mut self, facts: &Facts) {
        self.title("Feed Figures");
        if let Some(matches) = facts.product.matches {
            let live = match (facts.product.live(), facts.product.next_kickoff) {
                (Some(0), Some(at)) => format!(
                    ", 0 live (next {} in {})",
                    clock(at),
                    length(at - facts.now)
                ),
                (Some(live), _) => format!(", {} live", grouped(live)),
                (None, _) => String::new(),
            };
            self.line("Matches Now:", &format!("{}{live}", grouped(matches)));
        }
        if let Some(at) = facts.product.fetched_at {
            let word = facts.freshness_at(at).word();
            self.line("Data Age:", &format!("{} ({word})", length(facts.now - at)));
        }
        let Some(feed) = &facts.feed else {
            self.line("Requests:", "not recorded in the last hour");
            return;
        };
        if feed.cycles > 0 {
            let words = format!(
                "{} in 1 h ({} retries, {} cached, {})",
                grouped(feed.requests),
                grouped(feed.retries),
                grouped(feed.cache_hits),
                bytes(feed.bytes)
            );
            self.line("Requests:", &words);
            self.line("Errors:", &format!("{} in 1 h", grouped(feed.failures())));
            for error in feed.errors.iter().take(KINDS) {
                let text = format!("{} × {}", grouped(error.count), error.what);
                self.text.push_str(&wrapped("    ", &text));
            }
        }
        if feed.cycles == 0 {
            self.line("Requests:", "not recorded in the last hour");
        }
        if let (Some(now), Some(least)) = (feed.completeness, feed.completeness_min) {
            let words = format!("{:.1}% (lowest in 1 h {:.1}%)", now * 100.0, least * 100.0);
            self.line("Completeness:", &words);
        }
        if let Some((with, all)) = feed.with_odds {
            let words = format!("{} of {} matches", grouped(with), grouped(all));
            self.line("With Odds:", &words);
        }
        if feed.cycles > 0 {
            let least = feed.budget_left.iter().min_by_key(|(_, left)| **left);
            let left = match least {
                Some((endpoint, left)) => format!("{} left for {endpoint}, ", grouped(*left)),
                None => String::new(),
            };
            let words = format!(
                "{left}{} requests had to wait, {} matches' odds behind",
                grouped(feed.skipped_for_budget),
                grouped(feed.odds_behind)
            );
            self.text
                .push_str(&wrapped("  Budget:             ", &words));
        }
    }
}
