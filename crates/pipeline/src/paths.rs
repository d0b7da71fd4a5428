//! Where everything is: the layout of the data directory, in one place.

use std::path::{Path, PathBuf};

/// The data directory and what stands in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir {
    root: PathBuf,
    logs: PathBuf,
}

impl DataDir {
    /// A data directory at `root`, with its day logs in `logs/` below it.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let logs = root.join("logs");
        DataDir { root, logs }
    }

    /// The same with the day logs elsewhere (systemd's `$LOGS_DIRECTORY`).
    pub fn with_logs(mut self, logs: impl Into<PathBuf>) -> Self {
        self.logs = logs.into();
        self
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What step `number` (1 to 6) writes: `step1.json`, `step2/step2.json`, …, `step6_matches.log`.
    pub fn output(&self, number: u8) -> PathBuf {
        match number {
            1 => self.root.join("step1.json"),
            6 => self.root.join("step6_matches.log"),
            n => self.root.join(format!("step{n}/step{n}.json")),
        }
    }

    /// What step `number` (2 to 6) reads: the output of the step before.
    pub fn input(&self, number: u8) -> PathBuf {
        self.output(number - 1)
    }

    /// Our own private state: lock, journal, reference cache.
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// The lock of the orchestrator: one instance per data directory.
    pub fn lock(&self) -> PathBuf {
        self.state().join("orchestrator.lock")
    }

    /// The configuration that the orchestrator accepted last; its steps and `health watch` read this.
    pub fn accepted(&self) -> PathBuf {
        self.state().join("accepted.toml")
    }

    /// The journal of cycles and steps (SQLite).
    pub fn journal(&self) -> PathBuf {
        self.state().join("journal.sqlite")
    }

    /// The folder of the orchestrator's day logs.
    pub fn logs(&self) -> &Path {
        &self.logs
    }
}
