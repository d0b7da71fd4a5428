//! The commands that are named as the next thing to do.

use crate::facts::Facts;

/// Starts the orchestrator.
pub fn start(facts: &Facts) -> String {
    if facts.unit.is_some() {
        "sudo systemctl start football-bot".to_owned()
    } else {
        // After a sandbox run without an account the plain command would only ask for credentials.
        let provider = match facts.provider.as_deref() {
            Some("sandbox") => " --provider sandbox",
            _ => "",
        };
        format!("orchestrator{provider}{}", facts.data_flag)
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

/// Shows the newest errors.
pub fn errors(facts: &Facts) -> String {
    format!("health logs --level error --since 1h{}", facts.data_flag)
}

/// Shows everything.
pub fn report(facts: &Facts) -> String {
    format!("health report{}", facts.data_flag)
}

/// Checks configuration and programs.
pub fn check(facts: &Facts) -> String {
    format!("orchestrator check{}", facts.data_flag)
}

/// Shows what fills the disk.
pub fn disk(facts: &Facts) -> String {
    format!("du -sh {}/*", facts.data.root().display())
}
