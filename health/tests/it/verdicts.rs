//! The verdict and its exit code for each state that matters: what a monitor would get wrong.

use std::fs;

use journal::CycleOutcome::{Failed, Ok as Good};
use journal::EventKind;

use crate::expected::timeless;
use crate::place::Place;

/// The first line and the code of the report, which those of the check must equal.
fn expect(place: &Place, line: &str, code: i32) {
    let report = place.health(&["report"]);
    let first = timeless(report.first_line());
    assert_eq!(
        (first.as_str(), report.code),
        (line, code),
        "{}",
        report.stderr
    );
    let check = place.health(&["check"]);
    let first = timeless(check.first_line());
    assert_eq!((first.as_str(), check.code), (line, code));
    let quiet = place.health(&["check", "--quiet"]);
    assert_eq!((quiet.stdout.as_str(), quiet.code), ("", code));
}

#[test]
fn good_cycles_and_a_living_orchestrator_are_ok() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    for n in 0..12 {
        place.cycle(674 - 60 * n, Good);
    }
    place.files(14, "thesports");
    expect(
        &place,
        "OK  football-bot: 12 of 12 cycles good, last one N s ago",
        0,
    );
    assert_eq!(
        place.health(&["report"]).last_line(),
        "next: health report --json"
    );
}

#[test]
fn data_that_is_not_real_is_called_so() {
    for (provider, word) in [("sandbox", "SIMULATED"), ("recording", "RECORDED")] {
        let mut place = Place::new();
        let _lock = place.orchestrator();
        place.cycle(14, Good);
        place.files(14, provider);
        let line = format!("OK  football-bot: 1 of 1 cycles good, last one N s ago ({word})");
        expect(&place, &line, 0);
        let text = place.health(&["report"]).stdout;
        assert!(
            text.contains(&format!("Pipeline Performance ({word})\n")),
            "{text}"
        );
    }
}

#[test]
fn one_failure_is_a_warning_and_five_in_a_row_are_critical() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    for n in 0..9 {
        place.cycle(900 - n, Good);
    }
    place.files(20, "thesports");
    place.cycle(90, Failed);
    expect(
        &place,
        "WARNING  football-bot: the last cycle failed at step1",
        1,
    );
    let check = place.health(&["check"]).stdout;
    assert!(
        check.contains("  why:  exit 69, provider unreachable or failing: no answer\n"),
        "{check}"
    );
    for n in 0..4 {
        place.cycle(80 - n, Failed);
    }
    expect(
        &place,
        "CRITICAL  football-bot: 5 failures in a row, the last at step1",
        2,
    );
}

#[test]
fn a_good_cycle_makes_failures_history() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.cycle(90, Failed);
    place.cycle(30, Good);
    place.files(30, "thesports");
    expect(
        &place,
        "OK  football-bot: 1 of 2 cycles good, last one N s ago",
        0,
    );
}

#[test]
fn a_dead_orchestrator_is_critical_however_fresh_its_data() {
    let mut place = Place::new();
    drop(place.orchestrator());
    place.cycle(14, Good);
    place.files(14, "thesports");
    let line = "CRITICAL  football-bot: the orchestrator is not running, last cycle N s ago";
    expect(&place, line, 2);
    place.close();
    expect(&place, line, 2);
    let report = place.health(&["report"]);
    assert!(
        report.stdout.contains("✗ Orchestrator is NOT RUNNING\n"),
        "{}",
        report.stdout
    );
    assert!(
        timeless(&report.stdout).contains("it died; last heard of N s ago"),
        "{}",
        report.stdout
    );
}

#[test]
fn a_stopped_one_is_a_warning_until_the_data_is_stale() {
    let mut place = Place::new();
    drop(place.orchestrator());
    place.cycle(14, Good);
    place.event(EventKind::Stop, "stopped by SIGTERM");
    place.files(14, "thesports");
    expect(
        &place,
        "WARNING  football-bot: the orchestrator is not running, last cycle N s ago",
        1,
    );
    let check = place.health(&["check"]).stdout;
    assert!(
        timeless(&check).contains("why:  stopped by SIGTERM N s ago"),
        "{check}"
    );
    place.files(700, "thesports");
    expect(
        &place,
        "CRITICAL  football-bot: the orchestrator is not running, last cycle N s ago",
        2,
    );
}

