//! Faults of the sandbox, and what step 1 makes of them: all of them at every endpoint ([`matrix`]), and those
//! that need a second look. What a user loses if these fail: a whole file, a secret, the account (by hammering),
//! or the truth about the data.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod answers;
#[path = "../common/mod.rs"]
mod common;
mod matrix;

use common::{Provider, fetch};
use testkit::{Chain, message};

#[test]
fn what_fails_in_a_later_cycle_keeps_its_last_known_body_and_its_age() {
    let provider = Provider::start(6);
    let chain = Chain::new();
    let output = fetch(&chain, provider.url()).output().unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let first = chain.json(1);
    // All odds are due again, and none is to be had.
    provider.switch("500:1:odds/history\n500:1:odds/update");
    let output = fetch(&chain, provider.url())
        .env("FOOTBALL_BOT_FEED__MIN_COMPLETENESS", "0")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let second = chain.json(1);
    assert_eq!(second["match_odds"], first["match_odds"]);
    assert_eq!(
        second["fetched"]["match_odds"],
        first["fetched"]["match_odds"]
    );
    assert!(second["fetch"]["completeness"].as_f64().unwrap() < 1.0);
    chain.run_from_2_to(5);
}

#[test]
fn odd_shapes_reach_the_end_of_the_chain() {
    let provider = Provider::start(6);
    for fault in [
        "object-for-list",
        "wrong-types",
        "empty-results",
        "vanishing-matches",
        "clock-skew",
    ] {
        provider.switch(&format!("{fault}:50%"));
        let chain = Chain::new();
        let output = fetch(&chain, provider.url()).output().unwrap();
        assert!(output.status.success(), "{fault}: {}", message(&output));
        chain.run_from_2_to(5);
    }
}

#[test]
fn a_provider_whose_clock_was_ahead_for_a_cycle_does_not_hide_later_changes() {
    let provider = Provider::start(6);
    let chain = Chain::new();
    provider.switch("clock-skew:1");
    let output = fetch(&chain, provider.url()).output().unwrap();
    assert!(
        message(&output).contains("clock is 3600 s ahead of"),
        "{}",
        message(&output)
    );
    provider.switch("");
    provider.forget();
    let now = chrono::Utc::now().timestamp();
    assert!(fetch(&chain, provider.url()).status().unwrap().success());
    let asked: Vec<i64> = provider
        .requests()
        .iter()
        .filter(|entry| entry["path"] == "match/recent/list")
        .filter_map(|entry| entry["time"].as_i64())
        .collect();
    assert!(
        !asked.is_empty() && asked.iter().all(|time| *time <= now + 60),
        "{asked:?}"
    );
}

#[test]
fn somebody_who_asks_for_fewer_requests_is_left_alone() {
    let provider = Provider::start(20);
    provider.switch("429-body:1:odds/history");
    let chain = Chain::new();
    let output = fetch(&chain, provider.url()).output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", message(&output));
    let asked = provider
        .requests()
        .iter()
        .filter(|entry| entry["path"] == "odds/history")
        .count();
    // Each of those under way twice at the most, of twenty.
    assert!(asked <= 2 * common::CONCURRENCY, "{asked}");
    assert!(message(&output).contains("not asked any more in this cycle"));
}

#[test]
fn a_retry_after_is_waited_for() {
    let provider = Provider::start(3);
    provider.switch("429:1:match/detail_live");
    let chain = Chain::new();
    let began = std::time::Instant::now();
    let output = fetch(&chain, provider.url()).output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", message(&output));
    assert!(began.elapsed().as_millis() >= 1000, "{:?}", began.elapsed());
    let asked = provider.requests();
    let live = asked
        .iter()
        .filter(|entry| entry["path"] == "match/detail_live");
    assert_eq!(live.count(), 2);
}
