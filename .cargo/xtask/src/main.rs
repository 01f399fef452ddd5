//! The project's commands, run as `cargo xtask COMMAND`.

mod bench;
mod checks;
mod clients;
mod db;
mod debian;
mod deny;
mod failure;
mod features;
mod foreign;
mod fuzz;
mod judges;
mod load;
mod machine;
mod openapi;
mod peers;
mod project;
mod redis;
mod server;
mod shell;
mod simulator;
mod steps;
mod tally;
mod tidy;
mod tools;

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::project::Project;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check and every test, on SQLite and on throw-away PostgreSQL and Redis servers
    #[command(alias = "ci")]
    Test,
    /// Run a command while throw-away PostgreSQL and Redis servers are up
    Db {
        /// The command and its arguments, after `--`
        #[arg(required = true, last = true)]
        command: Vec<OsString>,
    },
    /// Read the sources and print what breaks the project's rules
    Tidy,
    /// Write the OpenAPI document of the server to mkbill-http/openapi.json
    Openapi {
        /// Compare instead of writing
        #[arg(long)]
        check: bool,
    },
    /// Run every fuzz target for ten seconds
    Fuzz,
    /// Let clients by others judge the simulator
    Judges {
        /// Only the judges whose name holds this text
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Let tools and generated clients by others judge the interface
    Clients {
        /// Only the judges whose name holds this text
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Measure the figures of docs/PERFORMANCE.md on this machine and write them there
    Bench {
        /// Only this part: `figures`, `peers` or `load`
        #[arg(long)]
        only: Option<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            print_with_causes(&failure);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    let project = Project::find()?;
    match command {
        Command::Test => steps::run_all(&project, &checks::STEPS),
        Command::Db { command } => db::run_with_servers(&project, &command),
        Command::Tidy => tidy::check(&project),
        Command::Openapi { check: true } => openapi::check(&project),
        Command::Openapi { check: false } => openapi::write(&project),
        Command::Fuzz => fuzz::run_each(&project),
        Command::Judges { only } => judges::check(&project, &only),
        Command::Clients { only } => clients::check(&project, &only),
        Command::Bench { only } => bench::write(&project, only.as_deref()),
    }
}

fn print_with_causes(failure: &Failure) {
    eprintln!("error: {failure}");
    let mut cause = failure.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
}
