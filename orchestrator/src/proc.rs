//! What `/proc` says about a process: the few facts that supervision needs.
//!
//! A process id alone names nobody for long; with the start time and the boot it names one process for
//! ever, which is what [`Identity`] is for.

use std::fs;

/// One process, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its process id.
    pub pid: i32,
    /// When it started, in clock ticks since the machine did.
    pub start: u64,
}

impl Identity {
    /// The process that has this id now; none if there is none, or only a zombie.
    pub fn of(pid: i32) -> Option<Identity> {
        let stat = Stat::read(pid)?;
        stat.lives().then_some(Identity {
            pid,
            start: stat.start,
        })
    }

    /// Whether it still lives.
    pub fn lives(self) -> bool {
        Identity::of(self.pid) == Some(self)
    }
}

/// Some fields of `/proc/PID/stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The program's short name.
    pub name: String,
    /// `R`, `S`, `D`, `T`, `Z`, …
    pub state: char,
    /// The parent.
    pub parent: i32,
    /// The process group.
    pub group: i32,
    /// When it started, in clock ticks since the machine did.
    pub start: u64,
}

impl Stat {
    /// Reads it; none if there is no such process.
    pub fn read(pid: i32) -> Option<Stat> {
        Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name may hold anything, even `)`.
    fn parse(text: &str) -> Option<Stat> {
        let (head, rest) = text.rsplit_once(')')?;
        let mut fields = rest.split_ascii_whitespace();
        Some(Stat {
            name: head.split_once('(')?.1.to_owned(),
            state: fields.next()?.chars().next()?,
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
            start: fields.nth(16)?.parse().ok()?,
        })
    }

    /// Whether it is more than a zombie.
    pub fn lives(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

/// The children of this process, zombies included. Those that a child of ours left behind are among
/// them, since we are a subreaper.
pub fn children() -> Vec<i32> {
    let us = std::process::id();
    // One thread starts children and adopts; its list is short and read at once.
    match fs::read_to_string(format!("/proc/{us}/task/{us}/children")) {
        Ok(text) => text
            .split_ascii_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect(),
        // A kernel without that list.
        Err(_) => all()
            .filter(|pid| Stat::read(*pid).is_some_and(|stat| stat.parent == us as i32))
            .collect(),
    }
}

/// All processes that can be seen.
pub fn all() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The boot, as the kernel names it; empty if it does not.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// What a process is doing, in a line: kept before it is killed.
pub fn portrait(pid: i32) -> String {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        let value = line.split_once(':')?.1;
        Some(value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let mut parts = Vec::new();
    for (name, label) in [
        ("State:", "state"),
        ("VmRSS:", "resident"),
        ("VmHWM:", "peak"),
        ("Threads:", "threads"),
    ] {
        if let Some(value) = field(name) {
            parts.push(format!("{label} {value}"));
        }
    }
    // Where in the kernel it waits; "0" when it does not.
    if let Ok(place) = fs::read_to_string(format!("/proc/{pid}/wchan"))
        && !matches!(place.trim(), "" | "0")
    {
        parts.push(format!("waits in {}", place.trim()));
    }
    if let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) {
        parts.push(format!("{} open files", open.count()));
    }
    if parts.is_empty() {
        "gone".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Our own resident memory in bytes, and open files.
pub fn own_use() -> (u64, usize) {
    let pages = fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok())
        .unwrap_or(0);
    let open = fs::read_dir("/proc/self/fd").map_or(0, |open| open.count().saturating_sub(1));
    let page = rustix::param::page_size() as u64;
    (pages * page, open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let text = "12 (a) (b)) S 1 77 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 999";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((&*stat.name, stat.parent, stat.group), ("a) (b)", 1, 77));
        assert_eq!(stat.start, 4711);
        assert!(stat.lives() && !Stat::parse(&text.replace(" S ", " Z ")).unwrap().lives());
    }

    #[test]
    fn we_are_ourselves_and_a_reused_number_is_somebody_else() {
        let us = Identity::of(std::process::id() as i32).unwrap();
        assert!(us.lives());
        assert!(
            !Identity {
                start: us.start + 1,
                ..us
            }
            .lives()
        );
        assert!(
            portrait(us.pid).contains("open files"),
            "{}",
            portrait(us.pid)
        );
    }
}
