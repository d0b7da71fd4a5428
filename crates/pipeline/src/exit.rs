//! Exit codes of the steps, the orchestrator and the sandbox, and the error that carries one.
//!
//! The codes are public surface (sysexits where sysexits has a word for it). `health` has its own,
//! since monitors read those as OK, WARNING, CRITICAL and UNKNOWN.

use std::fmt;
use std::process::ExitCode;

/// Why a program ended, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// 0: done.
    Done = 0,
    /// 64: wrong usage of the command line.
    Usage = 64,
    /// 65: the input is corrupt, truncated, of another schema, or not of this cycle.
    BadInput = 65,
    /// 66: the input is missing.
    NoInput = 66,
    /// 69: the provider can't be reached or fails after all retries. Worth another try.
    Unavailable = 69,
    /// 70: a bug, an internal invariant is broken.
    Bug = 70,
    /// 74: the output can't be written (disk full, permissions).
    CannotWrite = 74,
    /// 75: try again later: another instance holds the lock, or the rate budget is spent.
    TryLater = 75,
    /// 77: the provider refused the credentials, the address or the plan. Do not hammer.
    Refused = 77,
    /// 78: the configuration is wrong.
    Config = 78,
    /// 130: ended by SIGINT, previous output untouched.
    Interrupted = 130,
    /// 143: ended by SIGTERM, previous output untouched.
    Terminated = 143,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Whether the same call may succeed shortly (69, 75).
    pub const fn retryable(code: i32) -> bool {
        matches!(code, 69 | 75)
    }

    /// What a code means, in a few words; for logs and reports about other programs.
    pub const fn meaning(code: i32) -> &'static str {
        match code {
            0 => "done",
            64 => "wrong usage",
            65 => "input unusable",
            66 => "input missing",
            69 => "provider unreachable or failing",
            70 => "a bug in the program",
            74 => "cannot write the output",
            75 => "try again later",
            77 => "provider refused the credentials, the address or the plan",
            78 => "configuration wrong",
            101 => "the program panicked",
            130 => "ended by SIGINT",
            143 => "ended by SIGTERM",
            _ => "unknown exit code",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// A program's failure: the code for scripts and one sentence for people (what, why, what to do).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The sentence. It never holds a URL or a secret.
    pub message: String,
}

impl Failure {
    /// A failure with this code and sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure {
            exit,
            message: message.into(),
        }
    }

    /// The input is corrupt, truncated, foreign or stale (65).
    pub fn bad_input(message: impl Into<String>) -> Self {
        Failure::new(Exit::BadInput, message)
    }

    /// The configuration is wrong (78).
    pub fn config(message: impl Into<String>) -> Self {
        Failure::new(Exit::Config, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
