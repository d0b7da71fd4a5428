//! Every fault that the sandbox knows, at every endpoint, at three shares: the exit code, the sentence, the old
//! file, the completeness, and nothing secret anywhere.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sandbox::server::FAULTS;
use serde_json::Value;
use testkit::{Chain, message};

use crate::common::{self, CONCURRENCY, OLD, Provider, assert_nothing_secret, fetch};

/// The endpoints that a cold cycle asks; `odds/live` only where it is switched on.
const ASKED: [&str; 8] = [
    "match/detail_live",
    "match/recent/list",
    "odds/history",
    "odds/update",
    "team/additional/list",
    "competition/additional/list",
    "country/list",
    "odds/live",
];

/// Of all, of half, and of a twentieth of the requests.
const SHARES: [&str; 3] = ["1", "50%", "5%"];

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
        // Countries and odds are read as they come.
        Meaning::FailsByRow(_) if endpoint == "country/list" || endpoint.starts_with("odds") => {
            (0, "")
        }
        Meaning::FailsByRow(word) => (0, word),
    }
}

/// One run against one fault, in a data directory that holds an old file. How many requests it hit.
fn run(provider: &Provider, (fault, endpoint, share): Cell) -> usize {
    let cell = format!("{fault} at {share} of {endpoint}");
    provider.switch(&format!("{fault}:{share}:{endpoint}"));
    provider.forget();
    let chain = Chain::new();
    fs::write(chain.output(1), OLD).unwrap();
    // Where silence is the fault it must not cost ten seconds each time; elsewhere it is none.
    let silent = matches!(fault, "hang" | "stall");
    let output = fetch(&chain, provider.url())
        .env(
            "FOOTBALL_BOT_FEED__READ_TIMEOUT",
            if silent { "2s" } else { "10s" },
        )
        .env(
            "FOOTBALL_BOT_FEED__ODDS_LIVE",
            (endpoint == "odds/live").to_string(),
        )
        .output()
        .unwrap();
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
    hits
}

/// One fault at one endpoint at one share of the requests.
type Cell = (&'static str, &'static str, &'static str);

/// Runs at a time, of each of the two tests.
const WORKERS: usize = 4;

/// All cells of the wanted faults, a few at a time: much of a run is waiting. Who is done takes the next one.
fn matrix(wanted: impl Fn(usize) -> bool) {
    let faults = FAULTS.iter().enumerate();
    let faults = faults.filter(|(place, _)| wanted(*place));
    let cells: Vec<Cell> = faults
        .flat_map(|(_, (_, fault, _))| ASKED.map(|endpoint| (*fault, endpoint)))
        .flat_map(|(fault, endpoint)| SHARES.map(|share| (fault, endpoint, share)))
        .collect();
    let (next, rare_hits) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                // Enough matches that who hammers is found out; few where that is not the question.
                let [few, many] = [2, CONCURRENCY + 2].map(Provider::start);
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (fault, _, share) = *cell;
                    let refuses =
                        matches!(meaning(fault), Meaning::Refused(_) | Meaning::OutOfPlan(_));
                    let provider = if refuses && share == "1" { &many } else { &few };
                    let hits = run(provider, *cell);
                    if share == "5%" {
                        rare_hits.fetch_add(hits, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    // A twentieth of a few requests is mostly none, but not in a hundred cells.
    assert!(rare_hits.into_inner() > 0, "a share of 5 % hit nothing");
}

#[test]
fn faults_of_the_wire_and_of_http_are_what_they_are_at_every_endpoint() {
    matrix(|place| place < FAULTS.len() / 2);
}

#[test]
fn faults_of_the_body_are_what_they_are_at_every_endpoint() {
    matrix(|place| place >= FAULTS.len() / 2);
}
