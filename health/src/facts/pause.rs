//! What holds the next cycle back: a pause that a person asked for, a backoff after failures.
//!
//! Both are small files in `state/` of `key value` lines. A pause file that makes no sense pauses all
//! the same, as it does for the orchestrator.

use std::fs;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::History;

/// A pause that a person asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Since when; none if the file does not say.
    pub since: Option<DateTime<Utc>>,
    /// When it ends by itself; none = only by a person.
    pub until: Option<DateTime<Utc>>,
}

impl Pause {
    pub(super) fn look(state: &Path, now: DateTime<Utc>) -> Option<Pause> {
        let text = match fs::read_to_string(state.join("pause")) {
            Ok(text) => text,
            Err(why)
                if matches!(
                    why.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return None;
            }
            Err(_) => String::new(),
        };
        let pause = Pause {
            since: instant(&text, "since"),
            until: instant(&text, "until"),
        };
        pause.until.is_none_or(|until| until > now).then_some(pause)
    }
}

/// A long wait after failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Backoff {
    /// Until when no cycle is started; none if that is not written down.
    pub until: Option<DateTime<Utc>>,
    /// Why, for people.
    pub why: String,
}

impl Backoff {
    /// From the file; or else from the journal, where a backoff that began after the newest cycle's end
    /// is one that still lasts.
    pub(super) fn look(
        state: &Path,
        history: Option<&History>,
        now: DateTime<Utc>,
    ) -> Option<Backoff> {
        if let Ok(text) = fs::read_to_string(state.join("backoff")) {
            let until = instant(&text, "until")?;
            return (until > now).then(|| Backoff {
                until: Some(until),
                why: value(&text, "why").unwrap_or_default().to_owned(),
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

fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
        .map(str::trim)
}

fn instant(text: &str, key: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(value(text, key)?).ok()?;
    Some(at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_lasts_until_its_end_and_a_senseless_one_until_a_person_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let now = Utc::now();
        assert_eq!(Pause::look(folder.path(), now), None);
        fs::write(folder.path().join("pause"), "until the cows come home\n").unwrap();
        assert!(Pause::look(folder.path(), now).is_some());
        fs::write(folder.path().join("pause"), "until 2026-01-01T00:00:00Z\n").unwrap();
        assert_eq!(Pause::look(folder.path(), now), None);
    }
}
