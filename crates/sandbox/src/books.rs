//! The seventeen bookmakers: what they cover, what they charge, how often and how late they move.
//!
//! Numbers follow the shape of a real evening: which markets each one quotes, how many changes a
//! series of theirs has before and during a match. Their prices are the model's, not theirs.

use crate::price::Ladder;

/// The markets of a match, in the feed's alphabetical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MarketKind {
    Handicap,
    Goals,
    Corners,
    Outcome,
}

impl MarketKind {
    pub const ALL: [MarketKind; 4] = [
        MarketKind::Handicap,
        MarketKind::Goals,
        MarketKind::Corners,
        MarketKind::Outcome,
    ];

    /// The feed's key.
    pub const fn key(self) -> &'static str {
        match self {
            MarketKind::Handicap => "asia",
            MarketKind::Goals => "bs",
            MarketKind::Corners => "cr",
            MarketKind::Outcome => "eu",
        }
    }
}

/// A bookmaker. Arrays are in the order of [`MarketKind::ALL`].
#[derive(Debug)]
pub(crate) struct Book {
    pub id: u32,
    /// As the feed's map has it.
    pub key: &'static str,
    /// Quotes a match at all.
    pub listed: f64,
    /// Quotes a market, if it quotes the match.
    pub covers: [f64; 4],
    /// Changes before kick-off.
    pub before: [f64; 4],
    /// Changes in a whole match; 0 = no in-play prices.
    pub in_play: [f64; 4],
    /// Margins of 1X2 and of two-way markets.
    pub margins: (f64, f64),
    /// Seconds behind the pitch.
    pub delay: i64,
    pub ladder: Ladder,
}

impl Book {
    pub fn margin(&self, market: MarketKind) -> f64 {
        match market {
            MarketKind::Outcome => self.margins.0,
            MarketKind::Corners => self.margins.1 + 0.012,
            MarketKind::Handicap | MarketKind::Goals => self.margins.1,
        }
    }
}

use Ladder::{Coarse, Fine};

#[rustfmt::skip]
const fn book(
    id: u32, key: &'static str, listed: f64, [covers, before, in_play]: [[f64; 4]; 3],
    margins: (f64, f64), delay: i64, ladder: Ladder,
) -> Book {
    Book { id, key, listed, covers, before, in_play, margins, delay, ladder }
}

/// In the order of their keys as text, which is the order of the feed's map when sorted.
#[rustfmt::skip]
pub(crate) const BOOKS: [Book; 17] = [
    //        listed  asia bs   cr   eu     changes before        changes in play           1X2   two-way  late
    book(10, "10", 0.65, [[1.0, 1.0, 0.45, 1.0], [23.0, 17.0, 2.0, 13.0], [85.0, 115.0, 30.0, 66.0]], (0.098, 0.062), 14, Coarse),
    book(11, "11", 0.70, [[1.0, 1.0, 0.14, 1.0], [26.0, 23.0, 2.0, 17.0], [88.0, 112.0, 60.0, 60.0]], (0.101, 0.068), 9, Coarse),
    book(13, "13", 0.74, [[0.4, 1.0, 0.0, 1.0], [13.0, 5.0, 0.0, 12.0], [0.0, 32.0, 0.0, 34.0]], (0.112, 0.079), 18, Coarse),
    book(14, "14", 0.58, [[1.0, 1.0, 0.22, 0.97], [14.0, 11.0, 2.0, 14.0], [62.0, 82.0, 80.0, 75.0]], (0.106, 0.055), 8, Fine),
    book(15, "15", 0.54, [[1.0, 1.0, 0.06, 1.0], [13.0, 5.0, 0.0, 17.0], [118.0, 140.0, 90.0, 180.0]], (0.104, 0.045), 5, Fine),
    book(16, "16", 0.81, [[1.0, 1.0, 0.0, 1.0], [21.0, 13.0, 0.0, 24.0], [59.0, 71.0, 0.0, 77.0]], (0.095, 0.060), 12, Fine),
    book(17, "17", 0.86, [[1.0, 1.0, 0.0, 1.0], [38.0, 31.0, 0.0, 30.0], [27.0, 33.0, 0.0, 26.0]], (0.090, 0.064), 22, Fine),
    book(2, "2", 0.77, [[1.0, 1.0, 0.61, 1.0], [19.0, 15.0, 2.0, 11.0], [75.0, 114.0, 70.0, 73.0]], (0.085, 0.056), 6, Coarse),
    book(21, "21", 0.67, [[1.0, 1.0, 0.39, 1.0], [16.0, 11.0, 3.0, 10.0], [87.0, 118.0, 90.0, 73.0]], (0.099, 0.046), 7, Fine),
    book(22, "22", 0.65, [[1.0, 1.0, 0.0, 1.0], [33.0, 28.0, 0.0, 34.0], [97.0, 113.0, 0.0, 95.0]], (0.057, 0.036), 4, Fine),
    book(3, "3", 0.67, [[1.0, 1.0, 0.0, 1.0], [19.0, 13.0, 0.0, 11.0], [94.0, 124.0, 0.0, 80.0]], (0.094, 0.050), 7, Fine),
    book(4, "4", 0.82, [[0.0, 0.98, 0.0, 1.0], [0.0, 12.0, 0.0, 16.0], [0.0, 21.0, 0.0, 21.0]], (0.108, 0.082), 25, Coarse),
    book(5, "5", 0.75, [[0.05, 1.0, 0.02, 1.0], [9.0, 8.0, 1.0, 10.0], [0.0, 48.0, 25.0, 28.0]], (0.115, 0.085), 20, Coarse),
    book(6, "6", 0.58, [[1.0, 1.0, 0.0, 0.97], [31.0, 22.0, 0.0, 30.0], [73.0, 107.0, 0.0, 96.0]], (0.102, 0.047), 8, Fine),
    book(7, "7", 0.07, [[1.0, 1.0, 0.0, 1.0], [5.0, 4.0, 0.0, 3.0], [26.0, 36.0, 0.0, 0.0]], (0.118, 0.090), 24, Fine),
    book(8, "8", 0.25, [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 24.0], [0.0, 0.0, 0.0, 0.0]], (0.116, 0.080), 25, Coarse),
    book(9, "9", 0.79, [[0.33, 0.75, 0.0, 1.0], [30.0, 4.0, 0.0, 12.0], [0.0, 1.0, 0.0, 16.0]], (0.105, 0.075), 17, Coarse),
];
