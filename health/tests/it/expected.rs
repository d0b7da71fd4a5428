//! What a situation must look like: in words, for programs, for monitors.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use journal::CycleOutcome::Ok as Good;
use serde_json::Value;

use crate::place::Place;

/// The first line, the exit code and the name for programs, by report, check and their other forms, and
/// that the cause (`why`) is there at the first look.
pub fn expect(place: &Place, line: &str, code: i32, situation: &str, why: &str) {
    expect_with(place, &[], line, code, situation, why);
}

pub fn expect_with(
    place: &Place,
    flags: &[&str],
    line: &str,
    code: i32,
    situation: &str,
    why: &str,
) {
    let run = |args: &[&str]| place.health(&[args, flags].concat());
    let report = run(&["report"]);
    let text = &report.stdout;
    let first = timeless(report.first_line());
    assert_eq!((first.as_str(), report.code), (line, code), "{text}");
    let fits = |line: &str| line.starts_with("next: ") || line.chars().count() <= 80;
    assert!(text.lines().all(fits), "{text}");
    // Words may stand on two lines.
    let folded: Vec<_> = text.split_whitespace().collect();
    assert!(folded.join(" ").contains(why), "no `{why}` in\n{text}");
    let next = report.last_line().strip_prefix("next: ").unwrap();

    let said = run(&["report", "--json"]);
    assert_eq!(said.stdout.lines().count(), 1);
    let json: Value = serde_json::from_str(&timeless(&said.stdout)).unwrap();
    check_json(&json, line, code, situation, next);
    assert_eq!(said.code, code);

    let check = run(&["check"]);
    let first = timeless(check.first_line());
    assert_eq!((first.as_str(), check.code), (line, code));
    let quiet = run(&["check", "--quiet"]);
    assert_eq!((quiet.stdout.as_str(), quiet.code), ("", code));
    let nagios = run(&["report", "--format", "nagios"]);
    assert_eq!(nagios.code, code);
    let (word, sentence) = words(line);
    let nagios = timeless(&nagios.stdout);
    assert!(
        nagios.starts_with(&format!("{word} - {sentence} | ")),
        "{nagios}"
    );
    assert_eq!(nagios.lines().count(), 1);
}

/// Seconds go on while the programs run: `14 s` is `N s`.
pub fn timeless(text: &str) -> String {
    let seconds = regex::Regex::new(r"\b\d+ s\b").unwrap();
    seconds.replace_all(text, "N s").into_owned()
}

fn words(line: &str) -> (&str, &str) {
    line.split_once("  football-bot: ").unwrap()
}

/// The shape of `application/health+json`, and that it says the same as the text.
pub fn check_json(json: &Value, line: &str, code: i32, situation: &str, next: &str) {
    let (word, sentence) = words(line);
    assert_eq!(json["schema"], 1);
    assert_eq!(json["serviceId"], "football-bot");
    assert_eq!(json["exit"], code);
    assert_eq!(json["verdict"], word);
    assert_eq!(
        json["status"],
        ["pass", "warn", "fail", "fail"][code as usize]
    );
    assert_eq!(json["output"], sentence);
    assert!(DateTime::parse_from_rfc3339(json["time"].as_str().unwrap()).is_ok());
    let problems = json["problems"].as_array().unwrap();
    match problems.first() {
        None => assert_eq!(situation, "none"),
        Some(problem) => {
            assert_eq!(problem["situation"], situation, "{problem}");
            assert_eq!(problem["what"], sentence);
            assert_eq!(problem["level"], word);
            assert_eq!(problem["next"], next);
        }
    }
    for (key, entries) in json["checks"].as_object().unwrap() {
        assert!(key.contains(':'), "{key}");
        assert!(!entries.as_array().unwrap().is_empty(), "{key}");
        for entry in entries.as_array().unwrap() {
            let status = entry
                .get("status")
                .and_then(Value::as_str)
                .unwrap_or("pass");
            assert!(["pass", "warn", "fail"].contains(&status), "{key}: {entry}");
        }
    }
}

pub fn running() -> (Place, journal::lock::Lock) {
    let mut place = Place::new();
    let lock = place.orchestrator();
    for n in 0..10 {
        place.cycle(614 - 60 * n, Good);
    }
    place.files(74, "thesports");
    (place, lock)
}

/// A backoff for four minutes; its end as it is shown.
pub fn backoff(place: &Place, why: &str) -> String {
    let until = Utc::now() + TimeDelta::minutes(4);
    let text = format!("until {}\nwhy {why}\n", until.to_rfc3339());
    fs::write(place.data("state/backoff"), text).unwrap();
    let local = until.with_timezone(&chrono::Local);
    local.format("%H:%M:%S").to_string()
}
