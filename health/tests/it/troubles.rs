//! Situations as in [`crate::situations`]: those of cycles, the provider, the machine and the sinks.

use std::fs;

use chrono::{TimeDelta, Utc};
use health::facts::{Depth, Facts};
use health::verdict::Verdict;
use health::{json, report};
use journal::CycleOutcome::{Failed, Ok as Good};
use journal::{EventKind, Fetch};
use pipeline::Config;
use pipeline::cli::Common;
use serde_json::Value;

use crate::expected::{backoff, check_json, expect, expect_with, running};
use crate::place::Place;

#[test]
fn one_run_failed_and_data_is_still_fresh() {
    let (mut place, _lock) = running();
    place.failure_at(3, 14, 65, "exit 65, input unusable: corrupt");
    let line = "WARNING  football-bot: the last cycle failed at step3";
    expect(
        &place,
        line,
        1,
        "cycle_failed",
        "why: exit 65, input unusable: corrupt",
    );
    let report = place.health(&["report"]).stdout;
    assert!(report.contains("✓ fresh    step5/step5.json"), "{report}");
    place.failure_at(3, 4, 65, "exit 65, input unusable: corrupt");
    let line = "WARNING  football-bot: the last 2 cycles failed, the last at step3";
    expect(
        &place,
        line,
        1,
        "cycles_fail",
        "why: exit 65, input unusable: corrupt",
    );
}

#[test]
fn a_step_is_stale_and_those_behind_it_wait() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.settled();
    place.cycle(1500, Good);
    for n in 0..12 {
        place.failure_at(3, 740 - 60 * n, 74, "exit 74, cannot write the output");
    }
    place.files(1500, "thesports");
    let line = "CRITICAL  football-bot: 12 failures in a row, the last at step3";
    expect(
        &place,
        line,
        2,
        "cycles_fail",
        "why: exit 74, cannot write the output",
    );
    let report = place.health(&["report"]).stdout;
    for words in [
        "also: CRITICAL, the data is 25 min old",
        "✗ stale    step5/step5.json",
        "✗ CRITICAL DataStale for ",
        "! pending  FailedCycles: waits on DataStale, its cause",
    ] {
        assert!(report.contains(words), "no `{words}` in\n{report}");
    }
}

#[test]
fn the_data_is_old_although_all_runs() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.settled();
    place.cycle(725, Good);
    place.files(725, "thesports");
    let line = "CRITICAL  football-bot: the data is 12 min old";
    expect(
        &place,
        line,
        2,
        "data_stale",
        "why: the last good cycle was 12 min ago",
    );
}

#[test]
fn most_of_the_cycles_of_a_day_failed() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    for n in 0..6 {
        place.cycle(5000 - n, Failed);
    }
    place.cycle(14, Good);
    place.files(14, "thesports");
    let line = "CRITICAL  football-bot: only 1 of 7 cycles good in 24 h";
    expect(&place, line, 2, "low_success_rate", "Success Rate: 14.3%");
}

#[test]
fn the_provider_refuses_us() {
    let (mut place, _lock) = running();
    place.failure(14, 77, "exit 77, provider refused: address not admitted");
    let line = "CRITICAL  football-bot: the provider refuses us, at step1";
    let why = "why: exit 77, provider refused: address not admitted";
    expect(&place, line, 2, "upstream_auth", why);
    let report = place.health(&["report"]).stdout;
    let told = report.contains("✗ CRITICAL UpstreamAuth for ");
    assert!(told, "at once, without a wait: {report}");
}

#[test]
fn the_provider_wants_us_slower_and_the_next_try_is_named() {
    let (mut place, _lock) = running();
    let fetch = Fetch {
        requests: 60,
        skipped_for_budget: 7,
        completeness: 0.9,
        budget_left: [("/odds/live".to_owned(), 12)].into(),
        errors: vec!["/odds/live: HTTP 429 (3×)".to_owned()],
        ..Fetch::default()
    };
    place.fetched(40, &fetch);
    place.failure(
        14,
        75,
        "exit 75, rate budget spent: HTTP 429, again in 4 min",
    );
    let until = backoff(&place, "the provider asks for 4 min");
    let line = format!("WARNING  football-bot: waiting after failures, next cycle at {until}");
    let why = "why: the provider asks for 4 min";
    expect(&place, &line, 1, "backoff", why);
    let report = place.health(&["report"]).stdout;
    for words in [
        "also: WARNING, the last cycle failed at step1",
        "why:  exit 75, rate budget spent: HTTP 429, again in 4 min",
        "    3 × /odds/live: HTTP 429",
        "Budget:             12 left for /odds/live, 7 requests had to wait",
    ] {
        assert!(report.contains(words), "no `{words}` in\n{report}");
    }
}

#[test]
fn no_match_is_being_played_and_that_is_no_alarm() {
    let (place, _lock) = running();
    let kickoff = Utc::now() + TimeDelta::milliseconds(22 * 60_000 + 40_000);
    let text = format!(
        r#"{{"schema":"football-bot/step5/1","cycle":"c10","generated_at":"{now}","fetched_at":"{now}","provider":"thesports","fresh":true,"data_age_s":1,"total_matches":1,"statistics":{{"by_phase":{{"upcoming":1}}}},"matches":{{"m":{{"phase":"upcoming","kickoff":"{kickoff}"}}}}}}"#,
        now = Utc::now().to_rfc3339(),
        kickoff = kickoff.to_rfc3339(),
    );
    fs::write(place.data("step5/step5.json"), text).unwrap();
    let line = "OK  football-bot: 10 of 10 cycles good, last one N s ago";
    expect(&place, line, 0, "none", "Matches Now: 1, 0 live (next ");
    let report = place.health(&["report"]);
    let local = kickoff.with_timezone(&chrono::Local).format("%H:%M:%S");
    let line = format!("1, 0 live (next {local} in 22 min)");
    assert!(report.stdout.contains(&line), "{}", report.stdout);
}

