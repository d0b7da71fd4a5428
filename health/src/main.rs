//! The executable of health; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    health::cli::main()
}
