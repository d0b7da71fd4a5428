//! The command line of step 6, and what is done in which order: the log first, then the display, so
//! that a terminal that went away costs nobody the log.

use std::io::{self, Write};
use std::time::Instant;

use clap::Args;
use football::{Format, Phase};
use pipeline::handoff::{self, Source};
use pipeline::harness::{self, Only, StepCli};
use pipeline::{Config, Envelope, Exit, Failure};

use crate::Product;
use crate::matches_log::{Limits, MatchesLog};
use crate::terminal;
use crate::view::{Filter, View, WIDTHS, parse_format, parse_phase};

const NUMBER: u8 = 6;
const ABOUT: &str = "Show the matches on the console and append them to the readable log";

/// Flags that only step 6 takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Flags {
    /// Show only matches in these phases: live, upcoming, finished, interrupted, off, unknown
    #[arg(long, value_name = "PHASE,…", value_delimiter = ',', value_parser = parse_phase)]
    status: Vec<Phase>,
    /// Show only matches whose competition or country contains this text
    #[arg(long, value_name = "TEXT")]
    competition: Option<String>,
    /// Write prices as american, decimal, hong_kong or fractional [default: the configuration's]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<Format>,
    /// One line a match on the screen (the log has everything)
    #[arg(long)]
    compact: bool,
    /// Columns, 40 to 250 [default: the terminal's, $COLUMNS, or 100; the log has 100]
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Only write the log
    #[arg(long)]
    no_display: bool,
    /// Only display
    #[arg(long)]
    no_log: bool,
}

/// The command line of step 6.
pub fn command() -> clap::Command {
    StepCli::<Flags>::described(harness::name(NUMBER), ABOUT)
}

pub(crate) fn execute() -> Result<(), Failure> {
    let started = Instant::now();
    let (cli, config, data) = StepCli::<Flags>::start(harness::name(NUMBER), ABOUT)?;
    let source = Source::from(cli.io.input.clone().unwrap_or_else(|| data.input(NUMBER)));
    let path = cli.io.output.clone().unwrap_or_else(|| data.output(NUMBER));
    let log_wanted = !cli.extra.no_log && path.as_os_str() != "-";
    let bytes = handoff::read(&source)?;
    let text = handoff::text(&bytes, &source)?;
    let envelope = handoff::open(text, &source, NUMBER - 1, cli.io.cycle.as_ref())?;
    let output: Product<'_> = handoff::parse(text, &source)?;
    let view = view(&cli, &config, &output, &envelope)?;
    let only = Only::new(&cli.io.only);
    for (id, _) in output.matches.iter() {
        only.wants(id);
    }
    only.warn_of_missing();

    let for_log = log_view(&view, cli.extra.width);
    let render = |view: &View| {
        crate::render(&output, &envelope, view).map_err(|why| handoff::malformed(&source, &why))
    };
    let page = log_wanted.then(|| render(&for_log)).transpose()?;
    let logged = page.as_ref().map_or(Ok(()), |page| {
        let log = MatchesLog::new(path, Limits::from(&config.display));
        log.append(&envelope.cycle, envelope.now(), page)
    });
    // A log that can't be written is no reason not to show what there is.
    let displayed = if cli.extra.no_display {
        Ok(())
    } else {
        // In a pipe both are often the same page.
        let page = page.filter(|_| for_log == view);
        match page {
            Some(page) => display(&page),
            None => render(&view).and_then(|page| display(&page)),
        }
    };
    logged.and(displayed)?;
    let shown = output
        .matches
        .iter()
        .filter(|(_, one)| view.filter.wants(one))
        .count();
    log::info!(
        "cycle {}: {shown} matches shown, {} ms",
        envelope.cycle,
        started.elapsed().as_millis()
    );
    Ok(())
}

fn view(
    cli: &StepCli<Flags>,
    config: &Config,
    output: &Product<'_>,
    envelope: &Envelope,
) -> Result<View, Failure> {
    let flags = &cli.extra;
    let format = match flags.format {
        Some(format) => format,
        None => parse_format(&config.display.format)
            .map_err(|why| Failure::config(format!("configuration: [display] format: {why}")))?,
    };
    // The file says how old its data was when it was made; someone may look at it much later.
    let age = (envelope.now() - envelope.fetched_at).max(chrono::TimeDelta::seconds(
        output.data_age_s.clamp(0, i64::from(u32::MAX)),
    ));
    let recent = age.to_std().is_ok_and(|age| age <= config.data.fresh_for.0);
    Ok(View {
        format,
        width: clamped(flags.width.unwrap_or_else(terminal::width)),
        color: cli.common.color.on(&io::stdout()),
        compact: flags.compact,
        filter: Filter {
            only: cli.io.only.clone(),
            phases: flags.status.clone(),
            competition: flags.competition.clone(),
        },
        age,
        fresh: output.fresh && recent,
    })
}

fn clamped(width: usize) -> usize {
    width.clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// The log has everything, in one width, without colour.
fn log_view(view: &View, width: Option<usize>) -> View {
    View {
        width: clamped(width.unwrap_or(terminal::DEFAULT_WIDTH)),
        color: false,
        compact: false,
        ..view.clone()
    }
}

/// Writes the page to standard output. That its reader has gone is no error: it had enough.
fn display(page: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(page.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::CannotWrite,
            format!("failed to write to standard output: {why}"),
        )),
        _ => Ok(()),
    }
}
