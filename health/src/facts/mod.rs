//! What can be seen from outside, gathered once, so that text, JSON, dashboard and alerts say the same.
//!
//! Nothing here needs the orchestrator alive, writes anything, or takes a lock. What can't be read is
//! said to be unknown; a figure that nobody recorded is none and never 0.

mod feed;
mod files;
mod history;
pub mod host;
mod naming;
mod pause;
mod process;
mod product;
mod settings;
mod storage;
pub mod unit;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use journal::lock::{self, Presence};
use journal::reader::Event;
use pipeline::cli::Common;
use pipeline::{Config, DataDir};
use serde::{Serialize, Serializer};

pub use feed::{ErrorKind, FeedFigures};
pub use files::{DataFile, Freshness};
pub use history::{Baseline, History, Running, Unreadable};
pub use host::{Cpu, Host, Share};
pub use pause::{Backoff, Pause};
pub use process::Process;
pub use product::Product;
pub use settings::Settings;
pub use storage::{Area, AreaGrowth, Forecast, Growth, Storage, forecast};
pub use unit::Unit;

use crate::alerts::{self, View};

/// How much to gather.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// What a verdict needs: for probes.
    Verdict,
    /// Everything.
    Full,
}

/// Everything that is known.
#[derive(Debug, Serialize)]
pub struct Facts {
    /// When it was gathered.
    pub now: DateTime<Utc>,
    /// The data directory.
    #[serde(serialize_with = "root")]
    pub data: DataDir,
    /// What a command line needs to look at the same with the same settings: the flags that were given,
    /// quoted for a shell, each behind a space; empty without any.
    #[serde(skip)]
    pub data_flag: String,
    /// What a command line has before the name of one of our programs: `football-bot ` where they are
    /// installed, else nothing.
    #[serde(skip)]
    pub before_program: &'static str,
    /// Whether an orchestrator runs on it.
    pub presence: Presence,
    /// How the configuration file stands to what the running orchestrator goes by.
    pub settings: Settings,
    /// What the kernel says of its process, while it runs.
    pub process: Option<Process>,
    /// What systemd says.
    pub unit: Option<Unit>,
    /// What the journal says, or why it says nothing.
    #[serde(serialize_with = "either")]
    pub history: Result<History, Unreadable>,
    /// The six files that the steps write.
    pub files: Vec<DataFile>,
    /// What the product file says of itself.
    pub product: Product,
    /// Who the data is from: `thesports`, `sandbox`, `recording`.
    pub provider: Option<String>,
    /// What fetching cost and missed in the last hour; none if nothing is recorded of it.
    pub feed: Option<FeedFigures>,
    /// The host.
    pub host: Host,
    /// What the data directory holds and when its disk is full.
    pub storage: Storage,
    /// A pause that a person asked for and that is not over.
    pub pause: Option<Pause>,
    /// A long wait after failures that is not over.
    pub backoff: Option<Backoff>,
    /// When the next cycle starts; none when it can't be told.
    pub next_start: Option<DateTime<Utc>>,
    /// The alerts and who was told.
    pub alerts: View,
    /// The limits that age is judged by.
    pub limits: Limits,
}

/// The limits that age is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// From one cycle's start to the next.
    #[serde(rename = "interval_s", serialize_with = "seconds")]
    pub interval: Duration,
    /// Up to here data is fresh.
    #[serde(rename = "fresh_s", serialize_with = "seconds")]
    pub fresh: Duration,
    /// Up to here it is late, beyond it is stale.
    #[serde(rename = "late_s", serialize_with = "seconds")]
    pub late: Duration,
    /// Failures in a row from which the orchestrator waits longer.
    pub backoff_after: u32,
}

/// How late the orchestrator's loop may be; it promises its next sign of life with so much to spare.
pub const LOOP_SLACK: TimeDelta = TimeDelta::seconds(15);

impl Facts {
    /// Gathers everything that `depth` asks for, alerts included.
    pub fn gather(common: &Common, config: &Config, depth: Depth) -> Facts {
        let mut facts = Facts::without_alerts(common, config, depth);
        facts.alerts = alerts::look(&facts, config);
        facts
    }

