//! Who holds the lock, seen from outside, without trying it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use chrono::{DateTime, Utc};

/// What the holder says of itself in the file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// When it took the lock.
    pub since: Option<DateTime<Utc>>,
    /// When at the latest it means to have been heard of again.
    pub due: Option<DateTime<Utc>>,
    /// The time from one cycle's start to the next.
    pub interval: Option<Duration>,
}

/// Whether an orchestrator runs on a data directory.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Presence {
    /// It holds the lock now.
    Running(Holder),
    /// Nobody holds the lock; who held it last.
    Gone(Holder),
    /// There is no lock file, or nothing in it: none ever ran here.
    Never,
}

/// Looks at the lock at `path` without trying it.
pub fn look(path: &Path) -> Presence {
    let Some(holder) = read(path) else {
        return Presence::Never;
    };
    let inode = fs::metadata(path).map(|meta| meta.ino()).unwrap_or(0);
    // A reader of /proc/locks may miss a line while another lock comes or goes: one look that finds
    // nothing proves nothing.
    for look in 0..3 {
        if look > 0 {
            thread::sleep(Duration::from_millis(2));
        }
        if is_held(&holder, inode) {
            return Presence::Running(holder);
        }
    }
    Presence::Gone(holder)
}

fn is_held(holder: &Holder, inode: u64) -> bool {
    let locks = locks().unwrap_or_default();
    locks
        .lines()
        .filter_map(flock_of_line)
        .any(|(pid, locked)| {
            // Some filesystems (overlay, btrfs) show another inode or device there than stat does;
            // then the process that the file names, under the name it has, is the sign.
            locked == inode || (pid == holder.pid && is_orchestrator(pid))
        })
}

/// `/proc/locks`, read in pieces as large as the kernel gives them, so that each is of one moment.
fn locks() -> io::Result<String> {
    let mut file = File::open("/proc/locks")?;
    let mut text = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(String::from_utf8_lossy(&text).into_owned()),
            n => text.extend_from_slice(&piece[..n]),
        }
    }
}

/// Process and inode of a line such as `1: FLOCK  ADVISORY  WRITE 708 08:01:131082 0 EOF`.
fn flock_of_line(line: &str) -> Option<(u32, u64)> {
    let mut words = line.split_ascii_whitespace().skip(1);
    if words.next()? != "FLOCK" || words.nth(1)? != "WRITE" {
        return None;
    }
    let pid = words.next()?.parse().ok()?;
    let inode = words.next()?.rsplit(':').next()?.parse().ok()?;
    Some((pid, inode))
}

fn is_orchestrator(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "orchestrator")
}

pub(super) fn read(path: &Path) -> Option<Holder> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let pid = lines.next()?.trim().parse().ok()?;
    let mut holder = Holder {
        pid,
        since: None,
        due: None,
        interval: None,
    };
    let instant = |text: &str| {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|at| at.to_utc())
    };
    for line in lines {
        match line.split_once(' ') {
            Some(("since", at)) => holder.since = instant(at),
            Some(("due", at)) => holder.due = instant(at),
            Some(("interval_ms", n)) => {
                holder.interval = n.parse().ok().map(Duration::from_millis);
            }
            _ => {}
        }
    }
    Some(holder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_kinds_of_locks_are_not_ours() {
        assert_eq!(
            flock_of_line("1: FLOCK  ADVISORY  WRITE 708 08:01:131082 0 EOF"),
            Some((708, 131_082))
        );
        assert_eq!(
            flock_of_line("2: POSIX  ADVISORY  WRITE 708 08:01:131082 0 EOF"),
            None
        );
        assert_eq!(
            flock_of_line("3: FLOCK  ADVISORY  READ 708 08:01:131082 0 EOF"),
            None
        );
        assert_eq!(
            flock_of_line("3: -> FLOCK  ADVISORY  WRITE 708 08:01:131082 0 EOF"),
            None
        );
    }
}
