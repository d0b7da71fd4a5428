//! One odds series, read once from newest to oldest and reduced to the ticks that are reported.

use feed::Tick;
use feed::codes::{Market, in_play};
use feed::json::{Cursor, Fault};
use feed::row::Anomalies;
use serde::{Deserialize, Serialize};

/// What is left of one book's series in one market. A tick that is not there does not exist in the series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series<'a> {
    /// How many ticks the series has.
    pub ticks: u64,
    /// Whether any of them is valid.
    pub valid: bool,
    /// The newest tick, whatever it is.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Tick<'a>>,
    /// The newest one that is open and valid.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub newest_open: Option<Tick<'a>>,
    /// The oldest open and valid one, if it is from before kick-off (status 1).
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Tick<'a>>,
    /// The oldest open and valid one from after kick-off.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub first_in_play: Option<Tick<'a>>,
    /// Of the open and valid ones in minutes 3 to 6 the one nearest 4.5', the older of two alike: the old
    /// bot's window.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub minute_3_to_6: Option<Tick<'a>>,
}

impl<'a> Series<'a> {
    /// Reads the list of ticks at the cursor.
    ///
    /// Ticks that may turn out to be the answer are remembered by their place and read again at the end:
    /// that is cheaper than to carry 150,000 of them.
    pub(crate) fn read(
        cursor: &mut Cursor<'a>,
        market: Market,
        anomalies: &Anomalies,
    ) -> Result<Self, Fault> {
        let mut series = Series::default();
        let mut oldest_open = None;
        let mut first_in_play = None;
        let mut early: Option<(usize, i64)> = None;
        cursor.array::<Fault>(|c| {
            c.peek();
            let place = c.position();
            let Some(tick) = Tick::read(c, anomalies)? else {
                return Ok(());
            };
            series.ticks += 1;
            let valid = tick.valid(market);
            series.valid |= valid;
            if valid && !tick.sealed {
                oldest_open = Some(place);
                if in_play(tick.status) {
                    first_in_play = Some(place);
                    if let Some(distance) = distance_from_4_5(&tick.minute)
                        && early.is_none_or(|(_, least)| distance <= least)
                    {
                        early = Some((place, distance));
                    }
                }
                if series.newest_open.is_none() {
                    series.newest_open = Some(tick.clone());
                }
            }
            if series.newest.is_none() {
                series.newest = Some(tick);
            }
            Ok(())
        })?;
        let text = cursor.whole_text();
        let again = |place: Option<usize>| match place {
            // Read once already, so its oddities are counted.
            Some(place) => Tick::read(&mut Cursor::at(text, place), &Anomalies::default()),
            None => Ok(None),
        };
        series.opening = again(oldest_open)?.filter(|tick| tick.status == 1);
        series.first_in_play = again(first_in_play)?;
        series.minute_3_to_6 = again(early.map(|(place, _)| place))?;
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

    fn digest(text: &str, market: Market) -> Series<'_> {
        Series::read(&mut Cursor::new(text), market, &Anomalies::default()).unwrap()
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
    fn an_empty_series_is_empty() {
        assert_eq!(digest("[]", Market::Spread), Series::default());
        assert_eq!(
            digest("[null,[],[\"x\"]]", Market::Spread),
            Series::default()
        );
    }
}
