//! The reference cache: teams, competitions and countries, which hardly ever change.
//!
//! One file in `state/`, of one provider. An entry is used until it is older than the time to live, and
//! beyond that while a new one can't be had; one that nobody asked for in a week is dropped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use pipeline::{Failure, atomic};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const UNUSED_AFTER_S: i64 = 7 * 24 * 3600;

/// One body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// When it was fetched, unix seconds.
    at: i64,
    /// When it was last asked for.
    used: i64,
    body: Box<RawValue>,
}

/// A table of bodies by id.
pub(crate) type Table = BTreeMap<String, Entry>;

#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    source: String,
    teams: Table,
    competitions: Table,
    countries: Option<Entry>,
}

/// The cache.
#[derive(Debug)]
pub(crate) struct Reference {
    path: PathBuf,
    file: File,
    changed: bool,
}

/// What a body is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Team,
    Competition,
}

impl Reference {
    /// Opens the cache of `source` (provider and address); another source's, or a corrupt one, starts empty.
    pub(crate) fn open(state: &Path, source: &str) -> Reference {
        let path = state.join("reference.json");
        let empty = || File {
            source: source.to_owned(),
            ..File::default()
        };
        let file = match fs::read(&path) {
            Err(_) => empty(),
            Ok(bytes) => match serde_json::from_slice::<File>(&bytes) {
                Ok(file) if file.source == source => file,
                Ok(_) => {
                    log::info!("the reference cache is another source's; starting an empty one");
                    empty()
                }
                Err(why) => {
                    log::warn!("the reference cache is corrupt ({why}); starting an empty one");
                    empty()
                }
            },
        };
        Reference {
            path,
            file,
            changed: false,
        }
    }

    fn table(&mut self, kind: Kind) -> &mut Table {
        match kind {
            Kind::Team => &mut self.file.teams,
            Kind::Competition => &mut self.file.competitions,
        }
    }

    /// Whether `id` must be asked for: unknown, or older than `ttl_s`. Notes that it is in use.
    pub(crate) fn needs(&mut self, kind: Kind, id: &str, now: i64, ttl_s: i64) -> bool {
        let mut changed = false;
        let needs = match self.table(kind).get_mut(id) {
            None => true,
            Some(entry) => {
                // Once an hour is exact enough for a week, and saves writing the file every minute.
                if now - entry.used > 3600 {
                    entry.used = now;
                    changed = true;
                }
                !(0..ttl_s).contains(&(now - entry.at))
            }
        };
        self.changed |= changed;
        needs
    }

    /// Whether the countries must be asked for.
    pub(crate) fn needs_countries(&self, now: i64, ttl_s: i64) -> bool {
        self.file
            .countries
            .as_ref()
            .is_none_or(|entry| !(0..ttl_s).contains(&(now - entry.at)))
    }

    pub(crate) fn put(&mut self, kind: Kind, id: String, body: Box<RawValue>, now: i64) {
        self.table(kind).insert(
            id,
            Entry {
                at: now,
                used: now,
                body,
            },
        );
        self.changed = true;
    }

    pub(crate) fn put_countries(&mut self, body: Box<RawValue>, now: i64) {
        self.file.countries = Some(Entry {
            at: now,
            used: now,
            body,
        });
        self.changed = true;
    }

    pub(crate) fn get(&self, kind: Kind, id: &str) -> Option<&RawValue> {
        let table = match kind {
            Kind::Team => &self.file.teams,
            Kind::Competition => &self.file.competitions,
        };
        table.get(id).map(|entry| &*entry.body)
    }

    pub(crate) fn countries(&self) -> Option<&RawValue> {
        self.file.countries.as_ref().map(|entry| &*entry.body)
    }

    /// Writes the cache, if it changed, without what nobody uses any more.
    pub(crate) fn save(&mut self, now: i64) -> Result<(), Failure> {
        if !self.changed {
            return Ok(());
        }
        for kind in [Kind::Team, Kind::Competition] {
            self.table(kind)
                .retain(|_, entry| now - entry.used < UNUSED_AFTER_S);
        }
        atomic::write(&self.path, |out| {
            Ok(serde_json::to_writer(out, &self.file)?)
        })
        .map(drop)
    }
}
