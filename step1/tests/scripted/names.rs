//! Names: merged records, and the cache of them.

use std::fs;

use serde_json::{Value, json};
use testkit::Chain;

use crate::provider::{Provider, cycle};

#[test]
fn a_team_that_was_merged_into_another_has_that_one_s_record_too() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2")]);
    provider.team("t2", "Beta Rovers");
    // Merged twice, and then in a circle.
    for (id, name, into) in [
        ("t1", "Old Alpha", "t7"),
        ("t7", "Alpha", "t9"),
        ("t9", "Alpha Town", "t1"),
    ] {
        let row = json!([{"id": id, "name": name, "uid": into}]);
        provider.rows(&format!("team/additional/list?uuid={id}"), row);
    }
    let (document, _) = cycle(&Chain::new(), &provider, &[]);
    let teams = document["team_info"].as_object().unwrap();
    let mut ids: Vec<&String> = teams.keys().collect();
    ids.sort();
    assert_eq!(ids, ["t1", "t2", "t7", "t9"]);
    for id in ids {
        let key = format!("team/additional/list?uuid={id}");
        assert_eq!(provider.times_asked(&key), 1, "{id}");
    }
}

#[test]
fn names_are_refreshed_by_one_question_about_changes_and_not_one_by_one() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2")]);
    provider.team("t1", "Alpha Town");
    provider.team("t2", "Beta Rovers");
    let chain = Chain::new();
    let daily = [("REFERENCE_TTL", "1day")];
    cycle(&chain, &provider, &daily);
    cycle(&chain, &provider, &daily);
    assert_eq!(provider.times_asked("team/additional/list?time"), 0);
    let row = json!([{"id": "t1", "name": "Alpha City", "updated_at": 99},
                     {"id": "t8", "name": "Strangers", "updated_at": 99}]);
    provider.rows("team/additional/list?time", row);
    // Two days on, as far as the cache is concerned.
    let cache = chain.path().join("state/reference.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&cache).unwrap()).unwrap();
    for kind in ["team", "competition"] {
        for entry in kept[kind]["entries"].as_object_mut().unwrap().values_mut() {
            entry["at"] = (entry["at"].as_i64().unwrap() - 30 * 3600).into();
        }
    }
    fs::write(&cache, kept.to_string()).unwrap();
    let (document, _) = cycle(&chain, &provider, &daily);
    assert_eq!(provider.times_asked("team/additional/list?time"), 1);
    assert_eq!(provider.times_asked("team/additional/list?uuid=t1"), 1);
    let name = |id: &str| document["team_info"][id]["results"][0]["name"].clone();
    assert_eq!([name("t1"), name("t2")], ["Alpha City", "Beta Rovers"]);
    assert_eq!(document["team_info"].get("t8"), None);
}
