//! `orchestrator pause`, `resume`, `run-now`: what a person asks of a running orchestrator.

use std::io::{self, Write};

use chrono::{Local, TimeDelta, Utc};
use journal::control::{Control, Pause};
use journal::lock::{Presence, look};
use pipeline::config::Span;
use pipeline::{Exit, Failure, logging};

use crate::cli::Cli;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// No cycles until resumed, or for so long.
    Pause(Option<Span>),
    /// Cycles again.
    Resume,
    /// A cycle now.
    RunNow,
}

/// Asks.
///
/// # Errors
/// 78 for a bad configuration, 74 when the files in `state/` can't be written.
pub fn main(cli: &Cli, ask: Ask) -> Result<(), Failure> {
    logging::start("orchestrator", cli.common.level(), cli.common.color);
    let config = cli.common.load_config_or_accepted()?;
    let data = cli.common.data_dir(&config);
    let control = Control::new(&data.state());
    let cannot = |why: io::Error| {
        let state = data.state();
        Failure::new(
            Exit::CannotWrite,
            format!("failed to write in `{}`: {why}", state.display()),
        )
    };
    let running = matches!(look(&data.lock()), Presence::Running(_));
    let done = match ask {
        Ask::Pause(length) => {
            let now = Utc::now();
            let until = length
                .and_then(|Span(length)| now.checked_add_signed(TimeDelta::from_std(length).ok()?));
            let since = Some(now);
            control.set_pause(Pause { since, until }).map_err(cannot)?;
            match until {
                Some(until) => {
                    let until = until.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S");
                    format!("paused until {until}; `orchestrator resume` ends it sooner")
                }
                None => "paused until `orchestrator resume`".to_owned(),
            }
        }
        Ask::Resume => match control.resume().map_err(cannot)? {
            true => "resumed: the next cycle begins with the next tick".to_owned(),
            false => "there was no pause".to_owned(),
        },
        Ask::RunNow => {
            control.ask_for_run().map_err(cannot)?;
            "a cycle is asked for; it begins at once, or when the running one has ended".to_owned()
        }
    };
    // A closed stdout is the reader's choice.
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{done}");
    if !running {
        let _ = writeln!(out, "no orchestrator runs on this data directory now");
    }
    Ok(())
}
