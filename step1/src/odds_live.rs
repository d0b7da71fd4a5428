//! `odds/live`, behind a setting: the newest price changes, kept beside the histories and never in them.
//!
//! The endpoint tells what changed in the last minute, no more. A change stays until the match's history has
//! been fetched after it; then the history has it. Step 2 puts the changes that are newer than a history's
//! newest tick before it. So a misread change can at worst show a wrong newest price; it can't spoil a
//! history body, and with the setting off nothing of it is left.

use std::collections::{BTreeMap, HashMap, HashSet};

use feed::odds_live::Change;
use feed::{Anomalies, Cursor, Fault, Tick};
use serde::Serialize;

/// Ticks by match, company and market; newest first. The shape of a history's `results`.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct LiveOdds(
    BTreeMap<String, BTreeMap<i64, BTreeMap<&'static str, Vec<Tick<'static>>>>>,
);

/// The clocks of provider and machine may differ; a change stays this much longer.
const SKEW_S: i64 = 300;
/// Changes kept of one series; more than one a second is no price.
const MOST: usize = 300;

impl LiveOdds {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes that the previous file had.
    pub(crate) fn read(text: &str) -> LiveOdds {
        let mut kept = LiveOdds::default();
        let ignored = Anomalies::default();
        let walked = Cursor::new(text).object::<Fault>(|id, cursor| {
            cursor.object::<Fault>(|company, cursor| {
                cursor.object::<Fault>(|market, cursor| {
                    cursor.array::<Fault>(|cursor| {
                        let tick = Tick::read(cursor, &ignored)?;
                        let market = feed::codes::Market::from_key(&market);
                        if let (Some(tick), Some(market), Ok(company)) =
                            (tick, market, company.parse())
                        {
                            kept.add(Change {
                                match_id: id.clone().into_owned(),
                                company,
                                market,
                                tick: tick.into_owned(),
                            });
                        }
                        Ok(())
                    })
                })
            })
        });
        // It is ours; one that can't be read is worth nothing.
        if walked.is_err() {
            return LiveOdds::default();
        }
        kept
    }

    fn add(&mut self, change: Change) {
        let books = self.0.entry(change.match_id).or_default();
        let markets = books.entry(change.company).or_default();
        let ticks = markets.entry(change.market.key()).or_default();
        if !ticks.contains(&change.tick) {
            ticks.push(change.tick);
        }
    }

    /// Takes new changes and drops what is no longer needed: other matches than `live`, and what a history
    /// that was fetched later (`histories`, unix seconds) has.
    pub(crate) fn update(
        &mut self,
        changes: Vec<Change>,
        live: &HashSet<&str>,
        histories: &HashMap<&str, i64>,
    ) {
        for change in changes {
            if live.contains(change.match_id.as_str()) {
                self.add(change);
            }
        }
        self.0.retain(|id, books| {
            let covered = histories
                .get(id.as_str())
                .map_or(i64::MIN, |at| at - SKEW_S);
            books.retain(|_, markets| {
                markets.retain(|_, ticks| {
                    ticks.retain(|tick| tick.at > covered);
                    // Stable: of one second the one that came first stays first.
                    ticks.sort_by_key(|tick| std::cmp::Reverse(tick.at));
                    ticks.truncate(MOST);
                    !ticks.is_empty()
                });
                !markets.is_empty()
            });
            live.contains(id.as_str()) && !books.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::codes::Market;

    fn change(id: &str, at: i64, price: i64) -> Change {
        Change {
            match_id: id.to_owned(),
            company: 2,
            market: Market::FullTimeResult,
            tick: Tick {
                at,
                minute: "5".into(),
                values: [Some(price), Some(30_000), Some(40_000)],
                status: 2,
                sealed: false,
                score: "0-0".into(),
            },
        }
    }

    #[test]
    fn changes_stay_until_a_history_has_them_and_survive_the_file() {
        let live = HashSet::from(["m1", "m2"]);
        let mut odds = LiveOdds::default();
        let new = vec![
            change("m1", 1_000_010, 20_000),
            change("m1", 1_000_020, 21_000),
            change("m1", 1_000_020, 21_000),
            change("m2", 1_000_000, 20_000),
            change("gone", 1_000_000, 20_000),
        ];
        odds.update(new, &live, &HashMap::new());
        let text = serde_json::to_string(&odds).unwrap();
        assert_eq!(
            text,
            r#"{"m1":{"2":{"eu":[[1000020,"5",2.1,3.0,4.0,2,0,"0-0"],[1000010,"5",2.0,3.0,4.0,2,0,"0-0"]]}},"m2":{"2":{"eu":[[1000000,"5",2.0,3.0,4.0,2,0,"0-0"]]}}}"#
        );
        let mut again = LiveOdds::read(&text);
        assert_eq!(serde_json::to_string(&again).unwrap(), text);
        let histories = HashMap::from([("m1", 1_000_015 + SKEW_S)]);
        again.update(Vec::new(), &HashSet::from(["m1"]), &histories);
        assert_eq!(
            serde_json::to_string(&again).unwrap(),
            r#"{"m1":{"2":{"eu":[[1000020,"5",2.1,3.0,4.0,2,0,"0-0"]]}}}"#
        );
        assert!(LiveOdds::read("{\"m1\":7}").is_empty());
    }
}
