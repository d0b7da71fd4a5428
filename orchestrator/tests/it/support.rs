//! A bench: a folder with six steps that are shell scripts, and the orchestrator to run them.

use std::fs::{self, File};
use std::io::{PipeReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use chrono::Local;
use journal::reader::{Cycle, Step};
use journal::{Reader, StepOutcome};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use orchestrator::daylog::name;
use tempfile::TempDir;

/// No test waits for anything longer than this.
const DEADLINE: Duration = Duration::from_secs(60);

pub struct Bench {
    folder: TempDir,
}

/// What a program left behind when it ended.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub wall: Duration,
}

/// A running orchestrator; killed when dropped.
pub struct Running {
    pub child: Child,
    started: Instant,
    folder: PathBuf,
}

impl Bench {
    /// Six steps that succeed.
    pub fn new() -> Bench {
        let bench = Bench {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(bench.path("bin")).unwrap();
        for number in 1..=6 {
            bench.step(number, "succeed");
        }
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.path("data").join(name)
    }

    /// Makes step `number` do this instead. `succeed` writes what the step owes.
    pub fn step(&self, number: u8, body: &str) {
        let output = match number {
            1 => "$DATA/step1.json".to_owned(),
            n => format!("$DATA/step{n}/step{n}.json"),
        };
        let write = if number == 6 {
            "echo shown; echo \"INFO  step6: appended\" >&2".to_owned()
        } else {
            format!(
                r#"mkdir -p "$(dirname "{output}")"
printf '{{"schema":"football-bot/step{number}/1","cycle":"%s","generated_at":"2026-01-01T00:00:00Z","fetched_at":"2026-01-01T00:00:00Z","provider":"sandbox","total_matches":7}}' "$CYCLE" > "{output}""#
            )
        };
        let script = format!(
            r#"ALL="$*"
while [ $# -gt 0 ]; do
  case "$1" in --cycle) CYCLE=$2; shift;; --data-dir) DATA=$2; shift;; esac
  shift
done
mkdir -p "$DATA"
echo "step{number} $ALL" >> "$DATA/ran"
succeed() {{
{write}
}}
{body}
"#
        );
        self.program(&format!("step{number}"), &script);
    }

    /// Makes the program `name` this script.
    pub fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        // Another file each time: one that just ran may still be busy.
        let _ = fs::remove_file(&path);
        fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub fn config(&self, toml: &str) {
        fs::write(self.path("football-bot.toml"), toml).unwrap();
    }

    /// Limits for one step that misbehaves: step `number` gets `timeout`, and the grace is `grace`.
    pub fn limits(&self, number: u8, timeout: &str, grace: &str) {
        let mut toml = format!("[pipeline]\ngrace = \"{grace}\"\n");
        for n in 1..=6 {
            let timeout = if n == number { timeout } else { "30s" };
            toml.push_str(&format!(
                "[[pipeline.step]]\nname = \"step{n}\"\nprogram = \"step{n}\"\ntimeout = \"{timeout}\"\n"
            ));
        }
        self.config(&toml);
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        self.dress(&mut command);
        command
            .arg("--data-dir")
            .arg(self.path("data"))
            .arg("--bin-dir")
            .arg(self.path("bin"))
            .args(args);
        command
    }

    /// An environment of the test's own, and files for what is said.
    pub fn dress(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("FOOTBALL_BOT_")
                || name.starts_with("THESPORTS_")
                || name.ends_with("_DIRECTORY")
            {
                command.env_remove(name);
            }
        }
        command
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(File::create(self.path("stdout")).unwrap())
            .stderr(File::create(self.path("stderr")).unwrap());
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.spawn(self.command(args)).wait()
    }

    pub fn start(&self, args: &[&str]) -> Running {
        self.spawn(self.command(args))
    }

    /// What a step has to do so that our loop stands still with its next word, until
    /// [`Bench::let_go`]: the day log becomes a pipe that nobody reads.
    pub fn hold_the_loop(&self) -> String {
        let log = name(Local::now().date_naive());
        format!("rm \"$DATA/logs/{log}\"; mkfifo \"$DATA/logs/{log}\"")
    }

    /// The loop goes on.
    pub fn let_go(&self) {
        let folder = self.data("logs");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            std::thread::spawn(|| std::io::copy(&mut File::open(path)?, &mut std::io::sink()));
        }
    }

    /// Started with a console that takes not one more byte until it is read.
    pub fn start_with_full_console(&self, args: &[&str]) -> (Running, PipeReader) {
        let (reader, mut writer) = std::io::pipe().unwrap();
        // What fits is known only by filling it, which must not wait.
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        for size in [4096, 1] {
            while writer.write(&vec![b'.'; size]).is_ok() {}
        }
        fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
        let mut command = self.command(args);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        (self.spawn(command), reader)
    }

    pub fn spawn(&self, mut command: Command) -> Running {
        Running {
            child: command.spawn().unwrap(),
            started: Instant::now(),
            folder: self.folder.path().to_path_buf(),
        }
    }

    /// The lines `stepN ARGUMENTS` of the steps that ran.
    pub fn ran(&self) -> Vec<String> {
        lines(&self.data("ran"))
    }

    /// The names of the steps that ran.
    pub fn ran_names(&self) -> Vec<String> {
        let first = |line: String| line.split(' ').next().unwrap().to_owned();
        self.ran().into_iter().map(first).collect()
    }

    pub fn reader(&self) -> Reader {
        Reader::open(&self.data("state/journal.sqlite")).unwrap()
    }

    /// The newest cycle with its steps.
    pub fn newest(&self) -> (Cycle, Vec<Step>) {
        let reader = self.reader();
        let cycle = reader.newest(1).unwrap().remove(0);
        let steps = reader.steps(&cycle).unwrap();
        (cycle, steps)
    }

    pub fn outcomes(&self) -> Vec<StepOutcome> {
        let (_, steps) = self.newest();
        steps
            .into_iter()
            .map(|step| step.outcome.expect("has ended"))
            .collect()
    }

    pub fn day_log(&self) -> String {
        let folder = self.data("logs");
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        names.sort();
        names
            .iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }

    /// The process id that a script wrote to `name`.
    pub fn pid(&self, name: &str) -> i32 {
        lines(&self.data(name))[0].trim().parse().unwrap()
    }
}

impl Running {
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    pub fn wait(mut self) -> Ran {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(self.started.elapsed() < DEADLINE, "it does not end");
            sleep(Duration::from_millis(5));
        };
        Ran {
            code: status.code().unwrap_or(-1),
            stdout: fs::read_to_string(self.folder.join("stdout")).unwrap(),
            stderr: fs::read_to_string(self.folder.join("stderr")).unwrap(),
            wall: self.started.elapsed(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Waits until it is so.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < DEADLINE, "waited in vain: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// Whether a process lives. A zombie does not.
pub fn lives(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .ok()
        .and_then(|stat| Some(stat.rsplit_once(") ")?.1.starts_with(['Z', 'X'])))
        .is_some_and(|dead| !dead)
}

/// The cycles in the journal.
pub fn cycles(bench: &Bench) -> u64 {
    journal::Reader::open(&bench.data("state/journal.sqlite"))
        .and_then(|reader| reader.totals())
        .map_or(0, |totals| totals.cycles())
}

/// Whether the console has these words.
pub fn said(bench: &Bench, words: &str) -> bool {
    fs::read_to_string(bench.path("stderr"))
        .unwrap()
        .contains(words)
}
