use super::*;
use proptest::prelude::*;

/// The methods that give probabilities for every book they are defined for.
const ALWAYS_PROPER: [Method; 4] = [
    Method::Multiplicative,
    Method::Power,
    Method::OddsRatio,
    Method::Shin,
];

fn prices<const N: usize>(decimal: [f64; N]) -> [Price; N] {
    decimal.map(|d| Price::from_decimal(d).expect("a price"))
}

/// Three prices from 1.01 to 1000, log-uniform; any book sum.
fn any_book() -> impl Strategy<Value = [Price; 3]> {
    [0.01_f64..6.9, 0.01_f64..6.9, 0.01_f64..6.9].prop_map(|logs| prices(logs.map(f64::exp)))
}

/// A book with a margin from that range put on known probabilities, in proportion.
fn book(
    outcomes: std::ops::Range<usize>,
    margin: std::ops::Range<f64>,
) -> impl Strategy<Value = Vec<f64>> {
    let weights = prop::collection::vec(0.01_f64..1.0, outcomes);
    (weights, margin).prop_filter_map("every price above 1", |(weights, margin)| {
        let total: f64 = weights.iter().sum();
        let odds = weights.iter().map(|w| total / (w * (1.0 + margin)));
        let odds: Vec<f64> = odds.collect();
        odds.iter().all(|d| *d > 1.001).then_some(odds)
    })
}

fn sum_is_one(p: &[f64]) -> bool {
    (p.iter().sum::<f64>() - 1.0).abs() <= 1e-12
}

/// domain.md §2.2: what penaltyblog raises on or answers wrongly.
#[test]
fn a_leg_that_is_no_price_leaves_no_fair_price() {
    for method in Method::ALL {
        for bad in [1.0, 0.0, -2.0, f64::NAN, f64::INFINITY] {
            assert_eq!(remove_margin(method, &[bad, 51.0, 101.0]), None);
        }
        assert_eq!(remove_margin(method, &[]), None);
        assert_eq!(remove_margin(method, &[2.0]), None);
    }
}

/// domain.md §2.2, robustness.
#[test]
fn a_book_below_one_has_a_power_and_an_odds_ratio_but_no_insiders() {
    let book = prices([2.1, 2.1]);
    let parameter = |method| fair(method, &book).map(|fair| fair.parameter);
    assert!((parameter(Method::Power).unwrap() - 0.934_239_5).abs() < 5e-8);
    assert!((parameter(Method::OddsRatio).unwrap() - 0.909_090_9).abs() < 5e-8);
    assert_eq!(parameter(Method::Shin), None);
    assert_eq!(fair(Method::Shin, &prices([3.2, 3.2, 3.2])), None);
}

#[test]
fn a_very_short_symmetric_book_is_solved_by_every_method() {
    for method in Method::ALL {
        let fair = fair(method, &prices([1.01, 1.01])).expect("defined");
        assert!((fair.p[0] - 0.5).abs() < 1e-12, "{method}");
        assert!(sum_is_one(&fair.p), "{method}");
    }
}

/// Clarke's long shots: the additive method gives two of them less than nothing.
#[test]
fn a_negative_probability_is_no_fair_price() {
    let book = prices([1.15, 5.0, 10.0, 20.0, 50.0, 100.0]);
    for method in [Method::Additive, Method::BalancedBook, Method::Goto] {
        assert_eq!(fair(method, &book), None, "{method}");
    }
    for method in ALWAYS_PROPER {
        assert!(fair(method, &book).is_some(), "{method}");
    }
    assert_eq!(fair(Method::JensenShannon, &book), None);
}

/// betangel's forum prints the fair odds of this book (its solver is a little coarse).
#[test]
fn the_power_method_agrees_with_betangel() {
    let book = prices([1.15, 5.0, 10.0, 20.0, 50.0, 100.0]);
    let fair = fair(Method::Power, &book).expect("defined");
    let published = [1.21, 9.12, 23.64, 61.25, 215.64, 558.77];
    for (p, published) in fair.p.iter().zip(published) {
        assert!(
            (1.0 / p - published).abs() < 0.005,
            "{} {published}",
            1.0 / p
        );
    }
}

/// The contract's example, bet365 3.25/3.60/1.95 with its margin of 9.83 %.
#[test]
fn the_contract_example() {
    let book = prices([3.25, 3.6, 1.95]);
    let fair = fair(Method::Shin, &book).expect("defined");
    for (p, published) in fair.p.iter().zip([0.276_284, 0.247_127, 0.476_589]) {
        assert!((p - published).abs() < 5e-7);
    }
    assert!((overround(&book) - 0.098_3).abs() < 5e-5);
}

#[test]
fn a_book_without_margin_is_left_alone() {
    for book in [[2.0, 4.0, 4.0], [1.5, 6.0, 6.0], [2.0, 3.0, 6.0]] {
        for method in Method::ALL {
            let fair = fair(method, &prices(book)).expect("defined");
            for (p, d) in fair.p.iter().zip(book) {
                assert!((p - 1.0 / d).abs() < 1e-12, "{method} {book:?}");
            }
        }
    }
}

/// The long shot's way to 0 is a search that begins at its very end, where the slope is infinite.
#[test]
fn a_long_shot_far_from_its_price_is_still_solved() {
    let book = prices([1.2444, 2.3218, 15.2581]);
    let fair = fair(Method::JensenShannon, &book).expect("defined");
    // Solved by bisection in another language.
    assert!((fair.parameter - 0.096_058_246_979).abs() < 1e-9);
    let solved = [0.685_527_900_701, 0.300_132_324_611, 0.014_339_774_688];
    for (p, solved) in fair.p.iter().zip(solved) {
        assert!((p - solved).abs() < 1e-9);
    }
}

