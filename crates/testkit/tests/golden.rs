//! An evening of our own making through steps 2 to 6, each output compared with the file that a person has
//! read: every status, every kind of clock, suspended and stale quotes, quarter lines, what is missing and
//! what is unknown. If this fails, a user's file or page changed.
//!
//! When a change is meant: `UPDATE_GOLDEN=1 cargo test -p testkit --test golden`, then read `git diff`
//! line by line. What can be worked out by hand stands in [`by_hand`] and never comes from a run.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use testkit::{Chain, EVENING, message};

/// One match: id, status, seconds since the period's kick-off (0 = unknown), goals and more of home and away
/// (regular time, half-time, red, yellow, corners, extra time, penalties), the odds.
type Sample = (&'static str, i64, i64, [i64; 7], [i64; 7], Value);

/// A tick so many seconds before the fetch.
fn tick(age: i64, minute: &str, prices: [f64; 3], status: i64, sealed: i64, score: &str) -> Value {
    let [a, b, c] = prices;
    json!([EVENING - age, minute, a, b, c, status, sealed, score])
}

fn samples() -> Vec<Sample> {
    let none = [0; 7];
    let unknown = [0, 0, 0, 0, -1, 0, 0];
    let before = |age| tick(age, "", [2.0, 3.5, 4.0], 1, 0, "0-0");
    let play = |age, sealed| tick(age, "59", [1.5, 4.0, 6.5], 4, sealed, "2-1");
    vec![
        (
            "upcoming",
            1,
            0,
            none,
            unknown,
            json!({"2": {
                "eu": [before(100), tick(9000, "", [2.1, 3.4, 3.8], 1, 0, "0-0")],
                "asia": [tick(100, "", [0.8, 0.75, 1.06], 1, 0, "0-0")],
                "bs": [tick(100, "", [1.0, 2.25, 0.86], 1, 0, "0-0")],
                "cr": [tick(100, "", [0.9, 9.5, 0.9], 1, 0, "0-0")],
            }}),
        ),
        (
            "undecided",
            13,
            0,
            none,
            none,
            json!({"22": {"eu": [before(86_401)]}}),
        ),
        (
            "stoppage",
            2,
            46 * 60 + 30,
            [1, 0, 0, 1, 4, 0, 0],
            [0, 0, 1, 2, 3, 0, 0],
            json!({}),
        ),
        (
            "break",
            3,
            50 * 60,
            [1, 1, 0, 0, 5, 0, 0],
            [1, 1, 0, 0, 2, 0, 0],
            json!([]),
        ),
        (
            "second",
            4,
            13 * 60,
            [2, 1, 0, 0, 6, 0, 0],
            [1, 1, 0, 0, 4, 0, 0],
            json!({
                "9": {"eu": [play(5, 0), before(4000)]},
                "2": {"eu": [play(301, 0), before(4000)], "asia": [tick(5, "59", [0.95, -0.25, 0.95], 4, 0, "2-1")]},
                "22": {"eu": [tick(7, "59", [1.52, 4.1, 6.0], 4, 0, "2-1")]},
                "999": {"eu": [tick(8, "59", [1.48, 4.2, 7.0], 4, 0, "2-1")]},
            }),
        ),
        (
            "sealed",
            4,
            44 * 60,
            [2, 1, 0, 0, 6, 0, 0],
            [1, 1, 0, 0, 4, 0, 0],
            json!({"3": {"eu": [play(5, 1), play(20, 0)]}}),
        ),
        (
            "stale",
            4,
            47 * 60,
            [2, 1, 0, 0, 6, 0, 0],
            [1, 1, 0, 0, 4, 0, 0],
            json!({"2": {"eu": [play(301, 0)]}}),
        ),
        (
            "extra",
            5,
            13 * 60 + 5,
            [1, 0, 0, 0, 7, 2, 0],
            [1, 1, 0, 0, 7, 1, 0],
            json!({}),
        ),
        (
            "shootout",
            7,
            0,
            [2, 1, 0, 0, 7, 3, 4],
            [2, 1, 0, 0, 7, 3, 3],
            json!({}),
        ),
        (
            "finished",
            8,
            0,
            [3, 1, 0, 0, 7, 0, 0],
            [0, 0, 0, 0, 7, 0, 0],
            json!({"2": {"eu": [tick(60, "90+", [1.01, 21.0, 51.0], 4, 0, "3-0")]}}),
        ),
        ("delayed", 9, 0, none, none, json!({})),
        ("halted", 10, 0, none, none, json!({})),
        ("abandoned", 11, 0, none, none, json!({})),
        ("cancelled", 12, 0, none, none, json!({})),
        ("abnormal", 0, 0, none, none, json!({})),
        ("new-status", 77, 0, none, none, json!({})),
    ]
}

/// What a person works out from the samples and the contract: clock, score, phase.
fn by_hand() -> [(&'static str, &'static str, &'static str, &'static str); 16] {
    [
        ("upcoming", "Not started", "0 - 0", "upcoming"),
        ("undecided", "To be determined", "0 - 0", "upcoming"),
        ("stoppage", "45+2'", "1 - 0", "live"),
        ("break", "HT", "1 - 1 (HT: 1 - 1)", "live"),
        ("second", "59'", "2 - 1 (HT: 1 - 1)", "live"),
        ("sealed", "90'", "2 - 1 (HT: 1 - 1)", "live"),
        ("stale", "90+3'", "2 - 1 (HT: 1 - 1)", "live"),
        ("extra", "ET 104'", "1 - 1 (HT: 0 - 1) AET 2 - 1", "live"),
        (
            "shootout",
            "PEN",
            "2 - 2 (HT: 1 - 1) AET 3 - 3 PEN 4 - 3",
            "live",
        ),
        ("finished", "FT", "3 - 0 (HT: 1 - 0)", "finished"),
        ("delayed", "Delayed", "0 - 0 (HT: 0 - 0)", "interrupted"),
        ("halted", "Interrupted", "0 - 0 (HT: 0 - 0)", "interrupted"),
        ("abandoned", "Abandoned", "0 - 0 (HT: 0 - 0)", "off"),
        ("cancelled", "Cancelled", "0 - 0 (HT: 0 - 0)", "off"),
        ("abnormal", "Abnormal", "0 - 0", "unknown"),
        ("new-status", "Unknown (77)", "0 - 0 (HT: 0 - 0)", "unknown"),
    ]
}

fn recording() -> Value {
    let (mut live, mut details, mut odds) = (Vec::new(), Map::new(), Map::new());
    for (id, status, since, home, away, books) in samples() {
        let kickoff = if since == 0 { 0 } else { EVENING - since };
        live.push(json!({"id": id, "score": [id, status, home, away, kickoff, ""], "stats": [],
            "incidents": [{"type": 1, "position": 1, "time": 12, "player_name": "Ødegård", "home_score": 1, "away_score": 0}],
            "tlive": []}));
        let environment = json!({"weather": if id == "second" { 99 } else { 5 }, "temperature": "-0.4°C",
            "wind": "8.0m/s", "humidity": "40%", "pressure": "760mmHg"});
        let mut row = json!({"id": id, "competition_id": "c1", "home_team_id": "t1", "away_team_id": "t2",
            "status_id": status, "match_time": EVENING + 3600, "neutral": i64::from(id == "extra"), "environment": environment});
        let fields = row.as_object_mut().unwrap();
        match id {
            // No weather, no teams that are known, and no details at all.
            "break" => drop(fields.remove("environment")),
            "halted" => drop(fields.insert("home_team_id".to_owned(), json!("t404"))),
            _ => {}
        }
        if id != "abnormal" {
            details.insert(id.to_owned(), json!({"code": 0, "results": [row]}));
        }
        odds.insert(id.to_owned(), json!({"code": 0, "results": books}));
    }
    let one = |id: &str, name: &str| json!({"code": 0, "results": [{"id": id, "name": name, "country_id": "n1"}]});
    json!({
        "timestamp": "2026-03-14T19:30:00",
        "live_matches": {"code": 0, "results": live}, "match_details": details, "match_odds": odds,
        "team_info": {"t1": one("t1", "Łódź Æther"), "t2": one("t2", "東京 Rovers")},
        "competition_info": {"c1": one("c1", "Harbour League")},
        "countries": {"code": 0, "results": [{"id": "n1", "name": "Freedonia"}]}
    })
}

/// The output without what changes from run to run.
fn settled(mut document: Value) -> String {
    let fields = document.as_object_mut().unwrap();
    fields.remove("generated_at");
    fields.remove("data_age_s");
    serde_json::to_string_pretty(&document).unwrap() + "\n"
}

fn compare(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    let differs = expected.lines().zip(found.lines()).find(|(a, b)| a != b);
    if let Some((expected, found)) = differs {
        panic!("{name} differs:\n- {expected}\n+ {found}");
    }
    assert_eq!(expected.len(), found.len(), "{name} has another length");
}

#[test]
fn every_step_writes_what_a_person_has_read() {
    let chain = Chain::new();
    fs::write(chain.output(1), recording().to_string()).unwrap();
    chain.run_from_2_to(5);
    for number in 2..=5 {
        compare(&format!("step{number}.json"), &settled(chain.json(number)));
    }
    for (name, args) in [
        ("step6_full.txt", ["--no-log", "--width", "100"].as_slice()),
        (
            "step6_full_80.txt",
            ["--no-log", "--width", "80"].as_slice(),
        ),
        (
            "step6_compact.txt",
            ["--no-log", "--width", "120", "--compact"].as_slice(),
        ),
    ] {
        let output = chain.command(6).args(args).output().unwrap();
        assert!(output.status.success(), "{}", message(&output));
        let page = String::from_utf8(output.stdout).unwrap();
        // The first line ends with the age of the data.
        let (title, rest) = page.split_once('\n').unwrap();
        let title = title.split(" · data ").next().unwrap();
        compare(name, &format!("{title}\n{rest}"));
    }
}

#[test]
fn clocks_scores_and_quotes_are_what_one_works_out_by_hand() {
    let chain = Chain::new();
    fs::write(chain.output(1), recording().to_string()).unwrap();
    chain.run_from_2_to(5);
    let document = chain.json(5);
    let matches = &document["matches"];
    assert_eq!(matches.as_object().unwrap().len(), by_hand().len());
    for (id, clock, score, phase) in by_hand() {
        let one = &matches[id];
        assert_eq!(
            (&one["clock"], &one["score"], &one["phase"]),
            (&json!(clock), &json!(score), &json!(phase)),
            "{id}"
        );
    }
    let result = |id: &str, field: &str| matches[id]["full_time_result"][field].clone();
    assert_eq!(
        result("upcoming", "home")["american"],
        "+100",
        "even money at 2.00"
    );
    assert_eq!(
        result("upcoming", "opening")["home"]["american"],
        "+110",
        "2.10"
    );
    assert_eq!(result("undecided", "stale"), true, "a day and a second old");
    // 22 comes before 9; 2, which comes before both, is 301 s old.
    assert_eq!(result("second", "bookmaker_id"), 22);
    assert_eq!(
        result("second", "away")["american"],
        "+500",
        "6.00 is five to one"
    );
    assert_eq!(matches["second"]["best"]["away"]["bookmaker_id"], 999);
    assert_eq!(
        matches["second"]["spread"]["line"], 0.25,
        "the feed's -0.25: away gives"
    );
    assert_eq!(
        (result("sealed", "suspended"), result("sealed", "age_s")),
        (json!(true), json!(20))
    );
    assert_eq!(
        (result("stale", "stale"), result("stale", "suspended")),
        (json!(true), json!(false))
    );
    assert_eq!(
        result("finished", "suspended"),
        true,
        "nobody can bet on it any more"
    );
    assert_eq!(matches["break"]["environment"], json!(null));
    assert_eq!(matches["second"]["environment"]["weather"], "Unknown (99)");
    assert_eq!(
        matches["stoppage"]["environment"]["wind"], "Fresh breeze",
        "8.0 m/s"
    );
    assert_eq!(matches["halted"]["home_team"], json!(null));
    assert_eq!(matches["abnormal"]["home_team_id"], json!(null));
}
