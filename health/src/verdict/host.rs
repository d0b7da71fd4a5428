//! The disk and the clock.

use journal::EventKind;

use super::{Level, Problem, Situation, commands};
use crate::facts::Facts;
use crate::words::{bytes, length};

/// Less free space than this, in bytes, and nothing can be written soon.
const DISK_FLOOR: u64 = 256 * 1024 * 1024;

/// Less free space than this, in bytes, is little.
const DISK_LITTLE: u64 = 1_000_000_000;

pub(super) fn disk(facts: &Facts) -> Option<Problem> {
    let disk = facts.host.disk?;
    let (level, what) = match disk.available {
        0..DISK_FLOOR => {
            let what = format!("the disk is full ({:.1}%)", disk.percent());
            (Level::Critical, what)
        }
        DISK_FLOOR..DISK_LITTLE => {
            let what = format!("the disk has only {} left", bytes(disk.available));
            (Level::Warning, what)
        }
        _ => return None,
    };
    let most = facts.storage.areas.first();
    let most = most.map(|area| format!("; {} has most of it ({})", area.name, bytes(area.bytes)));
    let growth = facts.storage.growth.and_then(|growth| growth.data_per_day);
    let growth = growth
        .filter(|per_day| *per_day > 0.0)
        .map(|per_day| format!("; it grows by {} a day", bytes(per_day as u64)));
    Some(Problem {
        situation: Situation::DiskLow,
        level,
        what,
        since: None,
        why: Some(format!(
            "{} are left for `{}`{}{}",
            bytes(disk.available),
            facts.data.root().display(),
            most.unwrap_or_default(),
            growth.unwrap_or_default()
        )),
        next: commands::disk(facts),
    })
}

pub(super) fn clock_jumped(facts: &Facts) -> Option<Problem> {
    let Some(behind) = facts.clock_behind() else {
        return clock_ahead(facts);
    };
    Some(Problem {
        situation: Situation::ClockJumped,
        level: Level::Warning,
        what: format!("the clock was set back by {} or more", length(behind)),
        since: None,
        why: Some(
            "records and files lie in the future; ages are shown as 0 until it has caught up"
                .to_owned(),
        ),
        next: commands::clock(),
    })
}

/// That the clock was set forward, until a good cycle has made everything new.
fn clock_ahead(facts: &Facts) -> Option<Problem> {
    let set = facts.clock_set()?;
    let history = facts.history.as_ref().ok()?;
    let renewed = history
        .newest_good
        .as_ref()
        .and_then(|good| good.ended_at)
        .is_some_and(|ended| ended > set.at);
    (set.kind == EventKind::ClockForward && !renewed).then(|| Problem {
        situation: Situation::ClockJumped,
        level: Level::Warning,
        what: set.text.clone(),
        since: Some(set.at),
        why: Some(
            "until the next good cycle, ages count time that nobody lived through; cycles go on as before, by a clock that does not jump"
                .to_owned(),
        ),
        next: commands::clock(),
    })
}
