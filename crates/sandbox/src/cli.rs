//! The command line of the sandbox.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::{Parser, Subcommand};
use pipeline::cli::Common;
use pipeline::config::Span;
use pipeline::exit::{Exit, Failure};
use pipeline::{logging, signals};
use tokio::net::TcpListener;

use crate::Evening;
use crate::server::{
    Clock, Credentials, Faults, Latency, Recording, Requests, Rule, Server, Source, table,
};

/// The stand-in feed: a simulated football evening behind the provider's own HTTP interface
///
/// Prints one line to standard output when it is ready: `listening on http://ADDRESS:PORT`.
/// Everything it serves is SIMULATED: clubs, leagues, people and prices are invented.
///
/// While it runs, programs on this machine can switch faults: POST /_sandbox/faults (rules, one a line),
/// POST /_sandbox/latency, GET and DELETE /_sandbox/requests.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version = pipeline::VERSION, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8788")]
    listen: SocketAddr,
    /// Matches at any time; from 40 on every status occurs at the start
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=16_000))]
    matches: u32,
    /// As many matches, every one of them being played, for a quarter of an hour
    #[arg(long, value_name = "N", conflicts_with = "matches", value_parser = clap::value_parser!(u32).range(1..=16_000))]
    live: Option<u32>,
    /// Serve a recorded cycle in place of a simulation
    #[arg(long, value_name = "FILE.json[.gz]", conflicts_with_all = ["matches", "live", "speed", "start"])]
    serve_recording: Option<PathBuf>,
    /// Another evening for every number
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How fast the simulated time runs
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// The simulated time at the start: `now`, or RFC 3339
    #[arg(long, value_name = "TIME", default_value = "now", value_parser = start)]
    start: Start,
    /// Limit of each endpoint that is asked for one id at a time; 0 = none
    #[arg(long, value_name = "N", default_value_t = 0)]
    requests_per_minute: u32,
    /// The only user to let in [default: anybody who gives a user and a secret]
    #[arg(long, value_name = "USER", requires = "secret_file")]
    user: Option<String>,
    /// File with that user's secret
    #[arg(long, value_name = "FILE", requires = "user")]
    secret_file: Option<PathBuf>,
    /// How long every answer takes, such as 100ms or 100ms±30ms
    #[arg(long, value_name = "DURATION[±JITTER]", default_value = "0s")]
    latency: Latency,
    /// What goes wrong with which share of the requests, such as 503-html:5%:odds/history; may be given
    /// several times, the first that hits counts; `sandbox faults` lists them
    #[arg(long = "fault", value_name = "NAME:SHARE[:ENDPOINT]")]
    faults: Vec<Rule>,
    /// How long a slow answer takes (the fault `slow`)
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    fault_time: Span,
    /// Write a line of JSON for each request; never who asked
    #[arg(long, value_name = "FILE")]
    request_log: Option<PathBuf>,
    /// The most matches that odds/update names (for measurements)
    #[arg(long, value_name = "N", hide_default_value = true, default_value_t = usize::MAX)]
    odds_updates: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// List the faults that --fault knows, one line each
    Faults,
}

#[derive(Clone, Copy, Debug)]
enum Start {
    Now,
    At(DateTime<Utc>),
}

fn start(text: &str) -> Result<Start, String> {
    if text == "now" {
        return Ok(Start::Now);
    }
    DateTime::parse_from_rfc3339(text)
        .map(|at| Start::At(at.to_utc()))
        .map_err(|why| format!("{why} (give `now` or a time like 2025-05-28T17:30:00Z)"))
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.0..=10_000.0).contains(&factor) => Ok(factor),
        _ => Err("give a factor from 0 (stands still) to 10000".to_owned()),
    }
}

