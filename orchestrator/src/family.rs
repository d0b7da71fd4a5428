//! Everything that we started and that still lives, written down so that nothing is ever lost.
//!
//! `state/children` names each child by process id and start time, with the boot and a token that all
//! of them carry in their environment. If we are killed, the next orchestrator ends what is left: those
//! it can name, and whoever has the token (also one that made a session of its own). A number that has
//! been given to somebody else since is never signalled.
//!
//! While we live, what a child leaves behind becomes our child (we are a subreaper) and is swept: first
//! looked for, then killed, then reaped, one by one; never by waiting for "any" child.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use crate::proc::{self, Identity, Stat};

/// The environment variable with the token.
pub const TOKEN: &str = "FOOTBALL_BOT_FAMILY";

/// How long killed processes may take to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// The living children.
#[derive(Debug)]
pub struct Family {
    token: String,
    members: Mutex<Members>,
}

#[derive(Debug)]
struct Members {
    path: PathBuf,
    file: Option<File>,
    known: Vec<(Identity, String)>,
}

impl Family {
    /// An empty family that is written down at `path`. A file that can't be written costs nothing but
    /// the certainty after a kill.
    pub fn new(path: &Path) -> Family {
        let us = Identity::of(std::process::id() as i32);
        let family = Family {
            token: format!(
                "{}-{}-{}",
                proc::boot_id(),
                std::process::id(),
                us.map_or(0, |us| us.start)
            ),
            members: Mutex::new(Members {
                path: path.to_path_buf(),
                file: None,
                known: Vec::new(),
            }),
        };
        // Without it, who makes a session of its own is only found by the token.
        if let Err(why) = nix::sys::prctl::set_child_subreaper(true) {
            log::warn!("can't adopt what steps leave behind: {why}");
        }
        family.mend();
        family
    }

    /// What children carry in [`TOKEN`].
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A child was started.
    pub fn add(&self, child: Identity, name: &str) {
        let mut members = self.members();
        members.known.push((child, name.to_owned()));
        members.write(&self.token);
    }

    /// A child was reaped.
    pub fn remove(&self, pid: i32) {
        let mut members = self.members();
        members.known.retain(|(child, _)| child.pid != pid);
        members.write(&self.token);
    }

    /// Makes the file anew if it was removed under our feet.
    pub fn mend(&self) {
        let mut members = self.members();
        if !members.in_place() {
            members.open();
            members.write(&self.token);
        }
    }

    /// We end in good order: nothing is left to be ended.
    pub fn close(&self) {
        let mut members = self.members();
        members.known.clear();
        if let Some(file) = &members.file {
            let _ = file.set_len(0);
        }
        members.file = None;
    }

    /// Kills all, from any thread and without waiting for anything.
    pub fn kill_all(&self) {
        let members = match self.members.try_lock() {
            Ok(members) => members,
            Err(TryLockError::Poisoned(members)) => members.into_inner(),
            // The loop hangs while it writes; the next orchestrator ends them.
            Err(TryLockError::WouldBlock) => return,
        };
        for (child, _) in &members.known {
            let _ = killpg(Pid::from_raw(child.pid), Signal::SIGKILL);
        }
    }

    /// Ends and reaps what children have left behind; says whom it had to end.
    pub fn sweep(&self) -> Vec<String> {
        let mut ended = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let known: Vec<i32> = self.members().known.iter().map(|(c, _)| c.pid).collect();
            let adopted: Vec<i32> = proc::children()
                .into_iter()
                .filter(|pid| !known.contains(pid))
                .collect();
            if adopted.is_empty() {
                return ended;
            }
            for pid in adopted {
                if let Some(stat) = Stat::read(pid).filter(Stat::lives) {
                    let name = format!("{} ({pid})", stat.name);
                    if !ended.contains(&name) {
                        ended.push(name);
                    }
                    // It is our child: its number is its own until we reap it.
                    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                }
                let _ = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
            }
            if Instant::now() > deadline {
                log::error!("left behind and not to be ended: {}", ended.join(", "));
                return ended;
            }
            sleep(Duration::from_micros(200));
        }
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Members {
    fn in_place(&self) -> bool {
        let open = self.file.as_ref().and_then(|file| file.metadata().ok());
        let there = fs::metadata(&self.path).ok();
        match (open, there) {
            (Some(open), Some(there)) => (open.dev(), open.ino()) == (there.dev(), there.ino()),
            _ => false,
        }
    }

    fn open(&mut self) {
        self.file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&self.path)
            .ok();
    }

