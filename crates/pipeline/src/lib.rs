//! What every executable shares: configuration, handoff files, exit codes, logging, the step harness.
//!
//! A step's own package says what its output is and how it comes from its input; everything around
//! that (arguments, reading and checking the input, writing the output so that nothing is ever torn,
//! signals, exit codes, messages) is here, once, so that six programs behave like one.
//! Nothing here knows football or the provider.

pub mod atomic;
pub mod cli;
pub mod config;
pub mod cycle;
pub mod exit;
pub mod faults;
pub mod handoff;
pub mod harness;
pub mod input;
pub mod logging;
pub mod paths;
pub mod signals;
pub mod text;

pub use config::Config;
pub use cycle::CycleId;
pub use exit::{Exit, Failure};
pub use handoff::Envelope;
pub use harness::{Context, Step};
pub use paths::DataDir;
pub use text::{Listed, Text};

/// Version and git commit, as `--version` prints them: `0.1.0 (1a2b3c4d5e6f)`.
pub const VERSION: &str = {
    let (_, version) = MARK.split_at(MARK_START.len());
    let (version, _) = version.split_at(version.len() - 1);
    version
};

/// The version of the compiler that made this program, such as `1.85.0`.
pub const RUSTC: &str = env!("FOOTBALL_BOT_RUSTC");

/// What stands before the version in the file of each of our programs, so that the version can be read
/// there without running it. A `]` follows the version.
pub const MARK_START: &str = "[football-bot program version ";

static MARK: &str = concat!(
    "[football-bot program version ",
    env!("CARGO_PKG_VERSION"),
    " (",
    env!("FOOTBALL_BOT_COMMIT"),
    ")]"
);
