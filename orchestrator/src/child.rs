//! One step's life: start it, read it, end it when its time is up or ours is.
//!
//! The step is over when its process has ended, not when its pipes close: something it left behind
//! may hold them for hours. To end a step its whole group is asked (SIGTERM, and SIGCONT for a stopped
//! one), and after the grace killed; before that its last lines and what the process was doing are
//! kept. While waiting, signals to us are still seen. Who outlives the step is killed, in whatever
//! group or session, before anything else starts.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use journal::StepOutcome;
use nix::sys::signal::Signal;
use pipeline::Exit;
use tokio::time::{Instant, sleep_until};

use crate::console::Console;
use crate::family::Family;
use crate::heard::Heard;
use crate::proc;
use crate::process::{self, Process};
use crate::pulse::Pulse;
use crate::signals::{Request, Signals};

/// How long a killed process may take to be gone (it may hang in the kernel) before we go on without it.
const GIVE_UP: Duration = Duration::from_secs(5);

/// How often it is said what we still wait for, while something is to end.
const STILL: Duration = Duration::from_secs(5);

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Launch<'a> {
    /// Its name in the log.
    pub name: &'a str,
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables on top of our own environment.
    pub variables: Vec<(&'static str, String)>,
    /// Where its standard output is shown; none: it goes to the day log, line by line.
    pub shown: Option<Console>,
    /// When it is told to end.
    pub timeout: Duration,
    /// Between being asked and being killed.
    pub grace: Duration,
    /// The most memory it may map, in bytes; 0 = no limit.
    pub memory: u64,
}

/// Who attends while something runs.
#[derive(Debug)]
pub struct Attention<'a> {
    /// The signals to us.
    pub signals: &'a mut Signals,
    /// The heartbeat.
    pub pulse: &'a mut Pulse,
    /// Where children are written down.
    pub family: &'a Arc<Family>,
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
    /// The most memory it had resident, in bytes.
    pub max_rss: Option<u64>,
    /// Its processor time.
    pub cpu: Option<Duration>,
    /// Whether something else held its pipes after its end.
    pub leaked: bool,
}

/// Runs one program to its end.
pub async fn run(launch: &Launch<'_>, attention: &mut Attention<'_>) -> Finished {
    let started = Instant::now();
    let mut command = process::command(launch.program, &launch.args);
    command.envs(launch.variables.iter().map(|(name, value)| (name, value)));
    let family = attention.family;
    let mut process = match Process::start(&mut command, launch.name, launch.memory, family) {
        Ok(process) => process,
        Err(why) => {
            return Finished {
                outcome: StepOutcome::SpawnFailed,
                wall: started.elapsed(),
                last_words: Some(process::spawn_failure(launch.program, &why)),
                max_rss: None,
                cpu: None,
                leaked: false,
            };
        }
    };
    let mut heard = Heard::listen(launch.name, &mut process, launch.shown.clone());
    let mut life = Life {
        launch,
        process: &process,
        heard: &heard,
        ending: Ending::Not,
        killed: false,
        deadline: Instant::now() + launch.timeout,
        kept: None,
    };
    let gone = life.attend(attention).await;
    let (ending, kept) = (life.ending, life.kept.take());
    let wall = started.elapsed();
    let leaked = gone && heard.drain().await;
    let rest = family.sweep();
    if !rest.is_empty() {
        let (name, rest) = (launch.name, rest.join(", "));
        log::warn!("{name} left behind and killed: {rest}");
        heard.drain().await;
    } else if leaked {
        log::warn!(
            "{}: its output is still held open by another process",
            launch.name
        );
    }
    let ended = process.reap();
    heard.finish();
    let ending = if ending == Ending::Not && heard.is_broken() {
        Ending::Deaf
    } else {
        ending
    };
    Finished {
        outcome: outcome(ended.map(|ended| ended.status), ending),
        wall,
        last_words: kept.or_else(|| heard.last_words()),
        max_rss: ended.map(|ended| ended.max_rss),
        cpu: ended.map(|ended| ended.cpu),
        leaked,
    }
}

/// Why a process is being ended, and how far that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It isn't.
    Not,
    /// Its time was up.
    Timeout { forced: bool },
    /// We were told to stop, or the data is no longer ours.
    Stop,
    /// What it says can't be heard any more, by a bug of ours.
    Deaf,
}

struct Life<'a> {
    launch: &'a Launch<'a>,
    process: &'a Process,
    heard: &'a Heard,
    ending: Ending,
    killed: bool,
    deadline: Instant,
    /// What it said and did before it was killed.
    kept: Option<String>,
}

