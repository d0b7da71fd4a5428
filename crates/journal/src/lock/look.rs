//! Who holds the lock, seen from outside, without trying it.
//!
//! The kernel's list of locks names a device and an inode. Some filesystems (overlay, btrfs) have other
//! numbers there than `stat` gives: who finds its own lock so tells in the file which process it is, and
//! that one is the sign, as long as it is the very process, and the file the very file that it wrote. A
//! copied data directory names a process that may well live, and nobody holds it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process;
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
    /// Which process that was (ids are given out again); only said where the lock itself does not show.
    pub birth: Option<Birth>,
    /// Whether this is not the file that it wrote, but a copy.
    pub copied: bool,
}

/// What tells a process from all others that had or will have its id on this machine.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Birth {
    /// The kernel's name for the time since the machine started.
    pub boot: String,
    /// When in that time the process began, in the kernel's ticks.
    pub ticks: u64,
}

impl Birth {
    /// That of process `pid`, while it lives.
    pub(super) fn of(pid: u32) -> Option<Birth> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything; behind it the beginning is the 20th word.
        let ticks = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?;
        Some(Birth {
            boot: boot.trim().to_owned(),
            ticks: ticks.parse().ok()?,
        })
    }
}

/// A file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileId {
    pub device: u64,
    pub inode: u64,
}

impl FileId {
    pub(super) fn of(meta: &fs::Metadata) -> FileId {
        FileId {
            device: meta.dev(),
            inode: meta.ino(),
        }
    }

    /// The device as the kernel's list of locks writes it.
    fn device_words(self) -> String {
        let (n, low, high) = (self.device, 0xff, 0xfff);
        let major = ((n >> 8) & high) | ((n >> 32) & !high);
        let minor = (n & low) | ((n >> 12) & !low);
        format!("{major:02x}:{minor:02x}")
    }
}

/// Whether an orchestrator runs on a data directory.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Presence {
    /// It holds the lock now.
    Running(Holder),
    /// Nobody holds the lock; who held it last.
    Gone(Holder),
    /// There is no lock file, or nothing in it: none ever ran here, or the file did not come with the
    /// rest of the data directory.
    NoLock,
}

/// Looks at the lock at `path` without trying it.
pub fn look(path: &Path) -> Presence {
    let Some(holder) = read(path) else {
        return Presence::NoLock;
    };
    let Ok(meta) = fs::metadata(path) else {
        return Presence::Gone(holder);
    };
    let file = FileId::of(&meta);
    // A reader of /proc/locks may miss a line while another lock comes or goes: one look that finds
    // nothing proves nothing.
    for look in 0..3 {
        if look > 0 {
            thread::sleep(Duration::from_millis(2));
        }
        let locks = locks().unwrap_or_default();
        if is_held(&holder, file, &locks, &Birth::of) {
            return Presence::Running(holder);
        }
    }
    Presence::Gone(holder)
}

/// Whether the kernel's list shows the lock of `file`, which is held, under the numbers that `stat` gives.
pub(super) fn is_listed(file: FileId) -> bool {
    locks().is_ok_and(|text| lists(&text, file))
}

fn lists(locks: &str, file: FileId) -> bool {
    let device = file.device_words();
    let mut held = locks.lines().filter_map(FileLock::of_line);
    held.any(|lock| lock.device == device && lock.inode == file.inode)
}

/// Whether the kernel's list of locks has that of `holder`, who wrote `file`; `birth` tells who a
/// process is.
fn is_held(
    holder: &Holder,
    file: FileId,
    locks: &str,
    birth: &dyn Fn(u32) -> Option<Birth>,
) -> bool {
    if lists(locks, file) {
        return true;
    }
    let Some(wrote) = holder.birth.as_ref().filter(|_| !holder.copied) else {
        return false;
    };
    let held = || locks.lines().filter_map(FileLock::of_line);
    let lives =
        held().any(|lock| lock.pid == holder.pid) && birth(holder.pid).as_ref() == Some(wrote);
    // In another container its process has another id here; then the file's number has to do.
    lives
        || (held().any(|lock| lock.inode == file.inode)
            && birth(process::id()).is_some_and(|we| we.boot == wrote.boot))
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

/// One of the kernel's locks that are of our kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileLock<'t> {
    pid: u32,
    device: &'t str,
    inode: u64,
}

