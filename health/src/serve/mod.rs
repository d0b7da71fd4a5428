//! `health serve`: pages for a browser, JSON for programs, figures for Prometheus.
//!
//! Everything is made from one look at the files, no more than once a second however many ask; the table
//! of matches is parsed again only when its file has changed. A page needs no script and asks nobody else
//! for anything. The one thing that can be changed from here are silences, and only where the settings
//! allow it ([`guard`]).

pub mod access;
pub mod alerts;
mod answer;
mod api;
mod charts;
mod connections;
pub mod course;
mod errors;
mod guard;
pub mod logs;
pub mod matches;
pub mod metrics;
pub mod one_match;
pub mod page;
mod routes;
mod shown;
pub mod svg;

use std::net::SocketAddr;
use std::sync::Arc;

use pipeline::Config;
use pipeline::cli::Common;
use tokio::signal::unix::{SignalKind, signal};

use self::access::Access;
use self::connections::Limits;
use self::guard::Guard;
use self::shown::Server;
use crate::verdict::Level;

/// Threads that read files and make pages. Each keeps memory of its own: four instead of two took 15 MB more
/// beside a cycle of 40 MB, and a core is fully used by two.
const THREADS: usize = 2;

/// `health serve`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where to listen [default: `[serve] listen`, 127.0.0.1:8787]; other machines need a token
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// File with the token that readers must give [default: `[serve] token_file`]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<String>,
}

/// Runs until it is told to stop; 0 then, else 3.
pub fn run(options: &Options, common: &Common, config: Config) -> u8 {
    match serve(options, common, config) {
        Ok(()) => Level::Ok.code(),
        Err(why) => {
            log::error!("{why}");
            Level::Unknown.code()
        }
    }
}

fn serve(options: &Options, common: &Common, mut config: Config) -> Result<(), String> {
    if let Some(file) = &options.token_file {
        config.serve.token_file.clone_from(file);
    }
    let listen = options
        .listen
        .clone()
        .unwrap_or_else(|| config.serve.listen.clone());
    let address: SocketAddr = listen
        .parse()
        .map_err(|_| format!("`{listen}` is no address with a port such as 127.0.0.1:8787"))?;
    let access = Access::of(&config.serve, address)?;
    let limits = Limits::of(&config.serve)?;
    let guard = Guard::new(config.serve.read_only)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .build()
        .map_err(|why| format!("failed to start the server: {why}"))?;
    let server = Arc::new(Server::new(common.clone(), config, access, guard));
    let warm = Arc::clone(&server);
    let served = runtime.block_on(async move {
        let listener = tokio::net::TcpListener::bind(address).await.map_err(|why| {
            format!("failed to listen on {address}: {why} (is another `health serve` running? --listen names another port)")
        })?;
        let bound = listener.local_addr().unwrap_or(address);
        log::info!("http://{bound}/ shows the dashboard, http://{bound}/metrics the figures");
        let mut term = signal(SignalKind::terminate()).map_err(|why| why.to_string())?;
        let mut int = signal(SignalKind::interrupt()).map_err(|why| why.to_string())?;
        let stop = async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        };
        tokio::spawn(async move { warm.warm().await });
        connections::serve(listener, server, limits, stop).await;
        Ok(())
    });
    // A look at a disk that hangs must not hold up the end.
    runtime.shutdown_background();
    served
}
