//! What is remembered of alerts from one evaluation to the next, and across restarts: two files in
//! `state/`, written whole. `alerts.json` is the watcher's, `silences.json` the person's.

mod turn;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::config::alerts::Severity;
use pipeline::{Failure, atomic};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use turn::Turn;

/// The version of both files.
pub const VERSION: u32 = 1;

/// Entries of the past that are kept.
const KEEP: usize = 500;

/// The watcher's memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`VERSION`].
    pub version: u32,
    /// When it was last evaluated.
    pub evaluated_at: Option<DateTime<Utc>>,
    /// The alerts whose condition holds, or held until just now.
    #[serde(default)]
    pub alerts: BTreeMap<String, Alert>,
    /// What was, the newest last.
    #[serde(default)]
    pub history: Vec<Entry>,
}

impl Default for State {
    fn default() -> Self {
        State {
            version: VERSION,
            evaluated_at: None,
            alerts: BTreeMap::new(),
            history: Vec::new(),
        }
    }
}

/// One alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// How urgent.
    pub severity: Severity,
    /// Since when its condition holds.
    pub since: DateTime<Utc>,
    /// From when on it may be told.
    pub ready_from: DateTime<Utc>,
    /// Since when it fires; none while it is pending.
    pub fired_at: Option<DateTime<Utc>>,
    /// Since when its condition no longer holds.
    pub clear_since: Option<DateTime<Utc>>,
    /// The alert that is its cause: it is not told while that one lasts.
    pub waits_on: Option<String>,
    /// Messages about it.
    pub told: u32,
    /// When the last one left.
    pub last_told: Option<DateTime<Utc>>,
    /// The number that is judged.
    pub value: f64,
    /// What is wrong.
    pub what: String,
    /// Why, if it is known.
    pub why: Option<String>,
    /// The command to run next.
    pub next: String,
}

/// Something that was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// `firing` or `resolved`.
    pub event: String,
    /// The alert.
    pub name: String,
    /// How urgent.
    pub severity: Severity,
    /// What was wrong.
    pub what: String,
    /// How long it lasted, in seconds; none when it began.
    pub lasted_s: Option<i64>,
    /// Messages about it.
    pub told: u32,
}

impl State {
    /// Where it is kept.
    pub fn path(state: &Path) -> PathBuf {
        state.join("alerts.json")
    }

    /// Adds an entry, forgetting the oldest.
    pub fn remember(&mut self, entry: Entry) {
        self.history.push(entry);
        let surplus = self.history.len().saturating_sub(KEEP);
        self.history.drain(..surplus);
    }

    /// Moves every instant, after the clock was moved.
    pub fn shift(&mut self, by: TimeDelta) {
        for alert in self.alerts.values_mut() {
            for at in [&mut alert.since, &mut alert.ready_from] {
                *at += by;
            }
            for at in [
                &mut alert.fired_at,
                &mut alert.clear_since,
                &mut alert.last_told,
            ] {
                *at = at.map(|at| at + by);
            }
        }
    }
}

/// Messages of an alert that a person does not want.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The alert's name, or `*` for all.
    pub name: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; none = until the incident is over.
    pub until: Option<DateTime<Utc>>,
    /// The incident (its beginning) that a silence without an end belongs to.
    pub incident: Option<DateTime<Utc>>,
    /// Why, for people.
    #[serde(default)]
    pub comment: String,
}

impl Silence {
    /// Whether it keeps back messages about this alert now.
    pub fn covers(&self, name: &str, alert: &Alert, now: DateTime<Utc>) -> bool {
        (self.name == "*" || self.name == name)
            && match self.until {
                Some(until) => now < until,
                None => self.incident == Some(alert.since),
            }
    }
}

/// The person's wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silences {
    /// [`VERSION`].
    pub version: u32,
    /// Each.
    pub silences: Vec<Silence>,
}

impl Default for Silences {
    fn default() -> Self {
        Silences {
            version: VERSION,
            silences: Vec::new(),
        }
    }
}

impl Silences {
    /// Where they are kept.
    pub fn path(state: &Path) -> PathBuf {
        state.join("silences.json")
    }

