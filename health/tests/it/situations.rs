//! Each situation that a person may find, prepared on the disk: the exact first line, exit code and
//! the name that programs get.

use std::fs;

use chrono::{TimeDelta, Utc};
use journal::CycleOutcome::{Failed, Ok as Good};
use journal::EventKind;
use serde_json::Value;

use crate::place::Place;

fn expect(place: &Place, line: &str, code: i32, situation: &str) {
    let report = place.health(&["report"]);
    assert_eq!(
        (report.first_line(), report.code),
        (line, code),
        "{}",
        report.stdout
    );
    assert!(
        report
            .stdout
            .lines()
            .all(|line| line.starts_with("next: ") || line.chars().count() <= 80),
        "{}",
        report.stdout
    );
    let said = place.health(&["report", "--json"]);
    let json: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(
        (json["exit"].as_i64(), said.code),
        (Some(code.into()), code)
    );
    let status = ["pass", "warn", "fail", "fail"][code as usize];
    assert_eq!(json["status"], status);
    let found = json["problems"]
        .as_array()
        .unwrap()
        .first()
        .map(|p| p["situation"].clone());
    assert_eq!(found.unwrap_or("none".into()), situation);
    let nagios = place.health(&["report", "--format", "nagios"]);
    assert_eq!(nagios.code, code);
    let word = line.split("  ").next().unwrap();
    assert!(nagios.stdout.starts_with(&format!("{word} - ")) && nagios.stdout.lines().count() == 1);
    assert!(nagios.stdout.contains(" | "), "{}", nagios.stdout);
}

fn running() -> (Place, journal::lock::Lock) {
    let mut place = Place::new();
    let lock = place.orchestrator();
    for n in 0..10 {
        place.cycle(614 - 60 * n, Good);
    }
    place.files(74, "thesports");
    (place, lock)
}

#[test]
fn all_is_well() {
    let (place, _lock) = running();
    expect(
        &place,
        "OK  football-bot: 10 of 10 cycles good, last one 74 s ago",
        0,
        "none",
    );
}

#[test]
fn one_run_failed_and_data_is_still_fresh() {
    let (mut place, _lock) = running();
    place.cycle(14, Failed);
    expect(
        &place,
        "WARNING  football-bot: the last cycle failed at step1",
        1,
        "upstream_errors",
    );
}

#[test]
fn the_provider_refuses_us() {
    let (mut place, _lock) = running();
    place.failure(14, 77, "exit 77, provider refused: address not admitted");
    expect(
        &place,
        "CRITICAL  football-bot: the provider refuses us, at step1",
        2,
        "upstream_auth",
    );
    let report = place.health(&["report"]).stdout;
    assert!(
        report.contains("✗ CRITICAL UpstreamAuth for 0 s"),
        "told at once, without a wait: {report}"
    );
}

#[test]
fn a_person_paused_it() {
    let (place, _lock) = running();
    let until = Utc::now() + TimeDelta::minutes(30);
    let since = Utc::now() - TimeDelta::milliseconds(600_500);
    fs::write(
        place.data("state/pause"),
        format!(
            "since {}\nuntil {}\n",
            since.to_rfc3339(),
            until.to_rfc3339()
        ),
    )
    .unwrap();
    let local = until.with_timezone(&chrono::Local).format("%H:%M:%S");
    expect(
        &place,
        &format!("WARNING  football-bot: paused until {local}"),
        1,
        "paused",
    );
    let report = place.health(&["report"]);
    assert!(
        report
            .stdout
            .contains("why:  a person paused the pipeline 10 min ago"),
        "{}",
        report.stdout
    );
    assert_eq!(report.last_line(), "next: orchestrator resume");
    // Old data is no surprise then.
    place.files(3000, "thesports");
    assert_eq!(place.health(&["report"]).code, 1);
}

#[test]
fn it_waits_after_failures() {
    let (mut place, _lock) = running();
    for n in 0..5 {
        place.cycle(50 - n, Failed);
    }
    let until = Utc::now() + TimeDelta::minutes(4);
    fs::write(
        place.data("state/backoff"),
        format!("until {}\nwhy 5 failures in a row\n", until.to_rfc3339()),
    )
    .unwrap();
    let line = "CRITICAL  football-bot: 5 failures in a row, the last at step1";
    expect(&place, line, 2, "upstream_errors");
    let local = until.with_timezone(&chrono::Local).format("%H:%M:%S");
    let report = place.health(&["report"]).stdout;
    let also = format!("also: WARNING, waiting after failures, next cycle at {local}");
    assert!(report.contains(&also), "{report}");
}

