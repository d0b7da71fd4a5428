//! Step 1 when the world around it is at fault: the provider dies, names don't resolve, a proxy is set, the
//! clock is moved, the cache is spoilt, another instance runs, it is told to stop.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod budget;
mod cache;
#[path = "../common/mod.rs"]
mod common;
mod proxies;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{OLD, Provider, assert_nothing_secret, fetch, files};
use testkit::{Chain, message, program};

#[test]
fn a_provider_that_dies_in_mid_cycle_leaves_the_old_file_or_says_what_is_missing() {
    let mut sandbox = Command::new(program("sandbox"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--live",
            "30",
            "--latency",
            "40ms",
            "-q",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let chain = Chain::new();
    fs::write(chain.output(1), OLD).unwrap();
    let mut step = fetch(&chain, url);
    let step = step
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Four rounds of the details, of some forty rounds altogether.
    thread::sleep(Duration::from_millis(300));
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
    let output = step.wait_with_output().unwrap();
    let said = message(&output);
    assert_nothing_secret(&chain, &output, "the provider died");
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(
        said.contains("no connection") || said.contains("failed"),
        "{said}"
    );
    assert_eq!(fs::read(chain.output(1)).unwrap(), OLD);
}

#[test]
fn sigterm_at_any_moment_ends_it_at_once_and_tears_nothing() {
    let provider = Provider::start(10);
    provider.control("POST", "latency", "15ms");
    let chain = Chain::new();
    let mut ended_early = 0;
    let mut terminate = |round: u64| {
        // Some wait for an answer that never comes when the signal does.
        provider.switch(if round.is_multiple_of(3) {
            "hang:20%"
        } else {
            ""
        });
        let mut child = fetch(&chain, provider.url())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(20 + round * 37));
        let pid = child.id().to_string();
        let _ = Command::new("kill")
            .args(["-TERM", &pid])
            .stderr(Stdio::null())
            .status();
        // Now it has been signalled; how long `kill` took to start is not its fault.
        let signalled = Instant::now();
        let status = child.wait().unwrap();
        let took = signalled.elapsed();
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(143), _) => ended_early += 1,
            // Before it could install its handler.
            (None, Some(15)) | (Some(0), _) => {}
            other => panic!("{other:?}"),
        }
        if chain.output(1).exists() {
            assert_eq!(chain.json(1)["provider"], "sandbox");
        }
        let litter = files(chain.path());
        assert!(
            litter
                .iter()
                .all(|path| path.extension().is_none_or(|e| e != "tmp")),
            "{litter:?}"
        );
        took
    };
    for round in 0..14 {
        let promised = Duration::from_secs(1);
        // A machine that has too much to do may keep it from running; not three times in the same place.
        let took: Vec<_> = (0..3)
            .map(|_| terminate(round))
            .take_while(|took| *took > promised)
            .collect();
        assert!(took.len() < 3, "round {round}: {took:?}");
    }
    assert!(ended_early > 0, "no signal came in time");
}

#[test]
fn who_keeps_silent_about_what_can_be_done_without_costs_no_odds() {
    let provider = Provider::start(3);
    for endpoint in ["odds/update", "country/list"] {
        provider.switch(&format!("hang:1:{endpoint}"));
        let chain = Chain::new();
        let output = fetch(&chain, provider.url())
            .env("FOOTBALL_BOT_FEED__DEADLINE", "18s")
            .env("FOOTBALL_BOT_FEED__READ_TIMEOUT", "15s")
            .env("FOOTBALL_BOT_FEED__REQUEST_TIMEOUT", "15s")
            .env("FOOTBALL_BOT_FEED__RETRIES", "3")
            .output()
            .unwrap();
        let said = message(&output);
        assert!(output.status.success(), "{endpoint}: {said}");
        assert!(
            said.contains("no answer in the third of [feed] deadline"),
            "{said}"
        );
        let document = chain.json(1);
        assert_eq!(document["fetch"]["completeness"], 1.0, "{endpoint}: {said}");
        assert_eq!(
            document["match_odds"].as_object().unwrap().len(),
            3,
            "{said}"
        );
    }
}

#[test]
fn at_the_deadline_what_was_got_is_written_and_the_rest_counts_as_failed() {
    let provider = Provider::start(60);
    provider.control("POST", "latency", "400ms");
    let chain = Chain::new();
    let began = Instant::now();
    let output = fetch(&chain, provider.url())
        .env("FOOTBALL_BOT_FEED__DEADLINE", "5s")
        .env("FOOTBALL_BOT_FEED__MIN_COMPLETENESS", "0")
        .output()
        .unwrap();
    let said = message(&output);
    assert!(output.status.success(), "{said}");
    // Sixty details alone take fifteen rounds of 400 ms.
    assert!(began.elapsed() < Duration::from_secs(20), "{said}");
    let document = chain.json(1);
    let details = document["match_details"].as_object().unwrap().len();
    assert!((1..60).contains(&details), "{details}: {said}");
    let completeness = document["fetch"]["completeness"].as_f64().unwrap();
    assert!(completeness < 1.0, "{completeness}");
    assert!(said.contains("the step's deadline came first"), "{said}");
    let output = fetch(&Chain::new(), provider.url())
        .env("FOOTBALL_BOT_FEED__DEADLINE", "5s")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", message(&output));
}
