//! What to ask for now, and in which order: the budget goes first to where it tells most.

use std::collections::{HashMap, HashSet};

use feed::codes;
use feed::row::{self, Anomalies, Row};
use feed::score::Score;
use football::Phase;

/// A match of the live list, as far as the plan needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Live {
    pub(crate) id: String,
    pub(crate) status: i64,
}

impl Live {
    /// Whether it is being played now.
    pub(crate) fn playing(&self) -> bool {
        codes::phase(self.status) == Phase::Live
    }
}

/// The matches of a `match/detail_live` body, in its order, each id once.
pub(crate) fn live_list(results: &str) -> Vec<Live> {
    let anomalies = Anomalies::default();
    let mut seen = HashSet::new();
    row::list(results, "live_matches", &anomalies)
        .into_iter()
        .filter_map(|raw| {
            let row = Row::parse(raw, &anomalies).ok()?;
            let id = row.text("id")?.into_owned();
            let score = row
                .raw("score")
                .and_then(|raw| Score::parse(raw, &anomalies).ok());
            let status = score.and_then(|score| score.status).unwrap_or(0);
            seen.insert(id.clone()).then_some(Live { id, status })
        })
        .collect()
}

/// Why the odds of a match are asked for; in the order of importance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// Never fetched.
    New,
    /// The provider says they changed; or it is being played and they are further behind than they may be,
    /// which the provider's list of one minute's changes can't make good.
    Changed,
    /// It is being played and they are getting old.
    LiveAndOld,
    /// It is not being played and they are old.
    Old,
}

impl Why {
    pub(crate) const ALL: [Why; 4] = [Why::New, Why::Changed, Why::LiveAndOld, Why::Old];

    /// In a few words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Why::New => "never fetched",
            Why::Changed => "changed, or too far behind",
            Why::LiveAndOld => "being played, getting old",
            Why::Old => "not being played, old",
        }
    }
}

/// How old odds may become, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ages {
    /// Of a match that is being played.
    pub(crate) playing: i64,
    /// Of any other.
    pub(crate) idle: i64,
    /// From one cycle to the next.
    pub(crate) interval: i64,
}

/// Whose odds to ask for, most important first; within the same importance the oldest first, so that under a
/// budget that is too small everyone gets a turn.
///
/// `ages` are of what is known, in seconds. `changed` is what `odds/update` named and nobody has fetched
/// since; `None`: the endpoint is not to be had, so every match that is being played is due.
pub(crate) fn odds_due<'l>(
    live: &'l [Live],
    ages: &HashMap<&str, i64>,
    changed: Option<&HashSet<String>>,
    limits: Ages,
) -> Vec<(&'l str, Why)> {
    let mut due: Vec<(Why, i64, &str)> = live
        .iter()
        .filter_map(|one| {
            let playing = one.playing();
            let Some(&age) = ages.get(one.id.as_str()) else {
                return Some((Why::New, i64::from(!playing), one.id.as_str()));
            };
            let named = changed.is_some_and(|changed| changed.contains(&one.id));
            let why = if named || (playing && age > limits.playing) {
                Why::Changed
            // The next cycle comes an interval later; then it would be too late.
            } else if playing && (changed.is_none() || age + limits.interval > limits.playing) {
                Why::LiveAndOld
            } else if !playing && age >= limits.idle {
                Why::Old
            } else {
                return None;
            };
            Some((why, -age, one.id.as_str()))
        })
        .collect();
    due.sort_unstable();
    due.into_iter().map(|(why, _, id)| (id, why)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(list: &[(&str, i64)]) -> Vec<Live> {
        list.iter()
            .map(|(id, status)| Live {
                id: (*id).to_owned(),
                status: *status,
            })
            .collect()
    }

    const LIMITS: Ages = Ages {
        playing: 180,
        idle: 900,
        interval: 60,
    };

    #[test]
    fn the_budget_goes_to_the_new_then_the_changed_then_the_oldest() {
        let matches = live(&[
            ("old_live", 2),
            ("fresh_live", 4),
            ("older_live", 2),
            ("changed", 4),
            ("new_later", 1),
            ("new_live", 2),
            ("done", 8),
        ]);
        let ages = HashMap::from([
            ("old_live", 150),
            ("fresh_live", 60),
            ("older_live", 170),
            ("changed", 20),
            ("done", 3600),
        ]);
        let changed = HashSet::from(["changed".to_owned()]);
        let due = odds_due(&matches, &ages, Some(&changed), LIMITS);
        assert_eq!(
            due,
            [
                ("new_live", Why::New),
                ("new_later", Why::New),
                ("changed", Why::Changed),
                ("older_live", Why::LiveAndOld),
                ("old_live", Why::LiveAndOld),
                ("done", Why::Old),
            ]
        );
    }

    #[test]
    fn without_the_list_of_changes_every_running_match_is_due() {
        let matches = live(&[("a", 2), ("b", 1), ("c", 7)]);
        let ages = HashMap::from([("a", 10), ("b", 10), ("c", 30)]);
        let due = odds_due(&matches, &ages, None, LIMITS);
        assert_eq!(due, [("c", Why::LiveAndOld), ("a", Why::LiveAndOld)]);
    }

    #[test]
    fn a_running_match_is_asked_for_before_it_is_too_old_not_after() {
        let matches = live(&[("a", 2)]);
        let none = HashSet::new();
        let due = |age| odds_due(&matches, &HashMap::from([("a", age)]), Some(&none), LIMITS).len();
        assert_eq!((due(119), due(121)), (0, 1));
    }

    /// Two thousand matches, all being played, nine in ten of them named in every cycle, and 120 requests a
    /// minute: none waits longer than the budget makes it.
    #[test]
    fn under_a_budget_that_is_too_small_every_match_gets_its_turn() {
        let (matches, budget) = (2000, 120);
        let ids: Vec<String> = (0..matches).map(|n| format!("m{n:04}")).collect();
        let playing: Vec<(&str, i64)> = ids.iter().map(|id| (id.as_str(), 2)).collect();
        let live = live(&playing);
        let mut fetched: HashMap<&str, i64> = HashMap::new();
        let mut oldest_ever = 0;
        for cycle in 0..60i64 {
            let now = cycle * 60;
            let named = ids
                .iter()
                .enumerate()
                .filter(|(n, _)| n % 10 != 3)
                .map(|(_, id)| id.clone())
                .collect();
            let ages = fetched.iter().map(|(id, at)| (*id, now - at)).collect();
            let due = odds_due(&live, &ages, Some(&named), LIMITS);
            let taken: Vec<&str> = due.iter().map(|(id, _)| *id).take(budget).collect();
            for id in taken {
                fetched.insert(id, now);
            }
            if fetched.len() == matches {
                let oldest = fetched.values().map(|at| now - at).max().unwrap();
                oldest_ever = oldest_ever.max(oldest);
            }
        }
        assert_eq!(fetched.len(), matches, "everyone had a turn");
        let round = (matches as i64 / budget as i64 + 1) * 60;
        assert!(
            (1..=round + 180).contains(&oldest_ever),
            "{oldest_ever} s behind, a round takes {round} s"
        );
    }
}
