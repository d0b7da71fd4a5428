//! The provider's limit: so many requests a minute to each endpoint that is asked for one id at a time.
//!
//! No minute, whenever it begins, has more requests than the limit. So what is kept in `state/`, under a lock,
//! is a log of the last minute: when each request was answered. Every run of the program and every instance on
//! the same data directory writes into the same one. A request counts until a minute after its answer, since
//! nobody here knows when between sending and answer the provider counted it. What a run may ask is reserved
//! before, and set against what it really asked (tries again included) when it ends.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use feed::endpoint::Endpoint;
use pipeline::{Exit, Failure, atomic};
use serde::{Deserialize, Serialize};

/// The endpoints that are asked for one id at a time, and so have a budget.
pub(crate) const BUDGETED: [Endpoint; 4] = [
    Endpoint::OddsHistory,
    Endpoint::RecentList,
    Endpoint::Team,
    Endpoint::Competition,
];

const MINUTE_MS: i64 = 60_000;

/// What one run may ask.
#[derive(Debug)]
pub(crate) struct Budget {
    folder: PathBuf,
    per_minute: u32,
    /// How long a request may wait for its turn.
    patience_ms: i64,
    /// How long this run may go on asking: until then what it reserved counts.
    run_ms: i64,
    /// Which reservations are this run's.
    run: u64,
    asked: Mutex<BTreeMap<&'static str, Asked>>,
}

/// What this run asked of an endpoint.
#[derive(Debug, Default)]
struct Asked {
    begun: u32,
    /// When answers came, or stopped being waited for; unix milliseconds.
    ended: Vec<i64>,
}

/// So many requests, counted as made at an instant.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Entry {
    /// Unix milliseconds; of a reservation the latest instant at which they can be.
    at: i64,
    count: u32,
    /// The run that reserved them and is not done yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<u64>,
}

/// By endpoint, oldest first.
type Log = BTreeMap<String, Vec<Entry>>;

impl Budget {
    /// A budget of `per_minute` requests to each endpoint, 0 = no limit; of a run that asks for at most `run_ms`
    /// and waits up to `patience_ms` for a request's turn.
    pub(crate) fn new(state: &Path, per_minute: u32, patience_ms: i64, run_ms: i64) -> Budget {
        Budget {
            folder: state.to_path_buf(),
            per_minute,
            patience_ms,
            run_ms,
            run: fastrand::u64(..),
            asked: Mutex::default(),
        }
    }

    /// Reserves up to `wanted` requests to `endpoint`. For each that may be made, how many milliseconds it has to
    /// wait; the first ones wait least.
    ///
    /// # Errors
    /// 74 when the state can't be written: without a record the limit could not be kept.
    pub(crate) fn take(
        &self,
        endpoint: Endpoint,
        wanted: usize,
        now_ms: i64,
    ) -> Result<Vec<i64>, Failure> {
        if self.per_minute == 0 || wanted == 0 {
            return Ok(vec![0; wanted]);
        }
        self.change(|log| {
            let entries = log.entry(endpoint.path().to_owned()).or_default();
            tidy(entries, now_ms);
            let waits = self.waits(entries, wanted, now_ms);
            if !waits.is_empty() {
                entries.push(Entry {
                    at: now_ms + self.run_ms,
                    count: waits.len() as u32,
                    run: Some(self.run),
                });
            }
            waits
        })
    }

    /// One more request, for a try again: only if it need not wait.
    pub(crate) fn take_one_more(&self, endpoint: Endpoint) -> bool {
        if self.per_minute == 0 {
            return true;
        }
        let now = now_ms();
        let granted = self.change(|log| {
            let entries = log.entry(endpoint.path().to_owned()).or_default();
            tidy(entries, now);
            let free = self.waits(entries, 1, now) == [0];
            if free {
                entries.push(Entry {
                    at: now + self.run_ms,
                    count: 1,
                    run: Some(self.run),
                });
            }
            free
        });
        granted.unwrap_or(false)
    }

    /// How long each of `wanted` requests has to wait: until so many of the last minute's have left it that it
    /// is the limit's last one.
    fn waits(&self, entries: &[Entry], wanted: usize, now_ms: i64) -> Vec<i64> {
        let mut counted: Vec<i64> = entries
            .iter()
            .flat_map(|entry| std::iter::repeat_n(entry.at, entry.count as usize))
            .collect();
        counted.sort_unstable();
        let limit = self.per_minute as usize;
        (0..wanted)
            .map_while(|place| match (counted.len() + place).checked_sub(limit) {
                None => Some(0),
                Some(leaving) => counted.get(leaving).map(|at| at + MINUTE_MS - now_ms),
            })
            .map(|wait| wait.max(0))
            .take_while(|wait| *wait <= self.patience_ms)
            .collect()
    }

