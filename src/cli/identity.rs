//! `probant identity`: the name and id of a ledger, from the ledger itself. Whether that is the
//! ledger one means to trust, only its operator can say, by another way.

use probant_core::{
    chain::Chain,
    checkpoint,
    key::{PublicKey, Use},
};
use serde::Serialize;

use super::{json, ledger::Ledger, say};
use crate::Error;

const EXAMPLE: &str = "\
Example:
  probant identity --ledger https://ledger.example
  ledger.example+5e0c…

Its operator publishes the same line. Compare, then keep it:
  export PROBANT_IDENTITY=ledger.example+5e0c…";

/// Print the identity of a ledger: what its proofs are checked against
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Identity {
    /// As JSON, with the keys that genesis lists, by use
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    ledger: Ledger,
}

#[derive(Serialize)]
struct Details {
    identity: String,
    origin: String,
    ledger: String,
    keys: Vec<KeyDetails>,
    /// For C2SP tools: who signs checkpoints.
    verifier_key: String,
}

#[derive(Serialize)]
struct KeyDetails {
    r#use: &'static str,
    kid: String,
    key: String,
}

impl Identity {
    pub async fn run(&self) -> Result<u8, Error> {
        let client = self.ledger.client()?;
        let chain = match self.ledger.known()? {
            Some(known) => client.founding_of(&known).await?,
            None => client.founding().await?,
        };
        let identity = chain.identity();
        say(&if self.json { json(&Details::of(&chain)) } else { identity.to_string() })?;
        Ok(0)
    }
}

impl Details {
    fn of(chain: &Chain) -> Self {
        let (identity, registry) = (chain.identity(), chain.registry());
        let key = |r#use: Use| {
            let key: &PublicKey = registry.ledger_key(r#use);
            let (kid, bytes) = (key.kid().to_string(), hex::encode(key.as_bytes()));
            KeyDetails { r#use: r#use.name(), kid, key: bytes }
        };
        Self {
            identity: identity.to_string(),
            ledger: identity.ledger.to_string(),
            keys: Use::LEDGER.map(key).into(),
            verifier_key: checkpoint::verifier_key(
                &identity.origin,
                registry.ledger_key(Use::Note),
            ),
            origin: identity.origin.to_string(),
        }
    }
}
