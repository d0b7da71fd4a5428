//! What people read when they want to know more: a cycle or the present explained, a match traced, logs.

use std::fs;
use std::time::Duration;

use chrono::TimeDelta;
use journal::writer::CycleEnd;
use journal::{Areas, CycleOutcome};
use serde_json::Value;

use crate::expected::running;

#[test]
fn a_cycle_and_the_present_are_explained_in_words() {
    let (mut place, _lock) = running();
    place.failure(14, 77, "exit 77, provider refused: address not admitted");
    let said = place.health(&["explain"]);
    assert_eq!(said.code, 0);
    for words in [
        "Cycle c11 failed at step1 after 2.0 s.",
        "why:      exit 77, provider refused: address not admitted",
        "means:    the provider refuses us; trying again won't help",
        "step1    FAILED, exit 77 (provider refused the credentials",
        "Now: nothing runs between two cycles; the next one starts at",
    ] {
        assert!(
            said.stdout.contains(words),
            "no `{words}` in\n{}",
            said.stdout
        );
    }
    let good = place.health(&["explain", "c10"]);
    assert!(
        good.stdout.starts_with("Cycle c10 was good after 2.0 s.\n"),
        "{}",
        good.stdout
    );
    assert_eq!(place.health(&["explain", "nonsense"]).code, 3);
}

#[test]
fn one_match_is_traced_through_the_files() {
    let (place, _lock) = running();
    let head = |n: u8| {
        format!(
            r#""schema":"football-bot/step{n}/1","cycle":"c1","generated_at":"2026-01-01T00:00:10Z","fetched_at":"2026-01-01T00:00:10Z","provider":"thesports""#
        )
    };
    fs::write(
        place.data("step1.json"),
        format!(
            r#"{{{},"fetched":{{"match_details":{{"m1":1767225600}}}},"live_matches":{{"code":0,"results":[{{"id":"m0"}},{{"id":"m1","score":["m1",4,[2,0],[1,0],0]}}]}},"match_details":{{"m1":{{"code":0,"results":[{{"id":"m1","status_id":2,"home_scores":[1,0]}}]}}}},"match_odds":{{}}}}"#,
            head(1)
        ),
    )
    .unwrap();
    let record = r#"{"m1":{"match_id":"m1","home_team":"Norrby","away_team":"Söderby","status_id":4,"status":"Second half","home_scores":[2,0],"score":"2 - 1"}}"#;
    for n in 2..=5 {
        let path = place.data(&format!("step{n}/step{n}.json"));
        fs::write(
            path,
            format!(r#"{{{},"total_matches":1,"matches":{record}}}"#, head(n)),
        )
        .unwrap();
    }
    for wanted in ["m1", "söder"] {
        let said = place.health(&["trace", wanted]);
        assert_eq!(said.code, 0, "{}", said.stderr);
        assert!(
            said.stdout.starts_with("m1  Norrby - Söderby\n"),
            "{}",
            said.stdout
        );
        assert!(
            said.stdout.contains("details  10 s before the live list"),
            "{}",
            said.stdout
        );
        let status = "Status\n  step1 live list  4\n  step1 details    2\n  step2            4\n  step4            Second half\n  step5            Second half\n  from:            the live list, which wins over the details\n";
        assert!(said.stdout.contains(status), "{}", said.stdout);
    }
    let none = place.health(&["trace", "nobody"]);
    assert_eq!((none.code, none.stdout.as_str()), (3, ""));
}

#[test]
fn logs_are_found_by_level_step_cycle_and_words() {
    let (place, _lock) = running();
    let folder = place.data("logs");
    fs::create_dir_all(&folder).unwrap();
    let at = |ago: i64| (chrono::Local::now() - TimeDelta::seconds(ago)).to_rfc3339();
    let old = format!("{} ERROR step1: old trouble 1\n", at(90_000));
    fs::write(folder.join("continuous_orchestrator_20260101.log"), old).unwrap();
    let new = [
        format!("{} INFO  orchestrator: begins", at(400)),
        format!("{} WARN  step1: odds: HTTP 502 (3×)", at(300)),
        format!("{} WARN  step1: odds: HTTP 503 (1×)", at(200)),
        // Cycle c10 ran from 76 to 74 seconds ago.
        format!("{} ERROR step2: no input", at(75)),
        format!("{} INFO  orchestrator: cycle c10 good", at(20)),
    ];
    fs::write(
        folder.join("continuous_orchestrator_20260102.log"),
        new.join("\n") + "\n",
    )
    .unwrap();
    let words = |args: &[&str]| -> Vec<String> {
        let said = place.health(&[&["logs"], args].concat());
        assert_eq!(said.code, 0, "{}", said.stderr);
        said.stdout
            .lines()
            .map(|line| line.split_once(": ").unwrap().1.to_owned())
            .collect()
    };
    assert_eq!(words(&["-n", "2"]), ["no input", "cycle c10 good"]);
    assert_eq!(words(&["--level", "error"]), ["old trouble 1", "no input"]);
    assert_eq!(words(&["--level", "error", "--since", "1h"]), ["no input"]);
    assert_eq!(
        words(&["--step", "1", "--grep", "HTTP 50[23]"]),
        ["odds: HTTP 502 (3×)", "odds: HTTP 503 (1×)"]
    );
    assert_eq!(words(&["--cycle", "c10"]), ["no input"]);
    let json = place.health(&["logs", "--json", "-n", "1"]).stdout;
    let line: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&line["level"], &line["who"]),
        (&"info".into(), &"orchestrator".into())
    );
    let summary = place.health(&["logs", "--summary", "--since", "1h"]).stdout;
    assert!(
        summary.starts_with("3 lines of 2 kinds since "),
        "{summary}"
    );
    assert!(summary.contains("     2 × WARN  step1 "), "{summary}");
    assert_eq!(place.health(&["logs", "--grep", "["]).code, 3);
    assert_eq!(crate::place::Place::new().health(&["logs"]).code, 3);
}

