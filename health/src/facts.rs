//! What can be seen from outside, gathered once, so that text and JSON say the same.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use journal::lock::{self, Presence};
use journal::reader::{Cycle, Event, Step, Totals};
use journal::{CycleOutcome, EventKind, JournalError, Reader};
use pipeline::cli::Common;
use pipeline::handoff::Head;
use pipeline::{Config, DataDir};

use crate::host::Host;
use crate::unit::Unit;

/// Everything that is known.
#[derive(Debug)]
pub struct Facts {
    /// When it was gathered.
    pub now: DateTime<Utc>,
    /// The data directory.
    pub data: DataDir,
    /// How a command line names it, if that is necessary: empty, or ` --data-dir DIR`.
    pub data_flag: String,
    /// Whether an orchestrator runs on it.
    pub presence: Presence,
    /// What systemd says.
    pub unit: Option<Unit>,
    /// What the journal says, or why it says nothing.
    pub history: Result<History, JournalError>,
    /// The six files that the steps write.
    pub files: Vec<DataFile>,
    /// Who the data is from: `thesports`, `sandbox`, `recording`.
    pub provider: Option<String>,
    /// The host.
    pub host: Host,
    /// The limits that age is judged by.
    pub limits: Limits,
}

/// What the journal says.
#[derive(Debug)]
pub struct History {
    /// Of all time.
    pub totals: Totals,
    /// Of the last 24 hours.
    pub day: Totals,
    /// The newest cycle that has ended.
    pub newest: Option<Cycle>,
    /// The newest good one.
    pub newest_good: Option<Cycle>,
    /// The cycle that runs, and its running step.
    pub running: Option<(Cycle, Option<Step>)>,
    /// Failures since the last good cycle.
    pub failures_in_a_row: u32,
    /// The newest start, stop or finish of the orchestrator.
    pub last_turn: Option<Event>,
}

/// The limits that age is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Up to here data is fresh.
    pub fresh: Duration,
    /// Up to here it is late, beyond it is stale.
    pub late: Duration,
    /// Failures in a row from which the orchestrator waits longer.
    pub backoff_after: u32,
}

/// A file that a step writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Its name below the data directory.
    pub name: String,
    /// Size in bytes and time of the last change; none if it is missing.
    pub found: Option<(u64, DateTime<Utc>)>,
}

/// How old a file is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// As young as it should be.
    Fresh,
    /// Older than it should be.
    Late,
    /// Too old to be used.
    Stale,
    /// Not there.
    Missing,
}

impl Freshness {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Freshness::Fresh => "fresh",
            Freshness::Late => "late",
            Freshness::Stale => "stale",
            Freshness::Missing => "missing",
        }
    }
}

impl Facts {
    /// Gathers everything.
    pub fn gather(common: &Common, config: &Config) -> Facts {
        let data = common.data_dir(config);
        let now = Utc::now();
        let presence = lock::look(&data.lock());
        let interval = match &presence {
            Presence::Running(holder) | Presence::Gone(holder) => holder.interval,
            Presence::Never => None,
        };
        let interval = interval.unwrap_or(config.schedule.interval.0);
        let limits = Limits {
            fresh: config.data.fresh_for.0.max(interval.saturating_mul(2)),
            late: Duration::from_secs(600).max(interval.saturating_mul(5)),
            backoff_after: config.schedule.backoff_after,
        };
        Facts {
            now,
            presence,
            unit: Unit::ask(),
            history: History::read(&data, now),
            files: (1..=6)
                .map(|number| DataFile::look(&data, number))
                .collect(),
            provider: provider(&data),
            host: Host::look(data.root()),
            limits,
            data_flag: common
                .data_dir
                .as_ref()
                .map(|folder| format!(" --data-dir {}", folder.display()))
                .unwrap_or_default(),
            data,
        }
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
    pub fn product(&self) -> &DataFile {
        &self.files[4]
    }

    /// The judgement of a file's age.
    pub fn freshness(&self, file: &DataFile) -> Freshness {
        let Some((_, at)) = file.found else {
            return Freshness::Missing;
        };
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
        let step = history.running.as_ref().map(|(cycle, step)| {
            step.as_ref()
                .and_then(|step| step.started_at)
                .unwrap_or(cycle.started_at)
        });
        ended.max(step)
    }
}

impl History {
    fn read(data: &DataDir, now: DateTime<Utc>) -> Result<History, JournalError> {
        let reader = Reader::open(&data.journal())?;
        let mut newest = reader.newest(2)?;
        let running = match newest.first() {
            Some(cycle) if cycle.outcome.is_none() => {
                let cycle = newest.remove(0);
                let steps = reader.steps(&cycle)?;
                let step = steps.into_iter().find(|step| step.outcome.is_none());
                Some((cycle, step))
            }
            _ => None,
        };
        Ok(History {
            totals: reader.totals()?,
            day: reader.since(now - TimeDelta::hours(24))?,
            newest: newest.into_iter().find(|cycle| cycle.outcome.is_some()),
            newest_good: reader.newest_that(CycleOutcome::Ok)?,
            running,
            failures_in_a_row: reader.failures_in_a_row()?,
            last_turn: reader.newest_event(&[
                EventKind::Start,
                EventKind::Stop,
                EventKind::Finished,
            ])?,
        })
    }
}

impl DataFile {
    fn look(data: &DataDir, number: u8) -> DataFile {
        let path: PathBuf = data.output(number);
        let name = path.strip_prefix(data.root()).unwrap_or(&path);
        let found = path.metadata().ok().filter(|meta| meta.is_file());
        DataFile {
            name: name.display().to_string(),
            found: found.and_then(|meta| Some((meta.len(), meta.modified().ok()?.into()))),
        }
    }
}

/// Who the newest data is from: the product says it, or else the raw data.
fn provider(data: &DataDir) -> Option<String> {
    [5, 1]
        .into_iter()
        .find_map(|number| Head::of_file(&data.output(number)).ok()?.provider)
}
