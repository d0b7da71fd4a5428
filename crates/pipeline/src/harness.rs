//! One step as a process: arguments in, exit code out.
//!
//! Steps 2 to 5 are [`Step`]s: text of the step before in, one typed output out. Steps 1 and 6 have
//! another end each (the network, the readable log) and use the parts: [`run`], [`StepIo`], [`Context`].

use std::cell::Cell;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use chrono::{DateTime, Utc};
use clap::{Args, CommandFactory, FromArgMatches, Parser};
use serde::Serialize;

use crate::cli::Common;
use crate::config::Config;
use crate::cycle::CycleId;
use crate::exit::{Exit, Failure};
use crate::handoff::{self, Envelope, Sink, Source};
use crate::paths::DataDir;
use crate::{logging, signals};

/// What a step is told beside its input.
#[derive(Clone, Debug)]
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// The envelope of the input: cycle, instants, provider.
    pub input: Envelope,
    /// When this step runs, of a recording when it was recorded; the `generated_at` of its output.
    pub now: DateTime<Utc>,
    /// Only these matches (`--match`); empty = all.
    pub only: Only,
}

impl Context {
    /// Whether the match is asked for.
    pub fn wants(&self, match_id: &str) -> bool {
        self.only.wants(match_id)
    }

    /// When step 1 got its live list, in unix seconds: the "now" of every age and clock.
    pub fn fetched_at(&self) -> i64 {
        self.input.fetched_at.timestamp()
    }
}

/// The matches that are asked for, and which of them there were.
#[derive(Clone, Debug, Default)]
pub struct Only(Vec<(String, Cell<bool>)>);

impl Only {
    /// Those with these ids; of no ids, all.
    pub fn new(ids: &[String]) -> Self {
        Only(ids.iter().map(|id| (id.clone(), Cell::default())).collect())
    }

    /// Whether the match is asked for; remembers that there is one.
    pub fn wants(&self, match_id: &str) -> bool {
        let asked = self.0.iter().find(|(id, _)| id == match_id);
        asked.inspect(|(_, met)| met.set(true)).is_some() || self.0.is_empty()
    }

    /// Warns of those that were asked for and never came.
    pub fn warn_of_missing(&self) {
        let missing: Vec<_> = self
            .0
            .iter()
            .filter(|(_, met)| !met.get())
            .map(|(id, _)| format!("`{}`", id.escape_debug()))
            .collect();
        if !missing.is_empty() {
            log::warn!("--match: not in the input: {}", missing.join(", "));
        }
    }
}

/// A step that reads the JSON file of the step before and writes its own.
pub trait Step {
    /// 2 to 5.
    const NUMBER: u8;
    /// One line for `--help`.
    const ABOUT: &'static str;
    /// The input, borrowing from its text.
    type Input<'a>;
    /// The output, borrowing from the input's text.
    type Output<'a>: Serialize;

    /// The envelope of the input.
    ///
    /// # Errors
    /// 65 when it is foreign, stale or malformed.
    fn open(text: &str, source: &Source, cycle: Option<&CycleId>) -> Result<Envelope, Failure> {
        handoff::open(text, source, Self::NUMBER - 1, cycle)
    }

    /// Parses the input.
    ///
    /// # Errors
    /// 65 when the text is not the JSON it should be.
    fn parse<'a>(text: &'a str, source: &Source) -> Result<Self::Input<'a>, Failure>;

    /// The step itself.
    ///
    /// # Errors
    /// When the input can't be used at all; single matches are rejected instead.
    fn run<'a>(input: Self::Input<'a>, context: &Context) -> Result<Self::Output<'a>, Failure>;

    /// One line about the output, for the log.
    fn summary(output: &Self::Output<'_>) -> String;
}

/// Flags of a step.
#[derive(Clone, Debug, Args)]
pub struct StepIo {
    /// Read this file instead of the step before's output; `-` = standard input
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Write this file instead of the standard one; `-` = standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The input must belong to this cycle (the orchestrator says so)
    #[arg(long, value_name = "ID")]
    pub cycle: Option<CycleId>,
    /// Keep only this match; may be given several times
    #[arg(long = "match", value_name = "ID")]
    pub only: Vec<String>,
    /// Indent the JSON
    #[arg(long)]
    pub pretty: bool,
}

