//! Each situation that a person may find, prepared on the disk: the exact first line and exit code, the
//! name that programs get, and the cause, at the first look.
//!
//! The rows of the table of situations (research, §5.7) and their tests:
//!
//! | row | test |
//! |---|---|
//! | one run failed, still fresh | `one_run_failed_and_data_is_still_fresh` |
//! | step stale | `a_step_is_stale_and_those_behind_it_wait` |
//! | upstream 401/403 | `the_provider_refuses_us` |
//! | upstream 429/5xx | `the_provider_wants_us_slower_and_the_next_try_is_named` |
//! | no matches live | `no_match_is_being_played_and_that_is_no_alarm` |
//! | orchestrator dead | `it_died_and_it_was_stopped` |
//! | state missing or corrupt | `no_state_and_a_corrupt_record_are_unknown`, `a_record_without_a_lock_…`, `a_copied_…` |
//! | disk nearly full | `the_disk_has_little_room` |
//! | clock jumped | `the_clock_was_set_back` |
//! | sink failing | `a_sink_fails` |
//! | dashboard lags, SSH drops, not a terminal | `tests/dashboards` |
//!
//! Here are those of the orchestrator and its state; `troubles` has those of cycles, provider and machine.

use std::fs;

use chrono::{TimeDelta, Utc};
use journal::CycleOutcome::{Failed, Ok as Good};
use journal::EventKind;

use crate::expected::{backoff, expect, running};
use crate::place::Place;

#[test]
fn all_is_well() {
    let (place, _lock) = running();
    let line = "OK  football-bot: 10 of 10 cycles good, last one N s ago";
    expect(&place, line, 0, "none", "✓ fresh step5/step5.json");
}

#[test]
fn it_waits_after_failures() {
    let (mut place, _lock) = running();
    for n in 0..5 {
        place.cycle(50 - n, Failed);
    }
    let until = backoff(&place, "5 failures in a row");
    let line = "CRITICAL  football-bot: 5 failures in a row, the last at step1";
    let also = format!("also: WARNING, waiting after failures, next cycle at {until}");
    expect(&place, line, 2, "upstream_errors", &also);
    // The orchestrator gives the last failure as the reason; once is enough.
    backoff(
        &place,
        "step1: exit 69, provider unreachable or failing: no answer",
    );
    for args in [&["report"][..], &["check"]] {
        let said = place.health(args).stdout;
        assert_eq!(said.matches("no answer").count(), 1, "{said}");
        let until = place.health(&["explain"]).stdout;
        assert!(
            until.contains("Now: waiting longer than usual after failures"),
            "{until}"
        );
    }
    let until = backoff(&place, "5 failures in a row");
    // After a good cycle that is asked for by hand the wait alone is left.
    place.cycle(1, Good);
    let line = format!("WARNING  football-bot: waiting after failures, next cycle at {until}");
    expect(&place, &line, 1, "backoff", "why: 5 failures in a row");
    // A file that somebody damaged is no reason to say that nothing waits.
    fs::write(place.data("state/backoff"), "until the cows come home\n").unwrap();
    place.event(EventKind::Backoff, "5 failures in a row, next try in 4 min");
    let said = place.health(&["check"]);
    let line = "WARNING  football-bot: waiting after failures";
    assert!(said.first_line().starts_with(line), "{}", said.stdout);
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
    let line = format!("WARNING  football-bot: paused until {local}");
    let why = "why: a person paused the pipeline 10 min ago";
    expect(&place, &line, 1, "paused", why);
    assert_eq!(
        place.health(&["report"]).last_line(),
        "next: orchestrator resume"
    );
    // Old data is no surprise then.
    place.files(3000, "thesports");
    assert_eq!(place.health(&["report"]).code, 1);
    // A file that makes no sense pauses all the same.
    fs::write(place.data("state/pause"), "because\n").unwrap();
    let line = "WARNING  football-bot: paused until somebody resumes it";
    expect(
        &place,
        line,
        1,
        "paused",
        "why: a person paused the pipeline",
    );
}

