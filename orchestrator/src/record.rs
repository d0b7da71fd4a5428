//! The journal as the orchestrator uses it: worth keeping, never worth a cycle.
//!
//! Every failure to write is a warning, once, until writing works again. A journal that has been
//! deleted or damaged under our feet is begun anew with the next cycle.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use journal::writer::{CycleEnd, Limits, StepEnd};
use journal::{Areas, CycleKey, EventKind, Journal, JournalError, Records};
use pipeline::CycleId;

use crate::upkeep::Sizes;

/// The journal, open if it can be.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    limits: Limits,
    journal: Option<Journal>,
    warned: bool,
}

impl Record {
    /// Opens the journal at `path`, if it can be.
    pub fn open(path: &Path, limits: Limits) -> Record {
        let mut record = Record {
            path: path.to_path_buf(),
            limits,
            journal: None,
            warned: false,
        };
        record.reopen();
        record
    }

    /// Failures since the last good cycle, also those before this start.
    pub fn failures_in_a_row(&mut self) -> u32 {
        self.attempt(|journal| journal.failures_in_a_row())
            .unwrap_or(0)
    }

    /// From now on so much is kept.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// The id of the newest cycle, also of one before this start.
    pub fn newest_id(&mut self) -> Option<String> {
        self.attempt(|journal| journal.newest_id()).flatten()
    }

    /// A cycle begins; `scheduled` is when it was to begin.
    pub fn begin_cycle(
        &mut self,
        id: &CycleId,
        scheduled: Option<DateTime<Utc>>,
    ) -> Option<CycleKey> {
        if !self.journal.as_ref().is_some_and(Journal::in_place) {
            self.reopen();
        }
        self.attempt(|journal| journal.begin_cycle(id.as_str(), Utc::now(), scheduled))
    }

    /// A step begins.
    pub fn begin_step(&mut self, cycle: Option<CycleKey>, position: u32, name: &str) {
        if let Some(key) = cycle {
            self.attempt(|journal| journal.begin_step(key, position, name, Utc::now()));
        }
    }

    /// A step ended.
    pub fn end_step(&mut self, cycle: Option<CycleKey>, end: &StepEnd<'_>) {
        if let Some(key) = cycle {
            self.attempt(|journal| journal.end_step(key, end));
        }
    }

    /// What went into a step and what it left out, if anything is known of it.
    pub fn step_records(
        &mut self,
        cycle: Option<CycleKey>,
        position: u32,
        records: Option<Records>,
    ) {
        if let (Some(key), Some(records)) = (cycle, records) {
            self.attempt(|journal| journal.step_records(key, position, &records));
        }
    }

    /// A step does not run.
    pub fn step_not_run(&mut self, cycle: Option<CycleKey>, position: u32, name: &str) {
        if let Some(key) = cycle {
            self.attempt(|journal| journal.step_not_run(key, position, name));
        }
    }

    /// A cycle ended. Afterwards is the time to remove what is old.
    pub fn end_cycle(&mut self, cycle: Option<CycleKey>, end: &CycleEnd<'_>) {
        let limits = self.limits;
        if let Some(key) = cycle {
            self.attempt(|journal| journal.end_cycle(key, end));
            self.attempt(|journal| journal.prune(Utc::now(), limits));
        }
    }

    /// Something happened beside the cycles, so many times.
    pub fn event(&mut self, kind: EventKind, times: u64, text: &str) {
        self.attempt(|journal| journal.event(Utc::now(), kind, times, text));
    }

    /// What the areas of the data directory hold now; the journal keeps one such look an hour.
    pub fn areas(&mut self, sizes: &Sizes) {
        let areas = Areas {
            outputs: sizes.outputs,
            logs: sizes.logs,
            state: sizes.state,
            rest: sizes.rest,
        };
        self.attempt(|journal| journal.areas(Utc::now(), &areas));
    }

    fn reopen(&mut self) {
        self.journal = None;
        let mut note = None;
        match Journal::open(&self.path) {
            Ok((journal, opened)) => {
                if let Some((aside, why)) = opened.moved_aside {
                    let text = format!("{why}; moved to `{}`, a new one is begun", aside.display());
                    log::error!("{text}");
                    note = Some(text);
                }
                if opened.crashed > 0 {
                    log::warn!(
                        "an earlier orchestrator died: {} open cycle(s) marked as crashed",
                        opened.crashed
                    );
                }
                self.journal = Some(journal);
                self.warned = false;
            }
            Err(why) => self.warn(&why),
        }
        if let Some(text) = note {
            self.event(EventKind::Note, 1, &text);
        }
    }

    fn attempt<T>(
        &mut self,
        act: impl FnOnce(&mut Journal) -> Result<T, JournalError>,
    ) -> Option<T> {
        match act(self.journal.as_mut()?) {
            Ok(value) => {
                self.warned = false;
                Some(value)
            }
            Err(why) => {
                if why.unusable_file() {
                    // The next cycle moves it aside.
                    self.journal = None;
                }
                self.warn(&why);
                None
            }
        }
    }

    fn warn(&mut self, why: &JournalError) {
        if !self.warned {
            log::warn!("{why}; cycles go on without a record of them");
            self.warned = true;
        }
    }
}
