//! What came of the requests, counted: `fetch.answers`, which the metrics are made of.

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
        for (endpoint, n) in asked.as_object().unwrap() {
            let sum: u64 = of(endpoint).values().filter_map(Value::as_u64).sum();
            assert_eq!(Some(sum), n.as_u64(), "{fault} at {endpoint}: {answers}");
        }
    }
}
