//! temporary
mod bench;
mod directories;
mod init;
mod mark;
mod reindex;
mod serve;
use crate::{Error, clock::SystemClock};
use clap::{Parser, Subcommand};
#[derive(Debug, Parser)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}
#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    Mark(mark::MarkCommand),
    Reindex(reindex::Reindex),
    Bench(bench::Bench),
}
pub async fn run(cli: Cli) -> Result<u8, Error> {
    let clock = SystemClock::shared();
    match cli.command {
        Command::Init(c) => c.run(&*clock),
        Command::Serve(c) => c.run(&clock).await,
        Command::Mark(c) => c.run(),
        Command::Bench(c) => c.run(&clock).await,
        Command::Reindex(c) => c.run(),
    }
}
fn say(text: &str) -> Result<(), Error> {
    println!("{text}");
    Ok(())
}
