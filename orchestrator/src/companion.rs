//! A program that is kept running beside the cycles (`health watch`): started, started again with a
//! growing delay when it ends, ended with us. Its words go to the day log. It has no part in a cycle:
//! it is looked after between cycles and in the heartbeat's time, and nothing ever waits for it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, timeout};

use crate::family::Family;
use crate::heard::Heard;
use crate::process::{self, Process};

/// The delay before it is started again the first time, and at most.
const DELAYS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Who lived so long has started well; the delay begins anew.
const SETTLED: Duration = Duration::from_secs(120);

/// How long it may take to end.
const GRACE: Duration = Duration::from_millis(800);

/// What is kept running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name in the log.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The configuration that it reads when it starts: with another one it is started again.
    pub settings: String,
}

/// The companion, running or not.
#[derive(Debug)]
pub struct Companion {
    spec: Option<Spec>,
    running: Option<Running>,
    delay: Duration,
    next: Instant,
}

#[derive(Debug)]
struct Running {
    process: Process,
    heard: Heard,
    since: Instant,
}

impl Companion {
    /// A companion that is not started yet; without `spec` there never is one.
    pub fn new(spec: Option<Spec>) -> Companion {
        Companion {
            spec,
            running: None,
            delay: DELAYS.0,
            next: Instant::now(),
        }
    }

    /// Sees to it that it runs. Never waits.
    pub fn look(&mut self, family: &Arc<Family>) {
        let Some(spec) = self.spec.clone() else {
            return;
        };
        if let Some(running) = &mut self.running {
            if !running.process.has_ended() {
                running.heard.stdout.refill();
                running.heard.stderr.refill();
                return;
            }
            let how = running.process.reap().map(|ended| ended.status.to_string());
            if running.since.elapsed() >= SETTLED {
                self.delay = DELAYS.0;
            }
            let delay = humantime::format_duration(self.delay);
            log::warn!(
                "{} ended ({}): starting it again in {delay}",
                spec.name,
                how.unwrap_or_else(|| "no status".to_owned())
            );
            self.running = None;
            self.put_off();
        }
        if self.running.is_none() && Instant::now() >= self.next {
            let mut command = process::command(&spec.program, &spec.args);
            match Process::start(&mut command, &spec.name, 0, family) {
                Ok(mut process) => {
                    log::info!("{} is started (process {})", spec.name, process.pid());
                    let heard = Heard::listen(&spec.name, &mut process, None);
                    self.running = Some(Running {
                        process,
                        heard,
                        since: Instant::now(),
                    });
                }
                Err(why) => {
                    let delay = humantime::format_duration(self.delay);
                    let why = process::spawn_failure(&spec.program, &why);
                    log::error!("{why}; trying again in {delay}");
                    self.put_off();
                }
            }
        }
    }

    fn put_off(&mut self) {
        self.next = Instant::now() + self.delay;
        self.delay = (self.delay * 2).min(DELAYS.1);
    }

    /// Another one, or none, from now on.
    pub async fn change(&mut self, spec: Option<Spec>) {
        if spec != self.spec {
            self.stop().await;
            *self = Companion::new(spec);
        }
    }

    /// Ends it, if it runs.
    pub async fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            stop(&mut running.process, &mut running.heard).await;
        }
    }
}

/// Ends a program that has nothing to save.
pub(crate) async fn stop(process: &mut Process, heard: &mut Heard) {
    process.ask(Signal::SIGTERM);
    if timeout(GRACE, process.end()).await.is_err() {
        process.kill();
        // Killed, it is gone in an instant, or hangs in the kernel where nothing helps.
        let _ = timeout(GRACE, process.end()).await;
    }
    heard.drain().await;
    process.reap();
    heard.finish();
}
