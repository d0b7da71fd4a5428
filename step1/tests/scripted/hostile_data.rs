//! Bodies that are JSON and still nonsense: ids that are none, instants beyond all calendars, keys that occur
//! twice, records that were merged in a circle. Each costs itself at most, through all six steps.

use std::fs;

use serde_json::{Value, json};
use testkit::{Chain, message};

use crate::provider::{Provider, cycle};

/// All six steps; the ids of the matches at the end, and all that was said.
fn through(provider: &Provider) -> (Chain, Vec<String>, String) {
    let chain = Chain::new();
    let (_, mut said) = cycle(&chain, provider, &[]);
    for number in 2..=6 {
        let output = chain.run(number, []);
        said.push_str(&message(&output));
        assert!(output.status.success(), "step {number}: {said}");
    }
    let matches = chain.json(5)["matches"].as_object().unwrap().clone();
    (chain, matches.keys().cloned().collect(), said)
}

/// Teams and a match that nothing is wrong with, beside these.
fn with_a_good_match(others: &[&str]) -> Provider {
    let provider = Provider::start();
    let all: Vec<_> = [&["good"], others]
        .concat()
        .iter()
        .map(|id| (*id, "t1", "t2"))
        .collect();
    provider.matches(&all);
    provider.team("t1", "Alpha Town");
    provider.team("t2", "Beta Rovers");
    provider
}

/// The log of step 6 as a person sees it.
fn shown(chain: &Chain) -> String {
    fs::read_to_string(chain.output(6)).unwrap()
}

#[test]
fn ids_of_any_kind_are_asked_for_carried_through_and_never_obeyed() {
    let long = "x".repeat(10_000);
    let odd = [
        "../../etc/passwd",
        "/etc/passwd",
        "\u{1b}[2J\u{7}",
        "a\u{0}b",
        "\u{202e}live",
        "a b&secret=c#d%e+f",
        "\"quote\\",
        "ünïcode",
        &long,
    ];
    let provider = with_a_good_match(&odd);
    let (chain, ids, said) = through(&provider);
    for id in odd {
        assert_eq!(provider.times_asked(&format!("odds/history?uuid={id}")), 1);
        assert!(ids.iter().any(|one| one == id), "{id:?} is lost: {said}");
    }
    let shown = shown(&chain);
    for text in [&said, &shown] {
        let obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(obeyed), "{text:?}");
        assert!(
            text.lines().all(|line| line.chars().count() < 500),
            "{text}"
        );
    }
    // No file has a name that an id made.
    let mut names: Vec<String> = fs::read_dir(chain.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let ours = [
        "state",
        "step1.json",
        "step2",
        "step3",
        "step4",
        "step5",
        "step6_matches.log",
    ];
    assert_eq!(names, ours);
}

#[test]
fn instants_beyond_all_calendars_cost_themselves_and_hide_no_later_change() {
    let instants = [
        json!(253_402_300_799_i64),
        json!(-5),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!(-0.5),
        json!("soon"),
        json!(1_773_516_600_000_i64),
    ];
    let ids: Vec<String> = (0..instants.len()).map(|n| format!("m{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let provider = with_a_good_match(&ids);
    let (none, began) = ([0; 7], chrono::Utc::now().timestamp());
    let mut live = vec![json!({"id": "good", "score": ["good", 2, none, none, began - 600, ""]})];
    for (id, at) in ids.iter().zip(&instants) {
        live.push(json!({"id": id, "score": [id, 2, none, none, at, ""]}));
        let detail = json!({"id": id, "competition_id": "c1", "home_team_id": "t1",
            "away_team_id": "t2", "status_id": 2, "match_time": at, "updated_at": at});
        provider.rows(&format!("match/recent/list?uuid={id}"), json!([detail]));
        let tick = json!([at, "5", 0.9, 0.5, 0.9, 2, 0, "0-0"]);
        let odds = json!({"code": 0, "results": {"2": {"asia": [tick]}}});
        provider.raw(&format!("odds/history?uuid={id}"), &odds.to_string());
    }
    provider.rows("match/detail_live", Value::from(live));
    let team = json!([{"id": "t1", "name": "Alpha Town", "updated_at": i64::MAX}]);
    provider.rows("team/additional/list?time", team);
    let (chain, found, said) = through(&provider);
    assert_eq!(found.len(), 1 + ids.len(), "{said}");
    assert!(shown(&chain).contains("Alpha Town"));
    // A row of the next ten thousand years is no reason to ask for nothing until then.
    let full: Vec<Value> = (0..1000)
        .map(|n| json!({"id": format!("s{n}"), "updated_at": i64::MAX}))
        .collect();
    provider.rows("match/recent/list?time", json!(full));
    for _ in 0..3 {
        provider.times.lock().unwrap().clear();
        cycle(&chain, &provider, &[("REFERENCE_TTL", "0s")]);
        let times = provider.times.lock().unwrap().clone();
        for path in ["match/recent/list", "team/additional/list"] {
            let first = times.iter().find(|(asked, _)| asked == path);
            let first: i64 = first.expect("changes are asked for").1.parse().unwrap();
            let now = chrono::Utc::now().timestamp();
            assert!(first <= now, "{path}: {first} at {now}");
            // A minute for clocks that differ, and five for the first look at names.
            assert!(first > began - 600, "{path}: {first}");
        }
    }
}

#[test]
fn keys_that_occur_twice_or_are_huge_cost_nothing() {
    let provider = with_a_good_match(&["twice"]);
    let huge = "k".repeat(1 << 20);
    let detail = r#"{"id":"twice","id":"other","competition_id":"c1","home_team_id":"t1","home_team_id":"t9",
        "away_team_id":"t2","status_id":2,"match_time":1773516600,"match_time":"never"}"#;
    provider.raw(
        "match/recent/list?uuid=twice",
        &format!(
            r#"{{"code":0,"code":0,"{huge}":{{"{huge}":[]}},"results":[],"results":[{detail}]}}"#
        ),
    );
    provider.raw(
        "odds/history?uuid=twice",
        r#"{"code":0,"results":{},"results":{"2":{"eu":[[1773516600,"5",2.0,3.0,4.0,2,0,"0-0"]],"eu":[]},"2":{}}}"#,
    );
    let (_, ids, said) = through(&provider);
    assert_eq!(ids, ["good", "twice"], "{said}");
}

#[test]
fn a_circle_of_merged_records_ends_and_the_match_keeps_a_name() {
    let provider = with_a_good_match(&[]);
    for (id, into) in [("t1", "t7"), ("t7", "t1")] {
        let row = json!([{"id": id, "name": "Alpha Town", "uid": into}]);
        provider.rows(&format!("team/additional/list?uuid={id}"), row);
    }
    let row = json!([{"id": "c1", "name": "Our League", "uid": "c1"}]);
    provider.rows("competition/additional/list?uuid=c1", row);
    let (chain, ids, said) = through(&provider);
    assert_eq!(ids, ["good"], "{said}");
    assert_eq!(chain.json(5)["matches"]["good"]["home_team"], "Alpha Town");
    for id in ["t1", "t7"] {
        let key = format!("team/additional/list?uuid={id}");
        assert_eq!(provider.times_asked(&key), 1, "{id}");
    }
}
