//! A data directory in a state that a test wants.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use chrono::{TimeDelta, Utc};
use journal::lock::Lock;
use journal::writer::{CycleEnd, StepEnd};
use journal::{CycleOutcome, EventKind, Journal, StepOutcome};
use tempfile::TempDir;

pub struct Place {
    folder: TempDir,
    journal: Option<Journal>,
    cycles: u32,
}

pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn first_line(&self) -> &str {
        self.stdout.lines().next().unwrap_or_default()
    }

    pub fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }
}

impl Place {
    pub fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
            journal: None,
            cycles: 0,
        }
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    /// An orchestrator: this process. It lives as long as the lock that is returned.
    pub fn orchestrator(&mut self) -> Lock {
        let lock = Lock::take(
            &self.data("state/orchestrator.lock"),
            Duration::from_secs(60),
        );
        self.event(EventKind::Start, "started");
        lock.unwrap()
    }

    pub fn event(&mut self, kind: EventKind, text: &str) {
        self.journal().event(Utc::now(), kind, 1, text).unwrap();
    }

    /// A cycle that ended `age` seconds ago.
    pub fn cycle(&mut self, age: i64, outcome: CycleOutcome) {
        let why = "exit 69, provider unreachable or failing: no answer";
        self.cycle_with(age, outcome, 69, why);
    }

    /// A cycle that ended `age` seconds ago because step 1 ended with `code`.
    pub fn failure(&mut self, age: i64, code: i32, why: &str) {
        self.cycle_with(age, CycleOutcome::Failed, code, why);
    }

    fn cycle_with(&mut self, age: i64, outcome: CycleOutcome, code: i32, why: &str) {
        // A little more, so that the second does not change while the test runs.
        let ended = Utc::now() - TimeDelta::milliseconds(age * 1000 + 50);
        self.cycles += 1;
        let id = format!("c{}", self.cycles);
        let failed = outcome == CycleOutcome::Failed;
        let journal = self.journal();
        let began = ended - TimeDelta::seconds(2);
        let key = journal.begin_cycle(&id, began, Some(began)).unwrap();
        journal.begin_step(key, 1, "step1", began).unwrap();
        let step = StepEnd {
            position: 1,
            outcome: if failed {
                StepOutcome::Failed(code)
            } else {
                StepOutcome::Ok
            },
            wall: Duration::from_secs(2),
            bytes_out: None,
            matches: None,
            message: None,
            attempts: 1,
            max_rss: Some(12_000_000),
            cpu: Some(Duration::from_millis(80)),
            leaked: false,
        };
        journal.end_step(key, &step).unwrap();
        let end = CycleEnd {
            at: ended,
            outcome,
            failed_step: failed.then_some("step1"),
            matches: Some(111),
            wall: Duration::from_secs(2),
            message: failed.then_some(why),
            overrun: None,
            fetched_at: (!failed).then_some(began),
            with_odds: (!failed).then_some(100),
            fetch: None,
            data_bytes: None,
            disk_free: None,
        };
        journal.end_cycle(key, &end).unwrap();
    }

    /// The six files, `age` seconds old.
    pub fn files(&self, age: u64, provider: &str) {
        for number in 1..=6 {
            let name = match number {
                1 => "step1.json".to_owned(),
                6 => "step6_matches.log".to_owned(),
                n => format!("step{n}/step{n}.json"),
            };
            let path = self.data(&name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let then = (Utc::now() - TimeDelta::milliseconds(age as i64 * 1000 + 50))
                .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            let text = format!(
                r#"{{"schema":"football-bot/step{number}/1","cycle":"c1","generated_at":"{then}","fetched_at":"{then}","provider":"{provider}","fresh":true}}"#
            );
            fs::write(&path, text).unwrap();
            let at = SystemTime::now() - Duration::from_millis(age * 1000 + 50);
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(at)
                .unwrap();
        }
    }

    pub fn journal(&mut self) -> &mut Journal {
        let path = self.data("state/journal.sqlite");
        self.journal
            .get_or_insert_with(|| Journal::open(&path).unwrap().0)
    }

    /// Closes the journal, as an orchestrator that ends does.
    pub fn close(&mut self) {
        self.journal = None;
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_health"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("FOOTBALL_BOT_") || name.ends_with("_DIRECTORY") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.folder.path())
            .args(args)
            .stdin(Stdio::null());
        command
    }

    pub fn health(&self, args: &[&str]) -> Said {
        let output = self.command(args).output().unwrap();
        Said {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