    /// Notes that a request is on its way.
    pub(crate) fn begun(&self, endpoint: Endpoint) {
        self.asked().entry(endpoint.path()).or_default().begun += 1;
    }

    /// Notes that one was answered, or is not waited for any more.
    pub(crate) fn ended(&self, endpoint: Endpoint, now_ms: i64) {
        let mut asked = self.asked();
        asked.entry(endpoint.path()).or_default().ended.push(now_ms);
    }

    /// The run is over: what it asked stands where its reservations stood.
    ///
    /// # Errors
    /// 74 when the state can't be written.
    pub(crate) fn settle(&self, now_ms: i64) -> Result<(), Failure> {
        if self.per_minute == 0 {
            return Ok(());
        }
        let asked = std::mem::take(&mut *self.asked());
        self.change(|log| {
            for entries in log.values_mut() {
                entries.retain(|entry| entry.run != Some(self.run));
            }
            for (path, asked) in asked {
                let entries = log.entry(path.to_owned()).or_default();
                // Of those that were broken off nobody knows; they may have been counted until now.
                let lost = (asked.begun as usize).saturating_sub(asked.ended.len());
                let mut counted: BTreeMap<i64, u32> = BTreeMap::new();
                for at in asked
                    .ended
                    .into_iter()
                    .chain(std::iter::repeat_n(now_ms, lost))
                {
                    // Rounded up to a tenth of a second, so that the log stays short.
                    *counted.entry((at / 100 + 1) * 100).or_default() += 1;
                }
                entries.extend(counted.into_iter().map(|(at, count)| Entry {
                    at,
                    count,
                    run: None,
                }));
            }
            log.values_mut().for_each(|entries| tidy(entries, now_ms));
            log.retain(|_, entries| !entries.is_empty());
        })
    }

    /// The requests that `endpoint` has left at once, without taking any; `None` = no limit.
    pub(crate) fn left(&self, endpoint: Endpoint, now_ms: i64) -> Option<u64> {
        if self.per_minute == 0 {
            return None;
        }
        let mut log = self.read();
        let mut entries = log.remove(endpoint.path()).unwrap_or_default();
        tidy(&mut entries, now_ms);
        let counted: u64 = entries.iter().map(|entry| u64::from(entry.count)).sum();
        Some(u64::from(self.per_minute).saturating_sub(counted))
    }