#[test]
fn what_people_read_fits_eighty_columns() {
    let (mut place, _lock) = running();
    let long = "failed to fetch the live list: no connection (error sending request: client error)";
    let why = format!("exit 69, provider unreachable or failing: {long}");
    for n in 0..6 {
        place.failure_at(1 + n % 2, 300 - 10 * i64::from(n), 69, &why);
    }
    let rules: Vec<_> = health::alerts::rules::ALL
        .iter()
        .map(|rule| rule.name)
        .collect();
    let mut all = vec![
        vec!["explain"],
        vec!["explain", "c1"],
        vec!["alerts"],
        vec!["check"],
    ];
    all.extend(rules.iter().map(|name| vec!["alerts", "explain", name]));
    for args in all {
        let said = place.health(&args);
        assert!(!said.stdout.is_empty(), "{}", said.stderr);
        for line in said.stdout.lines() {
            // Commands may not be broken.
            let command = ["next: ", "  its log: ", "  do: "];
            let command = command.iter().any(|start| line.starts_with(start));
            assert!(command || line.chars().count() <= 80, "{args:?}: {line}");
        }
    }
}

#[test]
fn the_report_says_which_part_of_the_data_grows() {
    let (mut place, _lock) = running();
    let now = chrono::Utc::now();
    let journal = place.journal();
    let begun = now - TimeDelta::hours(50);
    for n in 0..600u64 {
        let at = begun + TimeDelta::minutes(5 * n as i64);
        let key = journal.begin_cycle(&format!("g{n}"), at, None).unwrap();
        let end = CycleEnd {
            at,
            outcome: CycleOutcome::Ok,
            failed_step: None,
            matches: Some(111),
            wall: Duration::from_secs(2),
            message: None,
            overrun: None,
            fetched_at: Some(at),
            with_odds: Some(100),
            fetch: None,
            data_bytes: Some(20_000_000 + 10_000 * n),
            disk_free: None,
        };
        journal.end_cycle(key, &end).unwrap();
        let areas = Areas {
            outputs: 7_000_000 + n % 7,
            logs: 2_000_000 - n % 50,
            state: 5_000_000 + 10_000 * n,
            rest: 6_000_000,
        };
        journal.areas(at, &areas).unwrap();
    }
    // Recorded while the clock was ahead: no news of the last week.
    let ahead = chrono::Utc::now() + TimeDelta::days(3 * 365);
    place.journal().areas(ahead, &Areas::default()).unwrap();
    let said = place.health(&["report"]);
    let line = said.stdout.lines().find(|line| line.contains("Growth:"));
    // 10 kB in five minutes.
    let words = "+2.9 MB a day (fastest: state, +2.9 MB)";
    assert!(line.unwrap().ends_with(words), "{}", said.stdout);
    let said = place.health(&["report", "--json"]);
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    let by = &document["checks"]["storage:fullEta"][0]["growthPerDayByArea"];
    let state = by["state"].as_f64().unwrap();
    assert!((state - 2_880_000.0).abs() < 100_000.0, "{by}");
    assert_eq!(by["rest"], 0.0, "{by}");
}
