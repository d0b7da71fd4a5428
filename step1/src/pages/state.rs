//! What is known of the pages between cycles: `state/pages.json`. As large as the pages' bounds, and no page
//! that is not configured any more stays in it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use feed::Tick;
use pipeline::config::Page;
use pipeline::{Failure, atomic};
use serde::{Deserialize, Serialize};

use super::table::Row;

/// A price that a page showed for a match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Quote {
    /// When the page was last seen to show it, unix seconds.
    pub(super) at: i64,
    /// Decimal odds in ten-thousandths; `None`: suspended.
    pub(super) prices: Option<[u32; 3]>,
    /// The match's status then.
    pub(super) status: i64,
}

impl Quote {
    /// As a tick of the feed's. At which score the price was made nobody knows.
    pub(super) fn tick(&self) -> Tick<'static> {
        Tick {
            at: self.at,
            minute: Cow::Borrowed(""),
            values: self.prices.map_or([None; 3], |prices| {
                prices.map(|price| Some(i64::from(price)))
            }),
            status: self.status,
            sealed: self.prices.is_none(),
            score: Cow::Borrowed(""),
        }
    }
}

/// `ETag` and `Last-Modified` of the last page that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

/// One page.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub(super) visited_at: Option<i64>,
    pub(super) confirmed_at: Option<i64>,
    pub(super) not_before: Option<i64>,
    pub(super) failures: u32,
    pub(super) validators: Validators,
    pub(super) rows: Vec<Row>,
    pub(super) quotes: BTreeMap<String, Quote>,
    pub(super) unmatched: Vec<String>,
    pub(super) unmatched_count: usize,
    /// Of what else the configuration says: another one reads the page anew.
    setting: u64,
}

/// All configured pages, in their order.
#[derive(Debug)]
pub(super) struct State {
    path: PathBuf,
    keys: Vec<String>,
    pub(super) pages: Vec<Kept>,
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl State {
    /// Held while the state is read and written.
    pub(super) fn lock(folder: &Path) -> Result<File, Failure> {
        let path = folder.join("pages.lock");
        let open = || {
            fs::create_dir_all(folder)?;
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|why: std::io::Error| atomic::cannot_write(&path, &why))
    }

    pub(super) fn read(folder: &Path, pages: &[Page]) -> State {
        let path = folder.join("pages.json");
        let mut known: BTreeMap<String, Kept> = fs::read(&path)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        // The address stays in the configuration; here it is a number.
        let keys: Vec<String> = pages
            .iter()
            .map(|page| format!("{:016x}", hash((&page.url, &page.book))))
            .collect();
        let kept = |(key, page): (&String, &Page)| {
            let kept = known.remove(key).unwrap_or_default();
            let setting = hash(format!("{page:?}"));
            if kept.setting == setting {
                return kept;
            }
            // The site's interval holds whatever we read on it.
            Kept {
                visited_at: kept.visited_at,
                not_before: kept.not_before,
                setting,
                ..Kept::default()
            }
        };
        State {
            path,
            pages: keys.iter().zip(pages).map(kept).collect(),
            keys,
        }
    }

    /// `_lock` is held by whoever writes.
    pub(super) fn write(&self, _lock: &File) -> Result<(), Failure> {
        let table: BTreeMap<&String, &Kept> = self.keys.iter().zip(&self.pages).collect();
        atomic::write(&self.path, |out| Ok(serde_json::to_writer(out, &table)?)).map(drop)
    }
}
