//! Every fault that the sandbox knows, at every endpoint, at three shares: what step 1 makes of it. What a
//! user loses if these fail: a whole file, a secret, the account (by hammering), or the truth about the data.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod common;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::{CONCURRENCY, OLD, Provider, assert_nothing_secret, fetch};
use sandbox::server::FAULTS;
use serde_json::Value;
use testkit::{Chain, message};

/// The endpoints that a cold cycle asks.
const ASKED: [&str; 6] = [
    "match/detail_live",
    "match/recent/list",
    "odds/history",
    "odds/update",
    "team/additional/list",
    "competition/additional/list",
];

/// What a fault is for step 1, when every request meets it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Meaning {
    /// The data is there.
    Harmless,
    /// An answer without what was asked for.
    Fails(&'static str),
    /// We are not wanted: the end, at once.
    Refused(&'static str),
    /// The endpoint is not ours; as the live list it is the end.
    OutOfPlan(&'static str),
    /// Fails where rows are checked by their ids, harmless elsewhere.
    FailsByRow(&'static str),
}

fn meaning(fault: &str) -> Meaning {
    use Meaning::{Fails, FailsByRow, Harmless, OutOfPlan, Refused};
    match fault {
        "500" => Fails("HTTP 500"),
        "503-html" => Fails("503 Service Temporarily Unavailable"),
        "404" => Fails("HTTP 404 (Not Found)"),
        "429" => Fails("fewer requests (HTTP 429"),
        "429-body" => Fails("fewer requests (code 429)"),
        "hang" | "stall" => Fails("no answer in time"),
        "truncate" => Fails("the answer broke off"),
        "reset" => Fails("the request failed"),
        "not-json" => Fails("is not JSON"),
        "200-html" => Fails("Sign in to the network"),
        "empty" => Fails("the answer is empty"),
        "no-results" => Fails("has no results"),
        "null-results" | "text-results" => Fails("neither a list nor an object"),
        "zip-bomb" | "oversized" => Fails("max_body_bytes"),
        "wrong-charset" => Fails("not UTF-8"),
        "unauthorized" => OutOfPlan("URL is not authorized"),
        "405-body" => OutOfPlan("Beyond the scope"),
        "address-refused" => Refused("IP is not authorized"),
        "401" => Refused("HTTP 401"),
        "changing-ids" => FailsByRow("another id"),
        "slow" | "empty-results" | "object-for-list" | "wrong-types" | "chunked" | "no-length"
        | "vanishing-matches" | "clock-skew" => Harmless,
        other => panic!("{other} has no meaning yet"),
    }
}

/// The exit code that `fault` at every request to `endpoint` must give, and the words it must say.
fn expected(fault: &str, endpoint: &str) -> (i32, &'static str) {
    let live = endpoint == "match/detail_live";
    // Details and odds are what makes a cycle complete; names and lists of changes are not.
    let needed = matches!(endpoint, "match/recent/list" | "odds/history");
    match meaning(fault) {
        Meaning::Harmless => (0, ""),
        Meaning::Refused(word) => (77, word),
        Meaning::OutOfPlan(word) if live => (77, word),
        // For one id the code 405 is about the id.
        Meaning::OutOfPlan(word) if fault == "405-body" && needed => (69, word),
        // Without details no match has names or a kick-off.
        Meaning::OutOfPlan(word) if endpoint == "match/recent/list" => (77, word),
        Meaning::OutOfPlan(word) => (0, word),
        Meaning::Fails(word) if live || needed => (69, word),
        Meaning::Fails(word) => (0, word),
        Meaning::FailsByRow(word) if endpoint == "match/recent/list" => (69, word),
        // Ids that nobody knows: the details of none of them can be had.
        Meaning::FailsByRow(_) if live => (69, "Invalid parameter"),
        Meaning::FailsByRow(_) if endpoint.starts_with("odds") => (0, ""),
        Meaning::FailsByRow(word) => (0, word),
    }
}

/// One run against one fault, in a data directory that holds an old file.
fn run(provider: &Provider, fault: &str, share: &str, endpoint: &str) {
    let cell = format!("{fault} at {share} of {endpoint}");
    provider.switch(&format!("{fault}:{share}:{endpoint}"));
    provider.forget();
    let chain = Chain::new();
    fs::write(chain.output(1), OLD).unwrap();
    let output = fetch(&chain, provider.url()).output().unwrap();
    let (code, said) = (output.status.code(), message(&output));
    assert_nothing_secret(&chain, &output, &cell);
    let written = fs::read(chain.output(1)).unwrap();
    if code == Some(0) {
        let document: Value = serde_json::from_slice(&written).unwrap();
        let completeness = document["fetch"]["completeness"].as_f64().unwrap();
        assert!(
            (0.5..=1.0).contains(&completeness),
            "{cell}: {completeness}"
        );
    } else {
        assert!(
            written == OLD,
            "{cell}: exit {code:?} and the old file is gone: {said}"
        );
        assert!(
            said.contains("the previous step1.json stays") || code == Some(77),
            "{cell}: {said}"
        );
    }
    let requests = provider.requests();
    let hit = |entry: &&Value| entry["fault"] == fault;
    let hits = requests.iter().filter(hit).count();
    let (full, word) = expected(fault, endpoint);
    if share == "1" {
        assert_eq!(code, Some(full), "{cell}: {said}");
        assert!(said.contains(word), "{cell} lacks `{word}`: {said}");
        assert!(hits > 0, "{cell}: nothing was hit");
    } else {
        // Between all and nothing either may come out, but nothing else, and not without a hit.
        let possible = code == Some(0) || hits > 0 && code == Some(full);
        assert!(possible, "{cell}, {hits} hits: {code:?}: {said}");
    }
    // A refusal of all, or of the live list, ends it at the first word.
    let at_once = matches!(meaning(fault), Meaning::Refused(_)) || endpoint == ASKED[0];
    if full == 77 && hits > 0 && at_once {
        assert_eq!(code, Some(77), "{cell}: {said}");
        // What was under way at the time, and nothing after it.
        assert!(hits <= common::CONCURRENCY, "{cell}: asked {hits} times");
        assert!(said.contains("IPv4"), "{cell}: {said}");
    }
}

/// One fault at one share of the requests to one endpoint.
type Cell = (&'static str, &'static str, &'static str);

/// The cells of these faults.
fn cells(faults: impl Iterator<Item = &'static str>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for fault in faults {
        // An hour of silence costs the whole timeout each time.
        let waits = matches!(fault, "hang" | "stall" | "429");
        for endpoint in ASKED {
            // Of one request a twentieth is nothing.
            let asked_once = matches!(endpoint, "match/detail_live" | "odds/update");
            for share in ["1", "50%", "5%"] {
                if share != "5%" || !waits && !asked_once {
                    cells.push((fault, endpoint, share));
                }
            }
        }
    }
    cells
}

/// All cells, a few at a time: much of a run is waiting. Who is done takes the next one.
fn matrix(wanted: impl Fn(usize) -> bool) {
    let names = FAULTS.iter().enumerate();
    let names = names.filter(|(place, _)| wanted(*place));
    let cells = cells(names.map(|(_, (_, name, _))| *name));
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                // Enough matches that who hammers is found out; few where that is not the question.
                let [few, many] = [3, CONCURRENCY + 2].map(Provider::start);
                while let Some((fault, endpoint, share)) =
                    cells.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let refuses =
                        matches!(meaning(fault), Meaning::Refused(_) | Meaning::OutOfPlan(_));
                    let provider = if refuses { &many } else { &few };
                    run(provider, fault, share, endpoint);
                }
            });
        }
    });
}

/// Runs at a time, of each of the two tests.
const WORKERS: usize = 3;

#[test]
fn faults_of_the_wire_and_of_http_are_what_they_are_at_every_endpoint() {
    matrix(|place| place < FAULTS.len() / 2);
}

#[test]
fn faults_of_the_body_are_what_they_are_at_every_endpoint() {
    matrix(|place| place >= FAULTS.len() / 2);
}

#[test]
fn a_fault_at_the_countries_costs_their_names_and_nothing_else() {
    let provider = Provider::start(3);
    for fault in ["500", "200-html", "truncate", "429-body"] {
        provider.switch(&format!("{fault}:1:country/list"));
        let chain = Chain::new();
        let output = fetch(&chain, provider.url()).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", message(&output));
        assert_eq!(chain.json(1)["fetch"]["completeness"], 1.0);
        assert!(message(&output).contains("country/list"));
    }
}

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
