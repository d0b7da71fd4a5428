//! The program `step5`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipeline::harness::main::<step5::Convert>()
}
