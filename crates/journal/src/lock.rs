//! One orchestrator per data directory, and how others see whether it lives.
//!
//! The lock is an advisory lock on a file that is never unlinked (unlinking would let two have it).
//! The kernel frees it with its holder, whatever way that ends, so nothing ever has to be cleaned up.
//! The data directory itself is locked with it: whoever removes `state/` under a running orchestrator
//! lets no second one in, and the holder makes the file anew ([`Lock::mend`]).
//! The file says who holds it, since when, and by when the holder means to be heard of again: a
//! holder that lives but does not move is found by that, without a thread or a timer of its own. It also
//! says which file it is, so that a copy is known for one.
//!
//! [`look`] never tries the lock: for the instant in which a reader had it, a starting orchestrator
//! would be turned away. It reads `/proc/locks`, which needs no rights and disturbs nobody.

mod look;

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

pub use look::{Birth, Holder, Presence, look};

use look::{FileId, is_listed, read};

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it; who, if it has said so yet.
    #[error("held by another process")]
    Held(Option<Holder>),
    /// The file can't be opened or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The lock, held until this is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
    /// The data directory, locked too. None where folders can't be locked (some network filesystems).
    root: Option<File>,
    since: DateTime<Utc>,
    interval: Duration,
    birth: Option<Birth>,
}

/// What [`Lock::mend`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mended {
    /// All was in place.
    Nothing,
    /// The file or the folder had been removed or replaced; they are there and locked again.
    Again,
}

impl Lock {
    /// Takes the lock at `path` (`state/orchestrator.lock` of a data directory) and writes who we are.
    ///
    /// # Errors
    /// [`LockError::Held`] at once when another process has it.
    pub fn take(path: &Path, interval: Duration) -> Result<Lock, LockError> {
        let (file, root) = open(path)?;
        let birth = if is_listed(FileId::of(&file.metadata()?)) {
            None
        } else {
            Birth::of(process::id())
        };
        let lock = Lock {
            path: path.to_path_buf(),
            file,
            root,
            since: Utc::now(),
            interval,
            birth,
        };
        lock.promise(Duration::from_secs(60))?;
        Ok(lock)
    }

    /// Whether file and folder are still the ones at their paths.
    pub fn in_place(&self) -> bool {
        same(&self.file, &self.path)
            && self
                .root
                .as_ref()
                .is_none_or(|root| root_of(&self.path).is_some_and(|path| same(root, path)))
    }

    /// Makes and locks anew what has been removed or replaced under our feet.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process was quicker: it is the holder now.
    pub fn mend(&mut self) -> Result<Mended, LockError> {
        if self.in_place() {
            return Ok(Mended::Nothing);
        }
        let root_stays = self
            .root
            .as_ref()
            .is_some_and(|root| root_of(&self.path).is_some_and(|path| same(root, path)));
        if root_stays {
            // The folder is still ours, so nobody else can have the new file.
            self.file = open_file(&self.path)?;
        } else {
            let (file, root) = open(&self.path)?;
            self.file = file;
            self.root = root;
        }
        self.promise(Duration::from_secs(60))?;
        Ok(Mended::Again)
    }

    /// From now on this is the time from one cycle's start to the next.
    pub fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
    }

    /// Says that this process means to be heard of again within `within`.
    ///
    /// # Errors
    /// When the file can't be written. In place and of the same length each time, so a full disk is
    /// no hindrance.
    pub fn promise(&self, within: Duration) -> io::Result<()> {
        let within = TimeDelta::from_std(within).unwrap_or(TimeDelta::MAX);
        let due = Utc::now()
            .checked_add_signed(within)
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        let meta = self.file.metadata()?;
        let FileId { device, inode } = FileId::of(&meta);
        let mut text = Vec::with_capacity(256);
        writeln!(text, "{}", process::id())?;
        writeln!(text, "since {}", stamp(self.since))?;
        writeln!(text, "due {}", stamp(due))?;
        writeln!(text, "interval_ms {}", self.interval.as_millis())?;
        if let Some(birth) = &self.birth {
            writeln!(text, "process {} {}", birth.ticks, birth.boot)?;
        }
        writeln!(text, "file {device} {inode}")?;
        self.file.write_all_at(&text, 0)?;
        if meta.len() != text.len() as u64 {
            self.file.set_len(text.len() as u64)?;
        }
        Ok(())
    }
}

