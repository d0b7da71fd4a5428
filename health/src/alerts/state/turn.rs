//! One change at a time. A person's command, the dashboard's key and the page's button change the same
//! file, and each writes it whole: without taking turns the later one would undo the earlier.
//!
//! A turn is an advisory lock on a file of its own, which is never unlinked (unlinking would let two have
//! it). The kernel ends it with its holder, however that ends. Who is stopped in his turn keeps it, so
//! nobody waits for longer than [`PATIENCE`].

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a turn of another is waited for. A change takes milliseconds, on a slow disk some tenths of a
/// second.
const PATIENCE: Duration = Duration::from_secs(3);

/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// Our turn, until it is dropped.
#[derive(Debug)]
#[must_use = "the turn is over when this is dropped"]
pub(super) struct Turn(#[expect(dead_code, reason = "held for its lock")] File);

impl Turn {
    /// Waits for its turn at the file `path`.
    ///
    /// # Errors
    /// When it does not come in time, or the file can't be used: in words.
    pub(super) fn take(path: &Path) -> Result<Turn, String> {
        let failed = |why: io::Error| {
            format!(
                "failed to use `{}`: {why} (check owner and permissions of the data directory)",
                path.display()
            )
        };
        let file = open(path).map_err(failed)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Turn(file)),
                Err(TryLockError::Error(why)) => return Err(failed(why)),
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => {
                    return Err(format!(
                        "another program has been changing the silences for {} s and has not finished; nothing was changed. Try again, and if it stays so, look who holds `{}` (such as with `fuser`)",
                        PATIENCE.as_secs(),
                        path.display()
                    ));
                }
            }
        }
    }
}

/// Opens it as far as a lock needs: who may read it can take turns, also in a file that another user made.
fn open(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path),
        result => result,
    }
}
