//! The program `step3`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipeline::harness::main::<step3::Summarise>()
}
