//! Words for people: lengths of time, one line about a cycle, what was done since the start.

use std::collections::BTreeMap;
use std::time::Duration;

use journal::EventKind;
use pipeline::CycleId;

use crate::clock::Jump;
use crate::cycle::Cycle;
use crate::schedule::Reason;
use crate::verdict::Verdict;

/// What was done since the start.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Good cycles.
    pub good: u64,
    /// Failed cycles.
    pub failed: u64,
    /// Matches of the good ones.
    pub matches: u64,
    /// The exit code of the last failure.
    pub last_failure: Option<u8>,
}

impl Tally {
    /// Counts a cycle.
    pub fn add(&mut self, cycle: &Cycle) {
        match &cycle.verdict {
            Verdict::Good => {
                self.good += 1;
                self.matches += cycle.matches.unwrap_or(0);
            }
            Verdict::Failed { exit, .. } => {
                self.failed += 1;
                self.last_failure = Some(*exit);
            }
            Verdict::Cancelled(_) => {}
        }
    }

    /// Cycles that ran to an end of their own.
    pub fn cycles(&self) -> u64 {
        self.good + self.failed
    }

    /// In words, after running for `since`.
    pub fn in_words(&self, since: Duration) -> String {
        let rate = match self.cycles() {
            0 => String::new(),
            n => format!(" ({:.1}% good)", self.good as f64 * 100.0 / n as f64),
        };
        let cycles = self.cycles();
        let noun = if cycles == 1 { "cycle" } else { "cycles" };
        format!(
            "{cycles} {noun}: {} good, {} failed{rate}, {} matches, in {}",
            self.good,
            self.failed,
            self.matches,
            length(since)
        )
    }
}

/// One line about a cycle. A failed step has already said why.
pub fn tell(id: &CycleId, cycle: &Cycle, overrun: Option<Duration>) {
    let wall = length(cycle.wall);
    let over = overrun.map_or_else(String::new, |over| {
        format!(", {} past the next start", length(over))
    });
    match &cycle.verdict {
        Verdict::Good => match cycle.matches {
            Some(matches) => log::info!("cycle {id} good: {matches} matches in {wall}{over}"),
            None => log::info!("cycle {id} good in {wall}{over}"),
        },
        Verdict::Failed { step, .. } => {
            log::warn!("cycle {id} failed at {step} after {wall}{over}");
        }
        Verdict::Cancelled(_) => log::info!("cycle {id} cancelled after {wall}"),
    }
}

/// Kind and words of a reason for which ticks passed without a cycle.
pub const fn reason(reason: Reason) -> (EventKind, &'static str) {
    match reason {
        Reason::Overrun => (EventKind::SkippedOverlap, "the cycle took too long"),
        Reason::Backoff => (EventKind::SkippedBackoff, "waiting after failures"),
        Reason::Pause => (EventKind::SkippedPause, "paused"),
        Reason::Suspend => (EventKind::SkippedSuspend, "the machine slept"),
        Reason::Disk => (EventKind::SkippedDisk, "the disk has too little room"),
    }
}

/// Ticks and where they went: `120 ticks: 100 cycles, 20 skipped (overrun 12, pause 8)`.
pub fn account(ticks: u64, skipped: &BTreeMap<Reason, u64>) -> String {
    let sum: u64 = skipped.values().sum();
    let list: Vec<String> = skipped
        .iter()
        .map(|(reason, count)| format!("{} {count}", format!("{reason:?}").to_lowercase()))
        .collect();
    let list = match list.len() {
        0 => String::new(),
        _ => format!(" ({})", list.join(", ")),
    };
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    let cycles = ticks - sum;
    format!(
        "{ticks} tick{}: {cycles} cycle{}, {sum} skipped{list}",
        plural(ticks),
        plural(cycles)
    )
}

/// As what a jump of the clocks is recorded.
pub const fn kind(jump: Jump) -> EventKind {
    match jump {
        Jump::Slept(_) => EventKind::Note,
        Jump::Forward(_) => EventKind::ClockForward,
        Jump::Back(_) => EventKind::ClockBack,
    }
}

/// A jump of the clocks.
pub fn jump(jump: Jump) -> String {
    match jump {
        Jump::Slept(by) => format!("the machine slept for {}", length(by)),
        Jump::Forward(by) => format!("the clock was set forward by {}", length(by)),
        Jump::Back(by) => format!("the clock was set back by {}", length(by)),
    }
}

/// A length of time at the precision people want: `812 ms`, `3.4 s`, `12m 5s`.
pub fn length(length: Duration) -> String {
    let millis = length.as_millis();
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", length.as_secs_f64()),
        _ => humantime::format_duration(Duration::from_secs(length.as_secs())).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_a_sleep_in_the_record() {
        let by = Duration::from_secs(7200);
        for (happened, recorded) in [
            (Jump::Slept(by), EventKind::Note),
            (Jump::Forward(by), EventKind::ClockForward),
            (Jump::Back(by), EventKind::ClockBack),
        ] {
            assert_eq!(kind(happened), recorded);
        }
    }
}