/// The data directory of a lock at `ROOT/state/orchestrator.lock`.
fn root_of(path: &Path) -> Option<&Path> {
    path.parent()?.parent().map(|root| {
        if root.as_os_str().is_empty() {
            Path::new(".")
        } else {
            root
        }
    })
}

fn same(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

/// Opens and locks the folder, then the file.
fn open(path: &Path) -> Result<(File, Option<File>), LockError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let root = match root_of(path) {
        None => None,
        Some(root) => {
            let folder = File::open(root)?;
            match folder.try_lock() {
                Ok(()) => Some(folder),
                Err(TryLockError::WouldBlock) => return Err(LockError::Held(read(path))),
                // A filesystem that can't lock folders: the file's lock has to do.
                Err(TryLockError::Error(_)) => None,
            }
        }
    };
    Ok((open_file(path)?, root))
}

fn open_file(path: &Path) -> Result<File, LockError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LockError::Held(read(path))),
        Err(TryLockError::Error(why)) => Err(why.into()),
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_holder_is_seen_without_trying_the_lock_and_its_end_is_seen_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/orchestrator.lock");
        assert_eq!(look(&path), Presence::NoLock);
        let lock = Lock::take(&path, Duration::from_secs(60)).unwrap();
        let Presence::Running(holder) = look(&path) else {
            panic!("not seen");
        };
        assert_eq!(holder.pid, process::id());
        assert_eq!(holder.interval, Some(Duration::from_secs(60)));
        assert!(holder.due.unwrap() > Utc::now());
        drop(lock);
        assert!(matches!(look(&path), Presence::Gone(gone) if gone.pid == process::id()));
    }

    /// A backup that was restored, or a folder that was copied to try something, while the original runs.
    #[test]
    fn a_copy_of_the_data_directory_is_not_held_and_known_for_a_copy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/state/orchestrator.lock");
        let _lock = Lock::take(&path, Duration::from_secs(60)).unwrap();
        let copy = folder.path().join("copy/state/orchestrator.lock");
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(&path, &copy).unwrap();
        assert!(matches!(look(&path), Presence::Running(holder) if !holder.copied));
        assert!(matches!(look(&copy), Presence::Gone(holder) if holder.copied));
        // Who runs on the copy makes it an original.
        let own = Lock::take(&copy, Duration::from_secs(60)).unwrap();
        assert!(matches!(look(&copy), Presence::Running(holder) if !holder.copied));
        drop(own);
        assert!(matches!(look(&copy), Presence::Gone(holder) if !holder.copied));
    }

    #[test]
    fn a_second_taker_is_turned_away_and_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orchestrator.lock");
        fs::write(&path, "999999\nsomething longer than what will be written, of an older version, which must not stay behind as a tail of the new text\n").unwrap();
        let _lock = Lock::take(&path, Duration::from_secs(1)).unwrap();
        let Err(LockError::Held(Some(holder))) = Lock::take(&path, Duration::from_secs(1)) else {
            panic!("taken twice, or not told by whom");
        };
        assert_eq!(holder.pid, process::id());
        assert_eq!(
            fs::read_to_string(&path)
                .unwrap()
                .lines()
                .last()
                .map(|line| line.starts_with("file ")),
            Some(true)
        );
    }

    #[test]
    fn removing_the_state_folder_lets_no_second_one_in_and_the_file_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/orchestrator.lock");
        let mut lock = Lock::take(&path, Duration::from_secs(1)).unwrap();
        assert_eq!(lock.mend().unwrap(), Mended::Nothing);
        fs::remove_dir_all(folder.path().join("state")).unwrap();
        assert!(!lock.in_place());
        assert!(matches!(
            Lock::take(&path, Duration::from_secs(1)),
            Err(LockError::Held(_))
        ));
        assert_eq!(lock.mend().unwrap(), Mended::Again);
        assert!(matches!(look(&path), Presence::Running(holder) if holder.pid == process::id()));
    }

    #[test]
    fn a_data_directory_that_was_replaced_is_locked_anew_or_lost_to_who_was_quicker() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        let path = root.join("state/orchestrator.lock");
        let mut lock = Lock::take(&path, Duration::from_secs(1)).unwrap();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(lock.mend().unwrap(), Mended::Again);
        fs::rename(&root, folder.path().join("moved")).unwrap();
        let quicker = Lock::take(&path, Duration::from_secs(1)).unwrap();
        assert!(matches!(lock.mend(), Err(LockError::Held(Some(_)))));
        drop(quicker);
    }
}