    fn asked(&self) -> MutexGuard<'_, BTreeMap<&'static str, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Log {
        fs::read(self.folder.join("budget.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    fn change<T>(&self, with: impl FnOnce(&mut Log) -> T) -> Result<T, Failure> {
        let _lock = self.lock()?;
        let mut log = self.read();
        let result = with(&mut log);
        let path = self.folder.join("budget.json");
        atomic::write(&path, |out| Ok(serde_json::to_writer(out, &log)?))?;
        Ok(result)
    }

    fn lock(&self) -> Result<File, Failure> {
        let path = self.folder.join("budget.lock");
        let open = || {
            fs::create_dir_all(&self.folder)?;
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|why: std::io::Error| {
            Failure::new(
                Exit::CannotWrite,
                format!("failed to lock `{}`: {why}", path.display()),
            )
        })
    }
}

/// Drops what is older than a minute. What is further ahead than anybody reserves was written before the clock
/// was set back: it counts as made now, so that it blocks a minute and not until the clock has caught up.
fn tidy(entries: &mut Vec<Entry>, now_ms: i64) {
    const FURTHEST_MS: i64 = 10 * MINUTE_MS;
    for entry in entries.iter_mut() {
        let ahead = if entry.run.is_some() {
            FURTHEST_MS
        } else {
            1000
        };
        if entry.at > now_ms + ahead {
            entry.at = now_ms;
            entry.run = None;
        }
    }
    entries.retain(|entry| now_ms - entry.at < MINUTE_MS);
    entries.sort_by_key(|entry| entry.at);
}

/// Now, in unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN_MS: i64 = 45_000;

    fn budget(state: &Path, per_minute: u32) -> Budget {
        Budget::new(state, per_minute, 5000, RUN_MS)
    }

    /// A run that asks for `wanted` at `now` and has every answer at once.
    fn run(budget: &Budget, wanted: usize, now: i64) -> usize {
        let granted = budget.take(Endpoint::OddsHistory, wanted, now).unwrap();
        for wait in &granted {
            budget.begun(Endpoint::OddsHistory);
            budget.ended(Endpoint::OddsHistory, now + wait);
        }
        budget.settle(now + granted.last().unwrap_or(&0)).unwrap();
        granted.len()
    }

    #[test]
    fn a_minute_has_the_limit_and_an_idle_hour_does_not_give_more() {
        let folder = tempfile::tempdir().unwrap();
        let one = budget(folder.path(), 120);
        let other = budget(folder.path(), 120);
        assert_eq!(run(&one, 100, 0), 100);
        assert_eq!(run(&other, 100, 1000), 20, "another run");
        assert_eq!(
            run(&one, 100, 30_000),
            0,
            "nothing refills within the minute"
        );
        assert_eq!(one.left(Endpoint::OddsHistory, 30_000), Some(0));
        assert_eq!(one.left(Endpoint::Country, 30_000), Some(120));
        assert_eq!(one.left(Endpoint::OddsHistory, 60_500), Some(100));
        assert_eq!(run(&one, 500, 3_600_000), 120);
        assert_eq!(run(&one, 500, 3_601_000), 0);
        assert_eq!(
            one.take(Endpoint::Team, 50, 0).unwrap().len(),
            50,
            "its own"
        );
    }

    #[test]
    fn a_request_whose_turn_is_near_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let one = budget(folder.path(), 10);
        assert_eq!(run(&one, 10, 3000), 10);
        let waits = one.take(Endpoint::OddsHistory, 20, 60_000).unwrap();
        assert_eq!(waits.len(), 10);
        assert!(
            waits.iter().all(|wait| (3000..=3100).contains(wait)),
            "{waits:?}"
        );
        one.settle(60_000).unwrap();
        assert_eq!(
            one.left(Endpoint::OddsHistory, 63_200),
            Some(10),
            "what was not asked is given back"
        );
    }

    /// A provider that counts each request at some instant between sending and answer, in a sliding minute.
    #[test]
    fn no_sliding_minute_has_more_than_the_limit_whatever_is_asked() {
        let mut random = fastrand::Rng::with_seed(7);
        for limit in [1, 7, 120] {
            let folder = tempfile::tempdir().unwrap();
            let mut counted = Vec::new();
            let mut now = 0;
            for _ in 0..80 {
                let run = budget(folder.path(), limit);
                let wanted = random.usize(0..3 * limit as usize);
                let waits = run.take(Endpoint::OddsHistory, wanted, now).unwrap();
                let mut end = now;
                for wait in waits {
                    let (sent, took) = (now + wait, random.i64(0..8000));
                    run.begun(Endpoint::OddsHistory);
                    run.ended(Endpoint::OddsHistory, sent + took);
                    counted.push(sent + random.i64(0..=took));
                    end = end.max(sent + took);
                }
                // Every tenth is killed before it could say what it asked.
                if random.u8(..10) > 0 {
                    run.settle(end).unwrap();
                }
                now = end + random.i64(0..40_000);
            }
            counted.sort_unstable();
            assert!(counted.len() > 10 * limit as usize, "{}", counted.len());
            for window in counted.windows(limit as usize + 1) {
                assert!(
                    window[limit as usize] - window[0] >= MINUTE_MS,
                    "{limit}: {window:?}"
                );
            }
        }
    }

    #[test]
    fn what_two_at_once_reserve_neither_can_take_from_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (budget(folder.path(), 10), budget(folder.path(), 10));
        assert_eq!(one.take(Endpoint::Team, 7, 0).unwrap().len(), 7);
        assert_eq!(other.take(Endpoint::Team, 7, 50).unwrap().len(), 3);
        one.settle(100).unwrap();
        assert_eq!(one.left(Endpoint::Team, 200), Some(7), "the other's stand");
    }

    #[test]
    fn a_clock_that_is_set_back_neither_gives_more_nor_blocks_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let one = budget(folder.path(), 60);
        assert_eq!(run(&one, 60, 3_600_000), 60);
        assert_eq!(run(&one, 60, 0), 0);
        assert_eq!(run(&one, 60, 61_000), 60);
    }

    #[test]
    fn no_limit_needs_no_state() {
        let none = budget(Path::new("/nonexistent"), 0);
        assert_eq!(none.take(Endpoint::Team, 5000, 0).unwrap().len(), 5000);
        assert!(none.take_one_more(Endpoint::Team));
        none.settle(0).unwrap();
    }
}
