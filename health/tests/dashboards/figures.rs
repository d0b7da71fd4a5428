//! `/metrics`: well-formed, bounded, and everything that the shipped rules and dashboard name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use journal::{Cost, CycleOutcome, Fetch};

use crate::pages::well;
use crate::server::Server;

const PREFIX: &str = "football_bot_";

fn page() -> String {
    let (mut place, _lock) = well();
    let logs = place.data("logs");
    fs::create_dir_all(&logs).unwrap();
    let log = logs.join("continuous_orchestrator_20261124.log");
    let old = "2026-11-24T06:00:00Z ERROR step1: of a time before\n";
    fs::write(&log, old).unwrap();
    let server = Server::of(&place, &[]);
    server.get("/metrics");
    let new = "2026-11-24T06:00:01Z WARN  step1: slow\n2026-11-24T06:00:02Z INFO  step1: well\n\
               2026-11-24T06:00:03Z ERROR HJK: no step\n";
    fs::write(&log, format!("{old}{new}")).unwrap();
    // What ends while it runs is counted; what was before is not.
    place.cycle(0, CycleOutcome::Ok);
    place.cycle(0, CycleOutcome::Failed);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    server.get("/metrics").body
}

/// The families with their kinds, and the samples; panics where the text is not the format.
fn parsed(text: &str) -> (BTreeMap<String, String>, Vec<(String, f64)>) {
    let mut kinds = BTreeMap::new();
    let mut helped = BTreeSet::new();
    let mut samples = Vec::new();
    let mut seen = BTreeSet::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(help.ends_with('.'), "{line}");
            assert!(helped.insert(name.to_owned()), "{name} twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(helped.contains(name), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            kinds.insert(name.to_owned(), kind.to_owned());
            current = name.to_owned();
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            assert!(
                name == current || base == Some(current.as_str()),
                "{line} behind {current}"
            );
            let value: f64 = value.replace("+Inf", "inf").parse().unwrap();
            assert!(!value.is_nan(), "{line}");
            assert!(seen.insert(series.to_owned()), "{series} twice");
            samples.push((series.to_owned(), value));
        }
    }
    let ours = |name: &String| name.starts_with(PREFIX) || name.starts_with("process_");
    assert!(kinds.keys().all(ours));
    (kinds, samples)
}

#[test]
fn the_figures_are_well_formed_bounded_and_right() {
    let text = page();
    let (kinds, samples) = parsed(&text);
    assert!(kinds.len() >= 55, "{}", kinds.len());
    let value = |series: &str| {
        let found = samples
            .iter()
            .find(|(name, _)| name == &format!("{PREFIX}{series}"));
        found.unwrap_or_else(|| panic!("no {series}: {text}")).1
    };
    assert_eq!(value("orchestrator_up"), 1.0);
    assert_eq!(value("cycles_total{result=\"ok\"}"), 4.0);
    assert_eq!(value("cycles_total{result=\"failed\"}"), 1.0);
    assert_eq!(value("step_runs_total{step=\"step1\",result=\"ok\"}"), 1.0);
    assert_eq!(
        value("step_runs_total{step=\"step1\",result=\"error\"}"),
        1.0
    );
    assert_eq!(value("step_duration_seconds_count{step=\"step1\"}"), 1.0);
    // Its two seconds are above 0.5 and not above 2.5.
    assert_eq!(
        value("step_duration_seconds_bucket{step=\"step1\",le=\"0.5\"}"),
        0.0
    );
    assert_eq!(
        value("step_duration_seconds_bucket{step=\"step1\",le=\"2.5\"}"),
        1.0
    );
    assert_eq!(value("matches{status=\"live\"}"), 2.0);
    assert_eq!(value("step_consecutive_failures{step=\"step1\"}"), 1.0);
    let ended = value("step_last_run_timestamp_seconds{step=\"step1\"}");
    assert!(ended >= value("step_last_success_timestamp_seconds{step=\"step1\"}"));
    assert!(
        !text.contains("step_records_total{"),
        "step 1 counts no matches"
    );
    let said = |who: &str, level: &str| {
        value(&format!(
            "log_messages_total{{step=\"{who}\",level=\"{level}\"}}"
        ))
    };
    assert_eq!((said("step1", "error"), said("step1", "warn")), (0.0, 1.0));
    assert_eq!((said("step6", "error"), said("other", "error")), (0.0, 1.0));
    assert_eq!(value("orchestrator_paused"), 0.0);
    let scores = value("data_age_seconds{kind=\"live_score\"}");
    assert!(value("odds_age_seconds") >= scores);
    assert!(value("orchestrator_resident_memory_bytes") > 1e6);
    let own = |name: &str| samples.iter().find(|(series, _)| series == name).unwrap().1;
    assert!(own("process_resident_memory_bytes") > 1e6);
    let now = chrono::Utc::now().timestamp() as f64;
    assert!((now - own("process_start_time_seconds")).abs() < 120.0);
    let loaded = value("config_last_reload_success_timestamp_seconds");
    assert!((now - loaded).abs() < 120.0, "{loaded}");
    assert!(text.contains("rustc=\"1."), "{text}");
    assert_eq!(value("ready"), 1.0);
    assert!(value("storage_bytes{area=\"state\"}") > value("storage_bytes{area=\"logs\"}"));
    assert!(
        !text.contains("HJK") && !text.contains("Suomen"),
        "a team or league is a label"
    );
}

