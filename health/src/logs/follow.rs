//! What comes: looks at the newest day log a few times a second, changes to the next one at midnight,
//! and begins again when a file is replaced under its feet.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

const LOOK: Duration = Duration::from_millis(200);

/// A place in the newest day log.
#[derive(Debug)]
pub(super) struct Follower {
    folder: PathBuf,
    open: Option<Open>,
    rest: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: File,
    inode: u64,
    at: u64,
}

impl Open {
    fn new(path: &Path, from_end: bool) -> io::Result<Open> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        Ok(Open {
            path: path.to_path_buf(),
            inode: meta.ino(),
            at: if from_end { meta.len() } else { 0 },
            file,
        })
    }
}

impl Follower {
    /// At the end of what is there.
    pub(super) fn at_end(folder: &Path) -> Follower {
        let newest = super::files(folder).into_iter().next();
        Follower {
            folder: folder.to_path_buf(),
            open: newest.and_then(|path| Open::new(&path, true).ok()),
            rest: Vec::new(),
        }
    }

    /// Calls `each` with every whole line that comes, until it fails.
    pub(super) fn run(&mut self, mut each: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        loop {
            self.look(&mut each)?;
            thread::sleep(LOOK);
        }
    }

    /// What has come since the last look.
    pub(super) fn look(&mut self, each: &mut impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        self.drain(each)?;
        // The oldest of those behind ours: after a long sleep there may be several.
        let newer = super::files(&self.folder)
            .into_iter()
            .rev()
            .find(|path| self.open.as_ref().is_none_or(|open| *path > open.path));
        let replaced = self.open.as_ref().is_some_and(|open| {
            std::fs::metadata(&open.path).is_ok_and(|meta| meta.ino() != open.inode)
        });
        let next = match (&self.open, replaced, newer) {
            (Some(open), true, _) => Some(open.path.clone()),
            (_, _, newer) => newer,
        };
        if let Some(path) = next {
            // What was written between the last look and the change.
            self.drain(each)?;
            self.open = Open::new(&path, false).ok();
            self.drain(each)?;
        }
        Ok(())
    }

    fn drain(&mut self, each: &mut impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.file.metadata()?.len() < open.at {
            // Somebody cut it off; what follows is new.
            open.at = 0;
            self.rest.clear();
        }
        let mut piece = vec![0; 64 * 1024];
        loop {
            let n = open.file.read_at(&mut piece, open.at)?;
            if n == 0 {
                return Ok(());
            }
            open.at += n as u64;
            self.rest.extend_from_slice(&piece[..n]);
            while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                let text = String::from_utf8_lossy(&line[..end]);
                if !text.is_empty() {
                    each(&text)?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    #[test]
    fn midnight_and_a_replaced_file_lose_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let day = |n: u8| {
            folder
                .path()
                .join(format!("continuous_orchestrator_2026112{n}.log"))
        };
        fs::write(day(3), "before\n").unwrap();
        let mut follower = Follower::at_end(folder.path());
        let mut found = Vec::new();
        let mut look = |follower: &mut Follower| {
            follower
                .look(&mut |line| {
                    found.push(line.to_owned());
                    Ok(())
                })
                .unwrap();
        };
        let append = |path: &Path, text: &str| {
            let mut file = File::options()
                .append(true)
                .create(true)
                .open(path)
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        look(&mut follower);
        append(&day(3), "one\ntw");
        look(&mut follower);
        append(&day(3), "o\n");
        append(&day(4), "three\n");
        look(&mut follower);
        fs::remove_file(day(4)).unwrap();
        fs::write(day(4), "four\n").unwrap();
        append(&day(5), "five\n");
        look(&mut follower);
        look(&mut follower);
        assert_eq!(found, ["one", "two", "three", "four", "five"]);
    }
}
