//! `probant key`: making and showing private keys. It never prints the private half.

use std::path::PathBuf;

use probant_core::{IssuerId, key::PublicKey};

use super::{issuer::EnrollmentRequest, ledger::KnownIdentity, say};
use crate::{Error, keyfile};

const NEW_EXAMPLE: &str = "\
Example:
  probant key new energie.pem

The file is PKCS#8 PEM, mode 600, as `openssl genpkey -algorithm ed25519` makes it. A file that
exists is never overwritten. Keep a copy offline: a lost key cannot be made again.";

const SHOW_EXAMPLE: &str = "\
Examples:
  probant key show energie.pem
  probant key show energie.pem --for-enrollment energie.example --identity ledger.example+5e0c…

The second prints the enrollment request that the ledger's operator needs; `probant issuer
request` writes the same to a file.";

/// Make and show the private keys that sign statements
#[derive(Debug, clap::Args)]
pub struct Key {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Make a key, in a file that must not exist yet
    #[command(after_help = NEW_EXAMPLE)]
    New {
        /// Where to
        file: PathBuf,
    },
    /// Print a key's name and public half
    #[command(after_help = SHOW_EXAMPLE)]
    Show {
        /// A private key
        file: PathBuf,
        /// Print instead what the operator needs to enroll this issuer with this key
        #[arg(long, value_name = "ID")]
        for_enrollment: Option<IssuerId>,
        #[command(flatten)]
        known: KnownIdentity,
    },
}

impl Key {
    pub fn run(self) -> Result<u8, Error> {
        match self.command {
            Command::New { file } => {
                let key = keyfile::create(&file)?;
                say(&format!(
                    "made {}: only you can read it; keep a copy offline",
                    file.display()
                ))?;
                say(&described(key.public()))?;
            }
            Command::Show { file, for_enrollment: None, .. } => {
                say(&described(keyfile::read(&file)?.public()))?;
            }
            Command::Show { file, for_enrollment: Some(id), known } => {
                let key = keyfile::read(&file)?;
                say(&EnrollmentRequest::sign(&key, &id, &known.require()?).to_json())?;
            }
        }
        Ok(0)
    }
}

fn described(key: &PublicKey) -> String {
    format!(
        "kid         {}\npublic key  {}\nCOSE key    {}",
        key.kid(),
        hex::encode(key.as_bytes()),
        hex::encode(key.to_cose())
    )
}
