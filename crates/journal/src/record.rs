//! What is recorded: the outcomes and kinds, with the words they have in the file.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// How a cycle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CycleOutcome {
    /// Every step succeeded.
    Ok,
    /// A step failed; the later ones did not run.
    Failed,
    /// The orchestrator was told to stop. Not a failure.
    Cancelled,
    /// The orchestrator died in the middle; found at its next start.
    Crashed,
}

impl CycleOutcome {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            CycleOutcome::Ok => "ok",
            CycleOutcome::Failed => "failed",
            CycleOutcome::Cancelled => "cancelled",
            CycleOutcome::Crashed => "crashed",
        }
    }

    /// The counter of all cycles that ever ended so.
    pub(crate) const fn counter(self) -> &'static str {
        match self {
            CycleOutcome::Ok => "cycles_ok",
            CycleOutcome::Failed => "cycles_failed",
            CycleOutcome::Cancelled => "cycles_cancelled",
            CycleOutcome::Crashed => "cycles_crashed",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [
            CycleOutcome::Ok,
            CycleOutcome::Failed,
            CycleOutcome::Cancelled,
            CycleOutcome::Crashed,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == word)
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepOutcome {
    /// Exit 0, and the output it owes is there.
    Ok,
    /// It ended by itself with this exit code, not 0.
    Failed(i32),
    /// A signal that we did not send ended it.
    Signalled(i32),
    /// It was told to end because its time was up.
    TimedOut {
        /// Whether it took SIGKILL.
        forced: bool,
    },
    /// Exit 0, but its output is missing or belongs to another cycle.
    NoOutput,
    /// It could not be started.
    SpawnFailed,
    /// Not run, because an earlier step failed.
    NotRun,
    /// The orchestrator was told to stop while it ran.
    Cancelled,
    /// The orchestrator died while it ran.
    Crashed,
}

impl StepOutcome {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            StepOutcome::Ok => "ok",
            StepOutcome::Failed(_) => "failed",
            StepOutcome::Signalled(_) => "signalled",
            StepOutcome::TimedOut { forced: false } => "timed_out",
            StepOutcome::TimedOut { forced: true } => "timed_out_killed",
            StepOutcome::NoOutput => "no_output",
            StepOutcome::SpawnFailed => "spawn_failed",
            StepOutcome::NotRun => "not_run",
            StepOutcome::Cancelled => "cancelled",
            StepOutcome::Crashed => "crashed",
        }
    }

    /// The number in the file: the exit code, or 128 and the signal as a shell has it.
    pub const fn exit_code(self) -> Option<i32> {
        match self {
            StepOutcome::Ok | StepOutcome::NoOutput => Some(0),
            StepOutcome::Failed(code) => Some(code),
            StepOutcome::Signalled(signal) => Some(128 + signal),
            _ => None,
        }
    }

    pub(crate) fn from_columns(word: &str, code: Option<i32>) -> Option<Self> {
        Some(match word {
            "ok" => StepOutcome::Ok,
            "failed" => StepOutcome::Failed(code?),
            "signalled" => StepOutcome::Signalled(code? - 128),
            "timed_out" => StepOutcome::TimedOut { forced: false },
            "timed_out_killed" => StepOutcome::TimedOut { forced: true },
            "no_output" => StepOutcome::NoOutput,
            "spawn_failed" => StepOutcome::SpawnFailed,
            "not_run" => StepOutcome::NotRun,
            "cancelled" => StepOutcome::Cancelled,
            "crashed" => StepOutcome::Crashed,
            _ => return None,
        })
    }
}

/// What kind of thing happened beside the cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The orchestrator started.
    Start,
    /// The orchestrator was told to stop (a signal).
    Stop,
    /// The orchestrator did all the cycles it was asked for.
    Finished,
    /// Starts that fell out because a cycle took too long.
    SkippedOverlap,
    /// Starts that fell out during a backoff.
    SkippedBackoff,
    /// Starts that fell out because the pipeline was paused.
    SkippedPause,
    /// Starts that fell out while the machine slept.
    SkippedSuspend,
    /// Starts that fell out because the disk had too little room.
    SkippedDisk,
    /// A backoff began.
    Backoff,
    /// A person paused the pipeline.
    Pause,
    /// The pause ended, by a person or by its expiry.
    Resume,
    /// The configuration was read again, or refused.
    Reload,
    /// The wall clock was set forward.
    ClockForward,
    /// The wall clock was set back.
    ClockBack,
    /// Something else worth keeping.
    Note,
}

impl EventKind {
    const ALL: [EventKind; 15] = [
        EventKind::Start,
        EventKind::Stop,
        EventKind::Finished,
        EventKind::SkippedOverlap,
        EventKind::SkippedBackoff,
        EventKind::SkippedPause,
        EventKind::SkippedSuspend,
        EventKind::SkippedDisk,
        EventKind::Backoff,
        EventKind::Pause,
        EventKind::Resume,
        EventKind::Reload,
        EventKind::ClockForward,
        EventKind::ClockBack,
        EventKind::Note,
    ];

    /// The word in the file, and the name of its counter.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventKind::Start => "start",
            EventKind::Stop => "stop",
            EventKind::Finished => "finished",
            EventKind::SkippedOverlap => "skipped_overlap",
            EventKind::SkippedBackoff => "skipped_backoff",
            EventKind::SkippedPause => "skipped_pause",
            EventKind::SkippedSuspend => "skipped_suspend",
            EventKind::SkippedDisk => "skipped_disk",
            EventKind::Backoff => "backoff",
            EventKind::Pause => "pause",
            EventKind::Resume => "resume",
            EventKind::Reload => "reload",
            EventKind::ClockForward => "clock_forward",
            EventKind::ClockBack => "clock_back",
            EventKind::Note => "note",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word in the file, for programs.
macro_rules! serialize_as_word {
    ($($type:ty),*) => {
        $(impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        })*
    };
}

serialize_as_word!(CycleOutcome, StepOutcome, EventKind);

/// An instant as the file has it: milliseconds since 1970.
pub(crate) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// The instant that the file means; a number out of range is 1970.
pub(crate) fn instant(millis: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
        .checked_add_signed(TimeDelta::milliseconds(millis))
        .unwrap_or(DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_comes_back_from_the_file_as_it_went_in() {
        for outcome in [
            StepOutcome::Ok,
            StepOutcome::Failed(78),
            StepOutcome::Signalled(9),
            StepOutcome::TimedOut { forced: false },
            StepOutcome::TimedOut { forced: true },
            StepOutcome::NoOutput,
            StepOutcome::SpawnFailed,
            StepOutcome::NotRun,
            StepOutcome::Cancelled,
            StepOutcome::Crashed,
        ] {
            let back = StepOutcome::from_columns(outcome.as_str(), outcome.exit_code());
            assert_eq!(back, Some(outcome));
        }
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_word(kind.as_str()), Some(kind));
        }
    }
}
