//! The `pointsman` program: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    pointsman::cli::main()
}
