//! The commands that are named as the next thing to do. Each works as it is printed: it names the program
//! as a person calls it here, carries the flags that this one was given, and quotes what a shell would
//! change.

use std::path::Path;

use journal::lock::Presence;

use crate::facts::Facts;
use crate::words::shell;

/// `health` with these arguments.
pub fn health(arguments: &str, facts: &Facts) -> String {
    line(&format!("health {arguments}"), facts)
}

/// `orchestrator` with these arguments.
pub fn orchestrator(arguments: &str, facts: &Facts) -> String {
    line(&format!("orchestrator {arguments}"), facts)
}

fn line(words: &str, facts: &Facts) -> String {
    format!("{}{words}{}", facts.before_program, facts.data_flag)
}

/// Makes a first cycle where nothing has run yet: simulated, for that needs no account.
pub fn begin(facts: &Facts) -> String {
    orchestrator("--once --provider sandbox", facts)
}

/// Starts the orchestrator.
pub fn start(facts: &Facts) -> String {
    if facts.unit.is_some() {
        "sudo systemctl start football-bot".to_owned()
    } else {
        // After a sandbox run without an account the plain command would only ask for credentials.
        let words = match facts.provider.as_deref() {
            Some("sandbox") => "orchestrator --provider sandbox",
            _ => "orchestrator",
        };
        line(words, facts)
    }
}

/// Ends an orchestrator that hangs.
pub fn unhang(facts: &Facts, pid: u32) -> String {
    if facts.process.is_some_and(|process| process.stopped()) {
        return format!("kill -CONT {pid}");
    }
    match &facts.unit {
        Some(unit) if unit.pid == Some(pid) => "sudo systemctl restart football-bot".to_owned(),
        _ => format!("kill {pid}"),
    }
}

/// Makes a running orchestrator read its configuration again.
pub fn reload(facts: &Facts) -> String {
    match (&facts.presence, &facts.unit) {
        (Presence::Running(holder), unit)
            if unit
                .as_ref()
                .is_none_or(|unit| unit.pid != Some(holder.pid)) =>
        {
            format!("kill -HUP {}", holder.pid)
        }
        _ => "sudo systemctl reload football-bot".to_owned(),
    }
}

/// Shows the newest errors.
pub fn errors(facts: &Facts) -> String {
    health("logs --level error --since 1h", facts)
}

/// Shows everything.
pub fn report(facts: &Facts) -> String {
    health("report", facts)
}

/// Checks configuration and programs.
pub fn check(facts: &Facts) -> String {
    orchestrator("check", facts)
}

/// Shows what fills the disk.
pub fn disk(facts: &Facts) -> String {
    let root = facts.data.root().display().to_string();
    format!("du -sh {}/*", shell(&root))
}

/// Shows what the machine takes for the time.
pub fn clock() -> String {
    let systemd = Path::new("/run/systemd/system").is_dir();
    if systemd { "timedatectl" } else { "date -u" }.to_owned()
}
