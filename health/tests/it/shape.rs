//! The report as a thing to read, by people and by programs.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use journal::CycleOutcome::{Failed, Ok as Good};
use serde_json::Value;

use crate::place::Place;

fn busy() -> Place {
    let mut place = Place::new();
    for n in 0..3 {
        place.cycle(300 - 60 * n, Good);
    }
    place.cycle(20, Failed);
    place.files(14, "sandbox");
    place
}

#[test]
fn everything_of_the_first_systems_report_is_there_in_its_order() {
    let mut place = busy();
    let _lock = place.orchestrator();
    let text = place.health(&["report"]).stdout;
    let mut rest = text.as_str();
    for word in [
        "Football Bot Health Report",
        "Generated:",
        "Service Status",
        "Started:",
        "Restarts:           0",
        "Pipeline Performance",
        "Total Cycles:       4",
        "Successful:         3",
        "Failed:             1",
        "Success Rate:       75.0%",
        "Matches Processed:  333",
        "Last Activity:",
        "Data Files Status",
        "step1.json",
        "step2/step2.json",
        "step3/step3.json",
        "step4/step4.json",
        "step5/step5.json",
        "step6_matches.log",
        "System Resources",
        "CPU Usage:",
        "Memory Usage:",
        "Disk Usage:",
        "next: ",
    ] {
        let (_, behind) = rest
            .split_once(word)
            .unwrap_or_else(|| panic!("no `{word}`, or not there, in\n{text}"));
        rest = behind;
    }
}

#[test]
fn it_fits_eighty_columns_and_has_no_colour_in_a_pipe() {
    let mut place = busy();
    let _lock = place.orchestrator();
    place.cycle(5, Failed);
    for args in [
        &["report"][..],
        &["check"],
        &["--help"],
        &["report", "--help"],
    ] {
        let text = place.health(args).stdout;
        assert!(!text.contains('\x1b'));
        // The last line is a command, which may not be broken.
        let lines = text.lines().filter(|line| !line.starts_with("next: "));
        for line in lines {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
    let colored = place.health(&["report", "--color", "always"]).stdout;
    assert!(
        colored.starts_with("\x1b[33mWARNING\x1b[0m  football-bot: "),
        "{colored}"
    );
}

#[test]
fn every_mark_is_also_a_word() {
    let place = busy();
    fs::remove_file(place.data("step3/step3.json")).unwrap();
    let text = place.health(&["report"]).stdout;
    assert!(
        text.contains("✓ fresh    step1.json                "),
        "{text}"
    );
    assert!(text.contains("✗ missing  step3/step3.json\n"), "{text}");
    place.files(200, "sandbox");
    assert!(
        place
            .health(&["report"])
            .stdout
            .contains("! late     step1.json")
    );
    place.files(700, "sandbox");
    assert!(
        place
            .health(&["report"])
            .stdout
            .contains("✗ stale    step1.json")
    );
}

#[test]
fn the_same_facts_are_there_for_programs() {
    let mut place = busy();
    let _lock = place.orchestrator();
    let said = place.health(&["report", "--json"]);
    let json: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(json["status"], "warn");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["exit"], said.code);
    assert_eq!(json["output"], "the last cycle failed at step1");
    assert_eq!(json["notes"][0], "the data is SIMULATED");
    let observed = |key: &str| json["checks"][key][0]["observedValue"].clone();
    assert_eq!(observed("cycles:total"), 4);
    assert_eq!(observed("cycles:successRate"), 0.75);
    assert_eq!(observed("cycles:matches"), 333);
    assert_eq!(observed("orchestrator:presence"), "running");
    let file = &json["checks"]["file:step5/step5.json"][0];
    assert_eq!(file["freshness"], "fresh");
    assert!(file["observedValue"].as_f64().unwrap() >= 14.0);
    assert!(observed("memory:utilization").is_number());
    let check: Value = serde_json::from_str(&place.health(&["check", "--json"]).stdout).unwrap();
    assert_eq!(check["problems"][0]["level"], "WARNING");
}

#[test]
fn a_reader_that_has_enough_is_no_fault() {
    let place = busy();
    let expected = place.health(&["report"]).code;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = place
        .command(&["report"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(expected));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn looking_changes_nothing() {
    let mut place = busy();
    drop(place.orchestrator());
    place.close();
    let state = place.data("state");
    let before = listing(&state);
    let lock = fs::read(place.data("state/orchestrator.lock")).unwrap();
    for _ in 0..3 {
        place.health(&["report"]);
    }
    assert_eq!(listing(&state), before);
    assert_eq!(
        fs::read(place.data("state/orchestrator.lock")).unwrap(),
        lock
    );
}

/// The report with what differs from run to run (times, process, host, folder) replaced by words.
fn timeless(text: &str) -> String {
    let fixed = [
        ("  Generated:", "(time)"),
        ("  Started:", "(time)"),
        ("  Process:", "(memory and threads)"),
        ("  Now:", "(waiting)"),
        ("  Data Holds:", "(bytes)"),
        ("  CPU Usage:", "(load)"),
        ("  Memory Usage:", "(share)"),
        ("  Disk Usage:", "(share)"),
    ];
    let mut result = String::new();
    let seconds = regex::Regex::new(r"\b\d+ s\b").unwrap();
    for line in text.lines() {
        let line = &*seconds.replace_all(line, "N s");
        let known = fixed.iter().find(|(label, _)| line.starts_with(label));
        let line = match known {
            Some((label, word)) => format!("{label:<21} {word}"),
            None if line.starts_with("✓ Orchestrator is RUNNING") => {
                "✓ Orchestrator is RUNNING (process N, not by systemd)".to_owned()
            }
            None => match line.strip_prefix("  Last Activity:      ") {
                Some(rest) => format!("  Last Activity:      (time){}", &rest[19..]),
                None => line.to_owned(),
            },
        };
        result.push_str(&line);
        result.push('\n');
    }
    result
}

#[test]
fn the_whole_report_is_as_it_was_agreed() {
    let mut place = busy();
    let _lock = place.orchestrator();
    fs::remove_file(place.data("step3/step3.json")).unwrap();
    fs::write(
        place.data("c.toml"),
        "[alerts.rule.CpuHigh]\nenabled = false\n[alerts.rule.MemoryHigh]\nenabled = false\n[alerts.rule.DiskHigh]\nenabled = false\n\
         [alerts.rule.DiskLow]\nenabled = false\n",
    )
    .unwrap();
    let text = place.health(&["report", "--config", "data/c.toml"]).stdout;
    let text = timeless(&text);
    let golden = include_str!("report.txt");
    assert!(text == golden, "the report is now:\n{text}");
    assert!(golden.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn every_alert_has_its_place_in_the_runbook() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ALERTS.md");
    let text = fs::read_to_string(path).unwrap();
    for rule in &health::alerts::rules::ALL {
        let heading = format!("\n## {}\n", rule.name);
        assert!(
            text.contains(&heading),
            "docs/ALERTS.md says nothing of {}",
            rule.name
        );
    }
}
