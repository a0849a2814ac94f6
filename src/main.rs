//! The `probant` command: parses, runs, and turns a failure into one line and an exit code.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser as _;
use probant::{
    Error,
    cli::{self, Cli},
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .map_err(|error| Error::Stop(format!("no threads to run on: {error}")))
        .and_then(|runtime| runtime.block_on(cli::run(cli)));
    result.map_or_else(
        |error| {
            eprintln!("probant: {error}");
            ExitCode::from(error.exit_code())
        },
        ExitCode::from,
    )
}
