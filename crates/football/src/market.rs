//! Several bookmakers side by side: what they agree on, the best price for each outcome, and the
//! arithmetic of bets on such prices. Formulas: `docs/ODDS.md`, "Across bookmakers".
//!
//! Nothing here knows whether a price can still be had. Callers pass open, valid, non-stale quotes
//! of one market, and for lines one line: best prices over stale books are how phantom profits
//! arise (domain.md finding 8).

use crate::{Method, Price, fair};

/// The fewest bookmakers that can disagree and still have a middle.
const CONSENSUS_BOOKS: usize = 3;

/// What the bookmakers agree on for the full-time result.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Consensus {
    /// The books that count, at least three.
    pub books: usize,
    /// Median probability of a home win.
    pub home: f64,
    /// Median probability of a draw.
    pub draw: f64,
    /// Median probability of an away win.
    pub away: f64,
}

/// The median over `books` (home, draw, away) of the margin-free probability, outcome by outcome.
///
/// Medians of probabilities, not of prices, so that a book with a fat margin pulls nothing; margin
/// taken out after Shin, and a book for which that is undefined is left out. The three medians need
/// not sum to exactly 1. `None` if fewer than three books count.
#[must_use]
pub fn consensus(books: &[[Price; 3]]) -> Option<Consensus> {
    let fair: Vec<[f64; 3]> = books
        .iter()
        .filter_map(|prices| fair(Method::Shin, prices).map(|fair| fair.p))
        .collect();
    if fair.len() < CONSENSUS_BOOKS {
        return None;
    }
    let of = |outcome: usize| median(fair.iter().map(|p| p[outcome]).collect());
    Some(Consensus {
        books: fair.len(),
        home: of(0),
        draw: of(1),
        away: of(2),
    })
}

/// The middle value, or the mean of the two in the middle; `values` must not be empty.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        0.5 * (values[middle - 1] + values[middle])
    }
}

/// The highest price for each outcome and the id of the bookmaker that offers it; of equals the
/// earlier in the iterator. `None` without books.
pub fn best<const N: usize>(
    mut books: impl Iterator<Item = (i64, [Price; N])>,
) -> Option<[(i64, Price); N]> {
    let (id, prices) = books.next()?;
    let mut best = prices.map(|price| (id, price));
    for (id, prices) in books {
        for (best, price) in best.iter_mut().zip(prices) {
            if price > best.1 {
                *best = (id, price);
            }
        }
    }
    Some(best)
}

/// What a unit staked over all outcomes, in proportion to 1/price, brings back whatever happens,
/// less the unit: 1/Σ(1/d) − 1. Above 0 is an arbitrage; for one bookmaker it is the loss his
/// margin costs.
#[must_use]
pub fn implied_return<const N: usize>(prices: &[Price; N]) -> f64 {
    1.0 / prices.iter().map(|price| price.implied()).sum::<f64>() - 1.0
}

/// A sure profit from backing every outcome of a market.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Arbitrage<const N: usize> {
    /// Profit per unit staked in all, above 0: 0.05 is five per cent.
    pub profit: f64,
    /// The share of the stake on each outcome, summing to 1.
    pub stakes: [f64; N],
}

/// The arbitrage in `prices`, the best price of every outcome of a market; `None` if there is none
/// or there are fewer than two outcomes.
#[must_use]
pub fn arbitrage<const N: usize>(prices: &[Price; N]) -> Option<Arbitrage<N>> {
    let implied = prices.map(Price::implied);
    let sum: f64 = implied.iter().sum();
    (N >= 2 && sum < 1.0).then(|| Arbitrage {
        profit: 1.0 / sum - 1.0,
        stakes: implied.map(|r| r / sum),
    })
}

/// One total spread over several selections so that each pays the same.
#[derive(Clone, PartialEq, Debug)]
pub struct Dutch {
    /// The stake on each selection, in their order, summing to the total.
    pub stakes: Vec<f64>,
    /// The profit if any of them wins; negative if they cost more than they can pay.
    pub profit: f64,
}

