//! A feed that sends something else than it documents costs at most the match that it is about.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use testkit::recording;

/// A recording with three bookmakers a match and ten ticks a series: every shape, few bytes.
static SAMPLE: LazyLock<Value> = LazyLock::new(|| {
    let mut sample = recording(MATCHES);
    for body in sample["match_odds"].as_object_mut().unwrap().values_mut() {
        let Some(books) = body["results"].as_object_mut() else {
            continue;
        };
        let kept: Vec<_> = books.keys().take(3).cloned().collect();
        books.retain(|company, _| kept.contains(company));
        for series in books
            .values_mut()
            .flat_map(|book| book.as_object_mut().unwrap().values_mut())
        {
            series.as_array_mut().unwrap().truncate(10);
        }
    }
    sample
});

/// Every path to a value below `value` that is not inside an odds tick list (those have tests of their own).
fn paths(value: &Value, here: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, child)| (key.clone(), child))
            .collect(),
        Value::Array(list) => list
            .iter()
            .take(9)
            .enumerate()
            .map(|(i, child)| (i.to_string(), child))
            .collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        here.push(key);
        found.push(here.clone());
        paths(child, here, found);
        here.pop();
    }
}

fn at<'v>(value: &'v mut Value, path: &[String]) -> &'v mut Value {
    path.iter().fold(value, |value, key| match value {
        Value::Array(list) => &mut list[key.parse::<usize>().unwrap()],
        Value::Object(map) => map.get_mut(key).unwrap(),
        _ => unreachable!("paths lead through lists and objects"),
    })
}

/// What a careless provider may send in place of a value.
fn replacement() -> impl Strategy<Value = Value> {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!(0)),
        Just(json!(-1)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("7")),
        Just(json!(7.5)),
        Just(json!(true)),
        Just(json!({"0": 1, "1": [2]})),
        Just(json!([null, {"a": []}, "x"])),
        Just(json!("a \u{0}\u{1b}[31m \u{202e} name")),
        Just(json!(1e300)),
        Just(deep),
    ]
}

fn merge(document: &str) -> Option<Value> {
    use pipeline::{Config, Context, Step, handoff::Source};
    let source = Source::Stdin;
    let input = step2::Merge::open(document, &source, None).ok()?;
    let context = Context {
        config: Config::default(),
        now: input.generated_at,
        input,
        only: pipeline::harness::Only::default(),
    };
    let parsed = step2::Merge::parse(document, &source).ok()?;
    let output = step2::Merge::run(parsed, &context).ok()?;
    let merged = serde_json::to_string(&output).unwrap();
    // What step 2 writes, the rest of the chain reads.
    let third = step3::Summarise::run(serde_json::from_str(&merged).unwrap(), &context).unwrap();
    let third = serde_json::to_string(&third).unwrap();
    let third = step4::Extract::parse(&third, &source).unwrap();
    let fourth = step4::Extract::run(third, &context).unwrap();
    let fourth = serde_json::to_string(&fourth).unwrap();
    let fifth = step5::Convert::run(serde_json::from_str(&fourth).unwrap(), &context).unwrap();
    serde_json::to_string(&fifth).unwrap();
    Some(serde_json::from_str(&merged).unwrap())
}

const MATCHES: usize = 6;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn one_wrong_value_costs_at_most_one_match(pick in any::<prop::sample::Index>(), wrong in replacement()) {
        let mut document = SAMPLE.clone();
        let (mut found, mut here) = (Vec::new(), Vec::new());
        paths(&document, &mut here, &mut found);
        // The containers of all matches are the file, not a match.
        found.retain(|path| path.len() > 2 && path[0] != "timestamp" && !(path[0] == "live_matches" && path.len() == 2));
        let path = pick.get(&found).clone();
        let before = merge(&document.to_string()).expect("the untouched recording merges");
        let total = before["matches"].as_object().unwrap().len();
        *at(&mut document, &path) = wrong;
        let after = merge(&document.to_string()).expect("a wrong value never makes the whole file unusable");
        let left = after["matches"].as_object().unwrap().len();
        let rejected = after["rejected"].as_array().unwrap().len();
        prop_assert!(left + 1 >= total, "{path:?}: {left} of {total} matches left");
        prop_assert!(left + rejected >= total, "{path:?}: a match vanished without a word");
    }
}

#[test]
fn a_match_that_occurs_twice_is_kept_once_and_the_other_is_counted() {
    let mut document = SAMPLE.clone();
    let list = document["live_matches"]["results"].as_array_mut().unwrap();
    let (total, first) = (list.len(), list[0].clone());
    list.push(first.clone());
    let after = merge(&document.to_string()).unwrap();
    assert_eq!(after["matches"].as_object().unwrap().len(), total);
    assert_eq!(after["rejected"][0]["match_id"], first["id"]);
    assert!(
        after["rejected"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("twice")
    );
}

#[test]
fn unknown_codes_of_every_kind_are_kept() {
    let mut document = SAMPLE.clone();
    let id = document["live_matches"]["results"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let live = &mut document["live_matches"]["results"][0];
    live["score"][1] = json!(77);
    live["incidents"] = json!([{"type": 99, "position": 7, "time": 3}]);
    document["match_details"][&id]["results"][0]["environment"] = json!({"weather": 55});
    document["match_odds"][&id]["results"] =
        json!({"999": {"eu": [[1, "", 2.0, 3.0, 4.0, 77, 0, "0-0"]], "hf": [[1]]}});
    let after = merge(&document.to_string()).unwrap();
    let one = &after["matches"][&id];
    assert_eq!(one["status_id"], 77);
    assert_eq!(one["incidents"][0]["what"], "Unknown (99)");
    assert_eq!(one["environment"]["weather_id"], 55);
    assert_eq!(one["odds"]["999"]["full_time_result"]["ticks"], 1);
    assert!(
        after["anomalies"]
            .as_object()
            .unwrap()
            .keys()
            .any(|what| what.contains("unknown market hf"))
    );
}
