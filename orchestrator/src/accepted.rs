//! The configuration as it was accepted, kept for the programs of a cycle.
//!
//! Somebody who edits the file changes nothing until it is read again and accepted: steps and companion read
//! a copy in `state/`, never the file. So the loop and its steps always go by the same settings, and a bad
//! edit fails no cycle. The copy is looked at before every step and written anew if it is not as it should be.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pipeline::config::Source;
use pipeline::{Failure, atomic};

/// Who else may read the copy, at most: what holds for the rest of the data directory.
const MODE: u32 = 0o644;

/// An accepted configuration.
#[derive(Clone, Debug)]
pub struct Accepted {
    source: Option<PathBuf>,
    content: String,
    mode: u32,
    copy: PathBuf,
}

impl Accepted {
    /// What was read from `source`, for a copy at `copy`. Nothing is written yet.
    pub fn new(source: &Source, copy: PathBuf) -> Accepted {
        Accepted {
            source: source.file.clone(),
            content: source.copy(),
            mode: source.mode & MODE,
            copy,
        }
    }

    /// Sees to it that the copy is there, whole, and readable for no more people than the file.
    ///
    /// # Errors
    /// When it can't be written. Then there is none: an old one would be followed.
    pub fn lay_out(&self) -> Result<(), Failure> {
        if self.is_laid_out() {
            return Ok(());
        }
        let written = atomic::write_with_mode(&self.copy, self.mode, |out| {
            out.write_all(self.content.as_bytes())
        });
        if written.is_err() {
            // Removing needs no room; where even that fails it is not handed out.
            let _ = fs::remove_file(&self.copy);
        }
        written.map(drop)
    }

    /// The same; that it failed is a warning, since the file itself can be read.
    pub fn lay_out_or_say(&self) {
        if let Err(failure) = self.lay_out() {
            log::warn!("steps and alerts read the configuration file itself: {failure}");
        }
    }

    fn is_laid_out(&self) -> bool {
        let mode = fs::metadata(&self.copy).map(|meta| meta.permissions().mode() & 0o777);
        mode.is_ok_and(|mode| mode & !self.mode == 0)
            && fs::read(&self.copy).is_ok_and(|there| there == self.content.as_bytes())
    }

    /// What a program is told to read: the copy; where that could not be written the file itself, if there is one.
    pub fn handed_out(&self) -> Option<&Path> {
        if self.is_laid_out() {
            return Some(&self.copy);
        }
        self.source.as_deref()
    }

    /// The file that a person edits.
    pub fn source(&self) -> Option<&Path> {
        self.source.as_deref()
    }

    /// Everything that it says, to tell one from another.
    pub fn content(&self) -> &str {
        &self.content
    }
}
