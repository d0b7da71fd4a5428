//! The stand-in feed. Everything is in the library.

use std::process::ExitCode;

use pipeline::cli;
use pipeline::exit::Exit;
use sandbox::cli::Cli;

fn main() -> ExitCode {
    match cli::parse::<Cli>(Exit::Usage.code()).run() {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            log::error!("{failure}");
            failure.exit.into()
        }
    }
}