/// Spreads `total` over the selections at `prices` (not necessarily all of a market). `None`
/// without selections or unless the total is finite and above 0.
#[must_use]
pub fn dutch(prices: &[Price], total: f64) -> Option<Dutch> {
    if prices.is_empty() || !total.is_finite() || total <= 0.0 {
        return None;
    }
    let sum: f64 = prices.iter().map(|price| price.implied()).sum();
    Some(Dutch {
        stakes: prices
            .iter()
            .map(|price| total * (price.implied() / sum))
            .collect(),
        profit: total * (1.0 / sum - 1.0),
    })
}

/// The mean profit of a unit bet at `price` on something of probability `p`: p·d − 1. `None` unless
/// p is within [0, 1].
#[must_use]
pub fn expected_value(p: f64, price: Price) -> Option<f64> {
    (0.0..=1.0).contains(&p).then(|| p * price.decimal() - 1.0)
}

/// Kelly's share of the bankroll for such a bet, (p·d − 1)/(d − 1), and 0 for one not worth having.
/// `None` unless p is within [0, 1]. A cautious bettor stakes a fraction of it.
#[must_use]
pub fn kelly(p: f64, price: Price) -> Option<f64> {
    Some((expected_value(p, price)? / price.hong_kong()).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(d: f64) -> Price {
        Price::from_decimal(d).expect("a price")
    }

    fn close(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance
    }

    /// The Shin rows of `implied`'s README (vectors V1 to V3): the median of three is the middle.
    #[test]
    fn the_consensus_of_three_is_the_middle_one_per_outcome() {
        let books = [[4.2, 3.7, 1.95], [2.45, 3.7, 2.9], [2.05, 3.2, 3.8]];
        let consensus = consensus(&books.map(|book| book.map(price))).expect("three books");
        assert_eq!(consensus.books, 3);
        assert!(close(consensus.home, 0.400_022_061_159, 1e-9));
        assert!(close(consensus.draw, 0.263_574_496_283, 1e-9));
        assert!(close(consensus.away, 0.337_050_788_767, 1e-9));
    }

    /// With V12 (bet365 3.25/3.60/1.95) as the fourth: the mean of the two in the middle.
    #[test]
    fn the_consensus_of_four_is_between_the_middle_two() {
        let books = [
            [4.2, 3.7, 1.95],
            [2.45, 3.7, 2.9],
            [2.05, 3.2, 3.8],
            [3.25, 3.6, 1.95],
        ];
        let consensus = consensus(&books.map(|book| book.map(price))).expect("four books");
        assert_eq!(consensus.books, 4);
        let home = 0.5 * (0.276_283_752_83 + 0.400_022_061_159);
        assert!(close(consensus.home, home, 1e-9));
    }

    #[test]
    fn two_books_are_no_consensus_and_a_book_below_one_does_not_count() {
        let book = [4.2, 3.7, 1.95].map(price);
        let below_one = [3.2, 3.2, 3.2].map(price);
        assert_eq!(consensus(&[]), None);
        assert_eq!(consensus(&[book, book]), None);
        assert_eq!(consensus(&[book, book, below_one]), None);
        let counted = consensus(&[book, below_one, book, book]).expect("three count");
        assert_eq!(counted.books, 3);
    }

    /// penaltyblog's documentation: best 3.10/3.50/3.10, sum .93087558, return 7.43 %.
    #[test]
    fn the_best_prices_and_arbitrage_of_penaltyblog() {
        let books = [[2.8, 3.5, 3.1], [3.1, 3.4, 2.9], [3.0, 3.2, 3.0]];
        let books = (1..).zip(books.map(|book| book.map(price)));
        let best = best(books).expect("three books");
        assert_eq!(best, [(2, price(3.1)), (1, price(3.5)), (1, price(3.1))]);
        let prices = best.map(|(_, price)| price);
        let found = arbitrage(&prices).expect("an arbitrage");
        assert!(close(1.0 / (1.0 + found.profit), 0.930_875_58, 5e-9));
        assert!(close(found.profit, 0.074_3, 5e-5));
        for (stake, published) in found.stakes.into_iter().zip([0.3465, 0.3069, 0.3465]) {
            assert!(close(stake, published, 5e-5));
        }
        assert!(close(implied_return(&prices), found.profit, 1e-12));
    }

    #[test]
    fn of_equal_prices_the_earlier_book_is_best() {
        let book = [price(2.0), price(1.8)];
        let best = best([(7, book), (2, book)].into_iter());
        assert_eq!(best, Some([(7, price(2.0)), (7, price(1.8))]));
        assert_eq!(super::best(std::iter::empty::<(i64, [Price; 2])>()), None);
    }

    #[test]
    fn an_ordinary_book_is_no_arbitrage() {
        assert_eq!(arbitrage(&[price(1.9), price(1.9)]), None);
        assert_eq!(arbitrage(&[price(2.0), price(2.0)]), None);
        assert_eq!(arbitrage(&[price(2.0)]), None);
        assert!(close(
            implied_return(&[price(1.9), price(1.9)]),
            -0.05,
            1e-12
        ));
    }

    /// domain.md §2.5 and penaltyblog: EV .20 and .25, Kelly .166667, half Kelly .0705.
    #[test]
    fn published_expectations() {
        assert!(close(expected_value(0.6, price(2.0)).unwrap(), 0.20, 1e-12));
        assert!(close(expected_value(0.5, price(2.5)).unwrap(), 0.25, 1e-12));
        assert!(close(kelly(0.5, price(2.5)).unwrap(), 0.166_667, 5e-7));
        assert!(close(0.5 * kelly(0.55, price(2.1)).unwrap(), 0.0705, 5e-5));
        assert_eq!(kelly(0.3, price(2.0)), Some(0.0));
        for p in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(expected_value(p, price(2.0)), None);
            assert_eq!(kelly(p, price(2.0)), None);
        }
    }

    #[test]
    fn nothing_to_spread_no_dutch() {
        assert_eq!(dutch(&[], 10.0), None);
        for total in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(dutch(&[price(3.0)], total), None);
        }
    }

    fn any_price() -> impl Strategy<Value = Price> {
        (10_100_u32..=500_000).prop_map(|n| Price::from_ten_thousandths(n).expect("above one"))
    }

    proptest! {
        #[test]
        fn whichever_dutched_selection_wins_pays_the_same(
            prices in prop::collection::vec(any_price(), 1..6),
            total in 1.0_f64..1e4,
        ) {
            let dutch = dutch(&prices, total).expect("something to spread");
            prop_assert!(close(dutch.stakes.iter().sum(), total, 1e-8));
            for (stake, price) in dutch.stakes.iter().zip(&prices) {
                prop_assert!(close(stake * price.decimal() - total, dutch.profit, 1e-7));
            }
        }

        #[test]
        fn the_best_price_is_offered_and_never_beaten(
            books in prop::collection::vec([any_price(), any_price(), any_price()], 1..8),
        ) {
            let best = best((0..).zip(books.iter().copied())).expect("books");
            for (outcome, (id, price)) in best.into_iter().enumerate() {
                prop_assert!(books.iter().all(|book| book[outcome] <= price));
                prop_assert_eq!(books[usize::try_from(id).expect("an index")][outcome], price);
            }
        }

        #[test]
        fn a_consensus_lies_within_the_books(
            books in prop::collection::vec([any_price(), any_price(), any_price()], 0..9),
        ) {
            let each: Vec<[f64; 3]> = books.iter().filter_map(|b| fair(Method::Shin, b)).map(|f| f.p).collect();
            let consensus = consensus(&books);
            prop_assert_eq!(consensus.is_some(), each.len() >= 3);
            if let Some(consensus) = consensus {
                for (outcome, p) in [consensus.home, consensus.draw, consensus.away].into_iter().enumerate() {
                    prop_assert!(each.iter().any(|book| book[outcome] <= p));
                    prop_assert!(each.iter().any(|book| book[outcome] >= p));
                }
            }
        }
    }
}
