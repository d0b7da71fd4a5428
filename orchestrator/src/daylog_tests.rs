//! What a user would lose: yesterday's log, the lines of a bad night, or the disk.

use super::*;
use chrono::TimeZone;

const KEEP: Retention = Retention {
    keep_days: 30,
    keep_bytes: 1_000_000,
};

fn at(day: u32, hour: u32) -> DateTime<Local> {
    Local.with_ymd_and_hms(2026, 11, day, hour, 59, 59).unwrap()
}

fn say(log: &mut DayLog, now: DateTime<Local>, words: &str) {
    log.write(now, Level::Info, "orchestrator", words, Weight::Own);
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn each_local_day_has_its_file_and_a_restart_appends() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    for words in ["one", "two"] {
        let mut log = DayLog::new(&logs, KEEP);
        say(&mut log, at(23, 23), words);
    }
    let mut log = DayLog::new(&logs, KEEP);
    say(&mut log, at(23, 23), "three");
    say(&mut log, at(24, 0), "four");
    let text = fs::read_to_string(logs.join("continuous_orchestrator_20261123.log")).unwrap();
    let words: Vec<_> = text
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(words, ["one", "two", "three"]);
    assert!(text.starts_with("2026-11-23T23:59:59.000"), "{text}");
    assert!(text.contains(" INFO  orchestrator: one\n"), "{text}");
    assert_eq!(names(&logs).len(), 2);
}

#[test]
fn a_folder_deleted_or_a_file_moved_under_its_feet_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let path = logs.join("continuous_orchestrator_20261123.log");
    let mut log = DayLog::new(&logs, KEEP);
    say(&mut log, at(23, 1), "one");
    fs::remove_dir_all(&logs).unwrap();
    say(&mut log, at(23, 2), "two");
    assert!(fs::read_to_string(&path).unwrap().ends_with("two\n"));
    fs::rename(&path, logs.join("rotated")).unwrap();
    say(&mut log, at(23, 3), "three");
    assert!(fs::read_to_string(&path).unwrap().ends_with("three\n"));
}

#[test]
fn retention_is_by_days_and_by_bytes_and_touches_only_day_logs() {
    let folder = tempfile::tempdir().unwrap();
    let keep = Retention {
        keep_days: 3,
        keep_bytes: 2500,
    };
    for name in [
        "continuous_orchestrator_20261118.log",
        "continuous_orchestrator_20261120.log",
        "continuous_orchestrator_20261121.log",
        "continuous_orchestrator_20261122.log",
        "continuous_orchestrator_2026112.log",
        "continuous_orchestrator_20261101.log.mine",
        "step6_matches.log",
    ] {
        fs::write(folder.path().join(name), vec![b'x'; 1000]).unwrap();
    }
    let mut log = DayLog::new(folder.path(), keep);
    log.tidy(at(23, 1));
    assert_eq!(
        names(folder.path()),
        [
            "continuous_orchestrator_20261101.log.mine",
            "continuous_orchestrator_2026112.log",
            "continuous_orchestrator_20261121.log",
            "continuous_orchestrator_20261122.log",
            "continuous_orchestrator_20261123.log",
            "step6_matches.log",
        ]
    );
}

#[test]
fn a_clock_that_is_a_year_ahead_takes_no_log_away() {
    let folder = tempfile::tempdir().unwrap();
    let keep = Retention {
        keep_days: 3,
        ..KEEP
    };
    let mut log = DayLog::new(folder.path(), keep);
    for day in 20..=23 {
        say(&mut log, at(day, 1), "words");
    }
    say(&mut log, at(23, 1) + Days::new(365), "the clock is wrong");
    say(&mut log, at(23, 2), "the clock is right");
    assert_eq!(
        names(folder.path()),
        [
            "continuous_orchestrator_20261121.log",
            "continuous_orchestrator_20261122.log",
            "continuous_orchestrator_20261123.log",
            "continuous_orchestrator_20271123.log",
        ]
    );
}

#[test]
fn lines_that_can_not_be_written_are_counted_and_accounted_for_later() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    fs::write(&logs, "a file where the folder should be").unwrap();
    let mut log = DayLog::new(&logs, KEEP);
    say(&mut log, at(23, 1), "one");
    say(&mut log, at(23, 2), "two");
    assert_eq!(log.lost(), 2);
    fs::remove_file(&logs).unwrap();
    say(&mut log, at(23, 3), "three");
    assert_eq!(log.lost(), 0);
    let text = fs::read_to_string(logs.join("continuous_orchestrator_20261123.log")).unwrap();
    assert!(
        text.contains("WARN  orchestrator: 2 log lines were lost: "),
        "{text}"
    );
    assert!(text.ends_with("three\n"));
}

#[test]
fn programs_that_say_too_much_leave_room_for_our_own_words_and_no_day_grows_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let keep = Retention {
        keep_days: 30,
        keep_bytes: 20_000,
    };
    let mut log = DayLog::new(folder.path(), keep);
    let words = "x".repeat(100);
    for _ in 0..1000 {
        log.write(at(23, 1), Level::Info, "step1", &words, Weight::Said);
    }
    let path = folder.path().join("continuous_orchestrator_20261123.log");
    assert!(fs::metadata(&path).unwrap().len() <= 10_000);
    say(&mut log, at(23, 2), "step1 failed");
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .ends_with("step1 failed\n")
    );
    for _ in 0..1000 {
        say(&mut log, at(23, 3), &words);
    }
    assert!(fs::metadata(&path).unwrap().len() <= 20_000);
}
