//! The command line of step 1, and the three ways it can go: fetch, replay, fail.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::Utc;
use clap::Args;
use pipeline::config::Provider;
use pipeline::handoff::{self, Sink};
use pipeline::harness::{self, StepCli};
use pipeline::{Config, CycleId, DataDir, Envelope, Exit, Failure};

use crate::secrets::Credentials;
use crate::{explain, fetch, output, recording};

/// What only step 1 takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Extra {
    /// Who answers [default: thesports; nothing ever falls back to the sandbox by itself]
    #[arg(long, value_enum)]
    provider: Option<Provider>,
    /// Another address of the provider's interface
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// Keep this cycle's bodies in a compressed file too
    #[arg(long, value_name = "FILE.json.gz")]
    record: Option<PathBuf>,
    /// Take the bodies from a recording; no network
    #[arg(long, value_name = "FILE.json[.gz]", conflicts_with_all = ["record", "provider", "base_url"])]
    replay: Option<PathBuf>,
    /// Say what it would request now and why; asks nobody and changes nothing
    #[arg(long, conflicts_with_all = ["record", "replay"])]
    explain: bool,
}

const ABOUT: &str = "Fetch live matches, details, odds and reference data from the provider";

/// The command line of step 1.
pub fn command() -> clap::Command {
    StepCli::<Extra>::described(harness::name(1), ABOUT)
}

/// `main` of step 1.
pub fn main() -> ExitCode {
    harness::run(|| {
        let (cli, mut config, data) = StepCli::<Extra>::start(harness::name(1), ABOUT)?;
        if cli.io.input.is_some() || !cli.io.only.is_empty() {
            return Err(Failure::new(
                Exit::Usage,
                "step 1 has no input and fetches all matches: --input and --match are for steps 2 to 6",
            ));
        }
        let sink = Sink::from(cli.io.output.clone().unwrap_or_else(|| data.output(1)));
        match &cli.extra.replay {
            Some(path) => replay(path, &sink, &cli),
            None => {
                cli.extra
                    .provider
                    .inspect(|provider| config.feed.provider = *provider);
                if let Some(url) = &cli.extra.base_url {
                    config.feed.base_url.clone_from(url);
                }
                if cli.extra.explain {
                    return explain::print(&config, &data);
                }
                fetch_cycle(&config, &data, &sink, &cli)
            }
        }
    })
}

fn fetch_cycle(
    config: &Config,
    data: &DataDir,
    sink: &Sink,
    cli: &StepCli<Extra>,
) -> Result<(), Failure> {
    let credentials = Credentials::load(config.feed.provider)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| {
            Failure::new(
                Exit::Bug,
                format!("failed to start the asynchronous runtime: {why}"),
            )
        })?;
    let cycle = cli
        .io
        .cycle
        .clone()
        .unwrap_or_else(|| CycleId::at(Utc::now()));
    let fetched = runtime.block_on(fetch::run(config, data, credentials, |from, output| {
        let envelope = Envelope {
            schema: handoff::schema(1),
            cycle: cycle.clone(),
            generated_at: Utc::now(),
            fetched_at: from.fetched_at,
            provider: from.provider.to_owned(),
        };
        let bytes = handoff::write(sink, &envelope, output, cli.io.pretty)?;
        if let Some(path) = &cli.extra.record {
            recording::write(path, output, from.fetched_at)?;
        }
        log::info!("cycle {cycle}: {}", output::came(output));
        for line in output::summary(output, bytes) {
            log::info!("{line}");
        }
        Ok(())
    }));
    // Neither a name that is still being resolved nor a page that is still being read may hold up the end.
    runtime.shutdown_background();
    fetched
}

fn replay(path: &Path, sink: &Sink, cli: &StepCli<Extra>) -> Result<(), Failure> {
    let text = recording::read(path)?;
    let replay = recording::Replay::parse(&text, path)?;
    let envelope = Envelope {
        schema: handoff::schema(1),
        cycle: cli
            .io
            .cycle
            .clone()
            .unwrap_or_else(|| CycleId::at(replay.recorded_at)),
        generated_at: replay.recorded_at,
        fetched_at: replay.recorded_at,
        provider: handoff::RECORDING.to_owned(),
    };
    let bytes = handoff::write(sink, &envelope, &replay.bodies, cli.io.pretty)?;
    log::info!(
        "cycle {}: replayed `{}`; {} kB out",
        envelope.cycle,
        path.display(),
        bytes / 1000
    );
    Ok(())
}
