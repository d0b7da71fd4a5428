//! Disk, memory and load, and who is told of alerts.

use journal::Areas;

use super::text::Text;
use crate::facts::Forecast;
use crate::look::Look;

pub(super) fn storage(text: &mut Text, look: &Look) {
    let facts = &look.facts;
    let by = facts.storage.by_area();
    text.each(
        "storage_bytes",
        "gauge",
        "What the areas of the data directory hold.",
        "area",
        by.iter()
            .flat_map(Areas::named)
            .map(|(area, bytes)| (area, bytes as f64)),
    );
    let disk = facts.host.disk;
    text.each(
        "storage_free_bytes",
        "gauge",
        "What its disk still has.",
        "area",
        disk.map(|disk| ("data", disk.available as f64)),
    );
    text.each(
        "storage_size_bytes",
        "gauge",
        "How large its disk is.",
        "area",
        disk.map(|disk| ("data", disk.total as f64)),
    );
    let full = facts.storage.growth.as_ref().and_then(|growth| growth.disk);
    let full = full.map(|full| match full {
        Forecast::Never => f64::INFINITY,
        Forecast::InSeconds(left) => left,
    });
    text.each(
        "storage_full_eta_seconds",
        "gauge",
        "When its disk is full, +Inf if it does not fill.",
        "area",
        full.map(|left| ("data", left)),
    );
    text.one(
        "host_memory_used_ratio",
        "gauge",
        "Memory in use.",
        facts.host.memory.map(|memory| memory.percent() / 100.0),
    );
    text.one(
        "host_load1_per_cpu",
        "gauge",
        "Processes that want to run, by processor.",
        facts
            .host
            .cpu
            .map(|cpu| cpu.load / cpu.processors.max(1) as f64),
    );
}

pub(super) fn alerts(text: &mut Text, look: &Look) {
    let alerts = &look.facts.alerts;
    let firing = |word: &str| {
        let firing = alerts.firing.iter().filter(|one| !one.silenced);
        firing
            .filter(|one| one.alert.severity.word() == word)
            .count() as f64
    };
    text.each(
        "alerts_firing",
        "gauge",
        "Alerts that fire and are not silenced.",
        "severity",
        ["critical", "warning"].map(|word| (word, firing(word))),
    );
    let silenced = alerts.firing.iter().filter(|one| one.silenced).count();
    let waiting = alerts
        .pending
        .iter()
        .filter(|one| one.alert.waits_on.is_some())
        .count();
    text.each(
        "alerts_suppressed",
        "gauge",
        "Alerts that nobody is told of, by why.",
        "reason",
        [
            ("silenced", silenced as f64),
            ("inhibited", waiting as f64),
            ("pending", (alerts.pending.len() - waiting) as f64),
        ],
    );
    text.family(
        "notification_last_success_timestamp_seconds",
        "gauge",
        "When a sink last took a message, unix time.",
    );
    for sink in &alerts.sinks {
        if let Some(at) = sink.last_success {
            text.sample(
                "notification_last_success_timestamp_seconds",
                &[("sink", &sink.name)],
                at.timestamp() as f64,
            );
        }
    }
    text.family(
        "notifications_total",
        "counter",
        "Messages that a sink took, ever.",
    );
    for sink in &alerts.sinks {
        let labels = [("sink", sink.name.as_str()), ("result", "ok")];
        text.sample("notifications_total", &labels, sink.delivered as f64);
    }
    text.each(
        "notifications_waiting",
        "gauge",
        "Messages that a sink has not taken yet.",
        "sink",
        alerts
            .sinks
            .iter()
            .map(|sink| (sink.name.as_str(), sink.queued as f64)),
    );
    let pings = alerts.sinks.iter().filter(|sink| sink.kind == "ping");
    text.one(
        "deadman_ping_last_success_timestamp_seconds",
        "gauge",
        "When a dead man's switch was last reached, unix time.",
        pings
            .filter_map(|sink| sink.last_success)
            .max()
            .map(|at| at.timestamp() as f64),
    );
    text.family(
        "notification_failing",
        "gauge",
        "1 while a sink can't be reached.",
    );
    for sink in &alerts.sinks {
        text.sample(
            "notification_failing",
            &[("sink", &sink.name)],
            f64::from(u8::from(sink.failing_since.is_some())),
        );
    }
}
