//! The readable log: a block per cycle, whole or not there.
//!
//! A block lies between two lines that name its cycle,
//! `=== cycle ID begin 2026-11-24T03:42:45.123Z ===` and `=== cycle ID end ===`; no line of a page
//! begins like that. It is written with one call and synced. What a kill or a full disk leaves of one is
//! cut away: at once when the write fails, else by the next writer, who finds no end-line at the end.
//! Writers take turns by a lock on the file. Rotation is in `rotation`.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use pipeline::atomic::cannot_write;
use pipeline::config::Display;
use pipeline::handoff::instant;
use pipeline::{CycleId, Exit, Failure};

use crate::rotation;

const MARK: &str = "=== cycle ";
const END: &str = " end ===";
/// Longer than any first or last line of a block: a cycle id has at most 64 letters.
const LONGEST_MARK_LINE: u64 = 160;
const CHUNK: u64 = 64 * 1024;
/// How long a writer waits for its turn; another needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// How large and how old a log gets, and how many of its predecessors stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A block that would make the log larger than this begins a new one, in bytes.
    pub max_bytes: u64,
    /// A log begun longer ago than this is followed by a new one.
    pub max_age: Duration,
    /// Logs that are kept beside the current one.
    pub keep: u32,
}

impl From<&Display> for Limits {
    fn from(display: &Display) -> Self {
        Limits {
            max_bytes: display.log_max_bytes,
            max_age: display.log_max_age.0,
            keep: display.log_keep,
        }
    }
}

/// The log at a path.
#[derive(Clone, Debug)]
pub struct MatchesLog {
    path: PathBuf,
    limits: Limits,
}

impl MatchesLog {
    /// The log at `path`; nothing is touched yet.
    pub fn new(path: PathBuf, limits: Limits) -> Self {
        MatchesLog { path, limits }
    }

    /// Appends the page of a cycle as one block, begun at `now`.
    ///
    /// # Errors
    /// 74 when it can't be written (the log then ends where it did), 75 when another writer holds it
    /// and does not let go.
    pub fn append(&self, cycle: &CycleId, now: DateTime<Utc>, page: &str) -> Result<(), Failure> {
        let block = block(cycle, now, page);
        let failed = |why: io::Error| match why.kind() {
            io::ErrorKind::WouldBlock => Failure::new(
                Exit::TryLater,
                format!(
                    "`{}` is held by another step6; try again later",
                    self.path.display()
                ),
            ),
            _ => cannot_write(&self.path, &why),
        };
        let Some(mut file) = self.turn(now, block.len() as u64).map_err(failed)? else {
            return write_to_device(&self.path, block.as_bytes()).map_err(failed);
        };
        append_whole(&mut file, block.as_bytes()).map_err(failed)
    }

    /// The log, locked, healed, and with room for `more` bytes; `None` for what is no regular file.
    fn turn(&self, now: DateTime<Utc>, more: u64) -> io::Result<Option<File>> {
        if let Some(folder) = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir_all(folder)?;
        }
        if fs::metadata(&self.path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            return Ok(None);
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o644)
                .open(&self.path)?;
            lock(&file, deadline)?;
            if !self.is_still(&file)? {
                continue;
            }
            let length = heal(&mut file)?;
            if length == 0 || !self.is_due(&mut file, now, length + more)? {
                return Ok(Some(file));
            }
            if self.limits.keep == 0 {
                file.set_len(0)?;
                return Ok(Some(file));
            }
            rotation::rotate(&self.path, self.limits.keep)?;
        }
    }

    /// Whether the path still leads to `file`: it may have been rotated while we waited for the lock.
    fn is_still(&self, file: &File) -> io::Result<bool> {
        let ours = file.metadata()?;
        match fs::metadata(&self.path) {
            Ok(found) => Ok((found.dev(), found.ino()) == (ours.dev(), ours.ino())),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// Whether the log is to be followed by a new one before it grows to `length`.
    fn is_due(&self, file: &mut File, now: DateTime<Utc>, length: u64) -> io::Result<bool> {
        if length > self.limits.max_bytes {
            return Ok(true);
        }
        let age = begun(file)?
            .map(|begun| now - begun)
            .and_then(|age| age.to_std().ok());
        Ok(age.is_some_and(|age| age > self.limits.max_age))
    }
}

fn block(cycle: &CycleId, now: DateTime<Utc>, page: &str) -> String {
    format!(
        "{MARK}{cycle} begin {} ===\n{page}{MARK}{cycle}{END}\n",
        instant(now)
    )
}

fn lock(file: &File, deadline: Instant) -> io::Result<()> {
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(why)) => return Err(why),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Appends all of `block` or nothing.
fn append_whole(file: &mut File, block: &[u8]) -> io::Result<()> {
    let before = file.metadata()?.len();
    file.write_all(block)
        .and_then(|()| file.sync_data())
        .inspect_err(|_| {
            // If this fails too, the next writer heals it.
            let _ = file.set_len(before);
        })
}

/// A terminal, a pipe or `/dev/null`: there is nothing to heal, to rotate or to sync.
fn write_to_device(path: &Path, block: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.write_all(block)
}

/// Cuts away what stands behind the last whole block; returns the length that is left.
///
/// A file that is not one of our logs is left alone: somebody named it by mistake.
fn heal(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let whole = whole_blocks(file, length)?;
    if whole == length {
        return Ok(length);
    }
    if whole == 0 && !begins_like_a_log(file)? {
        return Err(io::Error::other(
            "it is not a log of step6; choose another path",
        ));
    }
    log::warn!(
        "removing {} bytes of an unfinished block from the log",
        length - whole
    );
    file.set_len(whole)?;
    Ok(whole)
}

/// The length of the file up to and with its last end-line.
fn whole_blocks(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut bytes = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        // An end-line may lie across the border of two chunks.
        let stop = (end + LONGEST_MARK_LINE).min(length);
        file.seek(SeekFrom::Start(start))?;
        bytes.clear();
        file.take(stop - start).read_to_end(&mut bytes)?;
        if let Some(found) = behind_last_end_line(&bytes, start == 0) {
            return Ok(start + found as u64);
        }
        end = start;
    }
    Ok(0)
}

/// Where the last end-line that begins within `bytes` is over.
fn behind_last_end_line(bytes: &[u8], from_start: bool) -> Option<usize> {
    let mut stop = bytes.len();
    while let Some(newline) = bytes[..stop].iter().rposition(|byte| *byte == b'\n') {
        let before = bytes[..newline].iter().rposition(|byte| *byte == b'\n');
        let line = match before {
            Some(before) => &bytes[before + 1..newline],
            None if from_start => &bytes[..newline],
            None => return None,
        };
        if line.starts_with(MARK.as_bytes()) && line.ends_with(END.as_bytes()) {
            return Some(newline + 1);
        }
        stop = newline;
    }
    None
}

/// Whether the file begins as a block does, as far as it goes. A power cut may leave zeros.
fn begins_like_a_log(file: &mut File) -> io::Result<bool> {
    let start = head(file)?;
    let common = start.len().min(MARK.len());
    Ok(start[..common] == MARK.as_bytes()[..common] || start.iter().all(|byte| *byte == 0))
}

/// When the first block of the file was begun.
fn begun(file: &mut File) -> io::Result<Option<DateTime<Utc>>> {
    let start = head(file)?;
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let at = String::from_utf8_lossy(line)
        .split_ascii_whitespace()
        .nth(4)
        .and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    Ok(at.map(|at| at.to_utc()))
}

fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(LONGEST_MARK_LINE).read_to_end(&mut start)?;
    Ok(start)
}
