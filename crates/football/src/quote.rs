//! Which quote stands for a market: how old is too old, whose is asked first, and what a suspended
//! market shows. The rules are CONTRACT.md §3, "A quote" and "Primary quote"; why they are needed
//! (prices an hour old and shown as live) is domain.md finding 7.

use std::collections::BTreeSet;

use crate::Phase;

/// A live match's quote older than this, in seconds, is stale.
pub const LIVE_STALE_AFTER_S: i64 = 300;

/// An upcoming match's quote older than this, in seconds, is stale.
pub const UPCOMING_STALE_AFTER_S: i64 = 86_400;

/// The age of a quote in seconds, at the time the live list was fetched; never below 0, since the
/// provider's clock may be ahead of ours. Both times are Unix seconds.
#[must_use]
pub fn age_s(fetched_at: i64, tick_at: i64) -> i64 {
    fetched_at.saturating_sub(tick_at).max(0)
}

/// Whether a quote has been overtaken by its match.
///
/// Live: it was made in another period (`tick_status` is not `match_status`, both the provider's
/// codes) or over five minutes ago. Upcoming: over a day ago. In no other phase is there anything
/// for a quote to keep up with.
#[must_use]
pub fn is_stale(phase: Phase, match_status: i64, tick_status: i64, age_s: i64) -> bool {
    match phase {
        Phase::Live => tick_status != match_status || age_s > LIVE_STALE_AFTER_S,
        Phase::Upcoming => age_s > UPCOMING_STALE_AFTER_S,
        Phase::Finished | Phase::Interrupted | Phase::Off | Phase::Unknown => false,
    }
}

/// What [`primary`] needs of one bookmaker's series in one market.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Book<T> {
    /// The newest tick, whatever it is; `None` for a series without ticks.
    pub newest: Option<Newest<T>>,
    /// The newest tick that is both open and valid.
    pub last_open: Option<T>,
}

/// The newest tick of a series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Newest<T> {
    /// The tick.
    pub tick: T,
    /// The bookmaker takes bets at it.
    pub open: bool,
    /// Every price is finite and above 1 in decimal odds, the line finite.
    pub valid: bool,
}

/// The quote that stands for a market.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chosen<T> {
    /// Position of its book in the iterator given to [`primary`].
    pub index: usize,
    /// The tick quoted.
    pub tick: T,
    /// No bet can be struck at it.
    pub suspended: bool,
    /// It has been overtaken by the match.
    pub stale: bool,
}

/// The primary quote among `books`, given in order of preference: the first whose newest tick is
/// open, valid and not stale; else the first whose newest tick is open and valid; else the newest
/// open, valid tick of the first that has one, suspended. `None` if no book has any.
///
/// A match that is finished or off is suspended whoever quotes it. `stale_of` says whether a tick
/// is stale; see [`is_stale`].
pub fn primary<T: Copy>(
    phase: Phase,
    books: impl Iterator<Item = Book<T>>,
    stale_of: impl Fn(T) -> bool,
) -> Option<Chosen<T>> {
    let over = matches!(phase, Phase::Finished | Phase::Off);
    let mut stale_quote = None;
    let mut suspended_quote = None;
    for (index, book) in books.enumerate() {
        if let Some(newest) = book.newest.filter(|newest| newest.open && newest.valid) {
            let chosen = Chosen {
                index,
                tick: newest.tick,
                suspended: over,
                stale: stale_of(newest.tick),
            };
            if !chosen.stale {
                return Some(chosen);
            }
            stale_quote = stale_quote.or(Some(chosen));
        } else if suspended_quote.is_none() {
            suspended_quote = book.last_open.map(|tick| Chosen {
                index,
                tick,
                suspended: true,
                stale: stale_of(tick),
            });
        }
    }
    stale_quote.or(suspended_quote)
}