    /// The same without the alerts, which are judged on it.
    pub fn without_alerts(common: &Common, config: &Config, depth: Depth) -> Facts {
        let asked = unit::Asked::begin();
        let data = common.data_dir(config);
        let now = Utc::now();
        let naming = naming::Naming::here(common, data.root());
        let presence = lock::look(&data.lock());
        let holder = match &presence {
            Presence::Running(holder) | Presence::Gone(holder) => Some(holder),
            Presence::NoLock => None,
        };
        let interval = holder
            .and_then(|holder| holder.interval)
            .unwrap_or(config.schedule.interval.0);
        let limits = Limits {
            interval,
            fresh: config.data.fresh_for.0.max(interval.saturating_mul(2)),
            late: Duration::from_secs(600).max(interval.saturating_mul(5)),
            backoff_after: config.schedule.backoff_after,
        };
        let history = History::read(&data, now, depth);
        let host = Host::look(data.root());
        let pause = pause::pause(&data.state(), now);
        let product = Product::look(&data, now, depth);
        let running = match &presence {
            Presence::Running(holder) => Some(holder),
            _ => None,
        };
        let backoff = running.and(Backoff::look(&data.state(), history.as_ref().ok(), now));
        let idle = history.as_ref().is_ok_and(|h| h.running.is_none());
        let next_start = running
            .filter(|_| idle && pause.is_none())
            .and_then(|holder| Some(holder.due? - LOOP_SLACK))
            .filter(|at| *at > now);
        Facts {
            now,
            process: running.and_then(|holder| Process::look(holder.pid)),
            feed: history.as_ref().ok().and_then(FeedFigures::of),
            storage: Storage::look(&data, history.as_ref().ok(), &host, now, depth),
            files: (1..=6)
                .map(|number| DataFile::look(&data, number))
                .collect(),
            settings: match running {
                Some(_) => Settings::look(common, &data),
                None => Settings::InForce,
            },
            provider: product.provider.clone(),
            product,
            history,
            host,
            pause,
            backoff,
            next_start,
            alerts: View::default(),
            limits,
            data_flag: naming.flags,
            before_program: naming.before,
            unit: asked
                .answer()
                .filter(|unit| unit.is_of(data.root(), running.map(|holder| holder.pid))),
            presence,
            data,
        }
    }

    /// Whether an orchestrator ever ran on this data directory, or on the one that it is a copy of.
    pub fn ever_ran(&self) -> bool {
        self.presence != Presence::NoLock
            || match &self.history {
                Ok(history) => history.totals.starts > 0 || history.totals.cycles() > 0,
                Err(why) => !why.missing,
            }
    }

    /// What it means for who does not run that this data directory is a copy, or looks like one.
    pub fn copied(&self) -> Option<&'static str> {
        match &self.presence {
            Presence::Gone(holder) if holder.copied => {
                Some("this data directory is a copy, and no orchestrator has run on it since")
            }
            Presence::NoLock if self.ever_ran() => Some(
                "there is a record of cycles and no lock file: this is a part of a copy, or somebody removed the file",
            ),
            _ => None,
        }
    }

    /// What is known of an end that the orchestrator did not record.
    pub fn why_gone(&self) -> &'static str {
        self.copied().unwrap_or(
            "it died without saying why (killed, out of memory, or the machine went down)",
        )
    }

    /// The word for data that is not from the provider.
    pub fn not_real(&self) -> Option<&'static str> {
        match self.provider.as_deref() {
            Some("sandbox") => Some("SIMULATED"),
            Some("recording") => Some("RECORDED"),
            _ => None,
        }
    }

    /// The file that other programs read, step 5's.
    pub fn product_file(&self) -> &DataFile {
        &self.files[4]
    }

    /// The judgement of a file's age.
    pub fn freshness(&self, file: &DataFile) -> Freshness {
        match file.found {
            None => Freshness::Missing,
            Some((_, at)) => self.freshness_at(at),
        }
    }

    /// The judgement of an instant's age.
    pub fn freshness_at(&self, at: DateTime<Utc>) -> Freshness {
        let age = (self.now - at).to_std().unwrap_or_default();
        if age <= self.limits.fresh {
            Freshness::Fresh
        } else if age <= self.limits.late {
            Freshness::Late
        } else {
            Freshness::Stale
        }
    }

    /// When anything was last done: a cycle's end, or the running one's beginning.
    pub fn last_activity(&self) -> Option<DateTime<Utc>> {
        let history = self.history.as_ref().ok()?;
        let ended = history.newest.as_ref().and_then(|cycle| cycle.ended_at);
        let step = history.running.as_ref().map(|running| {
            running
                .step
                .as_ref()
                .and_then(|step| step.started_at)
                .unwrap_or(running.cycle.started_at)
        });
        ended.max(step)
    }

    /// That the clock was set, within the last day or the next: by one that was set back, that lies ahead.
    pub fn clock_set(&self) -> Option<&Event> {
        let event = self.history.as_ref().ok()?.last_clock.as_ref()?;
        ((self.now - event.at).abs() < TimeDelta::days(1)).then_some(event)
    }

    /// By how much the clock must have been set back: something was recorded later than now.
    pub fn clock_behind(&self) -> Option<TimeDelta> {
        let files = self.files.iter().filter_map(|file| Some(file.found?.1));
        let latest = self.last_activity().into_iter().chain(files).max()?;
        let behind = latest - self.now;
        (behind > TimeDelta::seconds(5)).then_some(behind)
    }
}

fn root<S: Serializer>(data: &DataDir, serializer: S) -> Result<S::Ok, S::Error> {
    data.root().serialize(serializer)
}

fn seconds<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(length.as_secs_f64())
}

fn either<S: Serializer>(
    history: &Result<History, Unreadable>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match history {
        Ok(history) => history.serialize(serializer),
        Err(why) => why.serialize(serializer),
    }
}
