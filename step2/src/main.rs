//! The program `step2`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipeline::harness::main::<step2::Merge>()
}