impl Cli {
    /// Serves until the process is told to end; SIGTERM and SIGINT end it with 143 and 130.
    ///
    /// # Errors
    /// 69 when the address can't be used, 78 when the secret can't be read, 70 for what should not happen.
    pub fn run(self) -> Result<(), Failure> {
        if let Some(Command::Faults) = self.command {
            return print(&table());
        }
        logging::start("sandbox", self.common.level(), self.common.color);
        pipeline::signals::end_with_parent();
        // It has no settings of its own, but a broken file is a fault wherever it is named.
        self.common.load_config()?;
        signals::end_on_signal()?;
        let credentials = self.credentials()?;
        let (source, what) = self.source()?;
        let faults = Faults::new(
            self.seed,
            self.latency,
            self.faults.clone(),
            self.fault_time.0,
        );
        let server = Server::new(source, credentials, self.requests_per_minute)
            .with_faults(faults)
            .with_requests(self.requests()?)
            .with_odds_updates(self.odds_updates);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(8)
            .build()
            .map_err(bug)?;
        runtime.block_on(async {
            let listener = TcpListener::bind(self.listen)
                .await
                .map_err(|why| cannot_listen(self.listen, &why))?;
            let address = listener.local_addr().map_err(bug)?;
            log::info!("{what}");
            announce(address)?;
            server.serve(listener).await.map_err(bug)
        })
    }

    /// What is served, and the line that says so.
    fn source(&self) -> Result<(Source, String), Failure> {
        if let Some(path) = &self.serve_recording {
            let recording = Recording::read(path)?;
            let what = format!(
                "RECORDED cycle of {} matches, from `{}`",
                recording.matches(),
                path.display()
            );
            return Ok((Source::Recording(Box::new(recording)), what));
        }
        let start = match self.start {
            Start::Now => Utc::now(),
            Start::At(at) => at,
        };
        let (second, matches) = (start.timestamp(), self.live.unwrap_or(self.matches));
        let evening = match self.live {
            Some(live) => Evening::all_live(self.seed, live as usize, second),
            None => Evening::new(self.seed, matches as usize, second),
        };
        let what = format!(
            "SIMULATED evening of {matches} matches{}, seed {}, starting at {} at {} times real speed",
            if self.live.is_some() {
                ", all live"
            } else {
                ""
            },
            self.seed,
            start.format("%Y-%m-%dT%H:%M:%SZ"),
            self.speed,
        );
        Ok((
            Source::Evening(evening, Clock::new(second, self.speed)),
            what,
        ))
    }

    fn requests(&self) -> Result<Requests, Failure> {
        let Some(path) = &self.request_log else {
            return Ok(Requests::default());
        };
        Requests::to_file(path).map_err(|why| {
            Failure::new(
                Exit::CannotWrite,
                format!("failed to make the request log `{}`: {why}", path.display()),
            )
        })
    }

    fn credentials(&self) -> Result<Credentials, Failure> {
        let (Some(user), Some(file)) = (&self.user, &self.secret_file) else {
            return Ok(Credentials::Any);
        };
        Ok(Credentials::Only {
            user: user.clone(),
            secret: secret(file)?,
        })
    }
}

fn secret(file: &Path) -> Result<String, Failure> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|why| Failure::config(format!("failed to read the secret `{shown}`: {why}")))?;
    match text.trim() {
        "" => Err(Failure::config(format!(
            "the secret file `{shown}` is empty"
        ))),
        secret => Ok(secret.to_owned()),
    }
}

/// The line that whoever started the sandbox waits for.
fn announce(address: SocketAddr) -> Result<(), Failure> {
    print(&format!("listening on http://{address}\n"))
}

/// Writes to standard output; a reader that has gone is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = write!(out, "{text}").and_then(|()| out.flush());
    match written {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::CannotWrite,
            format!("failed to write to standard output: {why}"),
        )),
        _ => Ok(()),
    }
}

fn cannot_listen(address: SocketAddr, why: &io::Error) -> Failure {
    let advice = match why.kind() {
        io::ErrorKind::AddrInUse => {
            "another program listens there; stop it, or choose another with --listen, port 0 for a free one".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => format!("{why}; this machine does not have the address"),
        _ => why.to_string(),
    };
    Failure::new(
        Exit::Unavailable,
        format!("failed to listen on {address}: {advice}"),
    )
}

fn bug(why: io::Error) -> Failure {
    Failure::new(Exit::Bug, format!("the server failed: {why}"))
}