    fn write(&self, token: &str) {
        let Some(file) = &self.file else { return };
        let mut text = format!("token {token}\nboot {}\n", proc::boot_id());
        for (child, name) in &self.known {
            text.push_str(&format!("child {} {} {name}\n", child.pid, child.start));
        }
        // One write, and never a fault: this is for the case that we are killed.
        let _ = file.write_all_at(text.as_bytes(), 0);
        let _ = file.set_len(text.len() as u64);
    }
}

/// Ends what a dead orchestrator left, as far as the file at `path` names it; says whom. For the
/// holder of the lock, before it starts anything.
pub fn end_leftovers(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))
            .filter(|value| !value.is_empty())
    };
    let (Some(token), Some(boot)) = (value("token"), value("boot")) else {
        return Vec::new();
    };
    if boot != proc::boot_id() {
        return Vec::new();
    }
    let named: Vec<Identity> = text.lines().filter_map(child_of_line).collect();
    let mark = format!("{TOKEN}={token}");
    let mut ended = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = leftovers(&named, &mark);
        if found.is_empty() || Instant::now() > deadline {
            return ended;
        }
        for (child, name) in found {
            let name = format!("{name} ({})", child.pid);
            if !ended.contains(&name) {
                ended.push(name);
            }
            if child.lives() {
                let _ = kill(Pid::from_raw(child.pid), Signal::SIGKILL);
            }
        }
        sleep(Duration::from_millis(5));
    }
}

fn child_of_line(line: &str) -> Option<Identity> {
    let mut words = line.strip_prefix("child ")?.split(' ');
    Some(Identity {
        pid: words.next()?.parse().ok().filter(|pid| *pid > 1)?,
        start: words.next()?.parse().ok()?,
    })
}

fn leftovers(named: &[Identity], mark: &str) -> Vec<(Identity, String)> {
    let us = std::process::id() as i32;
    proc::all()
        .filter(|pid| *pid != us)
        .filter_map(|pid| {
            let child = Identity::of(pid)?;
            let carries = || {
                fs::read(format!("/proc/{pid}/environ"))
                    .is_ok_and(|text| text.split(|b| *b == 0).any(|v| v == mark.as_bytes()))
            };
            (named.contains(&child) || carries()).then(|| {
                let name = Stat::read(pid).map_or_else(String::new, |stat| stat.name);
                (child, name)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("children");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn a_leftover_is_ended_only_if_number_start_and_boot_agree() {
        let mut sleeper = Command::new("sleep").arg("50").spawn().unwrap();
        let it = Identity::of(sleeper.id() as i32).unwrap();
        let boot = proc::boot_id();
        let others = [
            format!(
                "token x-1\nboot {boot}\nchild {} {} s\n",
                it.pid,
                it.start + 1
            ),
            format!("token x-1\nboot other\nchild {} {} s\n", it.pid, it.start),
            format!("boot {boot}\nchild {} {} s\n", it.pid, it.start),
            "child \n\n\0garbage".to_owned(),
        ];
        for text in others {
            let (_folder, path) = file(&text);
            assert!(end_leftovers(&path).is_empty(), "{text}");
        }
        assert!(it.lives());
        let text = format!("token x-1\nboot {boot}\nchild {} {} s\n", it.pid, it.start);
        let (_folder, path) = file(&text);
        assert_eq!(end_leftovers(&path), [format!("sleep ({})", it.pid)]);
        sleeper.wait().unwrap();
    }

    #[test]
    fn one_that_carries_the_token_is_ended_though_nobody_wrote_it_down() {
        let mut sleeper = Command::new("setsid")
            .args(["sleep", "50"])
            .env(TOKEN, "x-77")
            .spawn()
            .unwrap();
        let deadline = Instant::now() + PATIENCE;
        while Stat::read(sleeper.id() as i32).is_none_or(|stat| stat.name != "sleep") {
            assert!(Instant::now() < deadline);
            sleep(Duration::from_millis(2));
        }
        let (_folder, path) = file(&format!("token x-77\nboot {}\n", proc::boot_id()));
        assert_eq!(end_leftovers(&path).len(), 1);
        sleeper.wait().unwrap();
    }
}
