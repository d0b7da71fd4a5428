//! What was asked, for tests and for people: a line of JSON for each request.
//!
//! Of the parameters only the names are kept, and the values of `uuid`, `page`, `time` and `tsp`; never
//! who asked.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use chrono::{SecondsFormat, Utc};
use serde::Serialize;

use super::ask::Ask;

/// A request and what came of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    /// When it came, RFC 3339.
    at: String,
    path: String,
    query: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<i64>,
    status: u16,
    /// Of the body, before it was packed or spoilt on the wire.
    bytes: usize,
    /// What was answered, in a word.
    answer: &'static str,
    fault: Option<&'static str>,
    /// From the request to the answer.
    ms: u64,
}

impl Entry {
    /// The entry of a request that has just come.
    pub fn of(ask: &Ask) -> Entry {
        let plain = |name: &&str| {
            name.len() <= 32 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        let secret = |value: &str| {
            ["user", "secret"]
                .iter()
                .any(|name| ask.parameter(name) == Some(value))
        };
        let id = ask.parameter("uuid").filter(|id| {
            id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric()) && !secret(id)
        });
        Entry {
            at: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            path: super::ENDPOINTS
                .iter()
                .find(|known| **known == ask.path())
                .map_or("another", |known| *known)
                .to_owned(),
            query: ask
                .parameters()
                .map(|(name, _)| name)
                .filter(plain)
                .map(str::to_owned)
                .collect(),
            id: id.map(str::to_owned),
            page: ask.number("page"),
            time: ask.number("time").or_else(|| ask.number("tsp")),
            status: 0,
            bytes: 0,
            answer: "",
            fault: None,
            ms: 0,
        }
    }

    /// What came of it.
    pub fn answered(
        self,
        status: u16,
        bytes: usize,
        answer: &'static str,
        fault: Option<&'static str>,
        ms: u64,
    ) -> Entry {
        Entry {
            status,
            bytes,
            answer,
            fault,
            ms,
            ..self
        }
    }
}

/// So many requests are remembered for the control endpoint.
const REMEMBERED: usize = 20_000;

/// The requests so far: the last ones in memory, all of them in a file if one is named.
#[derive(Debug, Default)]
pub struct Requests(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    lately: VecDeque<Entry>,
    file: Option<File>,
}

impl Requests {
    /// A record that is written to `path` too, which begins empty.
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn to_file(path: &Path) -> io::Result<Requests> {
        let file = Some(File::create(path)?);
        Ok(Requests(Mutex::new(Kept {
            file,
            ..Kept::default()
        })))
    }

    pub(super) fn add(&self, entry: Entry) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut kept.file
            && let Ok(mut line) = serde_json::to_vec(&entry)
        {
            line.push(b'\n');
            if let Err(why) = file.write_all(&line) {
                log::warn!("failed to write the request log: {why}; it ends here");
                kept.file = None;
            }
        }
        if kept.lately.len() >= REMEMBERED {
            kept.lately.pop_front();
        }
        kept.lately.push_back(entry);
    }

    /// The last requests, oldest first.
    pub(super) fn lately(&self) -> Vec<Entry> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lately.iter().cloned().collect()
    }

    /// Forgets them; the file stays.
    pub(super) fn clear(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.lately.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_not_written_down_wherever_it_stands() {
        let target = "/v1/football/odds/history?user=me&secret=hush&uuid=hush&hush-hush=1&time=7";
        let entry = Entry::of(&Ask::new(&target.parse().unwrap()));
        let line = serde_json::to_string(&entry).unwrap();
        assert!(!line.contains("hush") && !line.contains("\"me\""), "{line}");
        assert!(
            line.contains(r#""query":["user","secret","uuid","time"]"#),
            "{line}"
        );
        let target = "/v1/football/hush?user=me&secret=hush";
        let line = serde_json::to_string(&Entry::of(&Ask::new(&target.parse().unwrap()))).unwrap();
        assert!(!line.contains("\"hush"), "{line}");
    }
}
