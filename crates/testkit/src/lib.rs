//! Helpers for whole-program tests: find the built programs, run them in a data directory of their own,
//! make input for them.
//!
//! The programs must be built first (`cargo build --workspace`; `scripts/test` does it). The input comes
//! from the sandbox's simulation, so no test needs anything from outside the repository.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A fixed instant of the simulated evening, unix seconds: 2026-03-14 19:30:00 UTC.
pub const EVENING: i64 = 1_773_516_600;

/// The path of a built program.
///
/// # Panics
/// When it has not been built.
pub fn program(name: &str) -> PathBuf {
    let test = env::current_exe().expect("a test knows its own path");
    test.ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!("`{name}` is not built; run `cargo build --workspace` first (scripts/test does)")
        })
}

/// A recording of a simulated evening with `matches` matches, in the shape of a real one.
pub fn recording(matches: usize) -> Value {
    // Two hours in, every status has occurred and the odds histories have grown.
    sandbox::Evening::new(7, matches, EVENING).recording(EVENING + 2 * 3600)
}

/// A data directory with the steps to run in it.
#[derive(Debug)]
pub struct Chain {
    folder: TempDir,
}

impl Default for Chain {
    fn default() -> Self {
        Chain::new()
    }
}

impl Chain {
    /// An empty data directory.
    pub fn new() -> Chain {
        Chain {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        }
    }

    /// The data directory.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The file that step `number` writes.
    pub fn output(&self, number: u8) -> PathBuf {
        match number {
            1 => self.path().join("step1.json"),
            6 => self.path().join("step6_matches.log"),
            n => self.path().join(format!("step{n}/step{n}.json")),
        }
    }

    /// A command that runs step `number` on this data directory, with a clean environment.
    pub fn command(&self, number: u8) -> Command {
        let mut command = Command::new(program(&format!("step{number}")));
        command
            .arg("--data-dir")
            .arg(self.path())
            .current_dir(self.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null());
        command
    }

    /// Runs step `number` with these arguments.
    pub fn run<const N: usize>(&self, number: u8, args: [&str; N]) -> Output {
        self.command(number)
            .args(args)
            .output()
            .expect("a built program starts")
    }

    /// Runs it and expects success.
    ///
    /// # Panics
    /// When it fails, with what it said.
    pub fn run_ok<const N: usize>(&self, number: u8, args: [&str; N]) {
        let output = self.run(number, args);
        assert!(
            output.status.success(),
            "step{number} failed: {}",
            message(&output)
        );
    }

    /// Writes a `step1.json` of this cycle from a recording's bodies.
    pub fn write_step1(&self, cycle: &str, recording: &Value) {
        fs::write(self.output(1), step1_document(cycle, recording))
            .expect("the folder is writable");
    }

    /// Steps 2 to `last` on what is there, all of them successful.
    pub fn run_from_2_to(&self, last: u8) {
        for number in 2..=last {
            self.run_ok(number, []);
        }
    }

    /// The JSON that step `number` wrote.
    ///
    /// # Panics
    /// When it is no whole JSON document.
    pub fn json(&self, number: u8) -> Value {
        let path = self.output(number);
        let bytes = fs::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        serde_json::from_slice(&bytes).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
    }
}

/// A `step1.json` of this cycle with a recording's bodies.
///
/// # Panics
/// When the recording is no object.
pub fn step1_document(cycle: &str, recording: &Value) -> String {
    let body = serde_json::to_string(recording).expect("a JSON value can be written");
    let at = recording["timestamp"]
        .as_str()
        .expect("a recording has a timestamp");
    let instant = format!("{}Z", at.trim_end_matches('Z'));
    let rest = body.strip_prefix('{').expect("a recording is an object");
    format!(
        r#"{{"schema":"football-bot/step1/1","cycle":"{cycle}","generated_at":"{instant}","fetched_at":"{instant}","provider":"sandbox",{rest}"#
    )
}

/// What a program said on stderr.
pub fn message(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A real recorded cycle, where the checkout has one beside it (it is not ours to publish).
/// Says so when it has none.
pub fn real_recording() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let found = fs::read_dir(&root)
        .ok()
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("recording_"))
        });
    if found.is_none() {
        eprintln!("skipped: no real recording in {}", root.display());
    }
    found
}
