//! What comes: looks at the newest day log a few times a second, changes to the next one at midnight,
//! and begins again when a file is replaced under its feet.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::cursor::Cursor;

const LOOK: Duration = Duration::from_millis(200);

/// A place in the newest day log.
#[derive(Debug)]
pub(super) struct Follower {
    folder: PathBuf,
    open: Option<Cursor>,
    rest: Vec<u8>,
}

impl Follower {
    /// At the end of what is there.
    pub(super) fn at_end(folder: &Path) -> Follower {
        Follower {
            folder: folder.to_path_buf(),
            open: Cursor::at_end(folder),
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
        if let Some(path) = Cursor::next(self.open.as_ref(), &self.folder) {
            // What was written between the last look and the change.
            self.drain(each)?;
            self.open = Cursor::at_start(&path).ok();
            self.drain(each)?;
        }
        Ok(())
    }

    fn drain(&mut self, each: &mut impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.cut_off()? {
            self.rest.clear();
        }
        let mut piece = vec![0; 64 * 1024];
        loop {
            let n = open.read(&mut piece)?;
            if n == 0 {
                return Ok(());
            }
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
    use std::fs::{self, File};
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
