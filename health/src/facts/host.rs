//! The host: load, memory, and the disk that the data is on. Read from `/proc` and `statvfs`; what
//! can't be read is not shown.

use std::fs;
use std::path::Path;
use std::thread;

use nix::sys::statvfs::statvfs;
use serde::Serialize;

/// What is known of the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Host {
    /// Load and processors.
    pub cpu: Option<Cpu>,
    /// Memory in bytes.
    pub memory: Option<Share>,
    /// The disk of the data directory in bytes.
    pub disk: Option<Share>,
}

/// How busy the processors are: the average of the last minute costs no waiting and says more than
/// the few milliseconds of a report.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cpu {
    /// Processes that ran or wanted to, on average over a minute.
    pub load: f64,
    /// Processors.
    pub processors: usize,
}

impl Cpu {
    /// The load in percent of what the processors can do. Work that waits besides is not in it.
    pub fn percent(&self) -> f64 {
        (self.load * 100.0 / self.processors.max(1) as f64).min(100.0)
    }
}

/// So much of so much, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// What is used.
    pub used: u64,
    /// What can be had besides.
    pub available: u64,
    /// All.
    pub total: u64,
}

impl Share {
    /// Used, in percent of what can be used (as `df` counts it).
    pub fn percent(&self) -> f64 {
        self.used as f64 * 100.0 / (self.used + self.available).max(1) as f64
    }
}

impl Host {
    /// Looks at the host, and at the disk of `folder` (or the first folder above that is there).
    pub fn look(folder: &Path) -> Host {
        Host {
            cpu: fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|text| load(&text)),
            memory: fs::read_to_string("/proc/meminfo")
                .ok()
                .and_then(|text| memory(&text)),
            disk: disk(folder),
        }
    }
}

fn load(text: &str) -> Option<Cpu> {
    Some(Cpu {
        load: text.split_whitespace().next()?.parse().ok()?,
        processors: thread::available_parallelism().map_or(1, usize::from),
    })
}

fn memory(text: &str) -> Option<Share> {
    let kilobytes = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let total = kilobytes("MemTotal:")? * 1024;
    let available = (kilobytes("MemAvailable:")? * 1024).min(total);
    Some(Share {
        used: total - available,
        available,
        total,
    })
}

fn disk(folder: &Path) -> Option<Share> {
    let folder = std::path::absolute(folder).ok()?;
    let there = folder.ancestors().find(|path| path.exists())?;
    let stat = statvfs(there).ok()?;
    let unit = stat.fragment_size();
    Some(Share {
        used: stat.blocks().saturating_sub(stat.blocks_free()) * unit,
        available: stat.blocks_available() * unit,
        total: stat.blocks() * unit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_in_use_is_what_could_not_be_had() {
        let text = "MemTotal:        8000 kB\nMemFree:          100 kB\nMemAvailable:    6000 kB\n";
        let share = memory(text).unwrap();
        assert_eq!(share.used, 2000 * 1024);
        assert_eq!(share.percent(), 25.0);
        assert_eq!(memory("nonsense"), None);
    }
}
