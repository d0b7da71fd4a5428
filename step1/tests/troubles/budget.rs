//! One budget for all: instances at once, cycle after cycle, tries again.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Chain, message};

use crate::common::{Provider, fetch, files};

#[test]
fn two_at_once_share_the_budget_and_leave_a_whole_file() {
    let provider = Provider::start(20);
    provider.control("POST", "latency", "10ms");
    let chain = Chain::new();
    let mut running: Vec<_> = (0..2)
        .map(|_| {
            fetch(&chain, provider.url())
                .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "15")
                .env("FOOTBALL_BOT_FEED__MIN_COMPLETENESS", "0")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let began = Instant::now();
    for child in &mut running {
        assert!(child.wait().unwrap().success());
    }
    let refilled = (began.elapsed().as_secs_f64() / 4.0).ceil() as usize + 1;
    let asked = provider.requests();
    for endpoint in ["odds/history", "match/recent/list"] {
        let count = asked
            .iter()
            .filter(|entry| entry["path"] == endpoint && entry["id"].is_string());
        assert!(count.count() <= 15 + refilled, "{endpoint}");
    }
    assert_eq!(chain.json(1)["provider"], "sandbox");
    assert!(
        files(chain.path())
            .iter()
            .all(|path| path.extension().is_none_or(|e| e != "tmp"))
    );
}

#[test]
fn the_provider_that_counts_a_sliding_minute_never_has_to_say_so() {
    let provider = Provider::limited(30, 20);
    let chain = Chain::new();
    let mut odds = 0;
    for _ in 0..4 {
        let output = fetch(&chain, provider.url())
            .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "20")
            .env("FOOTBALL_BOT_FEED__MIN_COMPLETENESS", "0")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        odds = chain.json(1)["match_odds"].as_object().unwrap().len();
        // A bucket that refills would have some again by the next cycle.
        thread::sleep(Duration::from_secs(3));
    }
    let requests = provider.requests();
    let refused = requests
        .iter()
        .filter(|entry| entry["answer"] == "over the limit")
        .count();
    assert_eq!(refused, 0, "{requests:?}");
    assert!(odds >= 20, "all of the budget was used: {odds}");
}

#[test]
fn a_retry_is_paid_from_the_same_budget() {
    let provider = Provider::limited(6, 8);
    // Every try fails: with one retry each, six matches would take twelve requests.
    provider.switch("500:1:odds/history");
    let chain = Chain::new();
    let run = || {
        fetch(&chain, provider.url())
            .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "8")
            .output()
            .unwrap()
    };
    let output = run();
    assert_eq!(output.status.code(), Some(69), "{}", message(&output));
    let odds = |entry: &&Value| entry["path"] == "odds/history";
    let asked = provider.requests().iter().filter(odds).count();
    assert_eq!(asked, 8, "six, and two tries again");
    // The failed run's requests count for the next one.
    provider.switch("");
    provider.forget();
    let output = run();
    assert!(output.status.success(), "{}", message(&output));
    assert_eq!(provider.requests().iter().filter(odds).count(), 0);
}
