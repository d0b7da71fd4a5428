//! A real recorded cycle through steps 2 to 6, where the checkout has one beside it; skipped, and said so,
//! where it has none. Numbers are counted from the recording itself by other means than our readers, or
//! stand in the contract.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use testkit::{Chain, message, program};

fn chain() -> Option<(Chain, Value)> {
    let path = testkit::real_recording()?;
    let chain = Chain::new();
    let replayed = Command::new(program("step1"))
        .args([
            "--data-dir",
            chain.path().to_str().unwrap(),
            "-q",
            "--replay",
        ])
        .arg(path)
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{}", message(&replayed));
    chain.run_from_2_to(6);
    let recording = chain.json(1);
    Some((chain, recording))
}

#[test]
fn every_match_and_every_tick_arrives_and_nothing_is_odd() {
    let Some((chain, recording)) = chain() else {
        return;
    };
    let live = recording["live_matches"]["results"].as_array().unwrap();
    let merged = chain.json(2);
    assert_eq!(merged["matches"].as_object().unwrap().len(), live.len());
    assert_eq!(merged["rejected"], json!([]));
    assert_eq!(merged["anomalies"], json!({}));
    let mut statuses: BTreeMap<i64, usize> = BTreeMap::new();
    for row in live {
        *statuses
            .entry(row["score"][1].as_i64().unwrap())
            .or_default() += 1;
        let id = row["id"].as_str().unwrap();
        let results = &recording["match_odds"][id]["results"];
        let ticks: usize = results
            .as_object()
            .into_iter()
            .flat_map(|books| books.values())
            .flat_map(|book| book.as_object().unwrap().values())
            .map(|series| series.as_array().unwrap().len())
            .sum();
        assert_eq!(merged["matches"][id]["ticks"], ticks, "{id}");
    }
    let product = chain.json(5);
    for (status, count) in statuses {
        let found = product["matches"]
            .as_object()
            .unwrap()
            .values()
            .filter(|m| m["status_id"] == status);
        assert_eq!(found.count(), count, "status {status}");
    }
    assert!(
        fs::read_to_string(chain.output(6))
            .unwrap()
            .contains("RECORDED")
    );
}

#[test]
fn the_contracts_example_match_is_what_the_contract_says() {
    let Some((chain, _)) = chain() else { return };
    let product = chain.json(5);
    let one = &product["matches"]["y0or5jh8l922qwz"];
    if one.is_null() {
        eprintln!("skipped: another recording");
        return;
    }
    let result = &one["full_time_result"];
    assert_eq!(
        result["home"],
        json!({"decimal":3.25,"hong_kong":2.25,"american":"+225","fractional":"9/4","implied":0.307692,"fair":0.276284})
    );
    assert_eq!(
        (&result["draw"]["american"], &result["away"]["american"]),
        (&json!("+260"), &json!("-105"))
    );
    assert_eq!(
        (&result["bookmaker_id"], &result["time"], &result["score"]),
        (&json!(2), &json!("16"), &json!("0-0"))
    );
    assert_eq!((&one["minute"], &one["clock"]), (&json!(16), &json!("16'")));
    assert_eq!(
        (&one["spread"]["line"], &one["spread"]["feed_line"]),
        (&json!(0.5), &json!(-0.5))
    );
    assert_eq!(one["environment"]["wind"], "Gentle breeze");
    assert_eq!(one["environment"]["temperature_f"], 60.8);
    let shoot_out = product["matches"]
        .as_object()
        .unwrap()
        .values()
        .find(|m| m["match_id"] == "jw2r09hkl2p7rz8");
    if let Some(cup) = shoot_out {
        assert!(
            cup["score"].as_str().unwrap().ends_with("PEN 4 - 3"),
            "{}",
            cup["score"]
        );
    }
}
