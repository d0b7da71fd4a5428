//! `health watch`: evaluates the rules every few seconds and hands what must be told to the sinks.
//!
//! The orchestrator starts it as its companion; it works as well alone (and then also tells that the
//! orchestrator is gone). One per data directory. It never touches the orchestrator's files, so it
//! can't slow a cycle down.

use std::fs::File;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use pipeline::cli::Common;
use pipeline::{Config, Exit};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::alerts::engine::{self, Notification, Verb};
use crate::alerts::state::{self, Silences, State};
use crate::alerts::{View, rules, sink_folder, watch_lock, words};
use crate::facts::{Depth, Facts};
use crate::sinks::host;
use crate::sinks::ping::Call;
use crate::sinks::worker::Worker;

/// Runs until SIGTERM or SIGINT; with `once` evaluates a single time.
pub fn run(common: &Common, config: &Config, once: bool) -> ExitCode {
    let data = common.data_dir(config);
    let _lock = match lock(&data) {
        Ok(lock) => lock,
        Err((exit, why)) => {
            log::error!("{why}");
            return exit.into();
        }
    };
    let (sender, stop) = mpsc::channel();
    match Signals::new([SIGTERM, SIGINT]) {
        Ok(mut signals) => {
            thread::spawn(move || {
                // The receiver is gone only when the process ends.
                let _ = signals.forever().next().map(|signal| sender.send(signal));
            });
        }
        Err(why) => log::warn!("signals will end this at once: {why}"),
    }
    let folder = sink_folder(&data);
    let mut watch = Watch {
        common,
        config,
        workers: config
            .sink
            .iter()
            .map(|spec| Worker::start(spec, config, &folder))
            .collect(),
        pinged: None,
        failing: false,
        unsaved: false,
    };
    log::info!(
        "watching `{}` every {}, {} sinks",
        data.root().display(),
        config.alerts.every,
        config.sink.len()
    );
    let mut next = Instant::now();
    loop {
        watch.evaluate();
        if once {
            return ExitCode::SUCCESS;
        }
        // On a grid; what a slow disk made us miss is not made up for.
        let every = config.alerts.every.0;
        next = (next + every).max(Instant::now());
        match stop.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(_) => return ExitCode::SUCCESS,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        }
    }
}

/// One watcher per data directory.
fn lock(data: &pipeline::DataDir) -> Result<File, (Exit, String)> {
    let path = watch_lock(data);
    let open = || {
        std::fs::create_dir_all(data.state())?;
        File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
    };
    let file = open().map_err(|why| {
        let advice = "check owner and permissions of the data directory";
        (
            Exit::CannotWrite,
            format!("failed to use `{}`: {why} ({advice})", path.display()),
        )
    })?;
    // Who looks whether a watcher runs holds it for an instant.
    for _ in 0..20 {
        if file.try_lock().is_ok() {
            return Ok(file);
        }
        thread::sleep(std::time::Duration::from_millis(10));
    }
    Err((
        Exit::TryLater,
        format!("another `health watch` runs on `{}`", data.root().display()),
    ))
}

struct Watch<'a> {
    common: &'a Common,
    config: &'a Config,
    workers: Vec<Worker>,
    /// The good cycle that a dead-man's switch was last called for.
    pinged: Option<String>,
    failing: bool,
    unsaved: bool,
}

impl Watch<'_> {
    fn evaluate(&mut self) {
        let config = self.config;
        let mut facts = Facts::without_alerts(self.common, config, Depth::Verdict);
        facts.alerts.sinks = self.workers.iter().map(Worker::status).collect();
        let folder = facts.data.state();
        let before = state::load::<State>(&State::path(&folder)).unwrap_or_else(|why| {
            log::error!("{why}; begun anew");
            State::default()
        });
        let silences = state::load::<Silences>(&Silences::path(&folder)).unwrap_or_else(|why| {
            log::warn!("silences are not obeyed: {why}");
            Silences::default()
        });
        let seen = rules::read(&facts, config);
        let (after, told) = engine::evaluate(
            &seen,
            &before,
            &silences.silences,
            &config.alerts,
            facts.now,
        );
        for notification in &told {
            self.tell(notification);
        }
        // After the queues: a kill in between tells twice rather than never, and the queue sees that.
        match state::save(&State::path(&folder), &after) {
            Ok(()) => self.unsaved = false,
            Err(why) if !self.unsaved => {
                log::error!("{why}; after a restart alerts are told again");
                self.unsaved = true;
            }
            Err(_) => {}
        }
        let view = View::of(&after, silences, config, facts.now);
        self.ping(&facts, &view);
    }

    fn tell(&self, notification: &Notification) {
        let title = words::title(notification, &host(self.config));
        match notification.verb {
            Verb::Resolved => log::info!("{title}"),
            _ => log::warn!("{title}"),
        }
        for worker in &self.workers {
            worker.tell(notification);
        }
    }

    fn ping(&mut self, facts: &Facts, view: &View) {
        let critical = view
            .firing
            .iter()
            .find(|active| active.alert.severity == pipeline::config::alerts::Severity::Critical);
        if let Some(active) = critical {
            if !self.failing {
                self.failing = true;
                let text = format!("{}: {}", active.name, active.alert.what);
                self.call(Call::Fail, &text);
            }
            return;
        }
        self.failing = false;
        let Ok(history) = &facts.history else {
            return;
        };
        let Some(good) = &history.newest_good else {
            return;
        };
        let ended = good.ended_at.unwrap_or(good.started_at);
        let fresh = facts.freshness_at(ended) == crate::facts::Freshness::Fresh;
        if fresh && self.pinged.as_ref() != Some(&good.id) {
            self.pinged = Some(good.id.clone());
            let matches = good.matches.unwrap_or(0);
            self.call(Call::Good, &format!("cycle {}: {matches} matches", good.id));
        }
    }

    fn call(&self, call: Call, text: &str) {
        for worker in &self.workers {
            worker.call(call, text);
        }
    }
}
