//! One match of our own making through steps 2 to 5, field by field against the contract.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use serde_json::{Value, json};
use testkit::Chain;

/// Fetched at 2025-05-28 17:30:17 UTC.
const FETCHED: i64 = 1_748_453_417;

fn recording(status: i64, odds: Value) -> Value {
    json!({
        "timestamp": "2025-05-28T17:30:17.518441",
        "live_matches": {"code": 0, "results": [{
            "id": "m1",
            "score": ["m1", status, [1, 1, 0, 2, -1, 0, 0], [0, 0, 1, 0, 3, 0, 0], FETCHED - 926, ""],
            "stats": [], "incidents": [], "tlive": []
        }]},
        "match_details": {"m1": {"code": 0, "results": [{
            "id": "m1", "competition_id": "c1", "home_team_id": "t1", "away_team_id": "t2", "status_id": 1,
            "match_time": FETCHED - 1000, "neutral": 1, "home_scores": [9, 9], "away_scores": [9, 9],
            "environment": {"weather": 1, "temperature": "16°C", "wind": "4.0m/s", "humidity": "62%", "pressure": "759mmHg"}
        }]}},
        "match_odds": {"m1": {"code": 0, "results": odds}},
        "team_info": {"t1": {"code": 0, "results": [{"id": "t1", "name": "Old Name", "uid": "t9"}]},
                      "t9": {"code": 0, "results": [{"id": "t9", "name": "Northfield"}]},
                      "t2": {"code": 0, "results": [{"id": "t2", "name": "Southport"}]}},
        "competition_info": {"c1": {"code": 0, "results": [{"id": "c1", "name": "Harbour League", "country_id": "n1"}]}},
        "countries": {"code": 0, "results": [{"id": "n1", "name": "Freedonia"}]}
    })
}

fn product(status: i64, odds: Value) -> Value {
    let chain = Chain::new();
    std::fs::write(chain.output(1), recording(status, odds).to_string()).unwrap();
    chain.run_from_2_to(5);
    let document = chain.json(5);
    assert_eq!(document["provider"], "recording");
    assert_eq!(document["fresh"], false, "a recording is not fresh");
    document["matches"]["m1"].clone()
}

/// A 1X2 tick so many seconds before the fetch.
fn tick(age: i64, prices: [f64; 3], status: i64, sealed: i64) -> Value {
    json!([
        FETCHED - age,
        "16",
        prices[0],
        prices[1],
        prices[2],
        status,
        sealed,
        "1-0"
    ])
}

#[test]
fn names_score_clock_and_environment() {
    let one = product(4, json!({}));
    for (field, expected) in [
        ("competition", json!("Harbour League")),
        ("country", json!("Freedonia")),
        ("home_team", json!("Northfield")),
        ("away_team", json!("Southport")),
        ("status", json!("Second half")),
        ("phase", json!("live")),
        ("minute", json!(61)),
        ("clock", json!("61'")),
        ("score", json!("1 - 0 (HT: 1 - 0)")),
        (
            "cards",
            json!({"home": {"yellow": 2, "red": 0}, "away": {"yellow": 0, "red": 1}}),
        ),
        ("corners", json!({"home": null, "away": 3})),
        ("neutral", json!(true)),
        ("full_time_result", json!(null)),
        ("consensus", json!(null)),
        ("best", json!(null)),
        ("bookmakers", json!(0)),
    ] {
        assert_eq!(one[field], expected, "{field}");
    }
    assert_eq!(one["kickoff"], "2025-05-28T17:13:37.000Z");
    let environment = &one["environment"];
    assert_eq!(environment["weather"], "Partly cloudy");
    assert_eq!(
        (&environment["beaufort"], &environment["wind"]),
        (&json!(3), &json!("Gentle breeze"))
    );
}

#[test]
fn the_primary_quote_walks_the_preferred_bookmakers() {
    let fair = [2.0, 3.5, 4.0];
    let chosen = |odds: Value| {
        let one = product(2, odds);
        let quote = &one["full_time_result"];
        (
            quote["bookmaker_id"].clone(),
            quote["suspended"].clone(),
            quote["stale"].clone(),
        )
    };
    let good = json!({"eu": [tick(10, fair, 2, 0)]});
    let old = json!({"eu": [tick(301, fair, 2, 0)]});
    let before_kickoff = json!({"eu": [tick(10, fair, 1, 0)]});
    let sealed = json!({"eu": [tick(5, fair, 2, 1), tick(10, fair, 2, 0)]});
    let never_open = json!({"eu": [tick(5, fair, 2, 1)]});
    let (open, stale, suspended) = (json!(false), json!(true), json!(true));
    // Fresh before preferred; then stale by preference; then suspended; then nothing.
    assert_eq!(
        chosen(json!({"17": good, "2": old, "22": sealed})),
        (json!(17), open.clone(), json!(false))
    );
    assert_eq!(
        chosen(json!({"999": good, "4": good})),
        (json!(4), open.clone(), json!(false))
    );
    assert_eq!(
        chosen(json!({"3": old, "22": before_kickoff, "2": sealed})),
        (json!(22), open, stale)
    );
    assert_eq!(
        chosen(json!({"3": sealed, "2": never_open})),
        (json!(3), suspended, json!(false))
    );
    assert_eq!(
        product(2, json!({"2": never_open}))["full_time_result"],
        json!(null)
    );
    let over = product(8, json!({"2": good}));
    assert_eq!(
        over["full_time_result"]["suspended"], true,
        "a finished match has no open quote"
    );
}

#[test]
fn opening_consensus_and_best() {
    let book = |home: f64| json!({"eu": [tick(10, [home, 3.5, 4.0], 2, 0), tick(3000, [1.8, 3.4, 4.4], 1, 0)]});
    let one = product(
        2,
        json!({"2": book(2.0), "22": book(2.1), "3": book(1.9), "9": {"eu": [tick(400, [9.0, 9.0, 9.0], 2, 0)]}}),
    );
    let quote = &one["full_time_result"];
    assert_eq!(quote["opening"]["home"]["decimal"], 1.8);
    assert_eq!((&quote["ticks"], &quote["age_s"]), (&json!(2), &json!(10)));
    assert_eq!(one["consensus"]["books"], 3, "the stale book has no say");
    assert_eq!(
        (
            &one["best"]["home"]["decimal"],
            &one["best"]["home"]["bookmaker"]
        ),
        (&json!(2.1), &json!("Pinnacle"))
    );
    assert_eq!(
        one["best"]["draw"]["bookmaker_id"], 2,
        "of equal prices the preferred bookmaker's"
    );
    assert_eq!(one["bookmakers"], 4);
    let in_play_only = product(2, json!({"2": {"eu": [tick(10, [2.0, 3.5, 4.0], 2, 0)]}}));
    assert_eq!(in_play_only["full_time_result"]["opening"], json!(null));
}
