//! The provider's limit: so many requests a minute to each endpoint that is asked for one id at a time.
//!
//! A token bucket per endpoint, kept in `state/` under a lock, so that every run of the program and
//! every instance on the same data directory draw from the same one.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use feed::endpoint::Endpoint;
use pipeline::{Exit, Failure, atomic};
use serde::{Deserialize, Serialize};

/// Draws tokens.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    folder: PathBuf,
    per_minute: u32,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Bucket {
    tokens: f64,
    /// Unix milliseconds.
    at: i64,
}

impl Budget {
    /// A budget of `per_minute` requests to each endpoint; 0 = no limit.
    pub(crate) fn new(state: &Path, per_minute: u32) -> Budget {
        Budget {
            folder: state.to_path_buf(),
            per_minute,
        }
    }

    /// Takes up to `wanted` tokens for `endpoint` and returns how many there were.
    ///
    /// # Errors
    /// 74 when the state can't be written: without a record the limit could not be kept.
    pub(crate) fn take(
        &self,
        endpoint: Endpoint,
        wanted: usize,
        now_ms: i64,
    ) -> Result<usize, Failure> {
        if self.per_minute == 0 || wanted == 0 {
            return Ok(wanted);
        }
        let _lock = self.lock()?;
        let path = self.folder.join("budget.json");
        let mut buckets: BTreeMap<String, Bucket> = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let capacity = f64::from(self.per_minute);
        let bucket = buckets.entry(endpoint.path().to_owned()).or_insert(Bucket {
            tokens: capacity,
            at: now_ms,
        });
        // A clock that was set back gives nothing; one that was set forward gives at most a full bucket.
        let elapsed_minutes = (now_ms - bucket.at).max(0) as f64 / 60_000.0;
        bucket.tokens = (bucket.tokens + elapsed_minutes * capacity).clamp(0.0, capacity);
        bucket.at = now_ms;
        let granted = wanted.min(bucket.tokens as usize);
        bucket.tokens -= granted as f64;
        atomic::write(&path, |out| Ok(serde_json::to_writer(out, &buckets)?))?;
        Ok(granted)
    }

    /// The tokens that `endpoint` has now, without taking any; `None` = no limit.
    pub(crate) fn left(&self, endpoint: Endpoint, now_ms: i64) -> Option<u64> {
        if self.per_minute == 0 {
            return None;
        }
        let capacity = f64::from(self.per_minute);
        let buckets: BTreeMap<String, Bucket> = fs::read(self.folder.join("budget.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let tokens = buckets.get(endpoint.path()).map_or(capacity, |bucket| {
            let elapsed_minutes = (now_ms - bucket.at).max(0) as f64 / 60_000.0;
            (bucket.tokens + elapsed_minutes * capacity).clamp(0.0, capacity)
        });
        Some(tokens as u64)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_gives_more_than_a_bucket_and_an_idle_one_fills_up() {
        let folder = tempfile::tempdir().unwrap();
        let budget = Budget::new(folder.path(), 120);
        let take = |wanted, now| budget.take(Endpoint::OddsHistory, wanted, now).unwrap();
        assert_eq!(take(100, 0), 100);
        assert_eq!(take(100, 0), 20);
        assert_eq!(take(100, 0), 0);
        assert_eq!(budget.left(Endpoint::OddsHistory, 30_000), Some(60));
        assert_eq!(take(100, 30_000), 60, "another process half a minute later");
        assert_eq!(budget.left(Endpoint::Country, 30_000), Some(120));
        assert_eq!(take(500, 90_000_000), 120);
        assert_eq!(
            budget.take(Endpoint::Team, 50, 0).unwrap(),
            50,
            "its own bucket"
        );
    }

    #[test]
    fn a_clock_that_is_set_back_neither_gives_tokens_nor_blocks_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let budget = Budget::new(folder.path(), 60);
        let take = |wanted, now| budget.take(Endpoint::OddsHistory, wanted, now).unwrap();
        assert_eq!(take(60, 3_600_000), 60);
        assert_eq!(take(60, 0), 0);
        assert_eq!(take(60, 10_000), 10);
    }

    #[test]
    fn no_limit_needs_no_state() {
        let budget = Budget::new(Path::new("/nonexistent"), 0);
        assert_eq!(budget.take(Endpoint::Team, 5000, 0).unwrap(), 5000);
    }
}
