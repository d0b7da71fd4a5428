//! What came of the requests and what they cost, counted: `fetch.answers` and `fetch.cost`, which the metrics are
//! made of.

use std::fs;

use serde_json::Value;
use testkit::{Chain, message};

use crate::common::{Provider, fetch};

/// The fault of every request for the countries, and the word under which it is counted. Names of countries
/// are not needed, so the file is written all the same.
const COUNTED: [(&str, &str); 9] = [
    ("500", "5xx"),
    ("503-html", "5xx"),
    ("404", "4xx"),
    ("429", "429"),
    ("429-body", "err"),
    ("not-json", "err"),
    ("wrong-charset", "err"),
    ("reset", "network"),
    ("hang", "timeout"),
];

#[test]
fn every_request_is_counted_by_what_came_of_it() {
    let provider = Provider::start(2);
    for (fault, code) in COUNTED {
        provider.switch(&format!("{fault}:1:country/list"));
        let chain = Chain::new();
        let timeout = if fault == "hang" { "2s" } else { "10s" };
        let output = fetch(&chain, provider.url())
            .env("FOOTBALL_BOT_FEED__READ_TIMEOUT", timeout)
            .output()
            .unwrap();
        assert!(output.status.success(), "{fault}: {}", message(&output));
        let fetched = &chain.json(1)["fetch"];
        let (asked, answers) = (&fetched["by_endpoint"], &fetched["answers"]);
        let of = |endpoint: &str| answers[endpoint].as_object().unwrap();
        let words: Vec<_> = of("country/list").keys().collect();
        assert_eq!(words, [code], "{fault}: {answers}");
        assert_eq!(answers["match/detail_live"]["200"], 1, "{fault}: {answers}");
        let cost = &fetched["cost"];
        let sum = |by: &Value| -> u64 {
            let numbers = by.as_object().unwrap().values();
            numbers.filter_map(Value::as_u64).sum()
        };
        let mut bytes = 0;
        for (endpoint, n) in asked.as_object().unwrap() {
            let told = (sum(&answers[endpoint]), sum(&cost[endpoint]["within"]));
            let n = n.as_u64().unwrap();
            assert_eq!(told, (n, n), "{fault} at {endpoint}: {fetched}");
            bytes += cost[endpoint]["bytes"].as_u64().unwrap();
        }
        assert_eq!(fetched["bytes"], bytes, "{fault}: {fetched}");
        if fault == "hang" {
            let within = cost["country/list"]["within"].as_object().unwrap();
            assert!(
                within
                    .keys()
                    .all(|limit| ["5000", "longer"].contains(&limit.as_str())),
                "{cost}"
            );
        }
    }
}

#[test]
fn a_schedule_that_could_not_be_asked_for_grows_old_and_is_new_again_when_it_was() {
    let provider = Provider::start(6);
    let chain = Chain::new();
    assert!(fetch(&chain, provider.url()).status().unwrap().success());
    // As if an hour had gone by. Only that part is written again: the file's head must stay the head.
    let text = fs::read_to_string(chain.output(1)).unwrap();
    let (head, rest) = text.split_once(r#""fetched":"#).unwrap();
    let (times, rest) = rest.split_once(r#","live_matches":"#).unwrap();
    let mut times: Value = serde_json::from_str(times).unwrap();
    for at in times["match_details"].as_object_mut().unwrap().values_mut() {
        *at = (at.as_i64().unwrap() - 3600).into();
    }
    times.as_object_mut().unwrap().remove("details_at");
    let old = format!(r#"{head}"fetched":{times},"live_matches":{rest}"#);
    let asking = |fault: &str| {
        fs::write(chain.output(1), &old).unwrap();
        provider.switch(fault);
        let output = fetch(&chain, provider.url()).output().unwrap();
        assert!(output.status.success(), "{}", message(&output));
        chain.json(1)["fetch"]["schedule_age_s"].as_u64().unwrap()
    };
    let failing = asking("404:1:match/recent/list");
    assert!((3600..3900).contains(&failing), "{failing}");
    assert_eq!(asking(""), 0);
}

#[test]
fn a_request_that_is_given_up_for_the_sake_of_the_others_is_counted_with_its_time() {
    let provider = Provider::start(2);
    provider.switch("hang:1:country/list");
    let chain = Chain::new();
    // A third of the deadline may be spent on it, which is less than the patience with a single answer.
    let output = fetch(&chain, provider.url())
        .env("FOOTBALL_BOT_FEED__DEADLINE", "15s")
        .env("FOOTBALL_BOT_FEED__READ_TIMEOUT", "14s")
        .env("FOOTBALL_BOT_FEED__REQUEST_TIMEOUT", "14s")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let fetched = &chain.json(1)["fetch"];
    assert_eq!(fetched["by_endpoint"]["country/list"], 1, "{fetched}");
    assert_eq!(
        fetched["answers"]["country/list"]["timeout"], 1,
        "{fetched}"
    );
    let took = fetched["cost"]["country/list"]["ms"].as_u64().unwrap();
    assert!((4_500..14_000).contains(&took), "{fetched}");
}
