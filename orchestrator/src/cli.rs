//! The command line: `orchestrator [run]` and `orchestrator check`.
//!
//! All flags work before and behind the subcommand; `run` is what happens without one.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use pipeline::cli::{Common, parse};
use pipeline::config::{Provider, Span};
use pipeline::{Exit, Failure, harness};

use crate::ask::{self, Ask};
use crate::{check, logger, service};

const EXAMPLES: &str = "\
Examples:
  orchestrator --once --provider sandbox --show   one simulated cycle, seen here
  orchestrator check                              is everything ready to run?
  orchestrator                                    a cycle a minute until stopped
  orchestrator pause --for 30m                    no cycles for half an hour

Signals: TERM, INT stop (a second one kills, a third one leaves at once), USR1
runs a cycle now, HUP reads the configuration again, or stops when it comes
because the terminal was closed.

Exit codes: 0 done, 64 wrong usage, 74 the data directory can't be written,
75 another one runs on it, 78 configuration or mixed versions; stopped: 143 by
TERM, 130 by INT, 129 by HUP; --once: the code of the step that failed.";

/// The command line.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "orchestrator",
    version = pipeline::VERSION,
    about = "Runs the six steps in a chain, every minute, and records what happened.",
    after_help = EXAMPLES,
    max_term_width = 80
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to run.
    #[command(flatten)]
    pub options: Options,
    /// What every program takes.
    #[command(flatten)]
    pub common: Common,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run cycles (the default)
    Run,
    /// Check configuration, programs, directories and credentials, and run nothing
    Check,
    /// Start no cycles until `resume`, or for a time
    Pause {
        /// End the pause after so long
        #[arg(long = "for", value_name = "TIME", value_parser = interval)]
        length: Option<Span>,
    },
    /// End a pause
    Resume,
    /// Run a cycle now, also in a pause or a backoff
    RunNow,
}

/// How to run.
#[derive(Clone, Debug, Default, Args)]
pub struct Options {
    /// From one cycle's start to the next [default: [schedule] interval, 60s]
    #[arg(long, value_name = "TIME", global = true, value_parser = interval)]
    pub interval: Option<Span>,
    /// End after so many cycles
    #[arg(long, value_name = "N", global = true)]
    pub cycles: Option<NonZeroU64>,
    /// Run one cycle; the exit code is that of the step that failed
    #[arg(long, global = true, conflicts_with = "cycles")]
    pub once: bool,
    /// Who answers step 1 [default: [feed] provider, thesports]
    #[arg(long, value_enum, value_name = "NAME", global = true)]
    pub provider: Option<Provider>,
    /// Another address of the provider's interface
    #[arg(long, value_name = "URL", global = true)]
    pub base_url: Option<String>,
    /// Where the programs are [default: beside the orchestrator]
    #[arg(long, value_name = "DIR", global = true)]
    pub bin_dir: Option<PathBuf>,
    /// Show the matches of every cycle here (on stdout): in full, or one line each
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "full", global = true)]
    pub show: Option<Show>,
    /// Matches of the sandbox that is started for --provider sandbox
    #[arg(long, value_name = "N", global = true, help_heading = "Sandbox", value_parser = clap::value_parser!(u32).range(1..))]
    pub sandbox_matches: Option<u32>,
    /// Seed of that sandbox: the same seed, the same evening
    #[arg(long, value_name = "N", global = true, help_heading = "Sandbox")]
    pub sandbox_seed: Option<u64>,
}

/// How step 6 shows the matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Show {
    /// Everything about every match.
    Full,
    /// One line a match.
    Compact,
}

fn interval(text: &str) -> Result<Span, String> {
    match text.parse::<Span>()? {
        Span(length) if length.is_zero() => Err("must be longer than nothing".to_owned()),
        span => Ok(span),
    }
}

fn asked(cli: &Cli, ask: Ask) -> Result<u8, Failure> {
    ask::main(cli, ask).map(|()| Exit::Done.code())
}

/// `main`.
pub fn main() -> ExitCode {
    let cli: Cli = parse(Exit::Usage.code());
    let mut code = Exit::Done.code();
    let ended = harness::run(|| {
        code = match cli.command.unwrap_or(Command::Run) {
            Command::Run => service::main(&cli)?,
            Command::Check => check::main(&cli)?,
            Command::Pause { length } => asked(&cli, Ask::Pause(length))?,
            Command::Resume => asked(&cli, Ask::Resume)?,
            Command::RunNow => asked(&cli, Ask::RunNow)?,
        };
        Ok(())
    });
    logger::finish();
    if code == Exit::Done.code() {
        ended
    } else {
        ExitCode::from(code)
    }
}
