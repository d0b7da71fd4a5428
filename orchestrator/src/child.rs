//! One step as a child process: start it, read it, end it when its time is up or ours is.
//!
//! The step is over when its process has ended, not when its pipes close: something it left behind
//! may hold them for hours. To end a step its whole group is asked (SIGTERM, and SIGCONT for a stopped
//! one), and after the grace killed; while waiting for that, signals to us are still seen. Who outlives
//! the step in its group is killed, so a leftover never piles up over a day's 1,440 cycles.
//!
//! Children are only started from the main thread (a parent-death signal would otherwise come from
//! the end of a thread), and without code of ours between fork and exec.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use journal::StepOutcome;
use nix::sys::signal::Signal;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until, timeout};

use pipeline::signals::PARENT;

use crate::group::Group;
use crate::output::Said;
use crate::signals::{Request, Signals};

/// How long the pipes are still read after the process has ended.
const DRAIN: Duration = Duration::from_millis(200);

/// How long a killed process may take to be gone (it may hang in the kernel) before we go on without it.
const GIVE_UP: Duration = Duration::from_secs(5);

/// What the environment of the orchestrator has that is not for its children: the line to systemd,
/// and the shell's idle timeout.
const NOT_FOR_CHILDREN: [&str; 7] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "TMOUT",
];

/// Where a program's standard output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdout {
    /// To the day log, line by line.
    Log,
    /// To our own standard output, untouched.
    Ours,
}

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Launch<'a> {
    /// Its name in the log.
    pub name: &'a str,
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// A variable on top of our own environment.
    pub variable: Option<(&'static str, &'static str)>,
    /// Where its standard output goes.
    pub stdout: Stdout,
    /// When it is told to end.
    pub timeout: Duration,
    /// Between being asked and being killed.
    pub grace: Duration,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The outcome, as far as the process itself tells it.
    pub outcome: StepOutcome,
    /// From start to end.
    pub wall: Duration,
    /// Its last words, if it failed.
    pub last_words: Option<String>,
}

/// A command with what every child of ours needs: its own group, nothing to read, a clean environment.
pub fn command(program: &Path, args: &[OsString]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in NOT_FOR_CHILDREN {
        command.env_remove(name);
    }
    command.env(PARENT, std::process::id().to_string());
    command
}

/// Why a program did not start, with what to do.
pub fn spawn_failure(program: &Path, why: &io::Error) -> String {
    let advice = match why.kind() {
        io::ErrorKind::NotFound => "build it, or name its folder with --bin-dir",
        io::ErrorKind::PermissionDenied => "make it executable",
        _ => "try `orchestrator check`",
    };
    format!("can't start `{}`: {why} ({advice})", program.display())
}

/// Runs one program to its end.
pub async fn run(launch: &Launch<'_>, signals: &mut Signals) -> Finished {
    let started = Instant::now();
    let mut command = command(launch.program, &launch.args);
    command.envs(launch.variable);
    if launch.stdout == Stdout::Ours {
        command.stdout(Stdio::inherit());
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => {
            return Finished {
                outcome: StepOutcome::SpawnFailed,
                wall: started.elapsed(),
                last_words: Some(spawn_failure(launch.program, &why)),
            };
        }
    };
    let group = child.id().and_then(Group::led_by);
    let mut heard = Heard::listen(launch.name, &mut child);
    let (status, ending) = wait(launch, &mut child, group, signals).await;
    let wall = started.elapsed();
    heard.drain().await;
    if let Some(group) = group {
        let rest = group.kill_rest();
        if !rest.is_empty() {
            log::warn!(
                "{} left behind and killed: {}",
                launch.name,
                rest.join(", ")
            );
            heard.drain().await;
        }
    }
    heard.finish();
    Finished {
        outcome: outcome(status, ending),
        wall,
        last_words: heard.last_words(),
    }
}

/// Why a process is being ended, and how far that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It isn't.
    Not,
    /// Its time was up.
    Timeout { forced: bool },
    /// We were told to stop.
    Stop,
}

