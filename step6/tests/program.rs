//! The program as the orchestrator and a person run it.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::{CYCLE, document, full_match, in_phase, match_of};
use serde_json::json;

struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    /// A data directory with this `step5.json`.
    fn with(document: &str) -> Room {
        let room = Room {
            folder: tempfile::tempdir().expect("a folder"),
        };
        fs::create_dir(room.path("step5")).expect("a folder in it");
        fs::write(room.path("step5/step5.json"), document).expect("a file in it");
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("step6_matches.log")).unwrap_or_default()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_step6"));
        command
            .current_dir(self.folder.path())
            .env_remove("COLUMNS")
            .env_remove("NO_COLOR")
            .arg("--data-dir")
            .arg(self.folder.path())
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("step6 runs")
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn usual() -> Room {
    Room::with(&document(&[
        full_match("m1"),
        in_phase("m2", "KuPS", 8, "Finished", "finished", 1),
    ]))
}

#[test]
fn the_page_is_on_stdout_and_in_the_log_and_the_summary_on_stderr() {
    let room = usual();
    let output = room.run(&["--cycle", CYCLE]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let page = stdout(&output);
    assert!(page.contains("HJK") && page.contains("KuPS"), "{page}");
    assert!(
        room.log().starts_with(&format!("=== cycle {CYCLE} begin ")),
        "{}",
        room.log()
    );
    assert!(
        room.log()
            .ends_with(&format!("{page}=== cycle {CYCLE} end ===\n")),
        "{}",
        room.log()
    );
    assert!(
        stderr(&output).contains(&format!("cycle {CYCLE}: 2 matches shown, ")),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_log_has_its_own_width_and_no_colour() {
    let room = usual();
    let output = room
        .command(&["--color", "always"])
        .env("COLUMNS", "60")
        .output()
        .unwrap();
    assert!(stdout(&output).contains("\x1b["));
    assert!(!room.log().contains('\x1b'));
    assert!(room.log().lines().any(|line| step6::width(line) > 60));
    let widest = room.log().lines().map(step6::width).max();
    room.run(&["--width", "45"]);
    assert!(widest <= Some(100) && room.log().contains(&"─".repeat(20)));
}

#[test]
fn display_and_log_can_each_be_left_out() {
    let room = usual();
    assert_eq!(stdout(&room.run(&["--no-display"])), "");
    let logged = room.log();
    assert!(logged.contains("HJK"));
    for silent in [&["--no-log"][..], &["--output", "-"]] {
        assert!(stdout(&room.run(silent)).contains("HJK"));
        assert_eq!(room.log(), logged);
    }
    let other = room.path("elsewhere/my.log");
    assert_eq!(
        code(&room.run(&["--no-display", "--output", other.to_str().unwrap()])),
        0
    );
    assert!(fs::read_to_string(other).unwrap().contains("HJK"));
    assert_eq!(room.log(), logged);
}

#[test]
fn filters_apply_to_the_page_and_to_the_log() {
    let room = usual();
    let page = stdout(&room.run(&["--status", "finished,off", "--format", "decimal"]));
    assert!(page.contains("KuPS") && !page.contains("HJK"), "{page}");
    assert!(room.log().contains("KuPS") && !room.log().contains("HJK"));
    let page = stdout(&room.run(&["--match", "m1", "--compact"]));
    assert!(!page.contains("KuPS") && page.contains("HJK"), "{page}");
}

#[test]
fn wrong_words_are_wrong_usage() {
    let room = usual();
    for wrong in [
        &["--status", "live,playing"][..],
        &["--format", "roman"],
        &["--width", "wide"],
        &["--cycle", "a b"],
    ] {
        let output = room.run(wrong);
        assert_eq!(code(&output), 64, "{wrong:?}");
        assert!(stderr(&output).contains(wrong[1].split(',').next_back().unwrap()));
    }
    assert_eq!(room.log(), "");
}

#[test]
fn a_wrong_format_in_the_configuration_is_named() {
    let output = usual()
        .command(&[])
        .env("FOOTBALL_BOT_DISPLAY__FORMAT", "roman")
        .output()
        .unwrap();
    assert_eq!(code(&output), 78);
    assert!(
        stderr(&output).contains("[display] format"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn input_of_another_cycle_corrupt_or_missing_changes_nothing() {
    let room = usual();
    assert_eq!(code(&room.run(&["--cycle", "20990101T000000000Z"])), 65);
    fs::write(
        room.path("step5/step5.json"),
        &document(&[full_match("m1")])[..900],
    )
    .unwrap();
    assert_eq!(code(&room.run(&[])), 65);
    fs::remove_file(room.path("step5/step5.json")).unwrap();
    let output = room.run(&[]);
    assert_eq!(code(&output), 66);
    assert_eq!(stdout(&output) + &room.log(), "");
}

#[test]
fn a_closed_stdout_is_no_failure_and_costs_nobody_the_log() {
    let many: Vec<_> = (0..300).map(|n| full_match(&format!("m{n}"))).collect();
    let room = Room::with(&document(&many));
    let mut child = room
        .command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(room.log().ends_with(" end ===\n"));
}

#[test]
fn a_full_device_fails_with_74_and_the_other_output_is_still_made() {
    if !Path::new("/dev/full").exists() {
        eprintln!("skipped: there is no /dev/full here");
        return;
    }
    let room = usual();
    let output = room.run(&["--output", "/dev/full"]);
    assert_eq!(code(&output), 74, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("free some space"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&output).contains("HJK"));
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let output = room.command(&[]).stdout(full).output().unwrap();
    assert_eq!(code(&output), 74);
    assert!(room.log().ends_with(" end ===\n"));
}

#[test]
fn a_folder_in_the_way_of_the_log_is_74() {
    let room = usual();
    fs::create_dir(room.path("step6_matches.log")).unwrap();
    assert_eq!(code(&room.run(&["--no-display"])), 74);
}

#[test]
fn it_reads_from_standard_input() {
    let room = usual();
    let mut child = room
        .command(&["--input", "-", "--no-log"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let piped = document(&[match_of("m9", json!({"home_team": "Haka"}))]);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(piped.as_bytes())
        .unwrap();
    assert!(stdout(&child.wait_with_output().unwrap()).contains("Haka"));
}

#[test]
fn programs_at_the_same_time_leave_whole_blocks() {
    let room = usual();
    let children: Vec<_> = (0..6)
        .map(|_| {
            room.command(&["--no-display", "-q"])
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let log = room.log();
    let begun = log
        .lines()
        .filter(|line| line.contains(" begin ") && line.starts_with("==="))
        .count();
    let ended = log
        .lines()
        .filter(|line| line.ends_with(" end ==="))
        .count();
    assert_eq!((begun, ended), (6, 6));
    assert!(
        log.lines()
            .filter(|line| line.starts_with("==="))
            .enumerate()
            .all(|(n, line)| line.ends_with(" end ===") == (n % 2 == 1))
    );
}

#[test]
fn old_data_is_called_stale_though_the_file_called_itself_fresh() {
    let old = common::document_of(
        "thesports",
        "2026-01-01T00:00:00Z".parse().unwrap(),
        &[full_match("m1")],
    );
    let page = stdout(&Room::with(&old).run(&["--no-log"]));
    assert!(page.lines().next().unwrap().contains("STALE"), "{page}");
}
