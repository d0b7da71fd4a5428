//! The messages that wait for one sink, on the disk: `state/sinks/NAME.queue.json`.

use std::path::{Path, PathBuf};

use pipeline::Failure;
use serde::{Deserialize, Serialize};

use crate::alerts::engine::Notification;
use crate::alerts::state;

/// What waits, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stored {
    version: u32,
    waiting: Vec<Notification>,
    merged: u64,
}

impl Default for Stored {
    fn default() -> Self {
        Stored {
            version: state::VERSION,
            waiting: Vec::new(),
            merged: 0,
        }
    }
}

/// A queue that keeps itself on the disk.
#[derive(Debug)]
pub struct Queue {
    path: PathBuf,
    keep: usize,
    stored: Stored,
}

impl Queue {
    /// The queue of sink `name` in `folder`; one that can't be used is begun anew.
    pub fn open(folder: &Path, name: &str, keep: u32) -> Queue {
        let path = folder.join(format!("{name}.queue.json"));
        let stored = state::load(&path).unwrap_or_else(|why| {
            log::warn!("the queue of the sink {name} is begun anew: {why}");
            Stored::default()
        });
        Queue {
            path,
            keep: keep as usize,
            stored,
        }
    }

    /// Adds a message, unless the very same waits already (an evaluation was repeated after a crash).
    ///
    /// # Errors
    /// When it can't be kept on the disk; it waits in memory all the same.
    pub fn push(&mut self, notification: Notification) -> Result<(), Failure> {
        let same = |other: &Notification| {
            (other.verb, &other.name, other.since, other.told)
                == (
                    notification.verb,
                    &notification.name,
                    notification.since,
                    notification.told,
                )
        };
        if self.stored.waiting.iter().any(same) {
            return Ok(());
        }
        self.stored.waiting.push(notification);
        while self.stored.waiting.len() > self.keep {
            self.stored.waiting.remove(0);
            self.stored.merged += 1;
        }
        self.save()
    }

    /// The next message, and how many earlier ones it stands for.
    pub fn first(&self) -> Option<(Notification, u64)> {
        Some((self.stored.waiting.first()?.clone(), self.stored.merged))
    }

    /// The message was delivered, with those that it stood for.
    ///
    /// # Errors
    /// When that can't be written down: it may be delivered twice.
    pub fn delivered(&mut self, notification: &Notification, merged: u64) -> Result<(), Failure> {
        self.stored.waiting.retain(|other| other != notification);
        self.stored.merged = self.stored.merged.saturating_sub(merged);
        self.save()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.stored.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.stored.waiting.is_empty()
    }

    fn save(&self) -> Result<(), Failure> {
        state::save(&self.path, &self.stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::engine::Verb;
    use chrono::DateTime;
    use pipeline::config::alerts::Severity;

    fn notification(n: i64) -> Notification {
        let at = DateTime::from_timestamp(1_790_000_000 + n, 0).unwrap();
        Notification {
            verb: Verb::Firing,
            name: "DiskHigh".to_owned(),
            severity: Severity::Warning,
            what: "x".repeat(10_000),
            why: None,
            next: String::new(),
            since: at,
            at,
            told: 1,
        }
    }

    #[test]
    fn what_waits_survives_and_too_many_become_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let mut queue = Queue::open(folder.path(), "a", 3);
        for n in 0..5 {
            queue.push(notification(n)).unwrap();
        }
        // An evaluation that was repeated after a crash tells the same again.
        queue.push(notification(4)).unwrap();
        drop(queue);
        let mut queue = Queue::open(folder.path(), "a", 3);
        assert_eq!(queue.len(), 3);
        let (first, merged) = queue.first().unwrap();
        assert_eq!((first.clone(), merged), (notification(2), 2));
        queue.delivered(&first, merged).unwrap();
        let (second, merged) = queue.first().unwrap();
        assert_eq!((second, merged), (notification(3), 0));
    }

    #[test]
    fn a_queue_that_is_corrupt_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.queue.json"), "torn").unwrap();
        assert!(Queue::open(folder.path(), "a", 3).is_empty());
    }

    #[test]
    fn a_long_message_is_cut_at_a_character_and_says_so() {
        let message = crate::sinks::Message {
            notification: notification(0),
            merged: 2,
            host: "vps1".to_owned(),
            settings: pipeline::config::alerts::Alerts::default(),
        };
        let text = message.text(4096);
        assert!(text.len() <= 4096 && text.len() > 4090, "{}", text.len());
        assert!(text.starts_with("[WARN] vps1 DiskHigh: xxx") && text.ends_with('…'));
        assert_eq!(crate::alerts::words::cut("äöü", 5), "ä…");
    }
}
