//! Which matches are shown, and in what order.

use std::cmp::{Ordering, Reverse};

use football::Phase;

use super::{Row, State};

/// What the rows are ordered by; ties keep the order of [`Sort::Time`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// In play first, the later minute before the earlier one, then by kick-off, what is over last.
    #[default]
    Time,
    /// By country and competition.
    League,
    /// The largest movement since the opening first.
    Move,
    /// The smallest margin first.
    Margin,
    /// The youngest price first.
    Age,
    /// The most books first.
    Books,
    /// The largest total of goals first.
    Goals,
}

impl Sort {
    /// All, in the order in which a key goes through them.
    pub const ALL: [Sort; 7] = [
        Sort::Time,
        Sort::League,
        Sort::Move,
        Sort::Margin,
        Sort::Age,
        Sort::Books,
        Sort::Goals,
    ];

    /// The word in addresses and on the screen.
    pub const fn word(self) -> &'static str {
        match self {
            Sort::Time => "time",
            Sort::League => "league",
            Sort::Move => "move",
            Sort::Margin => "margin",
            Sort::Age => "age",
            Sort::Books => "books",
            Sort::Goals => "goals",
        }
    }

    /// The order that a word names.
    pub fn of(word: &str) -> Option<Sort> {
        Self::ALL.into_iter().find(|sort| sort.word() == word)
    }

    /// The one after it.
    pub fn next(self) -> Sort {
        let at = Self::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    fn compare(self, a: &Row, b: &Row) -> Ordering {
        match self {
            Sort::Time => Ordering::Equal,
            Sort::League => league(a).cmp(&league(b)),
            Sort::Move => {
                let size = |row: &Row| row.largest_move().map_or(-1.0, f64::abs);
                size(b).total_cmp(&size(a))
            }
            Sort::Margin => {
                // A margin that one can't have is no small one.
                let margin = |row: &Row| {
                    let quote = row
                        .result
                        .as_ref()
                        .filter(|quote| quote.state != State::Suspended);
                    quote.map_or(f64::INFINITY, |quote| quote.margin)
                };
                margin(a).total_cmp(&margin(b))
            }
            Sort::Age => {
                let age = |row: &Row| row.first_quote().map_or(i64::MAX, |(_, age)| age);
                age(a).cmp(&age(b))
            }
            Sort::Books => b.books.cmp(&a.books),
            Sort::Goals => {
                let line = |row: &Row| row.goals.as_ref().map_or(-1.0, |quote| quote.line);
                line(b).total_cmp(&line(a))
            }
        }
    }
}

/// Which matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All.
    #[default]
    All,
    /// In play.
    Live,
    /// Not begun.
    Upcoming,
    /// Over.
    Finished,
    /// Interrupted, off, or of a status that says nothing.
    Other,
}

impl Which {
    /// All, in the order in which a key goes through them.
    pub const ALL: [Which; 5] = [
        Which::All,
        Which::Live,
        Which::Upcoming,
        Which::Finished,
        Which::Other,
    ];

    /// The word in addresses and on the screen.
    pub const fn word(self) -> &'static str {
        match self {
            Which::All => "all",
            Which::Live => "live",
            Which::Upcoming => "upcoming",
            Which::Finished => "finished",
            Which::Other => "other",
        }
    }

    /// The choice that a word names.
    pub fn of(word: &str) -> Option<Which> {
        Self::ALL.into_iter().find(|which| which.word() == word)
    }

    /// The one after it.
    pub fn next(self) -> Which {
        let at = Self::ALL.iter().position(|which| *which == self);
        Self::ALL[(at.unwrap_or(0) + 1) % Self::ALL.len()]
    }

    fn wants(self, phase: Phase) -> bool {
        match self {
            Which::All => true,
            Which::Live => phase == Phase::Live,
            Which::Upcoming => phase == Phase::Upcoming,
            Which::Finished => phase == Phase::Finished,
            Which::Other => !matches!(phase, Phase::Live | Phase::Upcoming | Phase::Finished),
        }
    }
}

/// What a reader asked to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// By phase.
    pub which: Which,
    /// Only where a team, the competition or the country contains this, in whatever case.
    pub text: String,
    /// Only with at least so many books.
    pub min_books: usize,
    /// In what order.
    pub sort: Sort,
}

impl Filter {
    /// The rows that are wanted, in order.
    pub fn apply<'r>(&self, rows: &'r [Row]) -> Vec<&'r Row> {
        let text = self.text.trim().to_lowercase();
        let mut chosen: Vec<_> = rows
            .iter()
            .filter(|row| self.which.wants(row.phase) && row.books >= self.min_books)
            .filter(|row| text.is_empty() || says(row, &text))
            .collect();
        chosen.sort_by(|a, b| {
            self.sort
                .compare(a, b)
                .then_with(|| by_time(a).cmp(&by_time(b)))
        });
        chosen
    }
}

fn says(row: &Row, text: &str) -> bool {
    [&row.home, &row.away, &row.competition, &row.country]
        .into_iter()
        .flatten()
        .any(|name| name.to_lowercase().contains(text))
        || row.id == text
}

fn league(row: &Row) -> (Option<&str>, Option<&str>) {
    (row.country.as_deref(), row.competition.as_deref())
}

type Time<'r> = (u8, i64, Reverse<Option<u32>>, bool, Option<i64>, &'r str);

fn by_time(row: &Row) -> Time<'_> {
    let phase = match row.phase {
        Phase::Live => 0,
        Phase::Upcoming => 1,
        Phase::Finished => 3,
        _ => 2,
    };
    let status = if phase == 1 { 0 } else { row.status_id };
    let kickoff = row.kickoff.map(|at| at.timestamp());
    (
        phase,
        status,
        Reverse(row.minute),
        kickoff.is_none(),
        kickoff,
        &row.id,
    )
}
