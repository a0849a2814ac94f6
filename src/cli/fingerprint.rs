//! `probant fingerprint`: the hash of documents, and nothing more; no ledger is asked.

use std::path::PathBuf;

use probant_core::Algorithm;

use super::say;
use crate::{Error, document};

const EXAMPLE: &str = "\
Example:
  probant fingerprint bill.pdf --hash sha-256
  sha-256:9f86…  bill.pdf

The digits are those of `b3sum` and `sha256sum`.";

/// Print the fingerprints of documents: what is certified in the place of their bytes
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Fingerprints {
    /// Documents
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// blake3 or sha-256
    #[arg(long, default_value = "blake3")]
    hash: Algorithm,
}

impl Fingerprints {
    pub fn run(&self) -> Result<u8, Error> {
        for file in &self.files {
            let fingerprint = document::fingerprint(file, self.hash).map_err(Error::file(file))?;
            say(&format!("{fingerprint}  {}", file.display()))?;
        }
        Ok(0)
    }
}