#[test]
fn it_died_and_it_was_stopped() {
    let (mut place, lock) = running();
    drop(lock);
    let line = "CRITICAL  football-bot: the orchestrator is not running, last cycle N s ago";
    let why = "why: it died without saying why (killed, out of memory, or the machine went down)";
    expect(&place, line, 2, "orchestrator_dead", why);
    place.event(EventKind::Stop, "stopped by SIGTERM");
    let line = "WARNING  football-bot: the orchestrator is not running, last cycle N s ago";
    expect(
        &place,
        line,
        1,
        "orchestrator_stopped",
        "why: stopped by SIGTERM",
    );
    let text = "stopped by SIGTERM; 35 ticks: 3 cycles, 32 skipped (backoff 32)";
    place.event(EventKind::Stop, text);
    let report = place.health(&["report"]).stdout;
    let folded: Vec<_> = report.split_whitespace().collect();
    let why = regex::Regex::new(r"stopped by SIGTERM \d+ s ago; 35 ticks: 3 cycles").unwrap();
    assert!(why.is_match(&folded.join(" ")), "{report}");
    assert!(
        report.lines().all(|line| line.chars().count() <= 80),
        "{report}"
    );
    place.event(EventKind::Finished, "10 cycles: 10 good");
    place.files(300, "thesports");
    let why = "why: it did the cycles it was asked for";
    expect(&place, line, 1, "orchestrator_finished", why);
}

#[test]
fn it_lives_and_does_not_move() {
    let (place, _lock) = running();
    place.late_by(305);
    let line = "CRITICAL  football-bot: the orchestrator hangs: it should have moved 5 min ago";
    let why = "lives and holds the lock, but its loop stands still";
    expect(&place, line, 2, "orchestrator_hung", why);
}

#[test]
fn what_is_remembered_of_alerts_is_corrupt() {
    let (place, _lock) = running();
    fs::write(place.data("state/alerts.json"), "{\"version\":9}").unwrap();
    let line = "WARNING  football-bot: what is remembered of alerts can't be used";
    let why = "can't be used: it is of version 9, this program knows 1; the watcher begins anew";
    expect(&place, line, 1, "alerts_unreadable", why);
}

#[test]
fn no_state_and_a_corrupt_record_are_unknown() {
    let place = Place::new();
    let line = "UNKNOWN  football-bot: no orchestrator has run here yet";
    let why = "why: there is no state to read in `data`; name another directory with --data-dir";
    expect(&place, line, 3, "never_ran", why);
    let (mut place, _lock) = running();
    place.close();
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(place.data(&format!("state/journal.sqlite{suffix}")));
    }
    fs::write(place.data("state/journal.sqlite"), vec![b'x'; 9000]).unwrap();
    let line = "UNKNOWN  football-bot: the record of cycles can't be read";
    let why = "the orchestrator moves a damaged file aside and begins a new one when it starts";
    expect(&place, line, 3, "state_unreadable", why);
    let report = place.health(&["report"]).stdout;
    assert!(report.contains("data/state/journal.sqlite"), "{report}");
}

/// What a backup without `state/orchestrator.lock` is, or a folder that somebody tidied up.
#[test]
fn a_record_without_a_lock_file_is_one_of_an_orchestrator_that_ran() {
    let (mut place, lock) = running();
    drop(lock);
    place.close();
    fs::remove_file(place.data("state/orchestrator.lock")).unwrap();
    let line = "CRITICAL  football-bot: the orchestrator is not running, last cycle N s ago";
    let why = "why: there is a record of cycles and no lock file: this is a part of a copy";
    expect(&place, line, 2, "orchestrator_dead", why);
    for (args, words) in [
        (&["report"][..], "✗ Orchestrator is NOT RUNNING"),
        (
            &["explain"],
            "nothing runs, because the orchestrator does not run",
        ),
        (&["check", "--live"], "the orchestrator is not running"),
        (&["alerts"], "ServiceDown"),
    ] {
        let said = place.health(args).stdout;
        assert!(said.contains(words), "{said}");
        assert!(
            !said.to_lowercase().contains("no orchestrator has run here"),
            "{said}"
        );
    }
    let logs = place.health(&["logs"]);
    assert_eq!(logs.code, 3);
    assert!(
        logs.stderr.contains("they were removed, or"),
        "{}",
        logs.stderr
    );
    // How it ended is in the record, and true of the copy too.
    place.event(EventKind::Stop, "stopped by SIGTERM");
    let line = "WARNING  football-bot: the orchestrator is not running, last cycle N s ago";
    expect(
        &place,
        line,
        1,
        "orchestrator_stopped",
        "why: stopped by SIGTERM",
    );
}

/// `cp -a data elsewhere`, on the machine where the original runs.
#[test]
fn a_copied_data_directory_does_not_run() {
    let (place, _lock) = running();
    let copy = Place::new();
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([place.data(""), copy.data("")])
        .status();
    assert!(copied.unwrap().success());
    let line = "CRITICAL  football-bot: the orchestrator is not running, last cycle N s ago";
    let why = "why: this data directory is a copy, and no orchestrator has run on it since";
    expect(&copy, line, 2, "orchestrator_dead", why);
    let line = "OK  football-bot: 10 of 10 cycles good, last one N s ago";
    expect(&place, line, 0, "none", "Orchestrator is RUNNING");
}
