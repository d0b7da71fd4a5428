//! The program `step6`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    step6::main()
}
