//! The program `step4`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    pipeline::harness::main::<step4::Extract>()
}
