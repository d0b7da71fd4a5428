//! The day log: `continuous_orchestrator_YYYYMMDD.log`, one file a day by the local date.
//!
//! Appended to, never truncated. Before each line the file is looked for at its path: when the date
//! has changed, or the file or its folder has been deleted or moved under our feet, it is opened anew.
//! Nothing here fails or panics: a line that can't be written (a full disk) is counted, and the count
//! is written when lines can be written again. Retention is by days and by bytes over all files and
//! touches nothing but files of this name. Within one day, what programs say stops at half of the
//! bytes that may be kept, and everything stops at all of them, so no day can fill the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Days, Local, NaiveDate, SecondsFormat};
use log::Level;
use pipeline::logging::level_word;

const PREFIX: &str = "continuous_orchestrator_";
const SUFFIX: &str = ".log";

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Files of days before so many days ago are removed, but never one of the newest so many: a clock
    /// that is set forward by mistake makes all old, and takes none away.
    pub keep_days: u32,
    /// The oldest files are removed until all together are no larger, in bytes.
    pub keep_bytes: u64,
}

/// The log, open or not.
#[derive(Debug)]
pub struct DayLog {
    folder: PathBuf,
    retention: Retention,
    open: Option<Open>,
    lost: u64,
    lost_why: String,
    mended: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    date: NaiveDate,
    identity: (u64, u64),
    size: u64,
}

/// How much a line matters when the day is nearly full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// The orchestrator's own.
    Own,
    /// What a program said.
    Said,
}

impl DayLog {
    /// A log in `folder`. Opens nothing yet.
    pub fn new(folder: &Path, retention: Retention) -> DayLog {
        DayLog {
            folder: folder.to_path_buf(),
            retention,
            open: None,
            lost: 0,
            lost_why: String::new(),
            mended: true,
        }
    }

    /// A new log in the place of this one, of which a line was lost: `why`.
    pub fn anew(&self, why: &str) -> DayLog {
        DayLog {
            lost: self.lost + 1,
            lost_why: why.to_owned(),
            // The line may have been written in part.
            mended: false,
            ..DayLog::new(&self.folder, self.retention)
        }
    }

    /// Writes one line: time, level, who, words.
    pub fn write(
        &mut self,
        now: DateTime<Local>,
        level: Level,
        who: &str,
        words: &str,
        weight: Weight,
    ) {
        if let Err(why) = self.try_write(now, level, who, words, weight) {
            self.lost += 1;
            self.lost_why = why.to_string();
        }
    }

    /// Lines that could not be written and have not been accounted for in the log yet.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Why the last of them was lost.
    pub fn lost_why(&self) -> &str {
        &self.lost_why
    }

    /// Changes to today's file if it is another day, and removes what is too old or too much.
    pub fn tidy(&mut self, now: DateTime<Local>) {
        // Without a file there is nothing to tidy; the next line says why.
        let _ = self.current(now.date_naive());
        self.remove_old(now.date_naive());
    }

    fn try_write(
        &mut self,
        now: DateTime<Local>,
        level: Level,
        who: &str,
        words: &str,
        weight: Weight,
    ) -> io::Result<()> {
        let limit = match weight {
            Weight::Own => self.retention.keep_bytes,
            Weight::Said => self.retention.keep_bytes / 2,
        };
        let lost = self.lost;
        let mended = self.mended;
        let mut text = String::with_capacity(words.len() + 64);
        if !mended {
            // The line that could not be written may have been written in part.
            text.push('\n');
        }
        let time = now.to_rfc3339_opts(SecondsFormat::Millis, false);
        if lost > 0 {
            let warn = level_word(Level::Warn);
            text.push_str(&format!(
                "{time} {warn} orchestrator: {lost} log lines were lost: {}\n",
                self.lost_why
            ));
        }
        text.push_str(&format!("{time} {} {who}: {words}\n", level_word(level)));
        let open = self.current(now.date_naive())?;
        if open.size + text.len() as u64 > limit {
            return Err(io::Error::other(
                "today's log is as large as [logs] keep_bytes allows",
            ));
        }
        let result = open.file.write_all(text.as_bytes());
        open.size = open.file.metadata().map_or(open.size, |meta| meta.len());
        self.mended = result.is_ok();
        if self.mended {
            self.lost -= lost;
        }
        result
    }

    /// Today's file, opened if it is not the open one, or no longer at its path.
    fn current(&mut self, today: NaiveDate) -> io::Result<&mut Open> {
        let in_place = self.open.as_ref().is_some_and(|open| {
            open.date == today
                && fs::metadata(&open.path).is_ok_and(|meta| identity(&meta) == open.identity)
        });
        if !in_place {
            let new_day = self.open.take().is_none_or(|open| open.date != today);
            fs::create_dir_all(&self.folder)?;
            let path = self.folder.join(name(today));
            let file = File::options().append(true).create(true).open(&path)?;
            let meta = file.metadata()?;
            self.open = Some(Open {
                file,
                path,
                date: today,
                identity: identity(&meta),
                size: meta.len(),
            });
            if new_day {
                self.remove_old(today);
            }
        }
        Ok(self.open.as_mut().expect("it was opened just now"))
    }

    fn remove_old(&self, today: NaiveDate) {
        let oldest = today
            .checked_sub_days(Days::new(u64::from(self.retention.keep_days)))
            .unwrap_or(NaiveDate::MIN);
        let mut files = files(&self.folder);
        // Newest first: what goes beyond the sum is the oldest.
        files.sort_by_key(|(date, _, _)| std::cmp::Reverse(*date));
        let mut sum = 0_u64;
        for (newer, (date, path, size)) in (0..).zip(files) {
            sum = sum.saturating_add(size);
            let too_old = date < oldest && newer > self.retention.keep_days;
            let surplus = too_old || sum > self.retention.keep_bytes;
            if surplus && date != today {
                // A file that can't be removed will be tried again tomorrow.
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// The name of a day's file.
pub fn name(date: NaiveDate) -> String {
    format!("{PREFIX}{}{SUFFIX}", date.format("%Y%m%d"))
}

fn date_of(name: &str) -> Option<NaiveDate> {
    let digits = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    if digits.len() != 8 {
        return None;
    }
    NaiveDate::parse_from_str(digits, "%Y%m%d").ok()
}

/// The day logs in a folder, with date and size.
fn files(folder: &Path) -> Vec<(NaiveDate, PathBuf, u64)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let date = date_of(entry.file_name().to_str()?)?;
            let meta = entry.metadata().ok()?;
            meta.is_file().then(|| (date, entry.path(), meta.len()))
        })
        .collect()
}

fn identity(meta: &fs::Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

#[cfg(test)]
#[path = "daylog_tests.rs"]
mod tests;
