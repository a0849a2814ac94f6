//! `probant identity`: the name and id of a ledger, from the ledger itself, or from its data
//! directory or database. Whether that is the ledger one means to trust, only its operator can say, by another
//! way.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use probant_core::{checkpoint, cose_key::CoseKey, key::Use, registry::Registry};
use serde::Serialize;

use super::{database::Database, json, ledger::Ledger, say};
use crate::{
    Error, client,
    store::{
        Store as _, StoreError,
        embedded::segments::{Position, SegmentReader},
        postgres::{
            Postgres,
            server::{Access, Server},
        },
    },
};

const EXAMPLE: &str = "\
Example:
  probant identity --ledger https://ledger.example
  ledger.example+5e0c…

Its operator publishes the same line. Compare, then keep it:
  export PROBANT_IDENTITY=ledger.example+5e0c…

The operator, who has the ledger here, asks nobody:
  probant identity --data ledger-data
  probant identity --store postgres://probant@db.internal/ledger

If an identity is given too, it has to be that one; exit code 4 otherwise.";

/// Print the identity of a ledger: what its proofs are checked against
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Identity {
    /// As JSON, with the ledger's own keys by use: those in force by now, from a URL; else those that
    /// genesis lists
    #[arg(long)]
    json: bool,
    /// From this data directory, also beside a running server, and not from a URL
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    #[command(flatten)]
    ledger: Ledger,
    #[command(flatten)]
    database: Database,
}

#[derive(Serialize)]
struct Details {
    identity: String,
    origin: String,
    ledger: String,
    keys: Vec<KeyDetails>,
    /// For C2SP tools: who signs checkpoints.
    verifier_key: String,
    /// The same of ML-DSA-44, if the ledger has such a key: for the log line of a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    ml_dsa_verifier_key: Option<String>,
}

#[derive(Serialize)]
struct KeyDetails {
    r#use: &'static str,
    kid: String,
    key: String,
}

impl Identity {
    pub async fn run(&self) -> Result<u8, Error> {
        let registry = match self.stored()? {
            Some((place, block)) => self.founded(&place, &block)?,
            None => self.asked().await?,
        };
        let identity = registry.identity().to_string();
        say(&if self.json { json(&Details::of(&registry)) } else { identity })?;
        Ok(0)
    }

    /// What genesis makes of a stored block 0.
    fn founded(&self, place: &str, block: &[u8]) -> Result<Arc<Registry>, Error> {
        let chain = client::founded(block).map_err(|fault| {
            StoreError::damage(format!("block 0 in {place}"), fault.rejected.to_string())
        })?;
        let identity = chain.identity();
        if let Some(known) = self.ledger.known()?.filter(|known| *known != identity) {
            return Err(Error::Stop(format!(
                "{place} is {identity}, and not {known}, as --identity or PROBANT_IDENTITY says"
            )));
        }
        Ok(Arc::clone(chain.registry()))
    }

    /// What the ledger says itself: its keys of now where they are wanted.
    async fn asked(&self) -> Result<Arc<Registry>, Error> {
        let client = self.ledger.client()?;
        let founding = match self.ledger.known()? {
            Some(known) => client.founding_of(&known).await?,
            None => client.founding().await?,
        };
        if self.json {
            return client.lineage(&founding.identity()).await.map(Arc::new);
        }
        Ok(Arc::clone(founding.registry()))
    }

    /// Block 0 as it is stored, and where, if it is not to be asked for. A URL of the ledger counts
    /// before a variable with its database.
    fn stored(&self) -> Result<Option<(String, Vec<u8>)>, Error> {
        if let Some(data) = &self.data {
            return Ok(Some((data.display().to_string(), in_directory(data)?)));
        }
        if self.ledger.has_url() && !self.database.is_argument() {
            return Ok(None);
        }
        let server = self.database.server(Access::Read)?;
        let named = self.database.name().zip(server);
        named.map(|(name, server)| Ok((name, in_database(server)?))).transpose()
    }
}

/// Block 0 of a data directory. It is read from the segments, which a server may be writing to: its
/// block 0 stands.
fn in_directory(data: &Path) -> Result<Vec<u8>, Error> {
    let segments = data.join("segments");
    if !segments.is_dir() {
        let data = data.display();
        return Err(Error::input(format!("{data} is no data directory: no segments in it")));
    }
    Ok(SegmentReader::open(&segments)?.read(Position::FIRST)?)
}

fn in_database(server: Server) -> Result<Vec<u8>, Error> {
    let none = || Error::input("the database holds no ledger");
    Postgres::open_read_only(server)?.block(0)?.ok_or_else(none)
}

impl Details {
    fn of(registry: &Registry) -> Self {
        let identity = registry.identity();
        let key = |r#use: Use| {
            let key = registry.own_key(r#use)?;
            let (kid, bytes) = (key.kid().to_string(), hex::encode(key.as_bytes()));
            Some(KeyDetails { r#use: r#use.name(), kid, key: bytes })
        };
        let second = registry.own_key(Use::NoteMlDsa).and_then(CoseKey::as_ml_dsa);
        Self {
            identity: identity.to_string(),
            ledger: identity.ledger.to_string(),
            keys: Use::LEDGER_ALL.into_iter().filter_map(key).collect(),
            ml_dsa_verifier_key: second
                .map(|key| checkpoint::ml_dsa_verifier_key(&identity.origin, key).to_string()),
            verifier_key: checkpoint::verifier_key(
                &identity.origin,
                registry.ledger_key(Use::Note),
            )
            .to_string(),
            origin: identity.origin.to_string(),
        }
    }
}
