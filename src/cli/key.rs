//! `probant key`: keys, from their making to their end. It never prints the private half.

mod add;
mod compromise;
mod end;
mod name;
mod replace;
mod rotate;

use std::path::{Path, PathBuf};

use probant_core::{
    IssuerId,
    cose_key::{CoseKey, SigningHalf as _},
};

use super::{issuer::EnrollmentRequest, ledger::KnownIdentity, say};
use crate::{Error, clock::Clock, keyfile};
use add::AddKey;
use compromise::CompromiseKey;
use end::{EndKey, RETIRE_EXAMPLES, STOP_EXAMPLES};
pub use name::KeyName;
use replace::ReplaceKey;
use rotate::RotateKey;

const NEW_EXAMPLE: &str = "\
Examples:
  probant key new energie.pem
  probant key new --ml-dsa ledger-keys/note-ml-dsa.pem

The file is PKCS#8 PEM, mode 600, as `openssl genpkey -algorithm ed25519` makes it. A file that
exists is never overwritten. Keep a copy offline: a lost key cannot be made again.";

const SHOW_EXAMPLE: &str = "\
Examples:
  probant key show energie.pem
  probant key show energie.pem --for-enrollment energie.example --identity ledger.example+5e0c…

The second prints the enrollment request that the ledger's operator needs; `probant issuer
request` writes the same to a file.";

/// Make keys, show them, and say on the ledger what becomes of them
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
        /// A key of ML-DSA-44, with which a ledger signs its checkpoints a second time
        #[arg(long)]
        ml_dsa: bool,
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
    Rotate(RotateKey),
    Add(AddKey),
    /// End a key whose work is done
    #[command(after_help = RETIRE_EXAMPLES)]
    Retire(EndKey),
    /// End a key that may be in other hands, at once
    #[command(after_help = STOP_EXAMPLES)]
    Stop(EndKey),
    Compromise(CompromiseKey),
    Replace(ReplaceKey),
}

impl Key {
    pub async fn run(self, clock: &dyn Clock) -> Result<u8, Error> {
        match self.command {
            Command::New { file, ml_dsa } => {
                let key = if ml_dsa {
                    keyfile::ml_dsa::create(&file)?.cose_key()
                } else {
                    keyfile::create(&file)?.cose_key()
                };
                let file = file.display();
                say(&format!("made {file}: only you can read it; keep a copy offline"))?;
                say(&described(&key))?;
                Ok(0)
            }
            Command::Show { file, for_enrollment: None, .. } => {
                say(&described(&shown(&file)?))?;
                Ok(0)
            }
            Command::Show { file, for_enrollment: Some(id), known } => {
                let key = keyfile::read_new(&file)?;
                say(&EnrollmentRequest::sign(&key, &id, 1, &known.require()?).to_json())?;
                Ok(0)
            }
            Command::Rotate(rotate) => rotate.run(clock).await,
            Command::Add(add) => add.run(clock).await,
            Command::Retire(end) => end.retire(clock).await,
            Command::Stop(end) => end.stop(clock).await,
            Command::Compromise(compromise) => compromise.run(clock).await,
            Command::Replace(replace) => replace.run(clock).await,
        }
    }
}

/// The public half of a key in a file, whichever kind that is.
fn shown(file: &Path) -> Result<CoseKey, Error> {
    match keyfile::ml_dsa::read(file) {
        Ok(Some(key)) => Ok(key.cose_key()),
        // What is wrong with the file, this says in full.
        Ok(None) | Err(_) => keyfile::read(file).map(|key| key.cose_key()),
    }
}

fn described(key: &CoseKey) -> String {
    format!(
        "kid         {}\npublic key  {}\nCOSE key    {}",
        key.kid(),
        hex::encode(key.as_bytes()),
        hex::encode(key.to_cose())
    )
}
