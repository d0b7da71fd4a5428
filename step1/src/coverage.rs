//! What the account's plan does not cover: noted once, done without, asked again after a while.
//!
//! Kept in `state/`, so that a bot which runs for a year says it once and not every minute.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use feed::endpoint::Endpoint;
use pipeline::{Failure, atomic};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct File {
    source: String,
    /// When an endpoint was last refused, unix seconds.
    refused: BTreeMap<String, i64>,
}

/// Which endpoints the plan is known not to have.
#[derive(Debug)]
pub(crate) struct Coverage {
    path: PathBuf,
    file: File,
    recheck_s: i64,
    changed: bool,
}

impl Coverage {
    /// What is known of `source` (provider and address).
    pub(crate) fn open(state: &Path, source: &str, recheck_s: i64) -> Coverage {
        let path = state.join("plan.json");
        let known = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<File>(&bytes).ok())
            .filter(|file| file.source == source);
        Coverage {
            path,
            file: known.unwrap_or_else(|| File {
                source: source.to_owned(),
                ..File::default()
            }),
            recheck_s,
            changed: false,
        }
    }

    /// Whether it is worth asking.
    pub(crate) fn has(&self, endpoint: Endpoint, now: i64) -> bool {
        self.file
            .refused
            .get(endpoint.path())
            .is_none_or(|at| !(0..self.recheck_s).contains(&(now - at)))
    }

    /// Notes a refusal; says whether it is news.
    pub(crate) fn refuse(&mut self, endpoint: Endpoint, now: i64) -> bool {
        self.changed = true;
        self.file
            .refused
            .insert(endpoint.path().to_owned(), now)
            .is_none()
    }

    /// Notes that an endpoint answers.
    pub(crate) fn admit(&mut self, endpoint: Endpoint) {
        if self.file.refused.remove(endpoint.path()).is_some() {
            self.changed = true;
            log::info!("{} is in the plan again", endpoint.path());
        }
    }

    /// Forgets a refusal.
    pub(crate) fn forget(&mut self, endpoint: Endpoint) {
        self.changed |= self.file.refused.remove(endpoint.path()).is_some();
    }

    /// The endpoints that are done without.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &str> {
        self.file.refused.keys().map(String::as_str)
    }

    pub(crate) fn save(&self) -> Result<(), Failure> {
        if !self.changed {
            return Ok(());
        }
        atomic::write(&self.path, |out| {
            Ok(serde_json::to_writer(out, &self.file)?)
        })
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_news_once_and_the_endpoint_is_asked_again_later() {
        let folder = tempfile::tempdir().unwrap();
        let mut plan = Coverage::open(folder.path(), "x", 600);
        assert!(plan.has(Endpoint::OddsUpdate, 0));
        assert!(plan.refuse(Endpoint::OddsUpdate, 0));
        plan.save().unwrap();
        let mut plan = Coverage::open(folder.path(), "x", 600);
        assert!(!plan.has(Endpoint::OddsUpdate, 599) && plan.has(Endpoint::OddsUpdate, 600));
        assert!(
            plan.has(Endpoint::OddsUpdate, -3600),
            "the clock was set back"
        );
        assert!(!plan.refuse(Endpoint::OddsUpdate, 600), "no news");
        assert!(Coverage::open(folder.path(), "y", 600).has(Endpoint::OddsUpdate, 1));
        plan.admit(Endpoint::OddsUpdate);
        assert_eq!(plan.missing().count(), 0);
    }
}
