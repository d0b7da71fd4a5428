//! What a step does with an input that it must not use, and with an output that it can't write. A user
//! loses the trust that a cycle's result belongs to that cycle if any of these fails.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use testkit::{Chain, message, recording};

const CYCLE: &str = "20260314T193000000Z";

fn chain_with_outputs() -> Chain {
    let chain = Chain::new();
    chain.write_step1(CYCLE, &recording(12));
    chain.run_from_2_to(5);
    chain
}

/// Runs step `number`, which must fail with `code`, say `word` in one line, and leave its output alone.
fn refuses(chain: &Chain, number: u8, args: &[&str], code: i32, word: &str) {
    let before = fs::read(chain.output(number)).unwrap();
    let output = chain.command(number).args(args).output().unwrap();
    let said = message(&output);
    assert_eq!(
        output.status.code(),
        Some(code),
        "step{number} {args:?}: {said}"
    );
    assert!(
        said.contains(word),
        "step{number} {args:?} lacks `{word}`: {said}"
    );
    assert_eq!(said.lines().count(), 1, "one sentence, not {said}");
    assert_eq!(
        fs::read(chain.output(number)).unwrap(),
        before,
        "step{number} touched its previous output"
    );
}

#[test]
fn a_truncated_input_is_refused_wherever_it_ends() {
    let chain = chain_with_outputs();
    for number in 2..=5 {
        let whole = fs::read(chain.output(number - 1)).unwrap();
        for tenth in 1..10 {
            fs::write(chain.output(number - 1), &whole[..whole.len() * tenth / 10]).unwrap();
            refuses(&chain, number, &[], 65, "truncated");
        }
        fs::write(chain.output(number - 1), &whole).unwrap();
    }
}

#[test]
fn an_empty_a_missing_a_foreign_and_a_binary_input_each_get_their_code_and_sentence() {
    let chain = chain_with_outputs();
    for number in 2..=5 {
        let input = chain.output(number - 1);
        let whole = fs::read(&input).unwrap();
        fs::write(&input, b" \n").unwrap();
        refuses(&chain, number, &[], 65, "is empty");
        fs::write(&input, [&whole[..], b"\xff\xfe"].concat()).unwrap();
        refuses(&chain, number, &[], 65, "not UTF-8");
        fs::write(&input, br#"{"schema":"football-bot/step9/1","cycle":"x"}"#).unwrap();
        refuses(&chain, number, &[], 65, "football-bot/step9/1");
        fs::write(&input, "[".repeat(100_000)).unwrap();
        refuses(&chain, number, &[], 65, "ends in the middle");
        fs::remove_file(&input).unwrap();
        refuses(&chain, number, &[], 66, "missing");
        fs::create_dir(&input).unwrap();
        refuses(&chain, number, &[], 65, "is a folder");
        fs::remove_dir(&input).unwrap();
        fs::write(&input, whole).unwrap();
    }
}

#[test]
fn a_file_of_another_cycle_is_stale_and_never_used() {
    let chain = chain_with_outputs();
    for number in 2..=5 {
        refuses(
            &chain,
            number,
            &["--cycle", "20260314T193100000Z"],
            65,
            "stale",
        );
        chain.run_ok(number, ["--cycle", CYCLE]);
    }
}

#[test]
fn a_bare_recording_belongs_to_no_cycle() {
    let chain = chain_with_outputs();
    fs::write(chain.output(1), recording(3).to_string()).unwrap();
    refuses(&chain, 2, &["--cycle", CYCLE], 65, "bare recording");
    chain.run_ok(2, []);
    assert_eq!(chain.json(2)["provider"], "recording");
}

#[test]
fn a_line_of_a_gigabyte_is_refused_without_harm() {
    let chain = chain_with_outputs();
    let mut file = File::create(chain.output(4)).unwrap();
    file.write_all(br#"{"schema":"football-bot/step4/1","cycle":"c","junk":""#)
        .unwrap();
    // Sparse: zeros without a gigabyte on the disk.
    file.set_len(1 << 30).unwrap();
    drop(file);
    refuses(&chain, 5, &[], 65, "");
}

#[test]
fn a_read_only_folder_leaves_the_old_file_and_says_what_to_check() {
    let chain = chain_with_outputs();
    if is_root() {
        // Root writes where it wants; a folder that is a file stops it too.
        fs::remove_dir_all(chain.path().join("step3")).unwrap();
        fs::write(chain.path().join("step3"), "in the way").unwrap();
        let output = chain.run(3, []);
        assert_eq!(output.status.code(), Some(74), "{}", message(&output));
        return;
    }
    let folder = chain.path().join("step3");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    refuses(&chain, 3, &[], 74, "permissions");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_full_disk_leaves_the_old_file_and_no_litter() {
    if !is_root() {
        eprintln!("skipped: needs root to mount a small tmpfs");
        return;
    }
    let chain = chain_with_outputs();
    let folder = chain.path().join("step2");
    let old = fs::read(chain.output(2)).unwrap();
    let size = old.len() + old.len() / 2;
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
        .arg(&folder)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: a tmpfs can't be mounted here");
        return;
    }
    fs::write(chain.output(2), &old).unwrap();
    let output = chain.run(2, []);
    let left: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let after = fs::read(chain.output(2)).unwrap();
    assert!(
        Command::new("umount")
            .arg(&folder)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(output.status.code(), Some(74), "{}", message(&output));
    assert!(
        message(&output).contains("free some space"),
        "{}",
        message(&output)
    );
    assert_eq!(after, old);
    assert_eq!(left, ["step2.json"]);
}

#[test]
fn an_asked_for_match_that_is_not_there_is_named() {
    let chain = chain_with_outputs();
    let known = chain.json(2)["matches"]
        .as_object()
        .unwrap()
        .keys()
        .next()
        .unwrap()
        .clone();
    for number in 2..=6 {
        let args = ["--match", &known, "--match", "nobody-knows"];
        let output = chain.run(number, args);
        assert!(output.status.success());
        let warnings = message(&output);
        let warned = warnings.lines().find(|line| line.starts_with("WARN"));
        assert!(
            warned.is_some_and(|line| line.ends_with("not in the input: `nobody-knows`")),
            "step{number}: {warnings}"
        );
    }
}

#[test]
fn a_folder_that_is_not_there_is_no_previous_file_and_has_no_temporary_name() {
    let chain = chain_with_outputs();
    let output = chain.run(3, ["--output", "/proc/nowhere/step3.json"]);
    let said = message(&output);
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(
        !said.contains("unchanged") && !said.contains(".tmp"),
        "{said}"
    );
}

#[test]
fn help_fits_eighty_columns_and_shows_what_a_step_takes() {
    let chain = Chain::new();
    for number in 1..=6 {
        let output = chain.run(number, ["--help"]);
        let help = String::from_utf8(output.stdout).unwrap();
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "step{number}: {line}");
        }
        assert_eq!(help.contains("--match"), number > 1, "step{number}");
        assert_eq!(help.contains("--input"), number > 1, "step{number}");
    }
}

#[test]
fn a_reader_that_had_enough_is_no_error() {
    let chain = chain_with_outputs();
    let mut child = chain
        .command(2)
        .args(["--output", "-"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0)
}
