//! Who says a statement, and with which key: an issuer, or the ledger by its operator or recovery
//! key. Options that several commands share.

use std::path::{Path, PathBuf};

use probant_core::{Identity, IssuerId, key::SigningKey};

use crate::{Error, keyfile};

/// A private key, and in whose name it signs.
pub struct Voice {
    pub key: SigningKey,
    /// None: the ledger's.
    issuer: Option<IssuerId>,
}

/// An issuer by a key of its own, or the operator.
#[derive(Debug, clap::Args)]
pub struct Speaker {
    /// Your id on the ledger
    #[arg(long, value_name = "ID", requires = "key")]
    issuer: Option<IssuerId>,
    /// A current private key of yours
    #[arg(
        long,
        value_name = "FILE",
        requires = "issuer",
        conflicts_with = "operator_key",
        required_unless_present = "operator_key"
    )]
    key: Option<PathBuf>,
    /// As the operator: its private key
    #[arg(long, value_name = "FILE")]
    operator_key: Option<PathBuf>,
}

/// The operator, and nobody else.
#[derive(Debug, clap::Args)]
pub struct Operator {
    /// The operator's private key
    #[arg(long, value_name = "FILE")]
    operator_key: PathBuf,
}

/// The operator, or whoever keeps the recovery key: what each may say is the ledger's to judge.
#[derive(Debug, clap::Args)]
pub struct Authority {
    /// The operator's private key
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "recovery_key",
        conflicts_with = "recovery_key"
    )]
    pub operator_key: Option<PathBuf>,
    /// The recovery key
    #[arg(long, value_name = "FILE")]
    pub recovery_key: Option<PathBuf>,
}

impl Voice {
    /// An issuer's.
    pub fn issuer(id: &IssuerId, key: &Path) -> Result<Self, Error> {
        Ok(Self { key: keyfile::read(key)?, issuer: Some(id.clone()) })
    }

    /// The ledger's.
    pub fn ledger(key: &Path) -> Result<Self, Error> {
        Ok(Self { key: keyfile::read(key)?, issuer: None })
    }

    /// In whose name.
    pub fn name<'a>(&'a self, ledger: &'a Identity) -> &'a str {
        self.issuer.as_ref().map_or(ledger.origin.as_str(), IssuerId::as_str)
    }
}

impl Operator {
    pub fn voice(&self) -> Result<Voice, Error> {
        Voice::ledger(&self.operator_key)
    }
}

impl Speaker {
    pub fn voice(&self) -> Result<Voice, Error> {
        match (&self.issuer, &self.key, &self.operator_key) {
            (Some(id), Some(key), None) => Voice::issuer(id, key),
            (_, _, Some(key)) => Voice::ledger(key),
            _ => Err(Error::input("give --issuer with --key, or --operator-key")),
        }
    }
}

impl Authority {
    pub fn voice(&self) -> Result<Voice, Error> {
        match (&self.operator_key, &self.recovery_key) {
            (Some(key), _) | (None, Some(key)) => Voice::ledger(key),
            (None, None) => Err(Error::input("give --operator-key or --recovery-key")),
        }
    }
}
