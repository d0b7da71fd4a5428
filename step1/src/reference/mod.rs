//! The reference cache: teams, competitions and countries, which hardly ever change.
//!
//! One file in `state/`, of one provider. What is not known is asked for by its id. What is known is kept
//! current by one question for each kind and time to live: what changed since the last look (`time=`)? Only
//! where that can't be had are old entries asked for one by one again. An entry that nobody asked for in a
//! while is dropped, and there are never more than a set number.

mod kind;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use feed::row::Anomalies;
use pipeline::{Failure, atomic};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::bodies::detail_row;

pub(crate) use kind::Kind;

/// One body.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    /// When it was fetched, unix seconds.
    at: i64,
    /// When it was last asked for.
    used: i64,
    body: Box<RawValue>,
}

/// The bodies of one kind, and how far they are known to be current.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Table {
    entries: BTreeMap<String, Entry>,
    /// The newest `updated_at` that `time=` has given.
    until: Option<i64>,
    /// When the changes were last asked for to the end, unix seconds.
    checked: Option<i64>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct File {
    source: String,
    team: Table,
    competition: Table,
    countries: Option<Entry>,
}

/// How long entries are used, and how many of them are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    /// Seconds after which changes are asked for.
    pub(crate) ttl_s: i64,
    /// Seconds after which an entry that nobody used is dropped.
    pub(crate) unused_s: i64,
    /// The most entries of a kind.
    pub(crate) most: usize,
}

/// The cache.
#[derive(Debug)]
pub(crate) struct Reference {
    path: PathBuf,
    file: File,
    keep: Keep,
    changed: bool,
}

/// Two clocks may differ by this much; the first question about changes reaches back further by it.
const SKEW_S: i64 = 300;

impl Reference {
    /// Opens the cache of `source` (provider and address); another source's, or a corrupt one, starts empty.
    pub(crate) fn open(state: &Path, source: &str, keep: Keep) -> Reference {
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
            keep,
            changed: false,
        }
    }

    fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::Team => &self.file.team,
            Kind::Competition => &self.file.competition,
        }
    }

    fn table_mut(&mut self, kind: Kind) -> &mut Table {
        match kind {
            Kind::Team => &mut self.file.team,
            Kind::Competition => &mut self.file.competition,
        }
    }

    /// How many entries there are of a kind.
    pub(crate) fn len(&self, kind: Kind) -> usize {
        self.table(kind).entries.len()
    }

    /// From which `updated_at` on changes are to be asked for now; `None`: nothing is known that could have
    /// changed, or the last look is recent enough.
    pub(crate) fn changes_due(&self, kind: Kind, now: i64) -> Option<i64> {
        let table = self.table(kind);
        let first = table.entries.values().map(|entry| entry.at).min()?;
        let looked = table.checked.unwrap_or(first);
        // A look in the future was made before the clock was set back.
        let recent = (0..self.keep.ttl_s).contains(&(now - looked));
        (!recent).then(|| {
            table
                .until
                .map_or(first.min(now) - SKEW_S, |until| until.min(now) + 1)
        })
    }

    /// Takes rows of `time=`; those that nobody here asks for are passed over. Returns how many were taken.
    pub(crate) fn take_changes(&mut self, kind: Kind, rows: &[&str], now: i64) -> usize {
        let anomalies = Anomalies::default();
        let table = self.table_mut(kind);
        let mut taken = 0;
        for raw in rows {
            let id = feed::Row::parse(raw, &anomalies)
                .ok()
                .and_then(|row| row.text("id"));
            let Some(entry) = id.and_then(|id| table.entries.get_mut(&*id)) else {
                continue;
            };
            if let Ok(body) = RawValue::from_string(format!(r#"{{"code":0,"results":[{raw}]}}"#)) {
                entry.at = now;
                entry.body = body;
                taken += 1;
            }
        }
        self.changed |= taken > 0;
        taken
    }

    /// Notes how far the changes have been asked for: `complete` when there were no more.
    pub(crate) fn looked(&mut self, kind: Kind, until: i64, complete: bool, now: i64) {
        let table = self.table_mut(kind);
        table.until = Some(until);
        if complete {
            table.checked = Some(now);
        }
        self.changed = true;
    }

    /// Whether `id` must be asked for: unknown, or so old that asking for changes must have failed for long.
    /// Notes that it is in use.
    pub(crate) fn needs(&mut self, kind: Kind, id: &str, now: i64) -> bool {
        let ttl = self.keep.ttl_s;
        let checked = self.table(kind).checked.unwrap_or(0);
        let Some(entry) = self.table_mut(kind).entries.get_mut(id) else {
            return true;
        };
        // Once an hour is exact enough for a week, and saves writing the file every minute.
        let noted = !(0..=3600).contains(&(now - entry.used));
        if noted {
            entry.used = now;
        }
        let empty = detail_row(entry.body.get(), &Anomalies::default()).is_none();
        let needs = if empty {
            // Changes would name it too, but only if the provider lists it at all.
            now - entry.at >= ttl
        } else {
            now - entry.at.max(checked) >= ttl.saturating_mul(2)
        };
        self.changed |= noted;
        needs
    }

    /// The id of the record that the provider merged `id` into (`uid`), if it did.
    pub(crate) fn merged_into(&self, kind: Kind, id: &str) -> Option<String> {
        let anomalies = Anomalies::default();
        let row = detail_row(self.get(kind, id)?.get(), &anomalies)?;
        let uid = row.text("uid").filter(|uid| uid != id)?;
        Some(uid.into_owned())
    }

    /// Whether the countries must be asked for.
    pub(crate) fn needs_countries(&self, now: i64) -> bool {
        self.file
            .countries
            .as_ref()
            .is_none_or(|entry| !(0..self.keep.ttl_s).contains(&(now - entry.at)))
    }

    pub(crate) fn put(&mut self, kind: Kind, id: String, body: Box<RawValue>, now: i64) {
        let entry = Entry {
            at: now,
            used: now,
            body,
        };
        self.table_mut(kind).entries.insert(id, entry);
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
        self.table(kind).entries.get(id).map(|entry| &*entry.body)
    }

    pub(crate) fn countries(&self) -> Option<&RawValue> {
        self.file.countries.as_ref().map(|entry| &*entry.body)
    }

    /// Writes the cache, if it changed, without what nobody uses any more.
    pub(crate) fn save(&mut self, now: i64) -> Result<(), Failure> {
        if !self.changed {
            return Ok(());
        }
        let Keep { unused_s, most, .. } = self.keep;
        for kind in Kind::ALL {
            let entries = &mut self.table_mut(kind).entries;
            entries.retain(|_, entry| now - entry.used < unused_s);
            if entries.len() > most {
                let mut used: Vec<i64> = entries.values().map(|entry| entry.used).collect();
                used.sort_unstable();
                let longest_unused = used[used.len() - most];
                entries.retain(|_, entry| entry.used >= longest_unused);
                // Of equally long unused ones any may go.
                while entries.len() > most {
                    entries.pop_first();
                }
            }
        }
        atomic::write(&self.path, |out| {
            Ok(serde_json::to_writer(out, &self.file)?)
        })
        .map(drop)
    }
}
#[cfg(test)]
mod tests;
