//! `probant init`: keys, genesis and block 0 of a new ledger.

use std::{fs::DirBuilder, os::unix::fs::DirBuilderExt as _};

use probant_core::{
    Origin,
    key::{SigningKey, Use},
    ml_dsa,
};

use super::{database::Database, directories::Directories, say};
use crate::{
    Error,
    clock::{Clock, entropy},
    keyfile,
    ledger::{LedgerKeys, found},
    store::{
        embedded::{index::Engine, settings::Settings},
        postgres::{Postgres, server::Access},
    },
};

const EXAMPLES: &str = "\
Example:
  probant init --origin ledger.example/fr

The origin is the ledger's public name: a URL without its scheme. It can never change.

Keys that are in the key directory already are used (seal.pem, note.pem, operator.pem,
recovery.pem, note-ml-dsa.pem); `openssl genpkey -algorithm ed25519 -out seal.pem` makes one. The
others are made. Move operator.pem and recovery.pem to where no network reaches: only `seal.pem`,
`note.pem` and `note-ml-dsa.pem` are needed to serve.

note-ml-dsa.pem signs every checkpoint a second time, by ML-DSA-44: so that proofs of today can
still be checked when Ed25519 signatures can be forged. It makes a proof about 7 kB longer.";

/// Make a new ledger: its keys, its directory, and block 0
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// The ledger's public name: a URL without its scheme
    #[arg(long, value_name = "NAME")]
    origin: Origin,
    /// Engine of the look-up index: fjall or sled; can be changed at any time (`probant reindex`)
    #[arg(long, value_name = "ENGINE", default_value_t)]
    index: Engine,
    /// Make no ML-DSA-44 key; `probant key replace --use note-ml-dsa` adds one later
    #[arg(long)]
    without_ml_dsa: bool,
    #[command(flatten)]
    directories: Directories,
    #[command(flatten)]
    database: Database,
}

impl Init {
    pub fn run(&self, clock: &dyn Clock) -> Result<u8, Error> {
        let keys = self.keys()?;
        let (random, now_ms) = (entropy(), clock.now_ms());
        let identity = if let Some(server) = self.database.server(Access::Write)? {
            let store = Postgres::create(server, &self.directories.mark_path())?;
            found(&store, &self.origin, &keys, &random, now_ms)?
        } else {
            let settings = Settings { index: self.index };
            let store = self.directories.opening(|opening| opening.create(settings))?;
            let identity = found(&store, &self.origin, &keys, &random, now_ms)?;
            store.close()?;
            identity
        };
        let in_directory = || self.directories.data.display().to_string();
        let data = self.database.name().unwrap_or_else(in_directory);
        say(&format!(
            "ledger    {identity}\ndata      {data}\nkeys      {}\n\n\
             The first line ends with the ledger's identity: publish it, verifiers need nothing \
             else.\n\
             Keep operator.pem and recovery.pem offline. Next: probant serve",
            self.directories.keys.display()
        ))?;
        Ok(0)
    }

    fn keys(&self) -> Result<LedgerKeys, Error> {
        let dir = &self.directories.keys;
        if self.database.name().is_none() && dir.starts_with(&self.directories.data) {
            return Err(Error::input(format!(
                "--keys {} is inside --data {}: keys never live with the data, which is copied and \
                 served without thought",
                dir.display(),
                self.directories.data.display()
            )));
        }
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(Error::file(dir))?;
        Ok(LedgerKeys {
            seal: self.key(Use::Seal)?,
            note: self.key(Use::Note)?,
            operator: self.key(Use::Operator)?,
            recovery: self.key(Use::Recovery)?,
            note_ml_dsa: self.note_ml_dsa()?,
        })
    }

    fn key(&self, r#use: Use) -> Result<SigningKey, Error> {
        let path = self.directories.key_path(r#use);
        if path.exists() { keyfile::read(&path) } else { keyfile::create(&path) }
    }

    fn note_ml_dsa(&self) -> Result<Option<ml_dsa::SigningKey>, Error> {
        if self.without_ml_dsa {
            return Ok(None);
        }
        let path = self.directories.key_path(Use::NoteMlDsa);
        let key = if path.exists() {
            keyfile::ml_dsa::read_only(&path)
        } else {
            keyfile::ml_dsa::create(&path)
        };
        key.map(Some)
    }
}
