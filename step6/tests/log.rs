//! The readable log: whole blocks only, bounded, in one piece.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::{CycleId, Exit};
use step6::matches_log::{Limits, MatchesLog};

const ROOMY: Limits = Limits {
    max_bytes: 1 << 20,
    max_age: Duration::from_secs(3600),
    keep: 3,
};

fn cycle(n: u32) -> CycleId {
    format!("cycle-{n}").parse().expect("an id")
}

fn start() -> DateTime<Utc> {
    "2026-11-24T03:42:00Z".parse().expect("an instant")
}

struct Log {
    folder: tempfile::TempDir,
    limits: Limits,
}

impl Log {
    fn new(limits: Limits) -> Log {
        Log {
            folder: tempfile::tempdir().expect("a folder"),
            limits,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("step6_matches.log")
    }

    fn append(&self, n: u32) {
        self.append_at(n, start());
    }

    fn append_at(&self, n: u32, at: DateTime<Utc>) {
        MatchesLog::new(self.path(), self.limits)
            .append(&cycle(n), at, &format!("page {n}\nmore\n"))
            .expect("appended");
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("the log")
    }

    /// The cycles of the log and its rotated ones, by file.
    fn cycles(&self) -> Vec<(String, Vec<u32>)> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| {
                (
                    path.file_name()
                        .expect("a name")
                        .to_string_lossy()
                        .into_owned(),
                    blocks(&path),
                )
            })
            .collect();
        files.sort();
        files
    }
}

/// The cycles in a log, which must be whole blocks from end to end.
fn blocks(path: &Path) -> Vec<u32> {
    let text = fs::read_to_string(path).expect("text");
    let mut cycles = Vec::new();
    let mut lines = text.lines();
    while let Some(first) = lines.next() {
        let id = first
            .strip_prefix("=== cycle cycle-")
            .and_then(|rest| rest.split(' ').next())
            .expect("a first line");
        assert!(first.contains(" begin 2026-11-2"), "{first}");
        assert_eq!(lines.next(), Some(format!("page {id}").as_str()));
        assert_eq!(lines.next(), Some("more"));
        assert_eq!(
            lines.next(),
            Some(format!("=== cycle cycle-{id} end ===").as_str())
        );
        cycles.push(id.parse().expect("a number"));
    }
    cycles
}

fn files(list: &[(&str, &[u32])]) -> Vec<(String, Vec<u32>)> {
    list.iter()
        .map(|(name, cycles)| ((*name).to_owned(), cycles.to_vec()))
        .collect()
}

#[test]
fn each_cycle_is_appended_between_two_lines_that_name_it() {
    let log = Log::new(ROOMY);
    log.append(1);
    log.append(2);
    assert_eq!(
        log.text(),
        "=== cycle cycle-1 begin 2026-11-24T03:42:00.000Z ===\npage 1\nmore\n=== cycle cycle-1 end ===\n\
         === cycle cycle-2 begin 2026-11-24T03:42:00.000Z ===\npage 2\nmore\n=== cycle cycle-2 end ===\n"
    );
}

#[test]
fn a_block_cut_anywhere_is_gone_after_the_next_append() {
    let log = Log::new(ROOMY);
    log.append(1);
    let one = log.text().len();
    log.append(2);
    let whole = log.text();
    for cut in one..whole.len() {
        fs::write(log.path(), &whole[..cut]).unwrap();
        log.append(3);
        assert_eq!(blocks(&log.path()), [1, 3], "cut at {cut}");
    }
    for cut in 0..one {
        fs::write(log.path(), &whole[..cut]).unwrap();
        log.append(3);
        assert_eq!(blocks(&log.path()), [3], "cut at {cut}");
    }
}

#[test]
fn a_large_half_block_and_zeros_of_a_power_cut_are_cut_away() {
    for rest in [
        "x".repeat(200_000),
        "line\n".repeat(40_000),
        "\0".repeat(70_000),
    ] {
        let log = Log::new(ROOMY);
        log.append(1);
        fs::write(log.path(), log.text() + "=== cycle cycle-9 begin\n" + &rest).unwrap();
        log.append(2);
        assert_eq!(blocks(&log.path()), [1, 2]);
        fs::write(log.path(), rest.replace(|c| c != '\0', "\0")).unwrap();
        log.append(3);
        assert_eq!(blocks(&log.path()), [3]);
    }
}

#[test]
fn a_file_that_is_no_log_of_ours_is_not_touched() {
    let log = Log::new(ROOMY);
    fs::write(log.path(), "my shopping list\n").unwrap();
    let failure = MatchesLog::new(log.path(), ROOMY)
        .append(&cycle(1), start(), "x\n")
        .unwrap_err();
    assert_eq!(failure.exit, Exit::CannotWrite);
    assert!(failure.message.contains("not a log of step6"), "{failure}");
    assert_eq!(log.text(), "my shopping list\n");
}

#[test]
fn a_log_that_would_grow_too_large_is_rotated_and_the_oldest_goes() {
    let log = Log::new(Limits {
        max_bytes: 200,
        ..ROOMY
    });
    (1..=9).for_each(|n| log.append(n));
    assert_eq!(
        log.cycles(),
        files(&[
            ("step6_matches.log", &[9]),
            ("step6_matches.log.1", &[7, 8]),
            ("step6_matches.log.2", &[5, 6]),
            ("step6_matches.log.3", &[3, 4]),
        ])
    );
}

#[test]
fn a_log_begun_too_long_ago_is_rotated_though_its_last_block_is_new() {
    let log = Log::new(ROOMY);
    log.append(1);
    log.append_at(2, start() + TimeDelta::minutes(59));
    log.append_at(3, start() + TimeDelta::minutes(61));
    // A clock that was put back is no age.
    log.append_at(4, start());
    assert_eq!(
        log.cycles(),
        files(&[
            ("step6_matches.log", &[3, 4]),
            ("step6_matches.log.1", &[1, 2])
        ])
    );
}

#[test]
fn fewer_logs_are_kept_when_the_configuration_says_so_later() {
    let mut log = Log::new(Limits {
        max_bytes: 1,
        ..ROOMY
    });
    (1..=5).for_each(|n| log.append(n));
    assert_eq!(log.cycles().len(), 4);
    log.limits.keep = 1;
    log.append(6);
    assert_eq!(
        log.cycles(),
        files(&[("step6_matches.log", &[6]), ("step6_matches.log.1", &[5])])
    );
    log.limits.keep = 0;
    log.append(7);
    assert_eq!(log.cycles()[0], ("step6_matches.log".to_owned(), vec![7]));
}

#[test]
fn writers_at_the_same_time_lose_and_tear_nothing_while_it_rotates() {
    let log = Log::new(Limits {
        max_bytes: 600,
        keep: 1000,
        ..ROOMY
    });
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let log = &log;
            scope.spawn(move || (0..20).for_each(|n| log.append(writer * 100 + n)));
        }
    });
    let mut seen: Vec<_> = log
        .cycles()
        .into_iter()
        .flat_map(|(_, cycles)| cycles)
        .collect();
    seen.sort_unstable();
    let expected: Vec<_> = (0..8)
        .flat_map(|writer| (0..20).map(move |n| writer * 100 + n))
        .collect();
    assert_eq!(seen, expected);
    assert!(log.cycles().len() > 10);
}
