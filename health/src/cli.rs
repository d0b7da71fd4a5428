//! The command line: `health report` and `health check`, and their exit codes, which monitors know:
//! 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN (also for wrong usage).

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use pipeline::cli::{Common, parse};
use pipeline::{Config, Failure, VERSION, logging};

use crate::alerts::command;
use crate::facts::{Depth, Facts};
use crate::verdict::{Level, Verdict};
use crate::{explain, json, logs, monitor, report, serve, trace, watch};

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
    /// Show what fires; silence it, test the sinks, explain a rule
    Alerts(command::Alerts),
    /// Say in plain words what happened to a cycle, or why nothing runs and when it will
    Explain {
        /// Its id, or the beginning of it [default: the newest cycle, and the present]
        cycle: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one match in every step's file, and where each value came from
    Trace {
        /// Its id, or a part of a team's name
        #[arg(value_name = "MATCH")]
        wanted: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the day logs: the newest lines, what comes, or what went wrong by kind
    Logs(logs::Logs),
    /// Evaluate the alerts and tell the sinks, until stopped (the orchestrator starts it)
    Watch {
        /// Evaluate once
        #[arg(long)]
        once: bool,
        /// Go by the configuration that the orchestrator accepted last
        #[arg(long)]
        accepted: bool,
    },
}

/// `health report`.
#[derive(Clone, Debug, Args)]
pub struct Report {
    /// Print the facts as one JSON document
    #[arg(long)]
    pub json: bool,
    /// The form: text for people, JSON, or one line with performance data for Nagios
    #[arg(long, value_enum, default_value_t, conflicts_with = "json")]
    pub format: Format,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON document.
    Json,
    /// One line for Nagios and its kin.
    Nagios,
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
    let config = match configuration(&cli) {
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
    if let Command::Watch { once, .. } = cli.command {
        return watch::run(&cli.common, &config, once);
    }
    if let Command::Logs(logs) = &cli.command {
        let data = cli.common.data_dir(&config);
        return match logs.run(&data, &mut io::BufWriter::new(io::stdout().lock())) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                log::error!("{why}");
                ExitCode::from(Level::Unknown.code())
            }
        };
    }
    if let Command::Trace { wanted, json } = &cli.command {
        return done(trace::trace(&cli.common.data_dir(&config), wanted, *json));
    }
    let colored = cli.common.color.on(&io::stdout());
    let depth = match &cli.command {
        Command::Check(_) => Depth::Verdict,
        _ => Depth::Full,
    };
    let facts = Facts::gather(&cli.common, &config, depth);
    if let Command::Explain { cycle, json } = &cli.command {
        return done(explain::explain(&facts, cycle.as_deref(), *json));
    }
    let said = match &cli.command {
        Command::Alerts(alerts) => alerts.run(&facts, &config),
        _ => Ok(judged(&cli, &config, &facts, colored)),
    };
    match said {
        Ok((text, level)) => print(&text, level),
        Err(why) => {
            log::error!("{why}");
            ExitCode::from(Level::Unknown.code())
        }
    }
}

/// The configuration to go by. Whom the orchestrator starts goes by the one that it accepted, as its steps do;
/// without a copy of that by the file.
fn configuration(cli: &Cli) -> Result<Config, Failure> {
    if matches!(cli.command, Command::Watch { accepted: true, .. }) {
        let copy = cli.common.data_dir(&Config::default()).accepted();
        if copy.is_file() {
            return Config::load(Some(&copy));
        }
    }
    match cli.command {
        // Who stays goes by what it began with, and should not begin with what somebody has changed.
        Command::Watch { .. } | Command::Serve(_) => cli.common.load_config(),
        _ => cli.common.load_config_or_accepted(),
    }
}

/// Prints what was found, or says why there is nothing.
fn done(found: Result<String, String>) -> ExitCode {
    match found {
        Ok(text) => print(&text, Level::Ok),
        Err(why) => {
            log::error!("{why}");
            ExitCode::from(Level::Unknown.code())
        }
    }
}

/// The report or the check, and its level.
fn judged(cli: &Cli, config: &Config, facts: &Facts, colored: bool) -> command::Said {
    let verdict = match &cli.command {
        Command::Check(check) if check.live => Verdict::of_the_loop(facts),
        _ => Verdict::of(facts),
    };
    let text = match &cli.command {
        Command::Report(report) if report.json || report.format == Format::Json => {
            json::report(facts, &verdict)
        }
        Command::Report(report) if report.format == Format::Nagios => {
            report::nagios::line(facts, &verdict, config)
        }
        Command::Check(_) if cli.common.quiet > 0 => String::new(),
        Command::Check(check) if check.json => json::verdict(facts, &verdict),
        Command::Check(_) => report::headline(&verdict, colored),
        _ => report::text(facts, &verdict, colored),
    };
    (text, verdict.level())
}

/// Prints, and ends with the level's code.
fn print(text: &str, level: Level) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        // A reader that has had enough is no fault.
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            log::error!("failed to write to standard output: {why}");
            ExitCode::from(Level::Unknown.code())
        }
        _ => ExitCode::from(level.code()),
    }
}
