//! The provider's code tables. Source: the vendor's STATUS_CODE document, checked against a real cycle.
//!
//! An unknown number is kept and shown as `Unknown (n)`, never dropped.

use std::borrow::Cow;

use football::{Period, Phase};

/// A table's word for a code, or `Unknown (n)`.
fn word(table: &[(i64, &'static str)], code: i64) -> Cow<'static, str> {
    match table.iter().find(|(known, _)| *known == code) {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("Unknown ({code})")),
    }
}

const STATUSES: [(i64, &str); 14] = [
    (0, "Abnormal"),
    (1, "Not started"),
    (2, "First half"),
    (3, "Half-time"),
    (4, "Second half"),
    (5, "Extra time"),
    (6, "Extra time"),
    (7, "Penalty shoot-out"),
    (8, "Finished"),
    (9, "Delayed"),
    (10, "Interrupted"),
    (11, "Abandoned"),
    (12, "Cancelled"),
    (13, "To be determined"),
];

/// A match status in words.
pub fn status(code: i64) -> Cow<'static, str> {
    word(&STATUSES, code)
}

/// The phase of a match that a status belongs to.
pub const fn phase(status: i64) -> Phase {
    match status {
        1 | 13 => Phase::Upcoming,
        2..=7 => Phase::Live,
        8 => Phase::Finished,
        9 | 10 => Phase::Interrupted,
        11 | 12 => Phase::Off,
        _ => Phase::Unknown,
    }
}

/// The period that is being played, if the status names one.
pub const fn period(status: i64) -> Option<Period> {
    match status {
        2 => Some(Period::FirstHalf),
        3 => Some(Period::HalfTime),
        4 => Some(Period::SecondHalf),
        5 | 6 => Some(Period::ExtraTime),
        7 => Some(Period::Shootout),
        _ => None,
    }
}

/// Whether an odds tick of this status was made while the match was being played.
pub const fn in_play(status: i64) -> bool {
    matches!(status, 2..=7)
}

const WEATHER: [(i64, &str); 13] = [
    (1, "Partly cloudy"),
    (2, "Cloudy"),
    (3, "Partly cloudy, rain"),
    (4, "Snow"),
    (5, "Sunny"),
    (6, "Overcast, rain, thunderstorms in places"),
    (7, "Overcast"),
    (8, "Mist"),
    (9, "Overcast with rain"),
    (10, "Cloudy with rain"),
    (11, "Cloudy with rain, thunderstorms in places"),
    (12, "Clouds, rain, local thunderstorms"),
    (13, "Fog"),
];

/// Weather in words.
pub fn weather(code: i64) -> Cow<'static, str> {
    word(&WEATHER, code)
}

const BOOKMAKERS: [(i64, &str); 20] = [
    (2, "bet365"),
    (3, "Crown"),
    (4, "10BET"),
    (5, "Ladbrokes"),
    (6, "Mansion88"),
    (7, "Macauslot"),
    (8, "SNAI"),
    (9, "William Hill"),
    (10, "Easybets"),
    (11, "Vcbet"),
    (12, "EuroBet"),
    (13, "Interwetten"),
    (14, "12bet"),
    (15, "Sbobet"),
    (16, "Wewbet"),
    (17, "18Bet"),
    (18, "Fun88"),
    (21, "188bet"),
    (22, "Pinnacle"),
    (136, "HKJC"),
];

/// The ids of bookmakers that are read from web pages, which the provider does not know. Its own are small
/// numbers; one in this range would be taken for a page's and is not read.
pub const PAGE_BOOKMAKERS: std::ops::Range<i64> = 1_000_001..2_000_000;

/// A bookmaker's name.
pub fn bookmaker(id: i64) -> Cow<'static, str> {
    word(&BOOKMAKERS, id)
}

const INCIDENTS: [(i64, &str); 27] = [
    (1, "Goal"),
    (2, "Corner"),
    (3, "Yellow card"),
    (4, "Red card"),
    (5, "Offside"),
    (6, "Free kick"),
    (7, "Goal kick"),
    (8, "Penalty scored"),
    (9, "Substitution"),
    (10, "Start"),
    (11, "Half-time whistle"),
    (12, "End"),
    (13, "Half-time score"),
    (15, "Second yellow card"),
    (16, "Penalty missed"),
    (17, "Own goal"),
    (19, "Injury time"),
    (21, "Shot on target"),
    (22, "Shot off target"),
    (23, "Attack"),
    (24, "Dangerous attack"),
    (25, "Possession"),
    (26, "Extra time over"),
    (27, "Shoot-out over"),
    (28, "VAR"),
    (29, "Shoot-out penalty scored"),
    (30, "Shoot-out penalty missed"),
];

/// An incident or technical statistic in words (one table for both).
pub fn incident(code: i64) -> Cow<'static, str> {
    match code {
        37 => Cow::Borrowed("Blocked shot"),
        38 => Cow::Borrowed("Hydration break"),
        _ => word(&INCIDENTS, code),
    }
}

/// A market as the odds histories key it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Market {
    /// `eu`: home, draw, away in decimal odds.
    FullTimeResult,
    /// `asia`: asian handicap; home price, line, away price in Hong Kong odds.
    Spread,
    /// `bs`: goals; over price, line, under price in Hong Kong odds.
    OverUnder,
    /// `cr`: corners, as `bs`.
    CornersOverUnder,
}

impl Market {
    /// Every market.
    pub const ALL: [Market; 4] = [
        Market::FullTimeResult,
        Market::Spread,
        Market::OverUnder,
        Market::CornersOverUnder,
    ];

    /// The market of a key; `None` for one we don't know.
    pub fn from_key(key: &str) -> Option<Market> {
        match key {
            "eu" => Some(Market::FullTimeResult),
            "asia" => Some(Market::Spread),
            "bs" => Some(Market::OverUnder),
            "cr" => Some(Market::CornersOverUnder),
            _ => None,
        }
    }

    /// The key of a market.
    pub const fn key(self) -> &'static str {
        match self {
            Market::FullTimeResult => "eu",
            Market::Spread => "asia",
            Market::OverUnder => "bs",
            Market::CornersOverUnder => "cr",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_codes_are_kept_and_shown() {
        assert_eq!(status(77), "Unknown (77)");
        assert_eq!(weather(0), "Unknown (0)");
        assert_eq!(bookmaker(19), "Unknown (19)");
        assert_eq!(incident(14), "Unknown (14)");
        assert_eq!(phase(77), Phase::Unknown);
    }

    #[test]
    fn the_words_are_the_vendors_table_where_the_old_bot_was_wrong() {
        assert_eq!(
            (status(7), phase(7)),
            ("Penalty shoot-out".into(), Phase::Live)
        );
        assert_eq!((status(8), phase(8)), ("Finished".into(), Phase::Finished));
        assert_eq!(
            (status(13), phase(13)),
            ("To be determined".into(), Phase::Upcoming)
        );
        assert_eq!(
            (status(9), phase(9)),
            ("Delayed".into(), Phase::Interrupted)
        );
        assert_eq!(weather(1), "Partly cloudy");
        assert_eq!(weather(5), "Sunny");
        assert_eq!(weather(8), "Mist");
    }
}
