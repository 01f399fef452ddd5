//! The mkbill program.

use std::process::ExitCode;

/// Answers are many small pieces that live for a moment, which the allocator of the system handles
/// slowly.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mkbill_http::cli::run()
}
