//! The sandbox, when it is ours: started for `--provider sandbox` without an address, looked after,
//! and ended with us on every path.
//!
//! It says its address on its first line; what it says after that goes to the day log. Whether it
//! still lives is looked at before each cycle, where a dead one is started again.

use std::time::Duration;

use nix::sys::signal::Signal;
use pipeline::{Exit, Failure};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use crate::child::{self, Heard};
use crate::group::Group;
use crate::plan::Plan;

/// How long it may take to say its address.
const READY: Duration = Duration::from_secs(10);

/// How long it may take to end. It has nothing to save.
const GRACE: Duration = Duration::from_millis(800);

const ANNOUNCEMENT: &str = "listening on ";

/// The sandbox, running or not.
#[derive(Debug, Default)]
pub struct Sandbox {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    group: Option<Group>,
    heard: Heard,
    url: String,
}

impl Sandbox {
    /// The address of a living sandbox, started now if none is; none if the plan has no sandbox.
    /// Cancel-safe: a sandbox that is not ready yet is known to [`Sandbox::stop`].
    ///
    /// # Errors
    /// 78 when the program can't be started, 69 when it does not come up.
    pub async fn ready(&mut self, plan: &Plan) -> Result<Option<&str>, Failure> {
        let Some(program) = &plan.sandbox else {
            return Ok(None);
        };
        if let Some(running) = &mut self.running {
            match running.child.try_wait() {
                Ok(None) if !running.url.is_empty() => {
                    running.heard.stdout.refill();
                    running.heard.stderr.refill();
                }
                Ok(None) => self.stop().await,
                Ok(Some(_)) | Err(_) => {
                    log::warn!("the sandbox has ended: starting it again");
                    self.stop().await;
                }
            }
        }
        if self.running.is_none() {
            let mut child = child::command(program, &plan.sandbox_arguments())
                .spawn()
                .map_err(|why| Failure::config(child::spawn_failure(program, &why)))?;
            let group = child.id().and_then(Group::led_by);
            let heard = Heard::listen("sandbox", &mut child);
            let running = self.running.insert(Running {
                child,
                group,
                heard,
                url: String::new(),
            });
            match running.announcement().await {
                Ok(url) => {
                    log::info!("SIMULATED data: the sandbox is at {url}");
                    running.url = url;
                }
                Err(failure) => {
                    self.stop().await;
                    return Err(failure);
                }
            }
        }
        Ok(self.running.as_ref().map(|running| running.url.as_str()))
    }

    /// Ends it, if it runs.
    pub async fn stop(&mut self) {
        let Some(mut running) = self.running.take() else {
            return;
        };
        if matches!(running.child.try_wait(), Ok(None)) {
            running
                .group
                .iter()
                .for_each(|group| group.ask(Signal::SIGTERM));
            if timeout(GRACE, running.child.wait()).await.is_err() {
                running.group.iter().for_each(|group| group.kill());
                // Killed, it is gone in an instant, or hangs in the kernel where nothing helps.
                let _ = timeout(GRACE, running.child.wait()).await;
            }
        }
        running.heard.drain().await;
        running.group.iter().for_each(|group| {
            group.kill_rest();
        });
        running.heard.finish();
    }
}

impl Running {
    /// Waits for the line with the address.
    async fn announcement(&mut self) -> Result<String, Failure> {
        let deadline = Instant::now() + READY;
        loop {
            if let Some(url) = self.heard.stdout.after(ANNOUNCEMENT) {
                return Ok(url);
            }
            let ended = matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
            if ended || Instant::now() >= deadline {
                self.heard.drain().await;
                let words = self.heard.stderr.last_words();
                let what = if ended {
                    "ended before it was ready".to_owned()
                } else {
                    let limit = humantime::format_duration(READY);
                    format!("did not say its address within {limit}")
                };
                let why = words.map(|words| format!(": {words}")).unwrap_or_default();
                return Err(Failure::new(
                    Exit::Unavailable,
                    format!("the sandbox {what}{why}"),
                ));
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
}
