//! The orchestrator's executable; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    orchestrator::cli::main()
}
