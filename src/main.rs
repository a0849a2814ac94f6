//! The `probant` command: parses, runs, and turns a failure into one line and an exit code.
#![forbid(unsafe_code)]

use std::{io, io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use probant::{
    Error,
    cli::{self, Cli, LogFormat},
    plain::plain,
};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log(cli.log_format());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = runtime
        .map_err(|error| Error::Stop(format!("no threads to run on: {error}")))
        .and_then(|runtime| runtime.block_on(cli::run(cli)));
    result.map_or_else(
        |error| {
            eprintln!("probant: {}", plain(&error.to_string()));
            ExitCode::from(error.exit_code())
        },
        ExitCode::from,
    )
}

/// Log lines on standard error; `PROBANT_LOG` chooses what (`debug`, `probant::ledger=trace`, …).
fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("PROBANT_LOG");
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("warn,probant=info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
    }
}