/// Waits for the end of the process, and brings it about when it must be. None: it would not end.
async fn wait(
    launch: &Launch<'_>,
    child: &mut Child,
    group: Option<Group>,
    signals: &mut Signals,
) -> (Option<ExitStatus>, Ending) {
    let name = launch.name;
    let mut ending = Ending::Not;
    let mut killed = false;
    let mut deadline = Instant::now() + launch.timeout;
    // Only until the process is reaped may its number be signalled; that is when the loop ends.
    let ask = |signal: Signal| group.iter().for_each(|group| group.ask(signal));
    let kill = || group.iter().for_each(|group| group.kill());
    loop {
        tokio::select! {
            biased;
            status = child.wait() => match status {
                Ok(status) => return (Some(status), ending),
                Err(why) => {
                    log::error!("failed to wait for {name}: {why}");
                    kill();
                    return (None, ending);
                }
            },
            request = signals.next() => match request {
                Request::Once(stop) => {
                    let grace = humantime::format_duration(launch.grace);
                    log::info!("{}: asking {name} to end, for up to {grace}", stop.name());
                    ask(stop.forwarded());
                    if ending == Ending::Not {
                        ending = Ending::Stop;
                        deadline = Instant::now() + launch.grace;
                    }
                }
                Request::Twice => {
                    log::warn!("second signal: killing {name}");
                    kill();
                    killed = true;
                    deadline = Instant::now() + GIVE_UP;
                    if ending == Ending::Not {
                        ending = Ending::Stop;
                    }
                }
            },
            () = sleep_until(deadline) => {
                if killed {
                    log::error!("{name} does not end even when killed; going on without it");
                    return (None, ending);
                }
                match ending {
                    Ending::Not => {
                        let limit = humantime::format_duration(launch.timeout);
                        log::warn!("{name} ran into its timeout of {limit}: asking it to end");
                        ask(Signal::SIGTERM);
                        ending = Ending::Timeout { forced: false };
                        deadline = Instant::now() + launch.grace;
                    }
                    Ending::Timeout { .. } | Ending::Stop => {
                        log::warn!("{name} did not end within the grace: killing it");
                        kill();
                        killed = true;
                        if ending != Ending::Stop {
                            ending = Ending::Timeout { forced: true };
                        }
                        deadline = Instant::now() + GIVE_UP;
                    }
                }
            }
        }
    }
}

fn outcome(status: Option<ExitStatus>, ending: Ending) -> StepOutcome {
    match (ending, status) {
        (Ending::Timeout { forced }, _) => StepOutcome::TimedOut { forced },
        (Ending::Stop, _) => StepOutcome::Cancelled,
        (Ending::Not, Some(status)) => match (status.code(), status.signal()) {
            (Some(0), _) => StepOutcome::Ok,
            (Some(code), _) => StepOutcome::Failed(code),
            (None, signal) => StepOutcome::Signalled(signal.unwrap_or(0)),
        },
        (Ending::Not, None) => StepOutcome::Signalled(Signal::SIGKILL as i32),
    }
}

/// The listeners on a child's pipes.
#[derive(Debug)]
pub struct Heard {
    /// What is said on stdout; nothing if that is not a pipe.
    pub stdout: Said,
    /// What is said on stderr.
    pub stderr: Said,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Heard {
    /// Starts listening to the pipes of `child`.
    pub fn listen(name: &str, child: &mut Child) -> Heard {
        let mut heard = Heard {
            stdout: Said::new(name),
            stderr: Said::new(name),
            tasks: Vec::new(),
        };
        if let Some(pipe) = child.stdout.take() {
            heard
                .tasks
                .push(tokio::spawn(heard.stdout.clone().listen(pipe)));
        }
        if let Some(pipe) = child.stderr.take() {
            heard
                .tasks
                .push(tokio::spawn(heard.stderr.clone().listen(pipe)));
        }
        heard
    }

    /// Listens to the end, but not for long.
    pub async fn drain(&mut self) {
        let tasks = &mut self.tasks;
        let all = async {
            while let Some(task) = tasks.last_mut() {
                if let Err(why) = task.await {
                    log::error!("failed to read what a program said: {why}");
                }
                tasks.pop();
            }
        };
        // Not all: something still holds a pipe; what came until now is kept.
        let _ = timeout(DRAIN, all).await;
    }

    /// Stops listening.
    pub fn finish(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
        self.stdout.finish();
        self.stderr.finish();
    }

    /// The last error that was said, else the last line, stderr before stdout.
    fn last_words(&self) -> Option<String> {
        self.stderr
            .last_words()
            .or_else(|| self.stdout.last_words())
    }
}