#[test]
fn it_died_and_it_was_stopped() {
    let (mut place, lock) = running();
    drop(lock);
    let line = "CRITICAL  football-bot: the orchestrator is not running, last cycle 74 s ago";
    expect(&place, line, 2, "orchestrator_dead");
    place.event(EventKind::Stop, "stopped by SIGTERM");
    let line = "WARNING  football-bot: the orchestrator is not running, last cycle 74 s ago";
    expect(&place, line, 1, "orchestrator_stopped");
}

#[test]
fn no_match_is_being_played_and_that_is_no_alarm() {
    let (place, _lock) = running();
    let kickoff = Utc::now() + TimeDelta::milliseconds(22 * 60_000 + 500);
    let text = format!(
        r#"{{"schema":"football-bot/step5/1","cycle":"c10","generated_at":"{now}","fetched_at":"{now}","provider":"thesports","fresh":true,"data_age_s":1,"total_matches":1,"statistics":{{"by_phase":{{"upcoming":1}}}},"matches":{{"m":{{"phase":"upcoming","kickoff":"{kickoff}"}}}}}}"#,
        now = Utc::now().to_rfc3339(),
        kickoff = kickoff.to_rfc3339(),
    );
    fs::write(place.data("step5/step5.json"), text).unwrap();
    let report = place.health(&["report"]);
    assert_eq!(report.code, 0);
    let local = kickoff.with_timezone(&chrono::Local).format("%H:%M:%S");
    let line = format!("1, 0 live (next {local} in 22 min)");
    assert!(report.stdout.contains(&line), "{}", report.stdout);
}

#[test]
fn the_clock_was_set_back() {
    let (mut place, _lock) = running();
    place.cycle(-3700, Good);
    place.files(10, "thesports");
    expect(
        &place,
        "WARNING  football-bot: the clock was set back by 61 min or more",
        1,
        "clock_jumped",
    );
}

#[test]
fn a_sink_fails() {
    let (place, _lock) = running();
    fs::create_dir_all(place.data("state/sinks")).unwrap();
    let since = (Utc::now() - TimeDelta::milliseconds(1_200_500)).to_rfc3339();
    let status =
        format!(r#"{{"name":"w","queued":3,"failing_since":"{since}","error":"HTTP 401"}}"#);
    fs::write(place.data("state/sinks/w.json"), status).unwrap();
    fs::write(
        place.data("c.toml"),
        "[[sink]]\nname = \"w\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n",
    )
    .unwrap();
    let said = place.health(&["check", "--config", "data/c.toml"]);
    assert_eq!(
        said.first_line(),
        "WARNING  football-bot: the sink w fails for 20 min"
    );
    assert!(
        said.stdout.contains("why:  HTTP 401; 3 messages wait"),
        "{}",
        said.stdout
    );
    assert_eq!(said.code, 1);
}

#[test]
fn sinks_are_configured_and_nobody_tells_them() {
    let (place, _lock) = running();
    let path = place.data("state/orchestrator.lock");
    let text = fs::read_to_string(&path).unwrap();
    let since = text.lines().nth(1).unwrap();
    fs::write(&path, text.replace(since, "since 2026-01-01T00:00:00Z")).unwrap();
    let sink = "[[sink]]\nname = \"w\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";
    fs::write(place.data("c.toml"), sink).unwrap();
    let said = place.health(&["check", "--config", "data/c.toml"]);
    let line = "WARNING  football-bot: alerts reach nobody: health watch does not run";
    assert_eq!((said.first_line(), said.code), (line, 1));
}

#[test]
fn what_is_remembered_of_alerts_is_corrupt() {
    let (place, _lock) = running();
    fs::write(place.data("state/alerts.json"), "{\"version\":9}").unwrap();
    let line = "WARNING  football-bot: what is remembered of alerts can't be used";
    expect(&place, line, 1, "alerts_unreadable");
}

#[test]
fn no_state_and_a_corrupt_record_are_unknown() {
    let place = Place::new();
    expect(
        &place,
        "UNKNOWN  football-bot: no orchestrator has run here yet",
        3,
        "never_ran",
    );
    let (mut place, _lock) = running();
    place.close();
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(place.data(&format!("state/journal.sqlite{suffix}")));
    }
    fs::write(place.data("state/journal.sqlite"), vec![b'x'; 9000]).unwrap();
    let line = "UNKNOWN  football-bot: the record of cycles can't be read";
    expect(&place, line, 3, "state_unreadable");
}

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
    assert_eq!(Place::new().health(&["logs"]).code, 3);
}
