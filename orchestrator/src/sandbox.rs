//! The sandbox, when it is ours: started for `--provider sandbox` without an address, looked after,
//! and ended with us on every path.
//!
//! It says its address on its first line; what it says after that goes to the day log. Whether it
//! still lives is looked at before each cycle, where a dead one is started again.

use std::sync::Arc;
use std::time::Duration;

use pipeline::{Exit, Failure};
use tokio::time::{Instant, sleep};

use crate::companion;
use crate::family::Family;
use crate::heard::Heard;
use crate::plan::Plan;
use crate::process::{self, Process};

/// How long it may take to say its address.
const READY: Duration = Duration::from_secs(10);

const ANNOUNCEMENT: &str = "listening on ";

/// The sandbox, running or not.
#[derive(Debug, Default)]
pub struct Sandbox {
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    process: Process,
    heard: Heard,
    url: String,
}

impl Sandbox {
    /// The address of a living sandbox, started now if none is; none if the plan has no sandbox.
    /// Cancel-safe: a sandbox that is not ready yet is known to [`Sandbox::stop`].
    ///
    /// # Errors
    /// 78 when the program can't be started, 69 when it does not come up.
    pub async fn ready(
        &mut self,
        plan: &Plan,
        family: &Arc<Family>,
    ) -> Result<Option<&str>, Failure> {
        let Some(program) = &plan.sandbox else {
            return Ok(None);
        };
        if let Some(running) = &mut self.running {
            let ended = running.process.has_ended();
            if ended {
                log::warn!("the sandbox has ended: starting it again");
            }
            if ended || running.url.is_empty() {
                self.stop().await;
            } else {
                running.heard.stdout.refill();
                running.heard.stderr.refill();
            }
        }
        if self.running.is_none() {
            let mut command = process::command(program, &plan.sandbox_arguments());
            let mut process = Process::start(&mut command, "sandbox", 0, family)
                .map_err(|why| Failure::config(process::spawn_failure(program, &why)))?;
            let heard = Heard::listen("sandbox", &mut process, None);
            let running = self.running.insert(Running {
                process,
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
        if let Some(mut running) = self.running.take() {
            companion::stop(&mut running.process, &mut running.heard).await;
        }
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
            let ended = self.process.has_ended();
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
