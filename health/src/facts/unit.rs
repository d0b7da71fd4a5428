//! What systemd says of our unit, where systemd runs and has it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// The unit.
pub const NAME: &str = "football-bot.service";

/// How long systemd may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The state of the unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unit {
    /// `active`, `inactive`, `failed`, `activating`, …
    pub state: String,
    /// `running`, `auto-restart`, `dead`, …
    pub sub_state: Option<String>,
    /// Since when it is active.
    pub since: Option<DateTime<Utc>>,
    /// How often systemd has started it again.
    pub restarts: Option<u64>,
    /// Its main process; none if it has none.
    pub pid: Option<u32>,
    /// Its data directory below `/var/lib`.
    #[serde(skip)]
    pub folder: Option<String>,
}

impl Unit {
    /// Whether it is the one that runs on the data directory `root`, where process `holder` runs now.
    pub fn is_of(&self, root: &Path, holder: Option<u32>) -> bool {
        let own = |folder| {
            let own = fs::canonicalize(Path::new("/var/lib").join(folder));
            matches!((own, fs::canonicalize(root)), (Ok(own), Ok(root)) if own == root)
        };
        (self.pid.is_some() && self.pid == holder) || self.folder.as_ref().is_some_and(own)
    }
}

/// A question to systemd that is under way, so that other things can be read meanwhile.
#[derive(Debug)]
pub struct Asked(Option<(Child, Instant)>);

impl Asked {
    /// Asks; nothing where systemd is not the init system.
    pub fn begin() -> Asked {
        if !Path::new("/run/systemd/system").is_dir() {
            return Asked(None);
        }
        let child = Command::new("systemctl")
            .args(["show", NAME, "--property"])
            .arg("LoadState,ActiveState,SubState,NRestarts,MainPID,ActiveEnterTimestampMonotonic,StateDirectory")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        Asked(child.ok().map(|child| (child, Instant::now())))
    }

    /// The answer; none where there is no systemd, no such unit, or no answer in time.
    pub fn answer(self) -> Option<Unit> {
        let (mut child, asked) = self.0?;
        // The answer is a few short lines: it fits the pipe, so waiting before reading is safe.
        while child.try_wait().ok()?.is_none() {
            if asked.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            thread::sleep(Duration::from_millis(2));
        }
        let output = child.wait_with_output().ok()?;
        parse(&String::from_utf8_lossy(&output.stdout), boot())
    }
}

/// When the machine started.
fn boot() -> Option<DateTime<Utc>> {
    let text = fs::read_to_string("/proc/uptime").ok()?;
    let seconds: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(Utc::now() - TimeDelta::milliseconds((seconds * 1000.0) as i64))
}

fn parse(text: &str, boot: Option<DateTime<Utc>>) -> Option<Unit> {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    };
    if value("LoadState")? != "loaded" {
        return None;
    }
    let entered = value("ActiveEnterTimestampMonotonic").and_then(|n| n.parse::<i64>().ok());
    Some(Unit {
        state: value("ActiveState")?.to_owned(),
        sub_state: value("SubState").map(str::to_owned),
        since: entered
            .filter(|n| *n > 0)
            .and_then(|n| Some(boot? + TimeDelta::microseconds(n))),
        restarts: value("NRestarts").and_then(|n| n.parse().ok()),
        pid: value("MainPID")
            .and_then(|n| n.parse().ok())
            .filter(|pid| *pid != 0),
        folder: value("StateDirectory")
            .and_then(|folders| folders.split_whitespace().next())
            .map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_is_not_installed_is_no_unit() {
        let missing = "LoadState=not-found\nActiveState=inactive\nNRestarts=0\nMainPID=0\n";
        assert_eq!(parse(missing, None), None);
        let active = "MainPID=77\nNRestarts=2\nLoadState=loaded\nActiveState=active\nSubState=running\nActiveEnterTimestampMonotonic=5000000\nStateDirectory=football-bot\n";
        let expected = Unit {
            state: "active".to_owned(),
            sub_state: Some("running".to_owned()),
            since: DateTime::from_timestamp(1005, 0),
            restarts: Some(2),
            pid: Some(77),
            folder: Some("football-bot".to_owned()),
        };
        assert!(expected.is_of(Path::new("/elsewhere"), Some(77)));
        assert!(!expected.is_of(Path::new("/elsewhere"), Some(78)));
        assert!(!expected.is_of(Path::new("/"), None));
        assert_eq!(
            parse(active, DateTime::from_timestamp(1000, 0)),
            Some(expected)
        );
    }
}
