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
    /// The provider says they changed.
    Changed,
    /// It is being played and they are getting old.
    LiveAndOld,
    /// It is not being played and they are old.
    Old,
}

/// How old the odds of a match that is not being played may become.
const REST_MAX_AGE_S: i64 = 15 * 60;

/// Whose odds to ask for, most important first; within the same importance the oldest first.
///
/// `ages` are of what is known, in seconds. `changed` is what `odds/update` named; `None`: the endpoint is
/// not to be had, so every match that is being played is due.
pub(crate) fn odds_due<'l>(
    live: &'l [Live],
    ages: &HashMap<&str, i64>,
    changed: Option<&HashSet<String>>,
    max_live_age_s: i64,
) -> Vec<(&'l str, Why)> {
    let mut due: Vec<(Why, i64, &str)> = live
        .iter()
        .filter_map(|one| {
            let playing = codes::phase(one.status) == Phase::Live;
            let Some(&age) = ages.get(one.id.as_str()) else {
                return Some((Why::New, i64::from(!playing), one.id.as_str()));
            };
            let why = match changed {
                Some(changed) if changed.contains(&one.id) => Why::Changed,
                None if playing => Why::LiveAndOld,
                // The next cycle is a minute away; then it would be too late.
                Some(_) if playing && age + 60 > max_live_age_s => Why::LiveAndOld,
                _ if !playing && age >= REST_MAX_AGE_S => Why::Old,
                _ => return None,
            };
            Some((why, -age, one.id.as_str()))
        })
        .collect();
    due.sort();
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
        let due = odds_due(&matches, &ages, Some(&changed), 180);
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
        let due = odds_due(&matches, &ages, None, 180);
        assert_eq!(due, [("c", Why::LiveAndOld), ("a", Why::LiveAndOld)]);
    }

    #[test]
    fn a_running_match_is_asked_for_before_it_is_too_old_not_after() {
        let matches = live(&[("a", 2)]);
        let none = HashSet::new();
        let due = |age| odds_due(&matches, &HashMap::from([("a", age)]), Some(&none), 180).len();
        assert_eq!((due(119), due(121)), (0, 1));
    }
}