#[test]
fn one_that_did_what_it_was_asked_for_is_ok_while_its_data_is_fresh() {
    let mut place = Place::new();
    drop(place.orchestrator());
    place.cycle(14, Good);
    place.event(EventKind::Finished, "1 cycle: 1 good");
    place.files(14, "thesports");
    expect(
        &place,
        "OK  football-bot: 1 of 1 cycles good, last one N s ago",
        0,
    );
    place.files(300, "thesports");
    expect(
        &place,
        "WARNING  football-bot: the orchestrator is not running, last cycle N s ago",
        1,
    );
    assert_eq!(place.health(&["report"]).last_line(), "next: orchestrator");
}

#[test]
fn when_all_it_was_asked_for_failed_the_failure_is_the_news() {
    let mut place = Place::new();
    drop(place.orchestrator());
    place.cycle(14, Failed);
    place.event(EventKind::Finished, "1 cycle: 0 good");
    expect(
        &place,
        "WARNING  football-bot: the last cycle failed at step1",
        1,
    );
}

#[test]
fn old_data_is_critical_although_all_is_up() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    let path = place.data("state/orchestrator.lock");
    let text = fs::read_to_string(&path).unwrap();
    let since = text.lines().nth(1).unwrap();
    fs::write(&path, text.replace(since, "since 2026-01-01T00:00:00Z")).unwrap();
    place.cycle(725, Good);
    place.files(725, "thesports");
    expect(&place, "CRITICAL  football-bot: the data is 12 min old", 2);
    place.files(300, "thesports");
    expect(&place, "WARNING  football-bot: the data is 5 min old", 1);
}

#[test]
fn old_data_is_no_alarm_while_the_first_cycle_is_under_way() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    expect(&place, "OK  football-bot: the first cycle is under way", 0);
    place.files(7300, "thesports");
    expect(
        &place,
        "WARNING  football-bot: the data is 2 h 1 min old",
        1,
    );
}

#[test]
fn an_orchestrator_that_hangs_is_found_although_it_lives() {
    let mut place = Place::new();
    let lock = place.orchestrator();
    place.cycle(14, Good);
    place.files(14, "thesports");
    let live = place.health(&["check", "--live"]);
    assert_eq!(
        (live.first_line(), live.code),
        ("OK  football-bot: the orchestrator's loop moves", 0)
    );
    let path = place.data("state/orchestrator.lock");
    let text = fs::read_to_string(&path).unwrap();
    let due = text.lines().find(|line| line.starts_with("due ")).unwrap();
    let long_ago = chrono::Utc::now() - chrono::TimeDelta::milliseconds(305_050);
    let moved = text.replace(due, &format!("due {}", long_ago.to_rfc3339()));
    fs::write(&path, moved).unwrap();
    let line = "CRITICAL  football-bot: the orchestrator hangs: it should have moved 5 min ago";
    expect(&place, line, 2);
    assert_eq!(place.health(&["check", "--live"]).code, 2);
    drop(lock);
    assert_eq!(
        place.health(&["check", "--live"]).first_line(),
        "CRITICAL  football-bot: the orchestrator is not running"
    );
}

#[test]
fn where_nothing_ever_ran_is_unknown_and_says_how_to_begin() {
    let place = Place::new();
    expect(
        &place,
        "UNKNOWN  football-bot: no orchestrator has run here yet",
        3,
    );
    let report = place.health(&["report", "--data-dir", "elsewhere"]);
    assert_eq!(
        report.last_line(),
        "next: orchestrator --once --provider sandbox --data-dir elsewhere"
    );
    assert_eq!(place.health(&["check", "--live"]).code, 3);
}

#[test]
fn a_record_that_can_not_be_read_is_unknown_and_a_dead_orchestrator_still_critical() {
    let mut place = Place::new();
    let lock = place.orchestrator();
    place.close();
    fs::write(place.data("state/journal.sqlite"), vec![b'x'; 9000]).unwrap();
    expect(
        &place,
        "UNKNOWN  football-bot: the record of cycles can't be read",
        3,
    );
    drop(lock);
    expect(
        &place,
        "CRITICAL  football-bot: the orchestrator is not running",
        2,
    );
}

#[test]
fn wrong_usage_and_a_bad_configuration_are_unknown_and_never_critical() {
    let place = Place::new();
    assert_eq!(place.health(&["report", "--bogus"]).code, 3);
    assert_eq!(place.health(&[]).code, 3);
    assert_eq!(place.health(&["--help"]).code, 0);
    fs::create_dir_all(place.data("")).unwrap();
    fs::write(place.data("bad.toml"), "[feed]\nx = 1\n").unwrap();
    let said = place.health(&["report", "--config", "data/bad.toml"]);
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("unknown field `x`"), "{}", said.stderr);
}