#[test]
fn a_method_has_one_name() {
    for method in Method::ALL {
        assert_eq!(method.to_string().parse(), Ok(method));
    }
    assert!("Shin".parse::<Method>().is_err());
}

/// The solver is called thousands of times a cycle: it must not creep. Counted, not timed.
#[test]
fn shin_converges_in_a_handful_of_steps() {
    use std::cell::Cell;
    for book in [[3.25, 3.6, 1.95], [1.01, 51.0, 101.0], [2.6, 2.4, 4.3]] {
        let r = book.map(|d| 1.0 / d);
        let sum: f64 = r.iter().sum();
        let calls = Cell::new(0);
        root(0.0, 1.0, (sum - 1.0) / 2.0, |z| {
            calls.set(calls.get() + 1);
            r.iter().fold((-1.0, 0.0), |(value, slope), r| {
                let (p, dp) = shin_p(r * r / sum, z);
                (value + p, slope + dp)
            })
        });
        assert!(calls.get() <= 12, "{book:?}: {}", calls.get());
    }
}

proptest! {
    #[test]
    fn probabilities_sum_to_one(book in any_book()) {
        for method in Method::ALL {
            if let Some(fair) = fair(method, &book) {
                prop_assert!(sum_is_one(&fair.p), "{} {:?}", method, fair);
            }
        }
    }

    #[test]
    fn probabilities_are_probabilities(book in any_book()) {
        for method in ALWAYS_PROPER {
            let defined = method != Method::Shin || overround(&book) >= 0.0;
            prop_assert_eq!(fair(method, &book).is_some(), defined, "{}", method);
        }
    }

    /// For a book with margin; below 1 Goto may turn two near-certainties round.
    #[test]
    fn a_shorter_price_never_becomes_less_likely(odds in book(2..6, 0.0..0.3)) {
        for method in Method::ALL {
            let Some((p, _)) = remove_margin(method, &odds) else { continue };
            for i in 0..odds.len() {
                for j in 0..odds.len() {
                    prop_assert!(odds[i] >= odds[j] || p[i] >= p[j] - 1e-13, "{}", method);
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_outcomes_does_not_matter(book in any_book()) {
        let [home, draw, away] = book;
        for method in Method::ALL {
            let here = fair(method, &book);
            let there = fair(method, &[away, home, draw]);
            prop_assert_eq!(here.is_some(), there.is_some());
            if let (Some(here), Some(there)) = (here, there) {
                for (i, j) in [(0, 1), (1, 2), (2, 0)] {
                    prop_assert!((here.p[i] - there.p[j]).abs() < 1e-12, "{}", method);
                }
            }
        }
    }

    #[test]
    fn without_margin_nothing_changes(odds in book(2..6, 0.0..1e-6)) {
        for method in Method::ALL {
            // A fair book may round to just below 1, where Shin says nothing.
            let Some((p, _)) = remove_margin(method, &odds) else {
                prop_assert_eq!(method, Method::Shin);
                continue;
            };
            for (p, d) in p.iter().zip(&odds) {
                prop_assert!((p - 1.0 / d).abs() < 2e-6, "{}", method);
            }
        }
    }

    #[test]
    fn every_method_takes_out_any_real_margin(odds in book(2..6, -0.1..0.3)) {
        for method in Method::ALL {
            if let Some((p, parameter)) = remove_margin(method, &odds) {
                prop_assert!(sum_is_one(&p), "{} {:?}", method, p);
                prop_assert!(parameter.is_finite());
            }
        }
    }

    /// Favourite–longshot bias: they give the favourite at least its proportional share.
    #[test]
    fn shin_and_power_favour_the_favourite(odds in book(2..6, 0.001..0.3)) {
        let favourite = |method| {
            let (p, _) = remove_margin(method, &odds).expect("a book with margin");
            greatest(&p)
        };
        let proportional = favourite(Method::Multiplicative) - 1e-12;
        prop_assert!(favourite(Method::Shin) >= proportional);
        prop_assert!(favourite(Method::Power) >= proportional);
    }

    #[test]
    fn with_two_outcomes_shin_is_additive(odds in book(2..3, 0.001..0.3)) {
        let book: f64 = odds.iter().map(|d| 1.0 / d).sum();
        let (shin, z) = remove_margin(Method::Shin, &odds).expect("a book with margin");
        let (additive, _) = remove_margin(Method::Additive, &odds).expect("defined");
        prop_assert!((0.0..1.0).contains(&z));
        prop_assert!((shin[0] - additive[0]).abs() < 1e-15);
        // The closed form is the root of the general equation.
        let first = shin_p(1.0 / (odds[0] * odds[0] * book), z).0;
        prop_assert!((first - shin[0]).abs() < 1e-12);
    }

    #[test]
    fn any_floats_are_solved_or_refused(odds in prop::collection::vec(any::<f64>(), 0..6)) {
        for method in Method::ALL {
            if let Some((p, _)) = remove_margin(method, &odds) {
                prop_assert_eq!(p.len(), odds.len());
                prop_assert!(p.iter().all(|p| p.is_finite()));
            }
        }
    }

    /// The edges of what a price can hold: 1.0001 to 429496.7295, any number of each.
    #[test]
    fn extreme_books_are_solved_or_refused(
        (a, b, c) in (10_001_u32.., 10_001_u32..10_100, 10_001_u32..),
    ) {
        let book = [a, b, c].map(|n| Price::from_ten_thousandths(n).expect("above one"));
        for method in Method::ALL {
            if let Some(fair) = fair(method, &book) {
                prop_assert!((fair.p.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{}", method);
            }
        }
    }
}
