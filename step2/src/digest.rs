//! One odds series, read once from newest to oldest and reduced to the ticks that are reported.

use feed::Tick;
use feed::codes::{Market, in_play};
use feed::index::{Index, Marks};
use feed::json::{Cursor, Fault};

use feed::row::Anomalies;
use serde::{Deserialize, Serialize};

/// What is left of one book's series in one market. A tick that is not there does not exist in the series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series<'a> {
    /// How many ticks the series has.
    pub ticks: u64,
    /// Whether any of them is valid; not written, the match lists its bookmakers.
    #[serde(skip)]
    pub valid: bool,
    /// The newest tick; missing when it can't be read.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Tick<'a>>,
    /// The newest one that is open and valid.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub newest_open: Option<Tick<'a>>,
    /// The oldest open and valid one, if it is from before kick-off (status 1).
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Tick<'a>>,
    /// The oldest open and valid one from after kick-off. For people and programs that read the file; none
    /// of our later steps asks for it, so it is not read back.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub first_in_play: Option<Tick<'a>>,
    /// Of the open and valid ones in minutes 3 to 6 the one nearest 4.5', the older of two alike: the old
    /// bot's window. Not read back either.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub minute_3_to_6: Option<Tick<'a>>,
}

impl<'a> Series<'a> {
    /// Reads what [`Serialize`] wrote, without the ticks that no later step asks for.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read_back(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let mut series = Series::default();
        let unnoted = Anomalies::default();
        cursor.object::<Fault>(|key, c| {
            let slot = match &*key {
                "newest" => &mut series.newest,
                "newest_open" => &mut series.newest_open,
                "opening" => &mut series.opening,
                "ticks" => {
                    series.ticks = c.read()?;
                    return Ok(());
                }
                _ => return c.value().map(drop),
            };
            let at = c.position();
            *slot = Some(Tick::read(c, &unnoted)?.ok_or(Fault {
                at,
                ended: false,
                expected: "an odds tick",
            })?);
            Ok(())
        })?;
        Ok(series)
    }

    /// Reads the list of ticks at the cursor. `marks` is working memory.
    pub(crate) fn read(
        cursor: &mut Cursor<'a>,
        market: Market,
        marks: &mut Marks,
        anomalies: &Anomalies,
    ) -> Result<Self, Fault> {
        match Index::of(cursor, marks) {
            Some(index) => Series::of_index(&index, market, anomalies),
            None => Series::walk(cursor, market, anomalies),
        }
    }

    /// Puts a newer series, of ticks that this one may have in part, before this one. Only what is newer than
    /// this one's newest counts.
    pub(crate) fn add_newer(&mut self, newer: Series<'a>) {
        let known = self.newest.as_ref().or(self.newest_open.as_ref());
        let known = known.map_or(0, |tick| tick.at);
        let is_new = |tick: &Option<Tick<'_>>| tick.as_ref().is_some_and(|tick| tick.at > known);
        if !is_new(&newer.newest) {
            return;
        }
        // How many of the newer ones the history has nobody counted; it is at least this one.
        self.ticks += 1;
        self.valid |= newer.valid;
        self.newest = newer.newest;
        if is_new(&newer.newest_open) {
            self.newest_open = newer.newest_open;
        }
    }

    /// The same where the beginning is not known.
    pub(crate) fn without_beginning(self) -> Series<'a> {
        Series {
            opening: None,
            first_in_play: None,
            minute_3_to_6: None,
            ..self
        }
    }

    /// Looks from both ends and reads only what may be an answer. The same result as [`Series::walk`], except
    /// that oddities of ticks that nobody asks for are not counted.
    fn of_index(
        index: &Index<'a, '_>,
        market: Market,
        anomalies: &Anomalies,
    ) -> Result<Self, Fault> {
        let count = index.count();
        let mut series = Series {
            ticks: count as u64,
            ..Series::default()
        };
        for nth in 0..count {
            let tick = index.read(nth, anomalies)?;
            series.valid |= tick.as_ref().is_some_and(|tick| tick.valid(market));
            let open = tick.as_ref().is_some_and(|tick| tick.open_valid(market));
            if nth == 0 {
                series.newest.clone_from(&tick);
            }
            if open {
                series.newest_open = tick;
                break;
            }
        }
        if series.newest_open.is_none() {
            return Ok(series);
        }
        let unnoted = Anomalies::default();
        let open = |nth| {
            Ok(index
                .read(nth, &unnoted)?
                .filter(|tick: &Tick<'_>| tick.open_valid(market)))
        };
        for nth in (0..count).rev() {
            if let Some(oldest) = open(nth)? {
                series.opening = (oldest.status == 1).then_some(oldest);
                break;
            }
        }
        let played = |tick: &Tick<'_>| in_play(tick.status);
        for nth in (0..index.in_play_until()).rev() {
            if let Some(first) = open(nth)?.filter(played) {
                series.first_in_play = Some(first);
                break;
            }
        }
        let mut least = i64::MAX;
        for nth in index.early().iter().rev() {
            let Some(tick) = open(*nth)?.filter(played) else {
                continue;
            };
            if let Some(distance) = distance_from_4_5(&tick.minute)
                && distance < least
            {
                least = distance;
                series.minute_3_to_6 = Some(tick);
            }
        }
        Ok(series)
    }

    /// Reads every tick, from newest to oldest: for a series that is not of the common shape.
    fn walk(cursor: &mut Cursor<'a>, market: Market, anomalies: &Anomalies) -> Result<Self, Fault> {
        let mut series = Series::default();
        let mut oldest_open = None;
        let mut least = i64::MAX;
        cursor.array::<Fault>(|c| {
            let first = series.ticks == 0;
            series.ticks += 1;
            // An unreadable newest tick is still the newest: what is older does not stand for now.
            let Some(tick) = Tick::read(c, anomalies)? else {
                return Ok(());
            };
            series.valid |= tick.valid(market);
            if first {
                series.newest = Some(tick.clone());
            }
            if !tick.open_valid(market) {
                return Ok(());
            }
            if series.newest_open.is_none() {
                series.newest_open = Some(tick.clone());
            }
            if in_play(tick.status) {
                if let Some(distance) = distance_from_4_5(&tick.minute)
                    && distance <= least
                {
                    least = distance;
                    series.minute_3_to_6 = Some(tick.clone());
                }
                series.first_in_play = Some(tick.clone());
            }
            oldest_open = Some(tick);
            Ok(())
        })?;
        series.opening = oldest_open.filter(|tick| tick.status == 1);
        Ok(series)
    }
}

/// Twice the distance from 4.5 of a minute 3 to 6.
fn distance_from_4_5(minute: &str) -> Option<i64> {
    match minute.as_bytes() {
        [digit @ b'3'..=b'6'] => Some((i64::from(digit - b'0') * 2 - 9).abs()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(text: &str, market: Market) -> Series<'_> {
        {
            let mut marks = Marks::default();
            Series::read(
                &mut Cursor::new(text),
                market,
                &mut marks,
                &Anomalies::default(),
            )
            .unwrap()
        }
    }

    fn at(tick: &Option<Tick<'_>>) -> Option<i64> {
        tick.as_ref().map(|tick| tick.at)
    }

    #[test]
    fn a_series_keeps_the_ticks_that_are_asked_for() {
        let series = digest(
            r#"[[90,"20",0.0,2.5,0.9,2,1,"1-0"],[80,"19",0.8,2.5,1.0,2,0,"1-0"],[70,"7",0.8,2.5,1.0,2,0,"0-0"],
                [60,"5",0.8,2.5,1.0,2,1,"0-0"],[50,"4",0.8,2.5,1.0,2,0,"0-0"],[45,"3",0.8,2.5,1.0,2,0,"0-0"],
                [40,"1",0.8,2.5,1.0,2,0,"0-0"],[30,"1",0.0,2.5,1.0,2,0,"0-0"],
                [20,"",0.9,2.5,0.9,1,0,"0-0"],[10,"",0.9,2.5,0.9,1,1,"0-0"]]"#,
            Market::OverUnder,
        );
        assert_eq!(series.ticks, 10);
        assert!(series.valid);
        assert_eq!(at(&series.newest), Some(90));
        assert_eq!(at(&series.newest_open), Some(80), "the newest is sealed");
        assert_eq!(at(&series.opening), Some(20), "the oldest is sealed");
        assert_eq!(at(&series.first_in_play), Some(40), "a price of 0 is none");
        assert_eq!(
            at(&series.minute_3_to_6),
            Some(50),
            "the one at 5' is sealed"
        );
    }

    #[test]
    fn a_series_that_begins_in_play_has_no_opening() {
        let series = digest(
            r#"[[50,"9",2.0,3.0,4.0,2,0,"0-0"],[40,"8",2.1,3.0,4.0,2,0,"0-0"]]"#,
            Market::FullTimeResult,
        );
        assert_eq!(at(&series.opening), None);
        assert_eq!(at(&series.first_in_play), Some(40));
    }

    #[test]
    fn equal_times_keep_the_feeds_order() {
        let series = digest(
            r#"[[50,"9",2.0,3.0,4.0,2,0,"0-0"],[50,"9",2.1,3.0,4.0,2,0,"0-0"]]"#,
            Market::FullTimeResult,
        );
        assert_eq!(series.newest.unwrap().values[0], Some(20_000));
        assert_eq!(series.first_in_play.unwrap().values[0], Some(21_000));
    }

    #[test]
    fn a_tick_behind_an_unreadable_one_is_not_the_newest() {
        let series = digest(
            r#"[[1748453415123,"16",2.0,3.0,4.0,2,0,"0-0"],[50,"9",2.1,3.0,4.0,2,0,"0-0"]]"#,
            Market::FullTimeResult,
        );
        assert_eq!((series.ticks, at(&series.newest)), (2, None));
        assert_eq!(at(&series.newest_open), Some(50));
    }

    proptest! {
        /// The short way and the long way come to the same digest, whatever the order of minutes and statuses.
        #[test]
        fn both_ways_to_read_a_series_agree(
            ticks in prop::collection::vec(
                (prop::sample::select(vec![50i64, 999_999_999, 1_748_453_400, 1_748_453_401]), prop::sample::select(vec!["", "1", "3", "4", "5", "6", "7", "45+", "midfield", "63"]),
                 prop::sample::select(vec!["0.5", "1.5", "2.5", "\"3.0\"", "null"]), prop::sample::select(vec![1i64, 2, 3, 4, 8, 13]),
                 0u8..4, prop::sample::select(vec!["0-1", "10-2", "2-11", "é-1"])),
                1..40),
            market in prop::sample::select(vec![Market::FullTimeResult, Market::Spread]),
            space in any::<bool>(),
        ) {
            let comma = if space { ", " } else { "," };
            let list: Vec<String> = ticks.iter().map(|(at, minute, price, status, sealed, score)| {
                let sealed = u8::from(*sealed == 0);
                [format!("[{at}"), format!("\"{minute}\""), (*price).to_owned(), "1.25".to_owned(),
                 "3.0".to_owned(), status.to_string(), sealed.to_string(), format!("\"{score}\"]")].join(comma)
            }).collect();
            let text = format!("[{}]", list.join(comma));
            let anomalies = Anomalies::default();
            let mut marks = Marks::default();
            let mut cursor = Cursor::new(&text);
            let index = Index::of(&mut cursor, &mut marks).expect("the common shape");
            prop_assert_eq!(cursor.position(), text.len());
            let short = Series::of_index(&index, market, &anomalies).unwrap();
            let long = Series::walk(&mut Cursor::new(&text), market, &anomalies).unwrap();
            prop_assert_eq!(short, long);
        }

        /// No text makes the index see a series where none is, or end it in the wrong place.
        #[test]
        fn the_index_never_ends_a_series_in_the_wrong_place(
            strings in prop::collection::vec("[\\[\\],0-9 ]{0,8}", 1..8), nested in 0usize..8
        ) {
            let list: Vec<serde_json::Value> = strings.iter().enumerate().map(|(i, text)| {
                if i == nested { serde_json::json!([1, [2, text, "1"], [text, "0-1"]]) } else { serde_json::json!([1, text, "0-1"]) }
            }).collect();
            let text = format!("{},null", serde_json::to_string(&list).unwrap());
            let mut marks = Marks::default();
            let mut cursor = Cursor::new(&text);
            if let Some(index) = Index::of(&mut cursor, &mut marks) {
                prop_assert_eq!(index.count(), list.len());
                prop_assert_eq!(&text[cursor.position()..], ",null");

            } else {
                prop_assert_eq!(cursor.position(), 0);
            }
        }
    }

    #[test]
    fn an_empty_series_is_empty() {
        assert_eq!(digest("[]", Market::Spread), Series::default());
        let unreadable = digest("[null,[],[\"x\"]]", Market::Spread);
        assert_eq!(
            unreadable,
            Series {
                ticks: 3,
                ..Series::default()
            }
        );
    }

    #[test]
    fn newer_changes_go_before_a_history_and_older_ones_change_nothing() {
        let history = r#"[[50,"9",2.0,3.0,4.0,2,1,"0-0"],[40,"",2.1,3.0,4.0,1,0,"0-0"]]"#;
        let with = |changes| {
            let mut series = digest(history, Market::FullTimeResult);
            series.add_newer(digest(changes, Market::FullTimeResult));
            series
        };
        let plain = digest(history, Market::FullTimeResult);
        assert_eq!(
            with(r#"[[50,"9",9.0,3.0,4.0,2,0,"0-0"]]"#),
            plain,
            "of the same second: the history is right"
        );
        assert_eq!(with(r#"[[45,"9",9.0,3.0,4.0,2,0,"0-0"]]"#), plain);
        let newer = with(r#"[[60,"10",2.2,3.0,4.0,2,0,"0-0"]]"#);
        assert_eq!(
            (
                at(&newer.newest),
                at(&newer.newest_open),
                at(&newer.opening)
            ),
            (Some(60), Some(60), Some(40))
        );
        let sealed = with(r#"[[60,"10",2.2,3.0,4.0,2,1,"0-0"],[45,"9",9.0,3.0,4.0,2,0,"0-0"]]"#);
        assert_eq!(
            (at(&sealed.newest), at(&sealed.newest_open)),
            (Some(60), Some(40))
        );
    }
}
