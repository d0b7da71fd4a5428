//! A place in the day logs that moves on: over what is appended, to the next day's file at midnight, to the
//! new one when a file is replaced under its feet, and back to the start when it is cut off.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A place in one day log.
#[derive(Debug)]
pub(super) struct Cursor {
    path: PathBuf,
    file: File,
    inode: u64,
    /// How far it has come, in bytes.
    pub(super) at: u64,
}

impl Cursor {
    /// At the start of a file.
    ///
    /// # Errors
    /// When it can't be opened.
    pub(super) fn at_start(path: &Path) -> io::Result<Cursor> {
        let file = File::open(path)?;
        Ok(Cursor {
            path: path.to_path_buf(),
            inode: file.metadata()?.ino(),
            at: 0,
            file,
        })
    }

    /// At the end of the newest file in `folder`; none if there is none that can be read.
    pub(super) fn at_end(folder: &Path) -> Option<Cursor> {
        let newest = super::files(folder).into_iter().next()?;
        let mut cursor = Cursor::at_start(&newest).ok()?;
        cursor.at = cursor.file.metadata().ok()?.len();
        Some(cursor)
    }

    /// Goes back to the start if somebody cut the file off, so that what follows is new; says whether.
    ///
    /// # Errors
    /// When the file can't be looked at.
    pub(super) fn cut_off(&mut self) -> io::Result<bool> {
        let cut = self.file.metadata()?.len() < self.at;
        if cut {
            self.at = 0;
        }
        Ok(cut)
    }

    /// Reads on; 0 at the end of what is there.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(super) fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(piece, self.at)?;
        self.at += n as u64;
        Ok(n)
    }

    /// The file that comes after that of `open`: the same one if it was replaced, else the oldest of the newer
    /// ones, since after a long sleep there may be several.
    pub(super) fn next(open: Option<&Cursor>, folder: &Path) -> Option<PathBuf> {
        if let Some(open) = open
            && fs::metadata(&open.path).is_ok_and(|meta| meta.ino() != open.inode)
        {
            return Some(open.path.clone());
        }
        let mut oldest_first = super::files(folder).into_iter().rev();
        oldest_first.find(|path| open.is_none_or(|open| *path > open.path))
    }
}
