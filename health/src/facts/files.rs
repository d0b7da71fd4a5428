//! The six files that the steps write: size and age.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use pipeline::DataDir;
use serde::{Serialize, Serializer};

/// A file that a step writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataFile {
    /// Its name below the data directory.
    pub name: String,
    /// Size in bytes and time of the last change; none if it is missing.
    #[serde(serialize_with = "found")]
    pub found: Option<(u64, DateTime<Utc>)>,
}

fn found<S: Serializer>(
    found: &Option<(u64, DateTime<Utc>)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    found
        .map(|(bytes, at)| serde_json::json!({"bytes": bytes, "at": at}))
        .serialize(serializer)
}

/// How old a file is, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Freshness {
    /// As young as it should be.
    Fresh,
    /// Older than it should be.
    Late,
    /// Too old to be used.
    Stale,
    /// Not there.
    Missing,
}

impl Freshness {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Freshness::Fresh => "fresh",
            Freshness::Late => "late",
            Freshness::Stale => "stale",
            Freshness::Missing => "missing",
        }
    }
}

impl DataFile {
    /// Looks at what step `number` writes.
    pub(super) fn look(data: &DataDir, number: u8) -> DataFile {
        let path: PathBuf = data.output(number);
        let name = path.strip_prefix(data.root()).unwrap_or(&path);
        let found = path.metadata().ok().filter(|meta| meta.is_file());
        DataFile {
            name: name.display().to_string(),
            found: found.and_then(|meta| Some((meta.len(), meta.modified().ok()?.into()))),
        }
    }
}