/// The order in which to walk the bookmakers `ids`: those in `preferred`, in that order, then the
/// others ascending. Every id once, and none that is not among `ids`.
#[must_use]
pub fn preference_order(preferred: &[u32], ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut rest: BTreeSet<i64> = ids.collect();
    let mut order: Vec<i64> = preferred
        .iter()
        .map(|id| i64::from(*id))
        .filter(|id| rest.remove(id))
        .collect();
    order.extend(rest);
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A tick is its age here; older than 300 is stale.
    fn stale(age: i64) -> bool {
        is_stale(Phase::Live, 2, 2, age)
    }

    fn open(tick: i64) -> Book<i64> {
        Book {
            newest: Some(Newest {
                tick,
                open: true,
                valid: true,
            }),
            last_open: Some(tick),
        }
    }

    fn sealed(last_open: Option<i64>) -> Book<i64> {
        Book {
            newest: Some(Newest {
                tick: 0,
                open: false,
                valid: true,
            }),
            last_open,
        }
    }

    fn choose(phase: Phase, books: &[Book<i64>]) -> Option<(usize, i64, bool, bool)> {
        primary(phase, books.iter().copied(), stale)
            .map(|c| (c.index, c.tick, c.suspended, c.stale))
    }

    #[test]
    fn a_quote_from_the_future_is_new() {
        assert_eq!(age_s(100, 160), 0);
        assert_eq!(age_s(160, 100), 60);
        assert_eq!(age_s(i64::MAX, i64::MIN), i64::MAX);
        assert_eq!(age_s(i64::MIN, i64::MAX), 0);
    }

    #[test]
    fn a_live_quote_is_stale_after_five_minutes_or_in_another_period() {
        assert!(!is_stale(Phase::Live, 2, 2, 300));
        assert!(is_stale(Phase::Live, 2, 2, 301));
        assert!(is_stale(Phase::Live, 2, 1, 0));
        assert!(is_stale(Phase::Live, 4, 2, 0));
    }

    #[test]
    fn an_upcoming_quote_is_stale_after_a_day_and_its_status_does_not_matter() {
        assert!(!is_stale(Phase::Upcoming, 13, 1, 86_400));
        assert!(is_stale(Phase::Upcoming, 1, 1, 86_401));
    }

    #[test]
    fn nothing_else_goes_stale() {
        for phase in [
            Phase::Finished,
            Phase::Interrupted,
            Phase::Off,
            Phase::Unknown,
        ] {
            assert!(!is_stale(phase, 8, 1, i64::MAX));
        }
    }

    #[test]
    fn the_first_fresh_open_book_wins_over_preferred_stale_and_suspended_ones() {
        let books = [sealed(Some(5)), open(301), open(20), open(1)];
        assert_eq!(choose(Phase::Live, &books), Some((2, 20, false, false)));
    }

    #[test]
    fn a_stale_open_quote_wins_over_a_suspended_one() {
        let books = [sealed(Some(5)), open(900), open(301)];
        assert_eq!(choose(Phase::Live, &books), Some((1, 900, false, true)));
    }

    #[test]
    fn a_suspended_market_shows_its_last_open_price() {
        let books = [sealed(None), sealed(Some(40)), sealed(Some(5))];
        assert_eq!(choose(Phase::Live, &books), Some((1, 40, true, false)));
        assert_eq!(
            choose(Phase::Live, &[sealed(Some(4000))]),
            Some((0, 4000, true, true))
        );
    }

    #[test]
    fn an_open_tick_that_is_no_price_counts_as_suspended() {
        let decided = Book {
            newest: Some(Newest {
                tick: 0,
                open: true,
                valid: false,
            }),
            last_open: Some(70),
        };
        assert_eq!(choose(Phase::Live, &[decided]), Some((0, 70, true, false)));
    }

    #[test]
    fn a_match_that_is_over_is_suspended() {
        for phase in [Phase::Finished, Phase::Off] {
            assert_eq!(choose(phase, &[open(20)]), Some((0, 20, true, false)));
        }
        assert_eq!(
            choose(Phase::Interrupted, &[open(20)]),
            Some((0, 20, false, false))
        );
    }

    #[test]
    fn no_open_tick_no_quote() {
        let empty = Book {
            newest: None,
            last_open: None,
        };
        assert_eq!(choose(Phase::Live, &[]), None);
        assert_eq!(choose(Phase::Live, &[sealed(None), empty]), None);
    }

    #[test]
    fn preferred_books_come_first() {
        let default = [2, 22, 3, 15, 9, 17];
        let order = preference_order(&default, [17, 4, 2, 136, 3, 4].into_iter());
        assert_eq!(order, [2, 3, 17, 4, 136]);
        assert_eq!(preference_order(&[9, 9], [9, 1].into_iter()), [9, 1]);
        assert_eq!(preference_order(&[], [5, -1].into_iter()), [-1, 5]);
    }

    fn any_book() -> impl Strategy<Value = Book<i64>> {
        let newest = proptest::option::of((0_i64..600, any::<bool>(), any::<bool>()));
        (newest, proptest::option::of(0_i64..600)).prop_map(|(newest, last_open)| {
            let newest = newest.map(|(tick, open, valid)| Newest { tick, open, valid });
            match newest {
                Some(Newest {
                    tick,
                    open: true,
                    valid: true,
                }) => Book {
                    newest,
                    last_open: Some(tick),
                },
                Some(_) => Book { newest, last_open },
                None => Book {
                    newest,
                    last_open: None,
                },
            }
        })
    }

    proptest! {
        #[test]
        fn there_is_a_quote_whenever_a_book_was_ever_open(
            books in prop::collection::vec(any_book(), 0..8),
        ) {
            let ever_open = books.iter().any(|book| book.last_open.is_some());
            let chosen = choose(Phase::Live, &books);
            prop_assert_eq!(chosen.is_some(), ever_open);
            if let Some((index, tick, suspended, stale)) = chosen {
                prop_assert_eq!(books[index].last_open, Some(tick));
                let can_bet = |book: &Book<i64>| book.newest.is_some_and(|n| n.open && n.valid);
                prop_assert_eq!(suspended, !books.iter().any(can_bet));
                let fresh = |book: &Book<i64>| can_bet(book) && !super::tests::stale(book.newest.expect("can bet").tick);
                prop_assert!(suspended || stale != books.iter().any(fresh));
            }
        }

        #[test]
        fn the_order_is_a_permutation(
            preferred in prop::collection::vec(0_u32..20, 0..8),
            ids in prop::collection::vec(0_i64..20, 0..20),
        ) {
            let mut order = preference_order(&preferred, ids.iter().copied());
            order.sort_unstable();
            let distinct: BTreeSet<i64> = ids.into_iter().collect();
            prop_assert_eq!(order, distinct.into_iter().collect::<Vec<_>>());
        }
    }
}
