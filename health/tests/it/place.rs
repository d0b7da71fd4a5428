//! A data directory in a state that a test wants.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use chrono::{TimeDelta, Utc};
use journal::lock::Lock;
use journal::writer::{CycleEnd, StepEnd};
use journal::{CycleOutcome, EventKind, Fetch, Journal, StepOutcome};
use tempfile::TempDir;

pub struct Place {
    folder: TempDir,
    root: &'static str,
    journal: Option<Journal>,
    cycles: u32,
    /// What the next cycles leave on the disk.
    pub disk_free: Option<u64>,
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
        Place::called("data")
    }

    /// A data directory of this name; one that is not `data` must be told to programs.
    pub fn called(root: &'static str) -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
            root,
            journal: None,
            cycles: 0,
            disk_free: None,
        }
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join(self.root).join(name)
    }

    /// Makes the orchestrator one that has run for long: in its first minutes old data is no news.
    pub fn settled(&self) {
        self.rewrite_lock("since", "2026-01-01T00:00:00Z");
    }

    /// Makes the orchestrator one that promised a sign of life for `seconds` ago.
    pub fn late_by(&self, seconds: i64) {
        let due = Utc::now() - TimeDelta::milliseconds(seconds * 1000 + 50);
        self.rewrite_lock("due", &due.to_rfc3339());
    }

    fn rewrite_lock(&self, key: &str, value: &str) {
        let path = self.data("state/orchestrator.lock");
        let text = fs::read_to_string(&path).unwrap();
        let old = text.lines().find(|line| line.starts_with(key)).unwrap();
        fs::write(&path, text.replace(old, &format!("{key} {value}"))).unwrap();
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
        let failed = (outcome == CycleOutcome::Failed).then_some((1, 69, why));
        self.cycle_with(age, outcome, failed, None);
    }

    /// A cycle that ended `age` seconds ago because step 1 ended with `code`.
    pub fn failure(&mut self, age: i64, code: i32, why: &str) {
        self.failure_at(1, age, code, why);
    }

    /// A cycle that ended `age` seconds ago because a step ended with `code`.
    pub fn failure_at(&mut self, position: u32, age: i64, code: i32, why: &str) {
        self.cycle_with(age, CycleOutcome::Failed, Some((position, code, why)), None);
    }

    /// A good cycle that ended `age` seconds ago, with what its fetch cost.
    pub fn fetched(&mut self, age: i64, fetch: &Fetch) {
        self.cycle_with(age, CycleOutcome::Ok, None, Some(fetch));
    }

    fn cycle_with(
        &mut self,
        age: i64,
        outcome: CycleOutcome,
        failed: Option<(u32, i32, &str)>,
        fetch: Option<&Fetch>,
    ) {
        // A little more, so that the second does not change while the test runs.
        let ended = Utc::now() - TimeDelta::milliseconds(age * 1000 + 50);
        self.cycles += 1;
        let id = format!("c{}", self.cycles);
        let last = failed.map_or(1, |(position, _, _)| position);
        let name = format!("step{last}");
        let disk_free = self.disk_free;
        let journal = self.journal();
        let began = ended - TimeDelta::seconds(2);
        let key = journal.begin_cycle(&id, began, Some(began)).unwrap();
        for position in 1..=last {
            let name = format!("step{position}");
            journal.begin_step(key, position, &name, began).unwrap();
            let step = StepEnd {
                position,
                outcome: match failed {
                    Some((at, code, _)) if at == position => StepOutcome::Failed(code),
                    _ => StepOutcome::Ok,
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
        }
        let good = failed.is_none();
        let end = CycleEnd {
            at: ended,
            outcome,
            failed_step: failed.map(|_| name.as_str()),
            matches: Some(111),
            wall: Duration::from_secs(2),
            message: failed.map(|(_, _, why)| why),
            overrun: None,
            fetched_at: good.then_some(began),
            with_odds: good.then_some(100),
            fetch,
            data_bytes: None,
            disk_free,
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

    /// A line as a person types it into a shell that finds our programs.
    pub fn shell(&self, line: &str) -> Command {
        let programs = Path::new(env!("CARGO_BIN_EXE_health")).parent().unwrap();
        let path = std::env::var("PATH").unwrap();
        let mut command = self.program("sh");
        command
            .args(["-c", &format!("exec {line}")])
            .env("PATH", format!("{}:{path}", programs.display()));
        command
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_health"));
        command.args(args);
        command
    }

    fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("FOOTBALL_BOT_") || name.ends_with("_DIRECTORY") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null());
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
