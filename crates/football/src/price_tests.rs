use super::*;
use proptest::prelude::*;

fn decimal(d: f64) -> Price {
    Price::from_decimal(d).expect("a price")
}

fn any_price() -> impl Strategy<Value = Price> {
    // Log-uniform as well as uniform: most real prices are below 20.
    prop_oneof![10_001_u32..=200_000, 10_001_u32..=u32::MAX]
        .prop_map(|n| Price::from_ten_thousandths(n).expect("above one"))
}

#[test]
fn a_price_that_pays_nothing_is_none() {
    for d in [1.0, 0.5, 0.0, -0.0, -2.0, 1.000_01, f64::NAN, f64::INFINITY] {
        assert_eq!(Price::from_decimal(d), None, "{d}");
    }
    for h in [0.0, -0.0, -1.0, 0.000_01, f64::NAN, f64::NEG_INFINITY, 1e9] {
        assert_eq!(Price::from_hong_kong(h), None, "{h}");
    }
    assert_eq!(Price::from_ten_thousandths(10_000), None);
    assert_eq!(Price::from_fraction(0, 1), None);
    assert_eq!(Price::from_fraction(1, 0), None);
    assert_eq!(Price::from_fraction(u32::MAX, 1), None);
}

/// The Rust crate `odds_converter` reads +50 as -200; no bookmaker means that.
#[test]
fn american_odds_inside_one_hundred_are_none() {
    for a in [50.0, -50.0, 99.9, -99.9, 0.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Price::from_american(a), None, "{a}");
    }
}

#[test]
fn malay_and_indonesian_keep_to_their_side_of_one() {
    for x in [0.0, -0.0, 1.01, -1.01, f64::NAN] {
        assert_eq!(Price::from_malay(x), None, "{x}");
    }
    for x in [0.0, 0.99, -0.99, f64::NAN, f64::INFINITY] {
        assert_eq!(Price::from_indonesian(x), None, "{x}");
    }
}

/// R package odds.converter 1.4.8 (rdrr.io).
#[test]
fn examples_of_odds_converter() {
    assert_eq!(Price::from_malay(0.5), Some(decimal(1.5)));
    assert_eq!(Price::from_malay(-0.6), Some(decimal(2.666_7)));
    assert!((decimal(1.93).malay() - 0.93).abs() < 1e-12);
    assert!((decimal(2.05).malay() - -0.952_381).abs() < 5e-7);
    assert!((decimal(1.93).american_exact() - -107.526_9).abs() < 5e-5);
    assert_eq!(decimal(2.05).american(), 105);
}

/// penaltyblog's tests.
#[test]
fn examples_of_penaltyblog() {
    assert_eq!(Price::from_american(170.0), Some(decimal(2.7)));
    assert_eq!(Price::from_american(130.0), Some(decimal(2.3)));
    assert_eq!(Price::from_american(340.0), Some(decimal(4.4)));
    assert_eq!(Price::from_american(-110.0), Some(decimal(1.909_1)));
    assert_eq!(Price::from_american(-120.0), Some(decimal(1.833_3)));
    assert_eq!(Price::from_fraction(7, 4), Some(decimal(2.75)));
    assert_eq!(Price::from_fraction(13, 10), Some(decimal(2.3)));
    assert_eq!(Price::from_fraction(7, 2), Some(decimal(4.5)));
}

/// soccerwidow and betandskill print these rows.
#[test]
fn one_price_in_every_format() {
    let rows = [
        (2.2, "+120", "1.20", "6/5", "-0.833333", "1.20"),
        (1.25, "-400", "0.25", "1/4", "0.25", "-4.00"),
        (1.5, "-200", "0.50", "1/2", "0.50", "-2.00"),
    ];
    for (d, american, hong_kong, fraction, malay, indonesian) in rows {
        let price = decimal(d);
        assert_eq!(price.text(Format::American), american);
        assert_eq!(price.text(Format::HongKong), hong_kong);
        assert_eq!(price.text(Format::Fractional), fraction);
        assert_eq!(price.text(Format::Malay), malay);
        assert_eq!(price.text(Format::Indonesian), indonesian);
    }
    assert_eq!(decimal(3.25).text(Format::Decimal), "3.25");
    assert_eq!(decimal(1.001).text(Format::Decimal), "1.001");
    assert_eq!(format!("[{:>6}]", decimal(2.0)), "[  2.00]");
}

#[test]
fn the_contract_example_is_exact() {
    let price = decimal(3.25);
    assert_eq!(price.hong_kong(), 2.25);
    assert_eq!(price.american_text(), "+225");
    assert_eq!(price.fraction_text(), "9/4");
    assert!((price.implied() - 0.307_692).abs() < 5e-7);
}

