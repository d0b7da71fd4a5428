//! The thread of one sink: takes the oldest message, delivers it, waits as the sink asks or doubles
//! its own wait, and writes down how that goes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use chrono::Utc;
use pipeline::Config;
use pipeline::config::alerts::{Alerts, SinkKind, SinkSpec};

use super::ping::Call;
use super::queue::Queue;
use super::{Message, Outcome, Sink, host};
use crate::alerts::SinkStatus;
use crate::alerts::engine::{Notification, Verb};
use crate::alerts::state;

/// The first wait after a failure; doubled each time.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// The longest wait of our own.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A sink that refuses us is tried again so seldom.
const REFUSED_WAIT: Duration = Duration::from_secs(300);

/// A sink with its thread.
#[derive(Clone, Debug)]
pub struct Worker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    spec: SinkSpec,
    settings: Alerts,
    host: String,
    status_path: PathBuf,
    desk: Mutex<Desk>,
    bell: Condvar,
}

#[derive(Debug)]
struct Desk {
    queue: Queue,
    call: Option<(Call, String)>,
    status: SinkStatus,
    not_before: Option<Instant>,
    failures: u32,
}

impl Worker {
    /// Starts the thread of a sink, with what waits on the disk.
    pub fn start(spec: &SinkSpec, config: &Config, folder: &Path) -> Worker {
        let queue = Queue::open(folder, &spec.name, config.alerts.keep_messages);
        let status_path = folder.join(format!("{}.json", spec.name));
        let text = std::fs::read_to_string(&status_path).unwrap_or_default();
        let status = SinkStatus {
            name: spec.name.clone(),
            kind: spec.kind.word().to_owned(),
            queued: queue.len() as u64,
            ..serde_json::from_str(&text).unwrap_or_default()
        };
        let shared = Arc::new(Shared {
            spec: spec.clone(),
            settings: config.alerts.clone(),
            host: host(config),
            status_path,
            desk: Mutex::new(Desk {
                queue,
                call: None,
                status,
                not_before: None,
                failures: 0,
            }),
            bell: Condvar::new(),
        });
        let thread = Arc::clone(&shared);
        thread::spawn(move || thread.run());
        Worker { shared }
    }

    /// Queues a message, if this sink wants ones so urgent. It is on the disk when this returns.
    pub fn tell(&self, notification: &Notification) {
        let spec = &self.shared.spec;
        if spec.kind == SinkKind::Ping || notification.severity < spec.severity {
            return;
        }
        let mut desk = self.shared.desk();
        if let Err(why) = desk.queue.push(notification.clone()) {
            log::warn!(
                "a message for the sink {} is kept in memory only: {why}",
                spec.name
            );
        }
        desk.status.queued = desk.queue.len() as u64;
        // A new incident is worth a try at once, unless the sink itself asked us to wait.
        if notification.verb == Verb::Firing && desk.failures == 0 {
            desk.not_before = None;
        }
        self.shared.bell.notify_all();
    }

    /// Calls a dead-man's switch; other sinks ignore it. Only the newest call counts.
    pub fn call(&self, call: Call, text: &str) {
        if self.shared.spec.kind == SinkKind::Ping {
            self.shared.desk().call = Some((call, text.to_owned()));
            self.shared.bell.notify_all();
        }
    }

    /// How it goes.
    pub fn status(&self) -> SinkStatus {
        self.shared.desk().status.clone()
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // What a panicking holder left is whole: each change is one assignment.
        self.desk
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn run(&self) {
        loop {
            let work = self.wait();
            let outcome = match Sink::open(&self.spec) {
                Err(error) => Outcome::Refused { error },
                Ok(sink) => match &work {
                    Work::Call(call, text) => sink.ping(*call, text),
                    Work::Message(notification, merged) => sink.deliver(&Message {
                        notification: notification.clone(),
                        merged: *merged,
                        host: self.host.clone(),
                        settings: self.settings.clone(),
                    }),
                },
            };
            self.account_for(work, outcome);
        }
    }

    /// Waits until there is something to do and it may be done.
    fn wait(&self) -> Work {
        let mut desk = self.desk();
        loop {
            let pause = desk
                .not_before
                .map(|at| at.saturating_duration_since(Instant::now()))
                .filter(|pause| !pause.is_zero());
            let work = match (&desk.call, desk.queue.first()) {
                (Some((call, text)), _) => Some(Work::Call(*call, text.clone())),
                (None, Some((notification, merged))) => Some(Work::Message(notification, merged)),
                (None, None) => None,
            };
            desk = match (work, pause) {
                (Some(work), None) => return work,
                (Some(_), Some(pause)) => {
                    let waited = self.bell.wait_timeout(desk, pause);
                    waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0
                }
                (None, _) => {
                    let waited = self.bell.wait(desk);
                    waited.unwrap_or_else(|poisoned| poisoned.into_inner())
                }
            };
        }
    }

    fn account_for(&self, work: Work, outcome: Outcome) {
        let name = &self.spec.name;
        let mut desk = self.desk();
        match outcome {
            Outcome::Delivered => {
                match &work {
                    Work::Call(call, text) => {
                        let done = Some((*call, text.clone()));
                        if desk.call == done {
                            desk.call = None;
                        }
                    }
                    Work::Message(notification, merged) => {
                        if let Err(why) = desk.queue.delivered(notification, *merged) {
                            log::warn!("a message may reach the sink {name} twice: {why}");
                        }
                    }
                }
                if desk.status.failing_since.take().is_some() {
                    log::info!("the sink {name} can be reached again");
                }
                desk.status.error = None;
                desk.status.delivered += 1;
                desk.status.last_success = Some(Utc::now());
                desk.failures = 0;
                desk.not_before = None;
            }
            Outcome::Again { after, error } => {
                let own = FIRST_WAIT
                    .saturating_mul(1 << desk.failures.min(10))
                    .min(LONGEST_WAIT);
                self.failed(&mut desk, after.unwrap_or(own), error);
            }
            Outcome::Refused { error } => self.failed(&mut desk, REFUSED_WAIT, error),
        }
        desk.status.queued = desk.queue.len() as u64;
        if let Err(why) = state::save(&self.status_path, &desk.status) {
            log::debug!("the state of the sink {name} is not written down: {why}");
        }
    }

    fn failed(&self, desk: &mut Desk, wait: Duration, error: String) {
        if desk.status.error.as_ref() != Some(&error) {
            log::warn!("the sink {} fails: {error}", self.spec.name);
        }
        desk.failures = desk.failures.saturating_add(1);
        desk.not_before = Some(Instant::now() + wait);
        desk.status.failing_since.get_or_insert(Utc::now());
        desk.status.error = Some(error);
    }
}

enum Work {
    Call(Call, String),
    Message(Notification, u64),
}
