//! The match clock. The provider gives no minute, only when the running period kicked off, and that
//! is enough: in 53 of 55 matches it gave the minute that the odds feed printed (domain.md finding
//! 6).
//!
//! The minute is counted as football counts it (the first minute is 1) and does not stop at 45 or
//! 90; the text of the clock is what stops there and adds.

/// The part of a match that is being played. A period the provider may name that is none of these
/// has no clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Period {
    /// Minutes 1 to 45 and stoppage.
    FirstHalf,
    /// The break.
    HalfTime,
    /// Minutes 46 to 90 and stoppage.
    SecondHalf,
    /// Minutes 91 to 120 and stoppage, both halves.
    ExtraTime,
    /// Kicks from the mark.
    Shootout,
}

impl Period {
    /// Every period, in the order of play.
    pub const ALL: [Period; 5] = [
        Period::FirstHalf,
        Period::HalfTime,
        Period::SecondHalf,
        Period::ExtraTime,
        Period::Shootout,
    ];

    /// The minutes before the period and the last minute of its regular time; `None` where the
    /// clock stands still.
    const fn minutes(self) -> Option<(u32, u32)> {
        match self {
            Period::FirstHalf => Some((0, 45)),
            Period::SecondHalf => Some((45, 90)),
            Period::ExtraTime => Some((90, 120)),
            Period::HalfTime | Period::Shootout => None,
        }
    }
}

/// The minute being played at `now`, counted from 1 and not capped: the third minute of stoppage
/// time in the first half is 48. Times are Unix seconds.
///
/// `None` outside the two halves and extra time, and when the period's kick-off is unknown (absent,
/// or the feed's 0). A kick-off in the future counts as now: clocks differ by seconds.
#[must_use]
pub fn minute(period: Option<Period>, period_kickoff: Option<i64>, now: i64) -> Option<u32> {
    let (before, _) = period?.minutes()?;
    let kickoff = period_kickoff.filter(|kickoff| *kickoff > 0)?;
    let played = now.saturating_sub(kickoff).max(0) / 60;
    u32::try_from(played).ok()?.checked_add(before + 1)
}

/// The clock of a match as people read it: `23'`, `45+2'`, `HT`, `90+4'`, `ET 104'`, `ET 120+1'`,
/// `PEN`, `FT`; for everything else, a running period without a minute included, `status_name`.
#[must_use]
pub fn clock_text(
    period: Option<Period>,
    finished: bool,
    minute: Option<u32>,
    status_name: &str,
) -> String {
    if finished {
        return "FT".to_owned();
    }
    match (period, minute) {
        (Some(Period::HalfTime), _) => "HT".to_owned(),
        (Some(Period::Shootout), _) => "PEN".to_owned(),
        (Some(period), Some(minute)) => running(period, minute),
        _ => status_name.to_owned(),
    }
}

fn running(period: Period, minute: u32) -> String {
    let prefix = if period == Period::ExtraTime {
        "ET "
    } else {
        ""
    };
    match period.minutes() {
        Some((_, last)) if minute > last => format!("{prefix}{last}+{}'", minute - last),
        _ => format!("{prefix}{minute}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KICKOFF: i64 = 1_748_451_600;

    fn at(period: Period, seconds: i64) -> (Option<u32>, String) {
        let minute = minute(Some(period), Some(KICKOFF), KICKOFF + seconds);
        (minute, clock_text(Some(period), false, minute, "status"))
    }

    #[test]
    fn minutes_are_counted_from_the_periods_kickoff() {
        let rows = [
            (Period::FirstHalf, 0, 1, "1'"),
            (Period::FirstHalf, 59, 1, "1'"),
            (Period::FirstHalf, 60, 2, "2'"),
            (Period::FirstHalf, 22 * 60, 23, "23'"),
            (Period::FirstHalf, 45 * 60 - 1, 45, "45'"),
            (Period::FirstHalf, 45 * 60, 46, "45+1'"),
            (Period::FirstHalf, 46 * 60, 47, "45+2'"),
            (Period::SecondHalf, 0, 46, "46'"),
            (Period::SecondHalf, 45 * 60 - 1, 90, "90'"),
            (Period::SecondHalf, 49 * 60, 95, "90+5'"),
            (Period::ExtraTime, 0, 91, "ET 91'"),
            (Period::ExtraTime, 13 * 60, 104, "ET 104'"),
            (Period::ExtraTime, 30 * 60 - 1, 120, "ET 120'"),
            (Period::ExtraTime, 31 * 60, 122, "ET 120+2'"),
        ];
        for (period, seconds, minute, text) in rows {
            assert_eq!(
                at(period, seconds),
                (Some(minute), text.to_owned()),
                "{period:?} {seconds}"
            );
        }
    }

    #[test]
    fn a_kickoff_in_the_future_is_the_first_minute() {
        assert_eq!(at(Period::FirstHalf, -30), (Some(1), "1'".to_owned()));
        assert_eq!(at(Period::SecondHalf, -3600).0, Some(46));
    }

    #[test]
    fn without_a_kickoff_the_clock_is_the_status() {
        for kickoff in [None, Some(0), Some(-1)] {
            assert_eq!(minute(Some(Period::FirstHalf), kickoff, KICKOFF), None);
        }
        assert_eq!(minute(None, Some(KICKOFF), KICKOFF), None);
        let text = clock_text(Some(Period::FirstHalf), false, None, "First half");
        assert_eq!(text, "First half");
        assert_eq!(clock_text(None, false, None, "Not started"), "Not started");
        assert_eq!(clock_text(None, false, Some(7), "Delayed"), "Delayed");
    }

    #[test]
    fn a_standing_clock_has_a_name() {
        assert_eq!(at(Period::HalfTime, 60), (None, "HT".to_owned()));
        assert_eq!(at(Period::Shootout, 60), (None, "PEN".to_owned()));
        assert_eq!(clock_text(None, true, None, "Finished"), "FT");
    }

    proptest! {
        #[test]
        fn the_minute_never_runs_backwards(
            kickoff in 1_i64..2_000_000_000,
            a in any::<u32>(),
            b in any::<u32>(),
        ) {
            let (early, late) = (i64::from(a.min(b)), i64::from(a.max(b)));
            for period in Period::ALL {
                let at = |now| minute(Some(period), Some(kickoff), now);
                prop_assert!(at(early) <= at(late));
            }
        }

        #[test]
        fn any_clock_has_a_text(
            kickoff in any::<Option<i64>>(),
            now in any::<i64>(),
            any_minute in any::<Option<u32>>(),
        ) {
            for period in Period::ALL {
                let read = minute(Some(period), kickoff, now);
                prop_assert!(!clock_text(Some(period), false, read, "status").is_empty());
                prop_assert!(!clock_text(Some(period), false, any_minute, "status").is_empty());
            }
        }
    }
}
