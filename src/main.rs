//! The `pointsman` program: parse, run, exit code.

use std::process::ExitCode;

/// The static build's own: musl's takes one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pointsman::cli::main()
}