impl Life<'_> {
    /// Waits for the end of the process, and brings it about when it must be. False: it would not end.
    async fn attend(&mut self, attention: &mut Attention<'_>) -> bool {
        let mut ending_since = None;
        let mut word = Instant::now() + STILL;
        loop {
            if self.ending != Ending::Not && ending_since.is_none() {
                let now = Instant::now();
                ending_since = Some(now);
                word = now + STILL;
            }
            tokio::select! {
                biased;
                () = self.process.end() => return true,
                request = attention.signals.next() => self.told(request, attention.pulse),
                () = sleep_until(self.deadline) => {
                    if self.killed {
                        let name = self.launch.name;
                        log::error!("{name} does not end even when killed; going on without it");
                        return false;
                    }
                    self.time_is_up();
                }
                () = sleep_until(word), if ending_since.is_some() => {
                    word += STILL;
                    self.still_waiting();
                }
                () = self.heard.break_down(), if self.ending == Ending::Not => {
                    log::error!("{}: a bug: who listens to it panicked", self.launch.name);
                    self.ending = Ending::Deaf;
                    self.kill();
                }
                () = attention.pulse.beat() => {
                    if attention.pulse.lost() && self.ending == Ending::Not {
                        self.process.ask(Signal::SIGTERM);
                        self.ending = Ending::Stop;
                        self.deadline = Instant::now() + self.launch.grace;
                    }
                }
            }
        }
    }

    fn told(&mut self, request: Request, pulse: &Pulse) {
        let name = self.launch.name;
        match request {
            Request::Once(stop) => {
                let grace = humantime::format_duration(self.launch.grace);
                log::info!("{}: asking {name} to end, for up to {grace}", stop.name());
                pulse.notify.stopping(self.launch.grace + GIVE_UP + STILL);
                self.process.ask(stop.forwarded());
                if self.ending == Ending::Not {
                    self.ending = Ending::Stop;
                    self.deadline = Instant::now() + self.launch.grace;
                }
            }
            Request::Twice => {
                log::warn!("second signal: killing {name}");
                self.kill();
                if self.ending == Ending::Not {
                    self.ending = Ending::Stop;
                }
            }
        }
    }

    fn time_is_up(&mut self) {
        let name = self.launch.name;
        match self.ending {
            Ending::Not => {
                let limit = humantime::format_duration(self.launch.timeout);
                log::warn!("{name} ran into its timeout of {limit}: asking it to end");
                self.process.ask(Signal::SIGTERM);
                self.ending = Ending::Timeout { forced: false };
                self.deadline = Instant::now() + self.launch.grace;
            }
            Ending::Timeout { .. } | Ending::Stop | Ending::Deaf => {
                log::warn!("{name} did not end within the grace: killing it");
                self.kill();
                if let Ending::Timeout { .. } = self.ending {
                    self.ending = Ending::Timeout { forced: true };
                }
            }
        }
    }

    /// Kills it, but first keeps what tells why it had to be.
    fn kill(&mut self) {
        let name = self.launch.name;
        let portrait = proc::portrait(self.process.pid());
        log::warn!("{name} before the kill: {portrait}");
        for line in self.heard.tail() {
            log::warn!("{name} had said: {line}");
        }
        let words = self.heard.last_words();
        self.kept = Some(match words {
            Some(words) => format!("{words} ({portrait})"),
            None => portrait,
        });
        self.process.kill();
        self.killed = true;
        self.deadline = Instant::now() + GIVE_UP;
    }

    fn still_waiting(&self) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
        let name = self.launch.name;
        let pid = self.process.pid();
        log::info!("still waiting for {name} (process {pid}), for up to {left}");
    }
}

fn outcome(status: Option<ExitStatus>, ending: Ending) -> StepOutcome {
    match (ending, status) {
        (Ending::Timeout { forced }, _) => StepOutcome::TimedOut { forced },
        (Ending::Stop, _) => StepOutcome::Cancelled,
        (Ending::Deaf, _) => StepOutcome::Failed(i32::from(Exit::Bug.code())),
        (Ending::Not, Some(status)) => match (status.code(), status.signal()) {
            (Some(0), _) => StepOutcome::Ok,
            (Some(code), _) => StepOutcome::Failed(code),
            (None, signal) => StepOutcome::Signalled(signal.unwrap_or(0)),
        },
        (Ending::Not, None) => StepOutcome::Signalled(Signal::SIGKILL as i32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proc::Identity;
    use journal::lock::Lock;

    #[test]
    fn a_panic_in_a_listener_kills_the_step_and_fails_it_and_the_loop_lives() {
        let folder = tempfile::tempdir().unwrap();
        let family = Arc::new(Family::new(&folder.path().join("children")));
        let lock = Lock::take(&folder.path().join("lock"), Duration::from_secs(1)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut signals = Signals::install(&family).unwrap();
            let mut pulse = Pulse::new(lock, Arc::clone(&family));
            let args = ["-c".into(), "trap '' TERM; sleep 50 & wait".into()];
            let launch = Launch {
                name: "sh",
                program: Path::new("/bin/sh"),
                args: args.to_vec(),
                variables: Vec::new(),
                shown: None,
                timeout: Duration::from_secs(50),
                grace: Duration::from_secs(50),
                memory: 0,
            };
            let mut command = process::command(launch.program, &launch.args);
            let process = Process::start(&mut command, launch.name, 0, &family).unwrap();
            let heard = Heard::with_a_bug(b"WARN sh: last words\n");
            let mut life = Life {
                launch: &launch,
                process: &process,
                heard: &heard,
                ending: Ending::Not,
                killed: false,
                deadline: Instant::now() + launch.timeout,
                kept: None,
            };
            let mut attention = Attention {
                signals: &mut signals,
                pulse: &mut pulse,
                family: &family,
            };
            assert!(life.attend(&mut attention).await, "it is gone");
            assert_eq!(outcome(None, life.ending), StepOutcome::Failed(70));
            assert!(life.kept.unwrap().contains("last words"));
            let pid = process.pid();
            drop(process);
            assert!(!Identity::of(pid).is_some_and(Identity::lives));
        });
    }
}
