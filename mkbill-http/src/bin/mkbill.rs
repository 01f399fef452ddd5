//! The mkbill program.

use std::process::ExitCode;

fn main() -> ExitCode {
    mkbill_http::cli::run()
}