/// The command line of a step.
#[derive(Clone, Debug, Parser)]
#[command(version = crate::VERSION)]
pub struct StepCli<Extra: Args> {
    /// Input, output, cycle.
    #[command(flatten)]
    pub io: StepIo,
    /// What only this step takes.
    #[command(flatten)]
    pub extra: Extra,
    /// What every program takes.
    #[command(flatten)]
    pub common: Common,
}

/// No flags of its own.
#[derive(Clone, Debug, Args)]
pub struct NoExtra {}

impl<Extra: Args> StepCli<Extra> {
    /// The command line as clap knows it; the manual and the completions are made from it.
    pub fn described(name: &'static str, about: &'static str) -> clap::Command {
        let command = Self::command().name(name).about(about).max_term_width(80);
        if name != NAMES[1] {
            return command;
        }
        // It has no input, and says so to whoever gives one.
        command
            .mut_arg("input", |arg| arg.hide(true))
            .mut_arg("only", |arg| arg.hide(true))
    }

    /// Parses this process's command line, starts logging and signal handling, loads the configuration.
    ///
    /// # Errors
    /// 78 for a bad configuration. Wrong usage ends the process with 64.
    pub fn start(
        name: &'static str,
        about: &'static str,
    ) -> Result<(Self, Config, DataDir), Failure> {
        let cli = Self::described(name, about)
            .try_get_matches()
            .and_then(|mut matches| Self::from_arg_matches_mut(&mut matches))
            .unwrap_or_else(|error| {
                let code = if error.use_stderr() {
                    Exit::Usage
                } else {
                    Exit::Done
                };
                let _ = error.print();
                std::process::exit(i32::from(code.code()))
            });
        logging::start(name, cli.common.level(), cli.common.color);
        signals::end_on_signal()?;
        signals::end_with_parent();
        let config = cli.common.load_config()?;
        let data = cli.common.data_dir(&config);
        Ok((cli, config, data))
    }
}

/// Runs `body` and turns its failure into one logged sentence and an exit code.
pub fn run(body: impl FnOnce() -> Result<(), Failure>) -> ExitCode {
    match body() {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            if log::max_level() == log::LevelFilter::Off {
                // Logging has not started yet. A closed stderr must not become a panic.
                let _ = std::io::Write::write_all(
                    &mut std::io::stderr(),
                    format!("ERROR {failure}\n").as_bytes(),
                );
            } else {
                log::error!("{failure}");
            }
            failure.exit.into()
        }
    }
}

/// The command line of a [`Step`].
pub fn command<S: Step>() -> clap::Command {
    StepCli::<NoExtra>::described(name(S::NUMBER), S::ABOUT)
}

/// `main` of a [`Step`].
pub fn main<S: Step>() -> ExitCode {
    run(execute::<S>)
}

const NAMES: [&str; 7] = ["", "step1", "step2", "step3", "step4", "step5", "step6"];

/// The name of step `number`'s program.
pub fn name(number: u8) -> &'static str {
    NAMES[usize::from(number)]
}

fn execute<S: Step>() -> Result<(), Failure> {
    let started = Instant::now();
    let (cli, config, data) = StepCli::<NoExtra>::start(name(S::NUMBER), S::ABOUT)?;
    let source = Source::from(cli.io.input.unwrap_or_else(|| data.input(S::NUMBER)));
    let sink = Sink::from(cli.io.output.unwrap_or_else(|| data.output(S::NUMBER)));
    let bytes = handoff::read(&source)?;
    let text = handoff::text(&bytes, &source)?;
    let input = S::open(text, &source, cli.io.cycle.as_ref())?;
    let parsed = S::parse(text, &source)?;
    let context = Context {
        config,
        now: input.now(),
        input,
        only: Only::new(&cli.io.only),
    };
    let output = S::run(parsed, &context)?;
    context.only.warn_of_missing();
    let envelope = Envelope {
        schema: handoff::schema(S::NUMBER),
        generated_at: context.now,
        ..context.input.clone()
    };
    let written = handoff::write(&sink, &envelope, &output, cli.io.pretty)?;
    log::info!(
        "cycle {}: {}; {} kB in, {} kB out, {} ms",
        envelope.cycle,
        S::summary(&output),
        bytes.len() / 1000,
        written / 1000,
        started.elapsed().as_millis()
    );
    // The process ends here; to take its memory apart first would be a good part of a small step's time.
    std::mem::forget(output);
    std::mem::forget(bytes);
    Ok(())
}
