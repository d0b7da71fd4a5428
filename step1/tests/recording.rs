//! Recordings: replayed, and served by the sandbox. What a user loses if these fail: a bug report that can be
//! looked at again, or the knowledge that what is shown is over.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

#[path = "common/process.rs"]
mod process;

use std::fs;
use std::thread;

use process::Sandbox;
use serde_json::Value;
use testkit::{Chain, message};

#[test]
fn a_recorded_cycle_replays_without_a_network_to_the_same_bodies() {
    let sandbox = Sandbox::start(&["--matches", "20"]);
    let chain = Chain::new();
    let file = chain.path().join("kept.json.gz");
    let output = chain
        .command(1)
        .args([
            "--provider",
            "sandbox",
            "--base-url",
            &sandbox.1,
            "--record",
        ])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let live = chain.json(1);
    drop(sandbox);
    let replayed = Chain::new();
    let output = replayed
        .command(1)
        .arg("--replay")
        .arg(&file)
        .args(["--cycle", "again"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let again = replayed.json(1);
    assert_eq!(again["provider"], "recording");
    assert_eq!(again["cycle"], "again");
    assert_eq!(again["fetched_at"], live["fetched_at"]);
    for key in [
        "live_matches",
        "match_details",
        "match_odds",
        "team_info",
        "competition_info",
        "countries",
    ] {
        assert_eq!(again[key], live[key], "{key}");
    }
    replayed.run_ok(2, ["--cycle", "again"]);
}

#[test]
fn replaying_a_recording_twice_gives_the_same_files_bit_for_bit_down_to_the_text() {
    let sandbox = Sandbox::start(&["--matches", "20"]);
    let recorder = Chain::new();
    let file = recorder.path().join("kept.json.gz");
    let output = recorder
        .command(1)
        .args([
            "--provider",
            "sandbox",
            "--base-url",
            &sandbox.1,
            "--record",
        ])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let replay = || {
        let chain = Chain::new();
        let output = chain
            .command(1)
            .arg("--replay")
            .arg(&file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        chain.run_from_2_to(5);
        let shown = chain.run(6, []);
        assert!(shown.status.success(), "{}", message(&shown));
        let mut files: Vec<Vec<u8>> = (1..=6)
            .map(|n| fs::read(chain.output(n)).unwrap())
            .collect();
        files.push(shown.stdout);
        files
    };
    let first = replay();
    thread::sleep(std::time::Duration::from_millis(1100));
    let again = replay();
    for (number, (one, other)) in first.iter().zip(&again).enumerate() {
        assert!(one == other, "file {} differs", number + 1);
    }
    let product: Value = serde_json::from_slice(&first[4]).unwrap();
    assert_eq!(product["fresh"], false, "a recording is nothing to act on");
    assert!(String::from_utf8_lossy(&first[6]).contains("RECORDED"));
}

#[test]
fn a_recording_that_the_sandbox_serves_is_shown_as_recorded_and_nothing_else_is() {
    let sandbox = Sandbox::start(&["--matches", "20"]);
    let recorder = Chain::new();
    let file = recorder.path().join("kept.json.gz");
    let provider = |chain: &Chain, provider: &str, url: &str, record: bool| {
        let mut command = chain.command(1);
        command
            .args(["--provider", provider, "--base-url", url])
            .env("THESPORTS_USER", "someone-known")
            .env("THESPORTS_SECRET", "h1dd3n-s3cr3t-value");
        if record {
            command.arg("--record").arg(&file);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", message(&output));
        let named = chain.json(1)["provider"].as_str().unwrap().to_owned();
        (named, message(&output))
    };
    assert_eq!(
        provider(&recorder, "sandbox", &sandbox.1, true).0,
        "sandbox"
    );
    let served = Sandbox::start(&["--serve-recording", file.to_str().unwrap()]);
    let chain = Chain::new();
    assert_eq!(provider(&chain, "sandbox", &served.1, false).0, "recording");
    chain.run_from_2_to(5);
    assert_eq!(chain.json(5)["fresh"], false);
    let shown = chain.run(6, []);
    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(
        text.contains("RECORDED") && !text.contains("SIMULATED"),
        "{text}"
    );
    // The next cycle of the same recording is warm; one of a simulation starts cold.
    let (named, said) = provider(&chain, "sandbox", &served.1, false);
    assert_eq!(named, "recording");
    assert!(!said.contains("starting cold"), "{said}");
    let (named, said) = provider(&chain, "sandbox", &sandbox.1, false);
    assert_eq!(named, "sandbox");
    assert!(said.contains("starting cold"), "{said}");
    // The real provider can't make its data look recorded.
    assert_eq!(
        provider(&Chain::new(), "thesports", &served.1, false).0,
        "thesports"
    );
}
