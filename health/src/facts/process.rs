//! What the kernel says of the orchestrator's process.

use std::fs;

use serde::Serialize;

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Process {
    /// Its state as the kernel writes it: `R`, `S`, `D`, `T` (stopped), `Z`.
    pub state: char,
    /// Memory that it has resident, in bytes.
    pub rss: u64,
    /// Threads.
    pub threads: u64,
    /// Open files; none where that may not be seen.
    pub open_files: Option<u64>,
}

impl Process {
    /// Looks at process `pid`.
    pub(super) fn look(pid: u32) -> Option<Process> {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let open = fs::read_dir(format!("/proc/{pid}/fd")).ok();
        Process::parse(&text, open.map(|entries| entries.count() as u64))
    }

    fn parse(text: &str, open_files: Option<u64>) -> Option<Process> {
        let value = |name: &str| -> Option<&str> {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()
        };
        Some(Process {
            state: value("State:")?.chars().next()?,
            rss: value("VmRSS:")?.parse::<u64>().ok()? * 1024,
            threads: value("Threads:")?.parse().ok()?,
            open_files,
        })
    }

    /// Whether somebody stopped it (`kill -STOP`, a debugger).
    pub fn stopped(&self) -> bool {
        matches!(self.state, 'T' | 't')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_process_is_seen() {
        let text = "Name:\torchestrator\nState:\tT (stopped)\nVmRSS:\t    5120 kB\nThreads:\t1\n";
        let process = Process::parse(text, Some(9)).unwrap();
        assert!(process.stopped());
        assert_eq!(process.rss, 5 * 1024 * 1024);
    }
}