impl FileLock<'_> {
    /// From a line such as `1: FLOCK  ADVISORY  WRITE 708 08:01:131082 0 EOF`.
    fn of_line(line: &str) -> Option<FileLock<'_>> {
        let mut words = line.split_ascii_whitespace().skip(1);
        if words.next()? != "FLOCK" || words.nth(1)? != "WRITE" {
            return None;
        }
        let pid = words.next()?.parse().ok()?;
        let (device, inode) = words.next()?.rsplit_once(':')?;
        Some(FileLock {
            pid,
            device,
            inode: inode.parse().ok()?,
        })
    }
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
        birth: None,
        copied: false,
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
            Some(("process", words)) => {
                holder.birth = words.split_once(' ').and_then(|(ticks, boot)| {
                    Some(Birth {
                        boot: boot.to_owned(),
                        ticks: ticks.parse().ok()?,
                    })
                });
            }
            Some(("file", words)) => {
                let written = words.split_once(' ').and_then(|(device, inode)| {
                    Some(FileId {
                        device: device.parse().ok()?,
                        inode: inode.parse().ok()?,
                    })
                });
                let this = fs::metadata(path).ok().map(|meta| FileId::of(&meta));
                holder.copied = written.is_some() && written != this;
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
        let ours = FileLock {
            pid: 708,
            device: "08:01",
            inode: 131_082,
        };
        let line = |words: &str| format!("1: {words} 708 08:01:131082 0 EOF");
        let of = FileLock::of_line;
        assert_eq!(of(&line("FLOCK  ADVISORY  WRITE")), Some(ours));
        for other in [
            "POSIX  ADVISORY  WRITE",
            "FLOCK  ADVISORY  READ",
            "-> FLOCK  ADVISORY  WRITE",
        ] {
            assert_eq!(of(&line(other)), None, "{other}");
        }
    }

    fn birth(ticks: u64, boot: &str) -> Option<Birth> {
        Some(Birth {
            boot: boot.to_owned(),
            ticks,
        })
    }

    #[test]
    fn a_device_is_written_as_the_list_of_locks_has_it() {
        // From a machine: st_dev 0xfe00 is `fe:00` in the list, 0x801 (sda1) is `08:01`.
        for (device, words) in [(0xfe00, "fe:00"), (0x801, "08:01"), (0x10_0045, "00:145")] {
            assert_eq!(FileId { device, inode: 1 }.device_words(), words);
        }
    }

    /// Where the list has other numbers than `stat`, as on an overlay.
    #[test]
    fn the_process_is_the_sign_only_while_it_is_the_one_that_wrote_this_very_file() {
        let file = FileId {
            device: 0xfe00,
            inode: 5,
        };
        let locks = "1: FLOCK  ADVISORY  WRITE 42 00:2a:77 0 EOF\n";
        let holder = Holder {
            pid: 42,
            since: None,
            due: None,
            interval: None,
            birth: birth(1000, "now"),
            copied: false,
        };
        let held = |holder: &Holder, locks: &str, who: Option<Birth>| {
            is_held(holder, file, locks, &|_| who.clone())
        };
        assert!(held(&holder, locks, birth(1000, "now")));
        assert!(!held(&holder, "", birth(1000, "now")), "it holds no lock");
        assert!(
            !held(&holder, locks, birth(2000, "now")),
            "another process has its id now"
        );
        assert!(
            !held(&holder, locks, birth(1000, "later")),
            "the machine was started anew"
        );
        assert!(!held(&holder, locks, None), "nobody has it");
        let copy = Holder {
            copied: true,
            ..holder.clone()
        };
        assert!(!held(&copy, locks, birth(1000, "now")), "a copy");
        // The list has this number and another device: on btrfs it is this file.
        let number = "1: FLOCK  ADVISORY  WRITE 7 00:2a:5 0 EOF\n";
        assert!(held(&holder, number, birth(1, "now")));
        assert!(!held(&holder, number, birth(1, "later")));
        assert!(!held(&copy, number, birth(1, "now")));
        let shows = Holder {
            birth: None,
            ..holder.clone()
        };
        assert!(
            !held(&shows, number, birth(1, "now")),
            "where locks show, another device is another file"
        );
        let this = "1: FLOCK  ADVISORY  WRITE 7 fe:00:5 0 EOF\n";
        assert!(held(&holder, this, None), "the lock itself is enough");
    }
}
