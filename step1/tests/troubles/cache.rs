//! A clock that is set back, and a cache that can't be used.

use std::fs;

use serde_json::Value;
use testkit::{Chain, message};

use crate::common::{Provider, fetch, files};

/// Every instant of a year in a text, moved by `seconds`.
fn moved(value: &mut Value, seconds: i64) {
    match value {
        Value::Number(number) => {
            if let Some(at) = number.as_i64().filter(|at| *at > 1_500_000_000) {
                // Milliseconds too, where the budget keeps them.
                let unit = if at > 1_500_000_000_000 { 1000 } else { 1 };
                *value = (at + seconds * unit).into();
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|v| moved(v, seconds)),
        Value::Object(fields) => fields.values_mut().for_each(|v| moved(v, seconds)),
        _ => {}
    }
}

#[test]
fn a_clock_that_steps_back_an_hour_costs_a_cold_start_and_nothing_else() {
    let provider = Provider::start(4);
    let chain = Chain::new();
    let run = || {
        let output = fetch(&chain, provider.url())
            .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "120")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        message(&output)
    };
    run();
    // To us, all that is kept was written an hour from now.
    for path in files(chain.path()) {
        let Ok(mut document) = serde_json::from_slice::<Value>(&fs::read(&path).unwrap()) else {
            continue;
        };
        if document["schema"].is_string() {
            let ahead = chrono::Utc::now() + chrono::TimeDelta::seconds(3600);
            document["fetched_at"] = ahead.to_rfc3339().into();
            let head = format!(
                r#"{{"schema":{},"cycle":{},"generated_at":{at},"fetched_at":{at},"provider":"sandbox""#,
                document["schema"],
                document["cycle"],
                at = document["fetched_at"]
            );
            moved(&mut document["fetched"], 3600);
            let rest = serde_json::to_string(&document).unwrap();
            fs::write(&path, format!("{head},{}", &rest[1..])).unwrap();
        } else {
            moved(&mut document, 3600);
            fs::write(&path, serde_json::to_vec(&document).unwrap()).unwrap();
        }
    }
    let said = run();
    assert!(
        said.contains("starting cold") && said.contains("from the future"),
        "{said}"
    );
    assert_eq!(chain.json(1)["fetch"]["completeness"], 1.0);
    assert_eq!(chain.json(1)["match_odds"].as_object().unwrap().len(), 4);
}

#[test]
fn a_cache_that_is_spoilt_old_or_foreign_means_a_cold_start_that_is_announced() {
    let provider = Provider::start(3);
    let chain = Chain::new();
    assert!(fetch(&chain, provider.url()).status().unwrap().success());
    let good = fs::read_to_string(chain.output(1)).unwrap();
    let yesterday = chrono::Utc::now() - chrono::TimeDelta::days(1);
    let at = good
        .split(r#""fetched_at":""#)
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let half = good.char_indices().nth(good.chars().count() / 2).unwrap().0;
    for (spoilt, word) in [
        (good.replacen(at, &yesterday.to_rfc3339(), 1), "too old"),
        (good[..half].to_owned(), "corrupt"),
        (
            good.replacen("football-bot/step1/1", "football-bot/step1/9", 1),
            "another schema",
        ),
        (
            good.replacen(r#""provider":"sandbox""#, r#""provider":"thesports""#, 1),
            "another provider",
        ),
        (String::new(), "another schema"),
        ("\u{0}\u{0}\u{0}".to_owned(), "another schema"),
    ] {
        assert_ne!(spoilt, good, "{word}");
        fs::write(chain.output(1), spoilt).unwrap();
        let output = fetch(&chain, provider.url()).output().unwrap();
        let said = message(&output);
        assert!(output.status.success(), "{word}: {said}");
        assert!(
            said.contains("starting cold") && said.contains(word),
            "{word}: {said}"
        );
        assert_eq!(
            chain.json(1)["match_odds"].as_object().unwrap().len(),
            3,
            "{word}"
        );
    }
}
