//! What holds the next cycle back: a pause that a person asked for, a backoff after failures.
//!
//! Both are files that [`Control`] knows. Where the backoff's can't be used the journal says as much:
//! a backoff that began after the newest cycle's end still lasts.

use std::path::Path;

use chrono::{DateTime, Utc};
use journal::control::Control;
use serde::Serialize;

pub use journal::control::Pause;

use super::History;

/// A long wait after failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backoff {
    /// Until when no cycle is started; none if that is not written down.
    pub until: Option<DateTime<Utc>>,
    /// Why, for people.
    pub why: String,
}

/// The pause in the folder `state`, unless it is over.
pub(super) fn pause(state: &Path, now: DateTime<Utc>) -> Option<Pause> {
    Control::new(state).pause().filter(|pause| !pause.over(now))
}

impl Backoff {
    /// From the file in the folder `state`; or else from the journal.
    pub(super) fn look(
        state: &Path,
        history: Option<&History>,
        now: DateTime<Utc>,
    ) -> Option<Backoff> {
        if let Some(found) = Control::new(state).backoff() {
            return (found.until > now).then_some(Backoff {
                until: Some(found.until),
                why: found.why,
            });
        }
        let history = history.filter(|history| history.running.is_none())?;
        let ended = history.newest.as_ref()?.ended_at?;
        let event = history
            .last_backoff
            .as_ref()
            .filter(|event| event.at >= ended)?;
        Some(Backoff {
            until: None,
            why: event.text.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use chrono::TimeDelta;
    use journal::writer::CycleEnd;
    use journal::{CycleOutcome, EventKind, Journal};
    use pipeline::DataDir;

    use super::*;
    use crate::facts::Depth;

    #[test]
    fn a_pause_lasts_until_its_end_and_a_senseless_one_until_a_person_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let now = Utc::now();
        assert_eq!(pause(folder.path(), now), None);
        let path = folder.path().join("pause");
        fs::write(&path, "until the cows come home\n").unwrap();
        assert!(pause(folder.path(), now).is_some());
        fs::write(&path, b"\xff\xfe").unwrap();
        assert!(pause(folder.path(), now).is_some(), "not even text");
        let end = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        fs::write(&path, format!("until {}\n", end.to_rfc3339())).unwrap();
        let before = end - TimeDelta::seconds(1);
        assert_eq!(pause(folder.path(), before).unwrap().until, Some(end));
        assert_eq!(pause(folder.path(), end), None);
    }

    /// A record whose newest cycle failed at `ended`, and a backoff that began one second later.
    fn failed_then_backoff(root: &Path, ended: DateTime<Utc>) -> History {
        let data = DataDir::new(root.to_path_buf());
        let (mut journal, _) = Journal::open(&data.journal()).unwrap();
        let key = journal
            .begin_cycle("c1", ended - TimeDelta::seconds(2), None)
            .unwrap();
        let end = CycleEnd {
            at: ended,
            outcome: CycleOutcome::Failed,
            failed_step: Some("step1"),
            matches: None,
            wall: Duration::from_secs(2),
            message: Some("exit 69"),
            overrun: None,
            fetched_at: None,
            with_odds: None,
            fetch: None,
            data_bytes: None,
            disk_free: None,
        };
        journal.end_cycle(key, &end).unwrap();
        let at = ended + TimeDelta::seconds(1);
        journal
            .event(at, EventKind::Backoff, 1, "5 failures in a row")
            .unwrap();
        drop(journal);
        History::read(&data, Utc::now(), Depth::Verdict).unwrap()
    }

    #[test]
    fn a_backoff_is_what_its_file_says_and_over_when_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let now = Utc::now();
        let history = failed_then_backoff(folder.path(), now - TimeDelta::seconds(30));
        let state = folder.path().join("state");
        let look = |now| Backoff::look(&state, Some(&history), now);
        let until = now + TimeDelta::minutes(4);
        let text = format!("until {}\nwhy exit 77, refused\n", until.to_rfc3339());
        fs::write(state.join("backoff"), text).unwrap();
        let found = look(now).unwrap();
        assert_eq!(found.until, Some(until));
        assert_eq!(found.why, "exit 77, refused");
        assert_eq!(look(until), None, "the file is believed, not the journal");
    }

    #[test]
    fn where_its_file_is_missing_or_unreadable_the_journal_says_that_it_waits() {
        let folder = tempfile::tempdir().unwrap();
        let now = Utc::now();
        let history = failed_then_backoff(folder.path(), now - TimeDelta::seconds(30));
        let state = folder.path().join("state");
        let path = state.join("backoff");
        let expected = Backoff {
            until: None,
            why: "5 failures in a row".to_owned(),
        };
        let looked = || Backoff::look(&state, Some(&history), now);
        assert_eq!(looked(), Some(expected.clone()), "missing");
        for contents in [&b"until the cows come home\nwhy x\n"[..], b"", b"\xff"] {
            fs::write(&path, contents).unwrap();
            assert_eq!(looked(), Some(expected.clone()), "{contents:?}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(looked(), Some(expected), "a folder in its place");
        assert_eq!(Backoff::look(&state, None, now), None);
    }
}
