//! The processes: the orchestrator's, and this one under the names that every exporter has.

use std::fs;

use super::text::Text;
use crate::look::Look;

/// Clock ticks a second in `/proc/PID/stat`: the kernel promises this to programs on every machine.
const TICKS: f64 = 100.0;

/// The orchestrator's process.
pub(super) fn orchestrator(text: &mut Text, look: &Look) {
    let process = look.facts.process;
    let number = |value: Option<u64>| value.map(|value| value as f64);
    text.one(
        "orchestrator_resident_memory_bytes",
        "gauge",
        "Memory that the orchestrator has resident.",
        number(process.map(|process| process.rss)),
    );
    text.one(
        "orchestrator_open_fds",
        "gauge",
        "Files that the orchestrator has open.",
        number(process.and_then(|process| process.open_files)),
    );
    let due = look.running().and_then(|holder| holder.due);
    text.one(
        "heartbeat_timestamp_seconds",
        "gauge",
        "Until when the orchestrator's loop promised its next sign of life, unix time.",
        due.map(|at| at.timestamp_millis() as f64 / 1000.0),
    );
    let held = |held: bool| Some(f64::from(u8::from(held)));
    text.one(
        "orchestrator_paused",
        "gauge",
        "1 while a person has asked for a pause.",
        held(look.facts.pause.is_some()),
    );
    text.one(
        "orchestrator_backoff",
        "gauge",
        "1 while it waits longer after failures.",
        held(look.facts.backoff.is_some()),
    );
}

/// This process, as far as the kernel says.
pub(super) fn own(text: &mut Text) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name, which may hold anything, ends at the last bracket; behind it stands the third field.
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace().collect())
        .unwrap_or_default();
    let field = |n: usize| fields.get(n - 3)?.parse::<f64>().ok();
    let cpu = field(14)
        .zip(field(15))
        .map(|(user, system)| (user + system) / TICKS);
    let begun = boot()
        .zip(field(22))
        .map(|(boot, ticks)| boot + ticks / TICKS);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .map(|kilobytes| kilobytes * 1024.0);
    let open = fs::read_dir("/proc/self/fd").ok();
    let open = open.map(|entries| entries.count() as f64);
    for (name, kind, help, value) in [
        (
            "cpu_seconds_total",
            "counter",
            "Processor time of health serve in seconds.",
            cpu,
        ),
        (
            "resident_memory_bytes",
            "gauge",
            "Memory that health serve has resident.",
            resident,
        ),
        (
            "open_fds",
            "gauge",
            "Files that health serve has open.",
            open,
        ),
        (
            "start_time_seconds",
            "gauge",
            "When health serve started, unix time.",
            begun,
        ),
    ] {
        text.standard(name, kind, help, value);
    }
}

/// When the machine was started, unix time.
fn boot() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}
