//! The command line: `health report` and `health check`, and their exit codes, which monitors know:
//! 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also for wrong usage).

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use pipeline::cli::{Common, parse};
use pipeline::{VERSION, logging};

use crate::facts::{Depth, Facts};
use crate::verdict::{Level, Verdict};
use crate::{json, monitor, report, serve};

const EXAMPLES: &str = "\
Examples:
  health report            the whole picture, verdict first
  health report --json     the same for programs
  health check --quiet     only the exit code, for cron and monitors
  health monitor           the same live, and the matches (m)
  health serve             the same as pages, and /metrics for Prometheus
  health check --live      does the orchestrator's loop move? for liveness probes

Exit codes: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also wrong usage).";

/// The command line.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "health",
    version = VERSION,
    about = "Says what is wrong, since when, why, and what to do.",
    after_help = EXAMPLES,
    max_term_width = 80
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every program takes.
    #[command(flatten)]
    pub common: Common,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Show service, cycles, files and host, behind a verdict
    Report(Report),
    /// Say only the verdict (with --quiet nothing: the exit code is the answer)
    Check(Check),
    /// Show everything live in the terminal; ? shows the keys
    Monitor(monitor::Options),
    /// Answer browsers, programs and Prometheus over HTTP
    Serve(serve::Options),
}

/// `health report`.
#[derive(Clone, Debug, Args)]
pub struct Report {
    /// Print the facts as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `health check`; with `--quiet` it says nothing and the exit code is the answer.
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// Look only at whether the orchestrator's loop moves
    #[arg(long)]
    pub live: bool,
    /// Print the verdict as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// `main`.
pub fn main() -> ExitCode {
    let cli: Cli = parse(Level::Unknown.code());
    logging::start("health", cli.common.level(), cli.common.color);
    let config = match cli.common.load_config() {
        Ok(config) => config,
        Err(failure) => {
            log::error!("{failure}");
            return ExitCode::from(Level::Unknown.code());
        }
    };
    if let Command::Monitor(options) = &cli.command {
        return ExitCode::from(monitor::run(options, &cli.common, config));
    }
    if let Command::Serve(options) = &cli.command {
        return ExitCode::from(serve::run(options, &cli.common, config));
    }
    let colored = cli.common.color.on(&io::stdout());
    let facts = Facts::gather(&cli.common, &config, Depth::Full);
    let verdict = match &cli.command {
        Command::Check(check) if check.live => Verdict::of_the_loop(&facts),
        _ => Verdict::of(&facts),
    };
    let text = match &cli.command {
        Command::Report(Report { json: true }) => json::report(&facts, &verdict),
        Command::Report(_) => report::text(&facts, &verdict, colored),
        Command::Check(_) if cli.common.quiet > 0 => String::new(),
        Command::Check(check) if check.json => json::verdict(&facts, &verdict),
        Command::Check(_) => report::headline(&verdict, colored),
        // Run above: it is not one text.
        Command::Monitor(_) | Command::Serve(_) => String::new(),
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        // A reader that has had enough is no fault.
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            log::error!("failed to write to standard output: {why}");
            ExitCode::from(Level::Unknown.code())
        }
        _ => ExitCode::from(verdict.level().code()),
    }
}
