//! Processors, memory and disk.

use super::{Reading, reading};
use crate::facts::Facts;
use crate::verdict::commands;
use crate::words::{bytes, length};

pub(super) fn disk_low(facts: &Facts) -> Reading {
    let free = facts.host.disk.map(|disk| disk.available);
    let what = format!("the disk has only {} left", bytes(free.unwrap_or(0)));
    let most = facts.storage.areas.first();
    let why = most.map(|area| format!("most is in {} ({})", area.name, bytes(area.bytes)));
    reading(
        free.map(|free| free as f64),
        what,
        why,
        commands::disk(facts),
    )
}

pub(super) fn cpu_high(facts: &Facts) -> Reading {
    let percent = facts.host.cpu.map(|cpu| cpu.percent());
    let what = format!("the processors are {:.0}% busy", percent.unwrap_or(0.0));
    reading(percent, what, None, "top".to_owned())
}

pub(super) fn memory_high(facts: &Facts) -> Reading {
    let percent = facts.host.memory.map(|share| share.percent());
    let what = format!("memory is {:.0}% used", percent.unwrap_or(0.0));
    reading(percent, what, None, "free -h".to_owned())
}

pub(super) fn disk_high(facts: &Facts) -> Reading {
    let percent = facts.host.disk.map(|share| share.percent());
    let what = format!("the disk is {:.0}% used", percent.unwrap_or(0.0));
    reading(percent, what, None, commands::disk(facts))
}

pub(super) fn disk_forecast(facts: &Facts) -> Reading {
    let roomy = facts.host.disk.is_none_or(|disk| disk.percent() < 60.0);
    let seconds = facts.storage.full_in();
    // Much room left is no problem, whatever the pace (a forecast alone is noisy).
    let value = if roomy {
        f64::INFINITY
    } else {
        seconds.unwrap_or(f64::INFINITY)
    };
    let left = chrono::TimeDelta::seconds(seconds.filter(|s| s.is_finite()).unwrap_or(0.0) as i64);
    let what = format!("the disk will be full in {}", length(left));
    reading(Some(value), what, None, commands::disk(facts))
}
