//! Small files in `state/` by which a person tells a running orchestrator something, and by which it
//! tells the next one: pause, run a cycle now, how long the backoff lasts.
//!
//! Each is one small text of `key value` lines, written whole by `pipeline::atomic`. What a killed
//! writer left is swept by the next one, and by [`Control::sweep`]. Who reads one
//! that makes no sense takes it for what it surely means: a pause file pauses, whatever it holds.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};

/// A pause that a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Pause {
    /// Since when; none if the file does not say.
    pub since: Option<DateTime<Utc>>,
    /// When it ends by itself; none = only by a person.
    pub until: Option<DateTime<Utc>>,
}

impl Pause {
    /// Whether it has run out.
    pub fn over(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// A long wait after failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Until when no cycle is started.
    pub until: DateTime<Utc>,
    /// From when on an orchestrator that is started anew may try once before that: who restarts it has
    /// usually mended something. None: not before the end.
    pub restart: Option<DateTime<Utc>>,
    /// Why, for people.
    pub why: String,
}

/// The files in the folder `state/` of a data directory.
#[derive(Clone, Debug)]
pub struct Control {
    folder: PathBuf,
}

impl Control {
    /// The files in `state`.
    pub fn new(state: &Path) -> Control {
        Control {
            folder: state.to_path_buf(),
        }
    }

    /// The pause that is asked for, over or not. A file that can't be read pauses.
    pub fn pause(&self) -> Option<Pause> {
        match fs::read_to_string(self.path("pause")) {
            Ok(text) => Some(Pause {
                since: instant(&text, "since"),
                until: instant(&text, "until"),
            }),
            Err(why) if why.kind() == io::ErrorKind::NotFound => None,
            Err(why) if why.kind() == io::ErrorKind::NotADirectory => None,
            Err(_) => Some(Pause {
                since: None,
                until: None,
            }),
        }
    }

    /// Asks for a pause.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn set_pause(&self, pause: Pause) -> io::Result<()> {
        let mut text = String::new();
        for (key, at) in [("since", pause.since), ("until", pause.until)] {
            if let Some(at) = at {
                text.push_str(&format!("{key} {}\n", stamp(at)));
            }
        }
        self.write("pause", &text)
    }

    /// Ends a pause; whether there was one.
    ///
    /// # Errors
    /// When the file can't be removed.
    pub fn resume(&self) -> io::Result<bool> {
        self.remove("pause")
    }

    /// Asks for a cycle now.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn ask_for_run(&self) -> io::Result<()> {
        self.write("run-now", &format!("since {}\n", stamp(Utc::now())))
    }

    /// Whether a cycle is asked for; the request is taken with that.
    pub fn take_run(&self) -> bool {
        self.remove("run-now").unwrap_or(false)
    }

    /// The backoff that an orchestrator left, over or not.
    pub fn backoff(&self) -> Option<Backoff> {
        let text = fs::read_to_string(self.path("backoff")).ok()?;
        Some(Backoff {
            until: instant(&text, "until")?,
            restart: instant(&text, "restart"),
            why: value(&text, "why").unwrap_or_default().to_owned(),
        })
    }

    /// Leaves word of a backoff, or that there is none.
    ///
    /// # Errors
    /// When the file can't be written or removed.
    pub fn set_backoff(&self, backoff: Option<&Backoff>) -> io::Result<()> {
        match backoff {
            None => self.remove("backoff").map(drop),
            Some(backoff) => {
                let why = backoff.why.replace(['\n', '\r'], " ");
                let mut text = format!("until {}\n", stamp(backoff.until));
                if let Some(restart) = backoff.restart {
                    text.push_str(&format!("restart {}\n", stamp(restart)));
                }
                self.write("backoff", &format!("{text}why {why}\n"))
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn remove(&self, name: &str) -> io::Result<bool> {
        match fs::remove_file(self.path(name)) {
            Ok(()) => Ok(true),
            Err(why)
                if matches!(
                    why.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(false)
            }
            Err(why) => Err(why),
        }
    }

    /// Removes the temporary files of these that killed writers left and nobody holds.
    pub fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let ours = [".pause.", ".run-now.", ".backoff."]
                .iter()
                .any(|start| name.starts_with(start));
            // What can't be removed is tried again at the next start.
            if ours
                && name.ends_with(".tmp")
                && fs::File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
            {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        pipeline::atomic::write(&self.path(name), |out| out.write_all(text.as_bytes()))
            .map(drop)
            .map_err(|failure| io::Error::other(failure.message))
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

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn what_is_asked_for_is_read_back_and_taken_once() {
        let folder = tempfile::tempdir().unwrap();
        let control = Control::new(&folder.path().join("state"));
        assert_eq!(control.pause(), None);
        assert!(!control.take_run());
        let now = DateTime::from_timestamp_millis(1_790_000_000_123).unwrap();
        let pause = Pause {
            since: Some(now),
            until: Some(now + TimeDelta::minutes(30)),
        };
        control.set_pause(pause).unwrap();
        assert_eq!(control.pause(), Some(pause));
        assert!(!pause.over(now) && pause.over(now + TimeDelta::minutes(30)));
        assert!(control.resume().unwrap() && !control.resume().unwrap());
        control.ask_for_run().unwrap();
        assert!(control.take_run() && !control.take_run());
        let backoff = Backoff {
            until: now,
            restart: None,
            why: "exit 77\nrefused".to_owned(),
        };
        control.set_backoff(Some(&backoff)).unwrap();
        assert_eq!(control.backoff().unwrap().why, "exit 77 refused");
        control.set_backoff(None).unwrap();
        assert_eq!(control.backoff(), None);
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_what_a_live_one_holds_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [".backoff.tmp", ".backoff.ab12.tmp", ".other.ab12.tmp"] {
            fs::write(path(name), "x").unwrap();
        }
        let live = fs::File::create(path(".pause.live.tmp")).unwrap();
        live.lock().unwrap();
        Control::new(folder.path()).sweep();
        assert!(!path(".backoff.tmp").exists() && !path(".backoff.ab12.tmp").exists());
        assert!(path(".other.ab12.tmp").exists() && path(".pause.live.tmp").exists());
    }

    #[test]
    fn a_pause_file_that_makes_no_sense_still_pauses() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pause"), "until the cows come home\n").unwrap();
        let pause = Control::new(folder.path()).pause().unwrap();
        assert!(!pause.over(Utc::now()));
    }
}