    /// Lets `change` take some of them away, as [`Silences::change`] does; where none was ever set it has
    /// nothing to do, and nothing is written, not even a folder.
    ///
    /// # Errors
    /// As [`Silences::change`].
    pub fn change_if_any<T: Default>(
        state: &Path,
        change: impl FnOnce(&mut Silences) -> Result<T, String>,
    ) -> Result<T, String> {
        match Silences::path(state).try_exists() {
            Ok(false) => Ok(T::default()),
            _ => Silences::change(state, change),
        }
    }

    /// Reads them, lets `change` change them, and writes them if it did, while nobody else changes them. The
    /// folder is made when it is missing.
    ///
    /// # Errors
    /// When `change` fails, nobody else comes to an end in time, or the file can't be read or written.
    pub fn change<T>(
        state: &Path,
        change: impl FnOnce(&mut Silences) -> Result<T, String>,
    ) -> Result<T, String> {
        fs::create_dir_all(state)
            .map_err(|why| format!("failed to make `{}`: {why}", state.display()))?;
        let _turn = Turn::take(&state.join("silences.lock"))?;
        let path = Silences::path(state);
        let before = load::<Silences>(&path)?;
        let mut silences = before.clone();
        let done = change(&mut silences)?;
        if silences != before {
            save(&path, &silences).map_err(|why| why.to_string())?;
        }
        Ok(done)
    }

    /// Forgets those that ran out.
    pub fn tidy(&mut self, now: DateTime<Utc>) {
        self.silences
            .retain(|silence| silence.until.is_none_or(|until| now < until));
    }
}

/// Reads one of our files. One that is missing is empty.
///
/// # Errors
/// When it is there and can't be read, or is of another version: in words.
pub fn load<T: DeserializeOwned + Default>(path: &Path) -> Result<T, String> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(T::default()),
        Err(why) => return Err(format!("failed to read `{}`: {why}", path.display())),
    };
    let parsed = serde_json::from_str::<Head>(&text)
        .map_err(|why| why.to_string())
        .and_then(|head| match head.version {
            VERSION => serde_json::from_str(&text).map_err(|why| why.to_string()),
            other => Err(format!(
                "it is of version {other}, this program knows {VERSION}"
            )),
        });
    parsed.map_err(|why| format!("`{}` can't be used: {why}", path.display()))
}

/// Writes one of our files whole.
///
/// # Errors
/// When it can't be written.
pub fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), Failure> {
    atomic::write(path, |out| {
        serde_json::to_writer(&mut *out, value)?;
        out.write_all(b"\n")
    })
    .map(drop)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Barrier;
    use std::thread;
    use std::time::Instant;

    use super::*;

    fn silence(name: &str) -> Silence {
        Silence {
            name: name.to_owned(),
            since: DateTime::UNIX_EPOCH,
            until: Some(DateTime::<Utc>::MAX_UTC),
            incident: None,
            comment: String::new(),
        }
    }

    #[test]
    fn of_silences_that_many_set_at_once_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let together = Barrier::new(16);
        thread::scope(|scope| {
            for n in 0..16 {
                let (state, together) = (&state, &together);
                scope.spawn(move || {
                    together.wait();
                    let add = |all: &mut Silences| {
                        all.silences.push(silence(&format!("n{n}")));
                        Ok(())
                    };
                    Silences::change(state, add).unwrap();
                });
            }
        });
        let found: Silences = load(&Silences::path(&state)).unwrap();
        let mut names: Vec<_> = found.silences.into_iter().map(|one| one.name).collect();
        names.sort_unstable();
        let mut all: Vec<_> = (0..16).map(|n| format!("n{n}")).collect();
        all.sort_unstable();
        assert_eq!(names, all);
    }

    #[test]
    fn who_never_ends_his_turn_keeps_nobody_waiting_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let change = || {
            Silences::change(folder.path(), |all| {
                all.silences.push(silence("*"));
                Ok(())
            })
        };
        let holder = File::create(folder.path().join("silences.lock")).unwrap();
        holder.lock().unwrap();
        let begun = Instant::now();
        let why = change().unwrap_err();
        assert!(begun.elapsed().as_secs() < 60);
        assert!(
            why.contains("nothing was changed. Try again") && why.contains("silences.lock"),
            "{why}"
        );
        assert!(!Silences::path(folder.path()).exists());
        drop(holder);
        change().unwrap();
        assert!(
            folder.path().join("silences.lock").exists(),
            "never unlinked"
        );
    }
}
