//! Which columns the compact form has at which width. A name is worth more than a column that nobody
//! has room to read, so each column says how wide names must stay beside it.

/// Clock with the blank before it and the one behind it.
pub(crate) const CLOCK: usize = 9;
/// The score between the names, its blanks included.
pub(crate) const SCORE: usize = 7;
/// A line, its mark included.
pub(crate) const LINE: usize = 7;
/// An age.
pub(crate) const AGE: usize = 6;
/// `STALE`.
pub(crate) const WORD: usize = 6;
/// Three movements.
pub(crate) const MOVES: usize = 19;
/// A margin.
pub(crate) const MARGIN: usize = 7;
/// Corners of both sides.
pub(crate) const CORNERS: usize = 7;
/// A name wider than this leaves its room to other columns.
pub(crate) const WIDEST_NAME: usize = 28;

/// Which columns there are, and how wide they are.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) name: usize,
    /// Of one price; the blank before it comes on top.
    pub(crate) price: usize,
    pub(crate) result: bool,
    pub(crate) age: bool,
    pub(crate) lines: bool,
    pub(crate) word: bool,
    pub(crate) line_prices: bool,
    pub(crate) moves: bool,
    pub(crate) margin: bool,
    pub(crate) corners: bool,
}

impl Columns {
    /// The columns for `width`, of prices that are `price` wide.
    pub(crate) fn fit(width: usize, price: usize) -> Columns {
        let mut columns = Columns {
            price,
            ..Columns::default()
        };
        let mut left = width.saturating_sub(CLOCK + SCORE + 2);
        // Each column says how wide names must stay for it to be worth its place.
        let mut take = |needs: usize, name: usize| {
            let taken = left >= needs + 2 * name;
            left -= if taken { needs } else { 0 };
            taken
        };
        columns.result = take(1 + 3 * (price + 1), 7);
        columns.age = columns.result && take(AGE, 9);
        columns.lines = columns.age && take(2 * LINE, 10);
        columns.word = columns.lines && take(WORD, 15);
        columns.line_prices = columns.word && take(4 * (price + 1), 14);
        columns.moves = columns.line_prices && take(MOVES, 18);
        columns.margin = columns.moves && take(MARGIN, 18);
        columns.corners = columns.margin && take(CORNERS, 18);
        columns.name = (left / 2).min(WIDEST_NAME);
        columns
    }
}
