//! The command line of the sandbox.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Parser;
use pipeline::cli::Common;
use pipeline::exit::{Exit, Failure};
use pipeline::{logging, signals};
use tokio::net::TcpListener;

use crate::Evening;
use crate::server::{Clock, Credentials, Server};

/// The stand-in feed: a simulated football evening behind the provider's own HTTP interface
///
/// Prints one line to standard output when it is ready: `listening on http://ADDRESS:PORT`.
/// Everything it serves is SIMULATED: clubs, leagues, people and prices are invented.
#[derive(Debug, Parser)]
#[command(name = "sandbox", version = pipeline::VERSION)]
pub struct Cli {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8788")]
    listen: SocketAddr,
    /// Matches at any time; from 40 on every status occurs at the start
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=16_000))]
    matches: u32,
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
    #[command(flatten)]
    common: Common,
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
        logging::start("sandbox", self.common.level(), self.common.color);
        pipeline::signals::end_with_parent();
        // It has no settings of its own, but a broken file is a fault wherever it is named.
        self.common.load_config()?;
        signals::end_on_signal()?;
        let credentials = self.credentials()?;
        let start = match self.start {
            Start::Now => Utc::now(),
            Start::At(at) => at,
        };
        let evening = Evening::new(self.seed, self.matches as usize, start.timestamp());
        let clock = Clock::new(start.timestamp(), self.speed);
        let server = Server::new(evening, clock, credentials, self.requests_per_minute);
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
            log::info!(
                "SIMULATED evening of {} matches, seed {}, starting at {} at {} times real speed",
                self.matches,
                self.seed,
                start.format("%Y-%m-%dT%H:%M:%SZ"),
                self.speed,
            );
            announce(address)?;
            server.serve(listener).await.map_err(bug)
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
    let mut out = io::stdout().lock();
    let written = writeln!(out, "listening on http://{address}").and_then(|()| out.flush());
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