#[test]
fn prices_are_read_as_people_write_them() {
    let even = Some(Price::EVEN);
    assert_eq!(Price::parse("+225", Format::American), Some(decimal(3.25)));
    assert_eq!(Price::parse("225", Format::American), Some(decimal(3.25)));
    assert_eq!(
        Price::parse("\u{2212}200", Format::American),
        Some(decimal(1.5))
    );
    assert_eq!(Price::parse("-100", Format::American), even);
    assert_eq!(
        Price::parse(" 9 / 4 ", Format::Fractional),
        Some(decimal(3.25))
    );
    assert_eq!(Price::parse("EVS", Format::Fractional), even);
    assert_eq!(Price::parse("even", Format::American), even);
    assert_eq!(Price::parse("Evens", Format::Decimal), even);
    assert_eq!(Price::parse("1,95", Format::Decimal), Some(decimal(1.95)));
    assert_eq!(Price::parse("100.0", Format::American), even);
    assert_eq!(Price::parse(".80", Format::HongKong), Some(decimal(1.8)));
    assert_eq!(Price::parse("-0.5", Format::Malay), Some(decimal(3.0)));
    assert_eq!(
        Price::parse("-4.00", Format::Indonesian),
        Some(decimal(1.25))
    );
}

#[test]
fn what_is_no_price_is_not_read_as_one() {
    for (text, format) in [
        ("", Format::Decimal),
        ("1.00", Format::Decimal),
        ("-1.95", Format::Decimal),
        ("1.95x", Format::Decimal),
        ("1e3", Format::Decimal),
        ("inf", Format::Decimal),
        ("NaN", Format::Decimal),
        ("+50", Format::American),
        ("9", Format::Fractional),
        ("9/", Format::Fractional),
        ("-9/4", Format::Fractional),
        ("9/-4", Format::Fractional),
        ("1/2/3", Format::Fractional),
        ("99999999999/1", Format::Fractional),
        ("-0", Format::HongKong),
        ("1.5", Format::Malay),
        ("0.5", Format::Indonesian),
    ] {
        assert_eq!(Price::parse(text, format), None, "{text:?} as {format}");
    }
}

#[test]
fn a_format_has_one_name() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    let error = "Decimal"
        .parse::<Format>()
        .expect_err("names are lower case");
    assert_eq!(error.to_string(), "unknown odds format `Decimal`");
}

proptest! {
    #[test]
    fn every_float_format_comes_back_exactly(price in any_price()) {
        prop_assert_eq!(Price::from_decimal(price.decimal()), Some(price));
        prop_assert_eq!(Price::from_hong_kong(price.hong_kong()), Some(price));
        prop_assert_eq!(Price::from_malay(price.malay()), Some(price));
        prop_assert_eq!(Price::from_indonesian(price.indonesian()), Some(price));
        prop_assert_eq!(Price::from_american(price.american_exact()), Some(price));
        let (n, d) = price.fraction();
        prop_assert_eq!(Price::from_fraction(n, d), Some(price));
    }

    #[test]
    fn exact_texts_come_back_exactly(price in any_price()) {
        for format in [Format::Decimal, Format::HongKong, Format::Fractional] {
            prop_assert_eq!(Price::parse(&price.text(format), format), Some(price));
        }
    }

    /// Up to 1001.00, the longest price a bookmaker prints; beyond, rounding may pass the limit.
    #[test]
    fn rounded_texts_are_still_prices(n in 10_001_u32..=10_010_000) {
        let price = Price::from_ten_thousandths(n).expect("above one");
        for format in [Format::American, Format::Malay, Format::Indonesian] {
            prop_assert!(Price::parse(&price.text(format), format).is_some());
        }
    }

    #[test]
    fn american_is_within_half_a_point_and_never_inside_one_hundred(price in any_price()) {
        let rounded = price.american();
        prop_assert!(rounded.abs() >= 100);
        prop_assert!((rounded as f64 - price.american_exact()).abs() <= 0.5);
        prop_assert_eq!(rounded > 0, price >= Price::EVEN);
    }

    #[test]
    fn a_greater_price_implies_less(a in any_price(), b in any_price()) {
        prop_assert_eq!(a < b, a.implied() > b.implied());
        if a < b {
            prop_assert!(a.hong_kong() < b.hong_kong());
        }
    }

    #[test]
    fn any_float_gives_a_price_above_one_or_none(x in any::<f64>()) {
        for price in [
            Price::from_decimal(x),
            Price::from_hong_kong(x),
            Price::from_american(x),
            Price::from_malay(x),
            Price::from_indonesian(x),
        ].into_iter().flatten() {
            prop_assert!(price.ten_thousandths() > 10_000);
        }
    }

    #[test]
    fn any_fraction_is_reduced(n in any::<u32>(), d in any::<u32>()) {
        if let Some(price) = Price::from_fraction(n, d) {
            let (n, d) = price.fraction();
            prop_assert_eq!(gcd(n, d), 1);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        for format in Format::ALL {
            let _ = Price::parse(&text, format);
        }
    }
}
