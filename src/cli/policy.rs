//! `probant policy`: the limits that the operator sets for everybody.

use probant_core::{
    list::LIST_COUNT_MAX,
    statement::{Body, Policy, PolicyStatement},
};

use super::{
    dispatch::{Dispatch, Numbering},
    ledger::Ledger,
    say,
    speaker::Operator,
};
use crate::{Error, clock::Clock};

const SHOW_EXAMPLE: &str = "\
Example:
  probant policy show --ledger https://ledger.example";

const SET_EXAMPLE: &str = "\
Example:
  probant policy set --list-count-max 10000 --operator-key operator.pem

Statements about more documents are refused from the next entry on (`list-count`), whoever signs
them, and also those that were signed before.";

/// Show the ledger's limits, or set them
#[derive(Debug, clap::Args)]
pub struct PolicyCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print the limits in force
    #[command(after_help = SHOW_EXAMPLE)]
    Show {
        #[command(flatten)]
        ledger: Ledger,
    },
    Set(SetPolicy),
}

/// As the operator: set the limits
#[derive(Debug, clap::Args)]
#[command(after_help = SET_EXAMPLE)]
struct SetPolicy {
    /// Most documents of one statement
    #[arg(long, value_name = "COUNT",
        value_parser = clap::value_parser!(u64).range(1..=LIST_COUNT_MAX as u64))]
    list_count_max: u64,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    numbering: Numbering,
    #[command(flatten)]
    dispatch: Dispatch,
}

impl PolicyCommand {
    pub async fn run(self, clock: &dyn Clock) -> Result<u8, Error> {
        match self.command {
            Command::Set(set) => set.run(clock).await,
            Command::Show { ledger } => {
                let policy = ledger.client()?.policy().await?;
                let (count, seq) = (policy.list_count_max, policy.next_seq.saturating_sub(1));
                say(&format!(
                    "documents of one statement  {count}\nnumber of this policy       {seq}"
                ))?;
                Ok(0)
            }
        }
    }
}

impl SetPolicy {
    async fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let operator = self.operator.voice()?;
        let mut desk = self.dispatch.open(clock).await?;
        let seq = self.numbering.next(&desk, "policy").await?;
        let list_count_max = self.list_count_max;
        let policy = PolicyStatement { seq, policy: Policy { list_count_max } };
        let statement = desk.sign(&operator, Body::Policy(policy));
        let done = |entry| {
            format!("statements are about {list_count_max} documents at most, by entry {entry}")
        };
        desk.conclude(&statement, done).await
    }
}
