//! What steps and companion go by: the configuration that was accepted, whatever becomes of the file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::sys::signal::Signal;

use crate::support::{Bench, cycles, lines, lives, said, until};

/// A step that keeps what it was told to read.
const KEEP: &str = r#"set -- $ALL
while [ $# -gt 0 ]; do
  [ "$1" = --config ] && cp "$2" "$DATA/read"
  shift
done
succeed"#;

fn read(bench: &Bench) -> String {
    fs::read_to_string(bench.data("read")).unwrap_or_default()
}

fn failed(bench: &Bench) -> u64 {
    bench.reader().totals().unwrap().failed
}

#[test]
fn a_bad_edit_reaches_no_step_and_fails_no_cycle() {
    let bench = Bench::new();
    bench.step(1, KEEP);
    let good = "[schedule]\ninterval = \"100ms\"\n# as it was\n";
    bench.config(good);
    let file = bench.path("football-bot.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let running = bench.start(&[]);
    until("a cycle", || cycles(&bench) >= 1);
    assert!(read(&bench).ends_with(good), "{}", read(&bench));
    let copy = bench.data("state/accepted.toml");
    let mode = fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "no more may read the copy than the file");

    // Edited, but not read again: nothing changes, however bad it is.
    bench.config("[schedule]\ninterval = \"never");
    let before = cycles(&bench);
    until("cycles go on", || cycles(&bench) > before + 2);
    running.signal(Signal::SIGHUP);
    until("it is refused", || said(&bench, "the old one stays"));
    let before = cycles(&bench);
    until("cycles go on still", || cycles(&bench) > before + 2);
    assert!(read(&bench).ends_with(good), "{}", read(&bench));

    // The file gone, the copy gone.
    fs::remove_file(&file).unwrap();
    fs::remove_file(&copy).unwrap();
    let before = cycles(&bench);
    until("cycles go on without", || cycles(&bench) > before + 2);
    assert!(read(&bench).ends_with(good), "{}", read(&bench));

    let mended = "[schedule]\ninterval = \"50ms\"\n# mended\n";
    bench.config(mended);
    running.signal(Signal::SIGHUP);
    until("the new one is handed on", || {
        read(&bench).ends_with(mended)
    });
    assert_eq!(failed(&bench), 0);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
}

#[test]
fn without_a_file_one_that_appears_later_changes_nothing_until_it_is_read() {
    let bench = Bench::new();
    bench.step(1, KEEP);
    let running = bench.start(&["--interval", "100ms"]);
    until("a cycle", || cycles(&bench) >= 1);
    bench.config("[feed]\nno_such_key = 1\n");
    let before = cycles(&bench);
    until("cycles go on", || cycles(&bench) > before + 2);
    let text = read(&bench);
    assert!(
        text.starts_with("# A copy of the defaults") && text.lines().count() == 1,
        "{text}"
    );
    assert_eq!(failed(&bench), 0);
    drop(running);
}

#[test]
fn a_companion_is_started_again_with_another_configuration_and_only_then() {
    let bench = Bench::new();
    let settings = "[alerts]\ncompanion = \"on\"\n[schedule]\ninterval = \"100ms\"\n";
    bench.config(settings);
    bench.program(
        "health",
        "echo $$ >> data/health; trap 'exit 0' TERM; sleep 50 & wait",
    );
    let running = bench.start(&[]);
    until("it runs", || lines(&bench.data("health")).len() == 1);
    running.signal(Signal::SIGHUP);
    until("it was read again", || said(&bench, "was read again"));
    let before = cycles(&bench);
    until("a cycle went by", || cycles(&bench) > before);
    assert_eq!(lines(&bench.data("health")).len(), 1, "nothing is new");

    bench.config(&format!("{settings}[disk]\nmin_free_bytes = 1\n"));
    running.signal(Signal::SIGHUP);
    until("it is started again", || {
        lines(&bench.data("health")).len() == 2
    });
    let pids = lines(&bench.data("health"));
    until("the first one is gone", || !lives(pids[0].parse().unwrap()));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let bench = Bench::new();
    bench.step(1, KEEP);
    bench.config("\u{feff}[schedule]\ninterval = \"1h\"\n");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let read = pipeline::Config::from_parts(Some(&bench.data("read")), []).unwrap();
    assert_eq!(read.schedule.interval.0.as_secs(), 3600);
}

#[test]
fn where_no_copy_can_be_written_the_file_is_read_and_never_an_old_copy() {
    let bench = Bench::new();
    bench.step(1, KEEP);
    bench.config("# old\n");
    assert_eq!(bench.run(&["--once"]).code, 0);
    // In place of the copy something that no file can replace, as a full disk would be.
    let copy = bench.data("state/accepted.toml");
    fs::remove_file(&copy).unwrap();
    fs::create_dir_all(copy.join("in the way")).unwrap();
    bench.config("# new\n");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(read(&bench), "# new\n");
    assert!(
        ran.stderr.contains("read the configuration file itself"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_copy_that_more_may_read_than_the_file_is_written_anew() {
    let bench = Bench::new();
    bench.config("# the same\n");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(bench.run(&["--once"]).code, 0);
    let file = bench.path("football-bot.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(bench.run(&["--once"]).code, 0);
    assert_eq!(mode(&bench.data("state/accepted.toml")), 0o600);
}

#[test]
fn people_can_ask_while_a_bad_edit_waits_to_be_mended() {
    let bench = Bench::new();
    bench.config("[schedule]\ninterval = \"100ms\"\n");
    assert_eq!(bench.run(&["--once"]).code, 0);
    bench.config("[schedule]\ninterval = \"never");
    let ran = bench.run(&["pause", "--for", "1m"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("paused until "), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("not a valid configuration")
            && ran
                .stderr
                .contains("what was accepted last is used instead"),
        "{}",
        ran.stderr
    );
    // A copy of another file is another orchestrator's.
    let elsewhere = bench.path("elsewhere.toml");
    fs::write(&elsewhere, "[schedule]\ninterval = \"never").unwrap();
    let ran = bench.run(&["pause", "--config", elsewhere.to_str().unwrap()]);
    assert_eq!(ran.code, 78, "{}", ran.stdout);
    // To start is another thing.
    assert_eq!(bench.run(&["--once"]).code, 78);
}