#[test]
fn the_clock_was_set_back() {
    let (mut place, _lock) = running();
    place.cycle(-3700, Good);
    place.files(10, "thesports");
    let line = "WARNING  football-bot: the clock was set back by 61 min or more";
    let why = "why: records and files lie in the future; ages are shown as 0";
    expect(&place, line, 1, "clock_jumped", why);
}

#[test]
fn the_clock_was_set_forward() {
    let (mut place, _lock) = running();
    place.event(
        EventKind::ClockForward,
        "the clock was set forward by 2h 0m",
    );
    let line = "WARNING  football-bot: the clock was set forward by 2h 0m";
    let why = "why: until the next good cycle, ages count time that nobody lived through";
    expect(&place, line, 1, "clock_jumped", why);
    let explained = place.health(&["explain"]).stdout;
    assert!(
        explained.contains("also: WARNING, the clock was set forward by 2h 0m\n"),
        "{explained}"
    );

    // A good cycle makes everything new; that it was so is still said, and troubles nobody.
    place.cycle(0, Good);
    let report = place.health(&["report"]);
    assert_eq!(report.code, 0, "{}", report.stdout);
    assert!(
        report
            .stdout
            .contains("  Clock:              the clock was set forward by 2h 0m, "),
        "{}",
        report.stdout
    );
    let explained = place.health(&["explain"]).stdout;
    assert!(
        explained.contains("note: the clock was set forward by 2h 0m ("),
        "{explained}"
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
    let other = format!(r#"{{"name":"o","last_success":"{since}"}}"#);
    fs::write(place.data("state/sinks/o.json"), other).unwrap();
    let sink = |name: &str| {
        format!("[[sink]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n")
    };
    fs::write(place.data("c.toml"), sink("w") + &sink("o")).unwrap();
    let line = "WARNING  football-bot: the sink w fails for 20 min";
    let why = "why: HTTP 401; 3 messages wait; o was told instead";
    let flags = ["--config", "data/c.toml"];
    expect_with(&place, &flags, line, 1, "sink_failing", why);
}

#[test]
fn sinks_are_configured_and_nobody_tells_them() {
    let (place, _lock) = running();
    place.settled();
    let sink = "[[sink]]\nname = \"w\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n";
    fs::write(place.data("c.toml"), sink).unwrap();
    let line = "WARNING  football-bot: alerts reach nobody: health watch does not run";
    let flags = ["--config", "data/c.toml"];
    expect_with(&place, &flags, line, 1, "not_watched", "Told: nobody");
}

#[test]
fn an_alert_fires_that_no_other_line_says() {
    let (place, _lock) = running();
    let rule = "[alerts.rule.MemoryHigh]\nthreshold = 0.001\nclear = 0.001\nfor = \"0s\"\n";
    fs::write(place.data("c.toml"), rule).unwrap();
    let flags = ["--config", "data/c.toml"];
    let said = place.health(&[&["check"], &flags[..]].concat());
    assert_eq!(said.code, 1);
    let line = said.first_line().to_owned();
    assert!(
        line.starts_with("WARNING  football-bot: memory is ") && line.ends_with("% used"),
        "{line}"
    );
    let json: Value = serde_json::from_str(
        &place
            .health(&[&["report", "--json"], &flags[..]].concat())
            .stdout,
    )
    .unwrap();
    assert_eq!(json["problems"][0]["situation"], "alert_firing");
    assert_eq!(json["checks"]["alert:MemoryHigh"][0]["status"], "warn");
}

/// A disk can't be made small for a test: the facts are gathered and its figures replaced.
#[test]
fn the_disk_has_little_room() {
    let (place, _lock) = running();
    fs::create_dir_all(place.data("logs")).unwrap();
    fs::write(place.data("logs/big"), vec![0; 5_000_000]).unwrap();
    let common = Common {
        data_dir: Some(place.data("")),
        ..Common::default()
    };
    let mut facts = Facts::gather(&common, &Config::default(), Depth::Full);
    for (left, line, code) in [
        (
            900_000_000,
            "WARNING  football-bot: the disk has only 900.0 MB left",
            1,
        ),
        (
            100_000_000,
            "CRITICAL  football-bot: the disk is full (99.8%)",
            2,
        ),
    ] {
        let disk = facts.host.disk.as_mut().unwrap();
        (disk.total, disk.available) = (40_000_000_000, left);
        disk.used = disk.total - left;
        let verdict = Verdict::of(&facts);
        let text = report::text(&facts, &verdict, false);
        assert_eq!(text.lines().next().unwrap(), line);
        assert_eq!(i32::from(verdict.level().code()), code);
        let folded: Vec<_> = text.split_whitespace().collect();
        assert!(
            folded.join(" ").contains("; logs has most of it (5.0 MB)"),
            "{text}"
        );
        let next = text.lines().last().unwrap().strip_prefix("next: ").unwrap();
        assert!(next.starts_with("du -sh "), "{next}");
        let json: Value = serde_json::from_str(&json::report(&facts, &verdict)).unwrap();
        check_json(&json, line, code, "disk_low", next);
    }
}
