//! Writing a file so that a reader sees the old one whole or the new one whole, whatever happens.
//!
//! Temporary file in the same folder, fsync, rename, fsync of the folder. The temporary file is held
//! by an advisory lock while its writer lives; a writer first sweeps those of its own output that
//! nobody holds, so a hundred kills leave no litter, and pid reuse can't fool it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::exit::{Exit, Failure};
use crate::signals::Writing;

/// What an output is written into. A concrete type: JSON is written in many small pieces, and calls that
/// the compiler can't see through cost as much as the conversion.
pub type Out<'f> = BufWriter<Temporary<'f>>;

/// The pieces that are written at once; larger ones cost more in fresh memory than they save in calls.
const PIECE: usize = 64 * 1024;

/// The file behind a writer; refuses to go on when the process was told to end.
#[derive(Debug)]
pub struct Temporary<'f>(&'f File);

impl io::Write for Temporary<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if Writing::told_to_end() {
            return Err(io::Error::other("told to end"));
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes `path` atomically and durably with what `fill` puts into the writer; returns the bytes written.
///
/// The folder is made when it is missing. The file's mode is 0644 less the umask's restrictions.
///
/// # Errors
/// [`Exit::CannotWrite`] with the path and the cause; the previous file is then as it was.
pub fn write<F>(path: &Path, fill: F) -> Result<u64, Failure>
where
    F: FnOnce(&mut Out<'_>) -> io::Result<()>,
{
    write_with_mode(path, 0o644, fill)
}

/// As [`write`], for a file of these permission bits (less the umask's restrictions).
///
/// # Errors
/// As [`write`].
pub fn write_with_mode<F>(path: &Path, mode: u32, fill: F) -> Result<u64, Failure>
where
    F: FnOnce(&mut Out<'_>) -> io::Result<()>,
{
    let writing = Writing::begin();
    // A writer that was told to end has removed its temporary file when `writing` is dropped.
    let bytes = write_inner(path, mode, fill).map_err(|why| cannot_write(path, &why))?;
    writing.finish();
    Ok(bytes)
}

/// The failure of a write to `path`, with the advice that fits its cause.
pub fn cannot_write(path: &Path, why: &io::Error) -> Failure {
    let advice = match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "check the owner and the permissions of the folder"
        }
        io::ErrorKind::IsADirectory => "a folder is in the way; move it or choose another path",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file is in the way of the folder; move it or choose another path"
        }
        _ => "",
    };
    let previous = if path.is_file() {
        "the previous file is unchanged"
    } else {
        ""
    };
    let mut notes = [advice, previous].join("; ");
    notes = notes.trim_matches([';', ' ']).to_owned();
    if !notes.is_empty() {
        notes = format!(" ({notes})");
    }
    let why = without_path(why);
    Failure::new(
        Exit::CannotWrite,
        format!("failed to write `{}`: {why}{notes}", path.display()),
    )
}

/// The system's own error of one that names a path too: that of a temporary file says nothing to a reader.
fn without_path(why: &io::Error) -> String {
    let inner = why.get_ref().and_then(|inner| inner.source());
    inner.map_or_else(|| why.to_string(), ToString::to_string)
}

fn write_inner<F>(path: &Path, mode: u32, fill: F) -> io::Result<u64>
where
    F: FnOnce(&mut Out<'_>) -> io::Result<()>,
{
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let prefix = temporary_prefix(path)?;
    sweep(folder, &prefix);
    let temporary = locked_temporary(folder, &prefix, mode)?;
    let mut writer = BufWriter::with_capacity(PIECE, Temporary(temporary.as_file()));
    let filled = fill(&mut writer).and_then(|()| writer.flush());
    // Not dropped with what is left in it, which it would try to write once more.
    drop(writer.into_parts());
    filled?;
    temporary.as_file().sync_all()?;
    let bytes = temporary.as_file().metadata()?.len();
    if Writing::told_to_end() {
        return Err(io::Error::other("told to end"));
    }
    temporary.persist(path).map_err(|e| e.error)?;
    File::open(folder)?.sync_all()?;
    Ok(bytes)
}

/// `.NAME.` before the random part: hidden, and ours to recognise.
fn temporary_prefix(path: &Path) -> io::Result<String> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
    Ok(format!(".{}.", name.to_string_lossy()))
}

/// A temporary file whose lock we hold. A sweeper may have removed it between its creation and our
/// lock; then it has no name any more and we take another.
fn locked_temporary(folder: &Path, prefix: &str, mode: u32) -> io::Result<NamedTempFile> {
    loop {
        let temporary = Builder::new()
            .prefix(prefix)
            .suffix(".tmp")
            .permissions(fs::Permissions::from_mode(mode))
            .tempfile_in(folder)?;
        temporary.as_file().lock()?;
        if temporary.as_file().metadata()?.nlink() > 0 {
            return Ok(temporary);
        }
    }
}

/// Removes what killed writers of the same output left behind. Best effort: a failure here is no
/// reason not to write.
fn sweep(folder: &Path, prefix: &str) {
    for path in leftovers(folder, prefix) {
        if let Ok(file) = File::open(&path)
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(&path);
        }
    }
}

fn leftovers(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(prefix) && name.ends_with(".tmp")
        })
        .map(|entry| entry.path())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_failing_writer_leaves_the_old_file_and_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step2.json");
        write(&path, |out| out.write_all(b"old")).unwrap();
        let failure = write(&path, |out| {
            out.write_all(b"half of the ne")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(failure.exit, Exit::CannotWrite);
        assert!(failure.message.contains("free some space"), "{failure}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["step2.json"]);
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_and_what_a_live_one_holds_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step2.json");
        fs::write(folder.path().join(".step2.json.dead.tmp"), "x").unwrap();
        fs::write(folder.path().join(".step3.json.other.tmp"), "x").unwrap();
        let live = File::create(folder.path().join(".step2.json.live.tmp")).unwrap();
        live.lock().unwrap();
        write(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(
            names(folder.path()),
            [
                ".step2.json.live.tmp",
                ".step3.json.other.tmp",
                "step2.json"
            ]
        );
    }

    #[test]
    fn a_folder_in_the_way_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step2.json");
        fs::create_dir(&path).unwrap();
        let failure = write(&path, |_| Ok(())).unwrap_err();
        assert!(
            failure.message.contains("a folder is in the way"),
            "{failure}"
        );
    }
}