#[test]
fn six_steps_and_all_endpoints_stay_below_270_series() {
    let (mut place, _lock) = well();
    place.failure_at(6, 3, 70, "a bug");
    let server = Server::of(&place, &[]);
    server.get("/metrics");
    let paths = [
        "match/detail_live",
        "match/recent/list",
        "odds/history",
        "odds/live",
        "odds/update",
        "team/additional/list",
        "competition/additional/list",
        "country/list",
    ];
    let by = |paths: &[&str]| paths.iter().map(|path| ((*path).to_owned(), 1)).collect();
    let cost = Cost {
        bytes: 1000,
        ms: 200,
        within: [("250".to_owned(), 1)].into(),
    };
    let cost = paths.map(|path| (path.to_owned(), cost.clone()));
    place.fetched(
        0,
        &Fetch {
            requests: 7,
            by_endpoint: by(&paths),
            answers: [
                ("odds/live", "200"),
                ("odds/history", "a word"),
                ("country/list", "5xx"),
            ]
            .map(|(path, code)| (path.to_owned(), [(code.to_owned(), 1)].into()))
            .into(),
            cost: cost.into(),
            bytes: 8000,
            live_odds_age_s: Some(30),
            schedule_age_s: Some(7),
            budget_left: by(&paths[1..5]),
            ..Fetch::default()
        },
    );
    place.failure_at(6, 0, 70, "a bug");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let (_, samples) = parsed(&server.get("/metrics").body);
    let has = |start: &str| {
        let start = format!("{PREFIX}{start}");
        samples.iter().any(|(name, _)| name.starts_with(&start))
    };
    assert!(has("step_records_total{step=\"step6\",direction=\"in\"}"));
    // What takes hundredths of a second has bounds in hundredths.
    assert!(has(
        "step_duration_seconds_bucket{step=\"step1\",le=\"10\"}"
    ));
    assert!(has(
        "step_duration_seconds_bucket{step=\"step2\",le=\"0.025\"}"
    ));
    for (endpoint, code) in [
        ("odds/live", "200"),
        ("odds/history", "other"),
        ("country/list", "5xx"),
        ("match/detail_live", "unknown"),
    ] {
        let series = format!("api_requests_total{{endpoint=\"{endpoint}\",code=\"{code}\"}}");
        assert!(has(&series), "{series}");
    }
    let value = |series: &str| {
        let name = format!("{PREFIX}{series}");
        let found = samples.iter().find(|(series, _)| *series == name);
        found.unwrap_or_else(|| panic!("no {series}")).1
    };
    for (bound, n) in [("0.1", 0.0), ("0.25", 1.0), ("+Inf", 1.0)] {
        let labels = format!("{{endpoint=\"odds/history\",le=\"{bound}\"}}");
        let series = format!("api_request_duration_seconds_bucket{labels}");
        assert_eq!(value(&series), n, "{series}");
    }
    let odds = "{endpoint=\"odds/history\"}";
    assert_eq!(
        value(&format!("api_request_duration_seconds_sum{odds}")),
        0.2
    );
    assert_eq!(value(&format!("api_response_bytes_total{odds}")), 1000.0);
    assert!(!has("api_response_bytes_total{endpoint=\"unknown\"}"));
    let age = |kind: &str| value(&format!("data_age_seconds{{kind=\"{kind}\"}}"));
    let (scores, odds, schedule) = (age("live_score"), age("live_odds"), age("schedule"));
    assert_eq!((odds, schedule), (scores + 30.0, scores + 7.0));
    assert!(samples.len() < 270, "{} series", samples.len());
}

/// Every name with our prefix in `text`, without what a histogram appends.
fn named(text: &str, kinds: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in text.split(PREFIX).skip(1) {
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let name = format!("{PREFIX}{}", &rest[..end]);
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        names.insert(match base {
            Some(base) if kinds.get(base).is_some_and(|kind| kind == "histogram") => {
                base.to_owned()
            }
            _ => name,
        });
    }
    names
}

#[test]
fn every_figure_that_the_shipped_rules_and_dashboard_name_is_there() {
    let (kinds, _) = parsed(&page());
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging");
    for file in [
        "prometheus/alerts.yml",
        "prometheus/alerts_test.yml",
        "grafana/football-bot.json",
    ] {
        let text = fs::read_to_string(packaging.join(file)).unwrap();
        let names = named(&text, &kinds);
        assert!(names.len() >= 5, "{file} names {names:?}");
        for name in names {
            assert!(
                kinds.contains_key(&name),
                "{file} names {name}, which /metrics has not"
            );
        }
    }
    let dashboard = fs::read_to_string(packaging.join("grafana/football-bot.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() >= 12);
}

#[test]
fn the_page_about_the_figures_names_each_of_them_and_no_other() {
    let (kinds, _) = parsed(&page());
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/METRICS.md");
    let text = fs::read_to_string(docs).unwrap();
    let (table, _) = text.split_once("\n## ").unwrap();
    // The first column of the table: names between backquotes.
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: BTreeSet<String> = rows
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|column| column.split(", "))
        .map(|name| format!("{PREFIX}{}", name.trim_matches('`')))
        .collect();
    let ours = kinds.keys().filter(|name| name.starts_with(PREFIX));
    assert_eq!(named, ours.cloned().collect());
}

#[test]
fn promtool_has_no_complaint() {
    if Command::new("promtool")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_err()
    {
        eprintln!("skipped: promtool is not installed (Debian package `prometheus`)");
        return;
    }
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/prometheus");
    for args in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
    ] {
        let done = Command::new("promtool")
            .args(args)
            .current_dir(&packaging)
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
    }
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(page().as_bytes())
        .unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(
        done.status.success() && done.stdout.is_empty() && done.stderr.is_empty(),
        "{done:?}"
    );
}
