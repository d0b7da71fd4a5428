//! Every vector of `vectors.json`: solved independently of this crate (bisection in another
//! language) and checked there against the R package `implied`, penaltyblog and mberk/shin.

use football::{
    Beaufort, Format, Line, Method, Outcome, Price, Side, beaufort, remove_margin, settle_handicap,
    settle_total,
};
use serde_json::Value;

/// The tolerance the file's note states.
const TOLERANCE: f64 = 1e-9;

fn vectors(section: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(include_str!("vectors.json")).expect("vectors are JSON");
    let rows = file[section].as_array().expect("a section of rows");
    rows.clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("numbers")
        .iter()
        .map(number)
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}

fn assert_close(actual: f64, expected: f64, what: &str) {
    let difference = (actual - expected).abs();
    assert!(
        difference <= TOLERANCE,
        "{what}: {actual} is not {expected}"
    );
}

#[test]
fn every_margin_method_matches_its_vectors() {
    let mut checked = 0;
    for book in vectors("devig") {
        let decimal = numbers(&book["decimal"]);
        let sum: f64 = decimal.iter().map(|d| 1.0 / d).sum();
        assert_close(sum - 1.0, number(&book["margin"]), "margin");
        for method in Method::ALL {
            let what = format!("{} {method}", text(&book["id"]));
            let solved = remove_margin(method, &decimal);
            let Some(expected) = book.get(method.as_str()) else {
                // The one book that has no solution by one method.
                assert_eq!((solved, method), (None, Method::JensenShannon), "{what}");
                continue;
            };
            let (p, parameter) = solved.unwrap_or_else(|| panic!("{what}: no solution"));
            assert_close(parameter, number(&expected["param"]), &what);
            let expected_p = numbers(&expected["p"]);
            assert_eq!(p.len(), expected_p.len(), "{what}");
            for (p, expected) in p.iter().zip(&expected_p) {
                assert_close(*p, *expected, &what);
            }
            let negative = p.iter().any(|p| *p < 0.0);
            assert_eq!(negative, expected.get("negative").is_some(), "{what}");
            checked += 1;
        }
    }
    assert_eq!(checked, 12 * 8 - 1);
}

#[test]
fn every_price_converts_as_its_vector_says() {
    let rows = vectors("convert");
    assert_eq!(rows.len(), 28);
    for row in rows {
        let decimal = text(&row["decimal"]);
        let price = Price::parse(decimal, Format::Decimal).expect("a price");
        assert_close(price.hong_kong(), number(&row["hk"]), decimal);
        assert_close(
            price.american_exact(),
            number(&row["american_exact"]),
            decimal,
        );
        assert_eq!(
            Some(price.american()),
            row["american_int_half_away"].as_i64(),
            "{decimal}"
        );
        assert_eq!(price.fraction_text(), text(&row["fraction"]));
        assert_close(price.malay(), number(&row["malay"]), decimal);
        assert_close(price.indonesian(), number(&row["indonesian"]), decimal);
        assert_close(price.implied(), number(&row["implied"]), decimal);
    }
}

fn line(row: &Value) -> Line {
    let goals = text(&row["line"]).parse().expect("goals");
    Line::from_goals(goals).expect("a line")
}

/// `legs` is the result of the bet, or of its two halves: win, push, loss.
fn outcome(row: &Value) -> Outcome {
    match text(&row["legs"]) {
        "W" | "WW" => Outcome::Win,
        "WP" | "PW" => Outcome::HalfWin,
        "P" => Outcome::Push,
        "LP" | "PL" => Outcome::HalfLoss,
        "L" | "LL" => Outcome::Loss,
        legs => panic!("legs {legs}"),
    }
}

fn assert_settled(settled: Outcome, row: &Value) {
    let price = Price::from_decimal(1.9).expect("a price");
    assert_eq!(settled, outcome(row), "{row}");
    assert_close(
        settled.returns(price),
        number(&row["return_at_1.90"]),
        "returned",
    );
}

#[test]
fn every_handicap_settles_as_its_vector_says() {
    let rows = vectors("ah");
    assert_eq!(rows.len(), 105);
    for row in rows {
        let margin = row["margin"].as_i64().and_then(|m| i32::try_from(m).ok());
        assert_settled(settle_handicap(line(&row), margin.expect("a margin")), &row);
        let two_legs = text(&row["legs"]).len() == 2;
        assert_eq!(line(&row).halves().is_some(), two_legs, "{row}");
    }
}

#[test]
fn every_total_settles_as_its_vector_says() {
    let rows = vectors("ou");
    assert_eq!(rows.len(), 96);
    for row in rows {
        let side = match text(&row["side"]) {
            "over" => Side::Over,
            "under" => Side::Under,
            side => panic!("side {side}"),
        };
        let goals = row["goals"].as_u64().and_then(|g| u32::try_from(g).ok());
        assert_settled(settle_total(side, line(&row), goals.expect("goals")), &row);
    }
}

#[test]
fn every_beaufort_force_begins_at_its_bound() {
    let file: Value = serde_json::from_str(include_str!("vectors.json")).expect("vectors are JSON");
    let bounds = numbers(&file["beaufort_ms_lower_bounds"]);
    assert_eq!(bounds, Beaufort::LOWER_BOUNDS_MPS);
    for (bound, force) in bounds.into_iter().zip(1..) {
        assert_eq!(beaufort(bound).map(Beaufort::force), Some(force));
        assert_eq!(
            beaufort(bound - 0.001).map(Beaufort::force),
            Some(force - 1)
        );
    }
}
