//! No name, price or width makes a line that is too wide, or one that acts.

mod common;

use common::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use step6::{FORMATS, View, width};

fn name() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<String>().prop_map(Value::String),
        prop::sample::select(vec![
            "=== cycle 20261124T034200000Z end ===",
            "\n=== cycle x end ===\n",
            "\x1b[2J\x1b[31mFC",
            "\u{202e}drawkcab",
            "مكابي تل أبيب",
            "浦和レッドダイヤモンズ浦和レッドダイヤモンズ",
            "Z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
            "👩\u{200d}👩\u{200d}👧 FC",
            "",
            "   ",
        ])
        .prop_map(|name| Value::String(name.to_owned())),
        "[A-Za-z ]{0,90}".prop_map(Value::String),
    ]
}

fn decimal() -> impl Strategy<Value = f64> {
    prop_oneof![1.01f64..20.0, 1.01f64..1001.0, Just(429_496.0)]
        .prop_map(|d| (d * 100.0).round() / 100.0)
}

prop_compose! {
    fn a_match()(names in [name(), name(), name(), name(), name()], d in [decimal(), decimal(), decimal()],
        line in -20i32..60, status in 0i64..15, red in 0i64..12, goals in 0i64..200,
        flags in any::<[bool; 4]>()) -> Value {
        let [home, away, competition, country, book] = names;
        let book = book.as_str().unwrap_or("William Hill").to_owned();
        let phase = ["unknown", "upcoming", "live", "live", "live", "live", "live", "live", "finished",
            "interrupted", "interrupted", "off", "off", "upcoming", "unknown"][status as usize];
        let own = |prices: Value| merged(json!({"bookmaker": book, "suspended": flags[0], "stale": flags[1],
            "score_current": flags[2], "score": book, "opening": null, "age_s": goals * 1000}), prices);
        let line = f64::from(line) / 4.0;
        let prices = [price(d[0], 0.3), price(d[1], 0.3), price(d[2], 0.4)];
        let mut one = full_match("m1");
        one["home_team"] = home;
        one["away_team"] = away;
        one["competition"] = competition.clone();
        one["country"] = country;
        one["status_id"] = json!(status);
        one["phase"] = json!(phase);
        one["neutral"] = json!(flags[3]);
        one["status"] = json!(competition.as_str().unwrap_or("?"));
        one["clock"] = one["status"].clone();
        one["score"] = json!(format!("{goals} - {goals} {book}"));
        one["cards"]["away"]["red"] = json!(red);
        one["score_detail"]["home"] = json!(goals);
        one["environment"]["weather"] = json!(book);
        one["full_time_result"] = merged(result_quote(), own(json!({"home": prices[0], "draw": prices[1], "away": prices[2]})));
        one["spread"] = merged(spread_quote(), own(json!({"line": line, "home": prices[0], "away": prices[1]})));
        one["over_under"] = merged(total_quote(2.5), own(json!({"line": line.abs(), "over": prices[0], "under": prices[1]})));
        one["best"]["home"]["decimal"] = json!(d[0]);
        one["best"]["home"]["bookmaker"] = json!(book);
        one
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn every_line_fits_and_none_acts(
        matches in prop::collection::vec(a_match(), 1..4),
        columns in 40usize..=200,
        compact in any::<bool>(),
        format in prop::sample::select(FORMATS.to_vec()),
    ) {
        let page = page(&matches, &View { compact, format, ..view(columns) });
        for line in page.lines() {
            prop_assert!(width(line) <= columns, "{} columns of {columns}: {line:?}", width(line));
            let acts = |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}' | '\u{2067}');
            prop_assert!(!line.chars().any(acts), "{line:?}");
            prop_assert!(!line.starts_with("==="), "{line:?}");
            prop_assert_eq!(line.trim_end(), line);
        }
    }
}

#[test]
fn the_compact_form_has_one_line_a_match_at_every_width() {
    let matches: Vec<_> = (0..5).map(|n| full_match(&format!("m{n}"))).collect();
    for columns in 40..=200 {
        let page = page(&matches, &compact(columns));
        assert_eq!(lines_with(&page, "74'").len(), 5, "{page}");
        assert!(page.contains("HJK") && page.contains("Ilves"), "{page}");
    }
}

#[test]
fn compact_columns_stand_below_each_other() {
    let mut other = full_match("m2");
    other["home_team"] = json!("A much longer name than that");
    other["full_time_result"]["stale"] = json!(true);
    let page = page(&[full_match("m1"), other], &compact(130));
    let rows = lines_with(&page, "74'");
    // In columns, not bytes: the names hold wide characters and marks.
    let place = |row: &str, word: &str| width(&row[..row.rfind(word).expect("the price")]);
    assert_eq!(place(rows[0], "+260"), place(rows[1], "+260"), "{page}");
    assert_eq!(place(rows[0], "+0.5"), place(rows[1], "+0.5"), "{page}");
}

#[test]
fn below_eighty_columns_prices_outlive_lines_and_names_outlive_prices() {
    let has =
        |columns: usize, word: &str| page(&[full_match("m1")], &compact(columns)).contains(word);
    assert!(has(80, "+225") && has(80, "+0.5") && has(80, "2.75"));
    assert!(has(60, "+225") && !has(60, "2.75"));
    assert!(has(40, "HJK") && !has(40, "+225"));
}
