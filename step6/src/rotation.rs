//! Rotation by renaming: `NAME` becomes `NAME.1`, `NAME.1` becomes `NAME.2`, the oldest goes.
//!
//! The current log is renamed last, so a rotation that is killed half-way leaves at most a gap in the
//! numbers, which the next one closes, and never two writers with different ideas of the current log.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Makes room for a new log at `path`; keeps `keep` old ones, at least one.
///
/// # Errors
/// When a rename fails; the log is then where it was.
pub(crate) fn rotate(path: &Path, keep: u32) -> io::Result<()> {
    for number in (1..keep).rev() {
        match fs::rename(numbered(path, number), numbered(path, number + 1)) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
    }
    fs::rename(path, numbered(path, 1))?;
    remove_beyond(path, keep);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// `NAME.3`.
fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Removes what an earlier, larger `keep` left. Best effort: the next rotation tries again.
fn remove_beyond(path: &Path, keep: u32) {
    let Some(name) = path.file_name() else { return };
    let prefix = format!("{}.", name.to_string_lossy());
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(&prefix)?.parse::<u32>().ok());
        if number.is_some_and(|number| number > keep) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
