//! A process group: how a step and everything it started is told to end.
//!
//! The group's number is its leader's process id. It stays taken while any member lives, so
//! signalling it is safe as long as the leader runs; after that only what still has members is
//! signalled. A process that made a session of its own is not reached (a later form sweeps those).

use std::fs;

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The group of a program that we started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(Pid);

impl Group {
    /// The group whose leader is process `id`. None for a number that can't be a leader of ours
    /// (0 and 1 would mean something else to the kernel).
    pub fn led_by(id: u32) -> Option<Group> {
        let id = i32::try_from(id).ok().filter(|id| *id > 1)?;
        Some(Group(Pid::from_raw(id)))
    }

    /// Asks every member to end; wakes stopped ones, or they would not see it.
    pub fn ask(self, signal: Signal) {
        // Gone is as good as told.
        let _ = killpg(self.0, signal);
        let _ = killpg(self.0, Signal::SIGCONT);
    }

    /// Ends every member.
    pub fn kill(self) {
        let _ = killpg(self.0, Signal::SIGKILL);
    }

    /// Ends the members that outlived their leader; says who they were. Zombies do not count.
    pub fn kill_rest(self) -> Vec<String> {
        if killpg(self.0, None) == Err(Errno::ESRCH) {
            return Vec::new();
        }
        let rest = self.members();
        if !rest.is_empty() {
            self.kill();
        }
        rest
    }

    /// The living members, as `name (pid)`.
    fn members(self) -> Vec<String> {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
            .filter_map(|pid| {
                let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
                let (name, group) = living(&stat)?;
                (group == self.0.as_raw()).then(|| format!("{name} ({pid})"))
            })
            .collect()
    }
}

/// Name and group from `/proc/PID/stat`; none for a zombie. The name may hold anything, even `)`.
fn living(stat: &str) -> Option<(&str, i32)> {
    let (head, rest) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1;
    let mut fields = rest.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    Some((name, fields.nth(1)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_hide_the_group() {
        assert_eq!(living("12 (a) (b)) S 1 77 77 0 -1"), Some(("a) (b)", 77)));
        assert_eq!(living("12 (sh) Z 1 77 77 0 -1"), None);
    }

    #[test]
    fn numbers_that_mean_everybody_are_no_group() {
        assert_eq!(Group::led_by(0), None);
        assert_eq!(Group::led_by(1), None);
        assert_eq!(Group::led_by(u32::MAX), None);
    }
}
