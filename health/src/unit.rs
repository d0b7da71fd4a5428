//! What systemd says of our unit, where systemd runs and has it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The unit.
pub const NAME: &str = "football-bot.service";

/// How long systemd may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The state of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// `active`, `inactive`, `failed`, `activating`, …
    pub state: String,
    /// How often systemd has started it again.
    pub restarts: Option<u64>,
    /// Its main process; none if it has none.
    pub pid: Option<u32>,
}

impl Unit {
    /// Asks systemd; none where it is not the init system, does not answer, or has no such unit.
    pub fn ask() -> Option<Unit> {
        if !Path::new("/run/systemd/system").is_dir() {
            return None;
        }
        let mut child = Command::new("systemctl")
            .args(["show", NAME, "--property"])
            .arg("LoadState,ActiveState,NRestarts,MainPID")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let asked = Instant::now();
        // The answer is four short lines: it fits the pipe, so waiting before reading is safe.
        while child.try_wait().ok()?.is_none() {
            if asked.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            thread::sleep(Duration::from_millis(2));
        }
        let output = child.wait_with_output().ok()?;
        parse(&String::from_utf8_lossy(&output.stdout))
    }
}

fn parse(text: &str) -> Option<Unit> {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    };
    if value("LoadState")? != "loaded" {
        return None;
    }
    Some(Unit {
        state: value("ActiveState")?.to_owned(),
        restarts: value("NRestarts").and_then(|n| n.parse().ok()),
        pid: value("MainPID")
            .and_then(|n| n.parse().ok())
            .filter(|pid| *pid != 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_is_not_installed_is_no_unit() {
        let missing = "LoadState=not-found\nActiveState=inactive\nNRestarts=0\nMainPID=0\n";
        assert_eq!(parse(missing), None);
        let active = "MainPID=77\nNRestarts=2\nLoadState=loaded\nActiveState=active\n";
        let expected = Unit {
            state: "active".to_owned(),
            restarts: Some(2),
            pid: Some(77),
        };
        assert_eq!(parse(active), Some(expected));
    }
}
