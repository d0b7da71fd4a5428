//! The program `step1`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    step1::main()
}
