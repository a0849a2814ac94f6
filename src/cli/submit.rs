//! `probant submit`: sends statements that were signed before, perhaps on a machine without a
//! network, and keeps their receipts.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use probant_core::{LedgerId, List, Statement, statement::SUBMISSION_BYTES_MAX};

use super::{ledger::Ledger, say};
use crate::{Error, store::durable};

const EXAMPLE: &str = "\
Example:
  probant certify bills/ --issuer energie.example --key energie.pem --out bills.cose
  probant submit bills.cose
  bills.cose: entry 42, receipt in bills.cose.receipt

Sending a statement again is harmless: the ledger answers with its first receipt.";

/// Send statements that --out wrote, and keep their receipts
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Submit {
    /// Signed statements
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    ledger: Ledger,
}

impl Submit {
    pub async fn run(&self) -> Result<u8, Error> {
        let client = self.ledger.client()?;
        for file in &self.files {
            let (statement, list) = read(file)?;
            if let Some(ledger) = self.ledger.known()?.map(|identity| identity.ledger) {
                check_audience(file, &statement, ledger)?;
            }
            let accepted = client.submit(&statement, list.as_ref()).await?;
            let mut receipt = file.clone().into_os_string();
            receipt.push(".receipt");
            let receipt = PathBuf::from(receipt);
            // A crash before this line loses nothing: the ledger gives the same receipt again.
            durable::replace_file(&receipt, &accepted.receipt_bytes, 0o644)?;
            let (file, index) = (file.display(), accepted.index);
            say(&format!("{file}: entry {index}, receipt in {}", receipt.display()))?;
        }
        Ok(0)
    }
}

/// The ledger would refuse it too, but its words are for whoever signed.
fn check_audience(path: &Path, statement: &Statement, ledger: LedgerId) -> Result<(), Error> {
    let (found, expected) = (statement.audience().unwrap_or("no ledger"), ledger.audience());
    if found == expected {
        return Ok(());
    }
    Err(Error::input(format!("{} was signed for {found}, not {expected}", path.display())))
}

fn read(path: &Path) -> Result<(Statement, Option<List>), Error> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Error::file(path))?;
    let limit = SUBMISSION_BYTES_MAX as u64 + 1;
    file.take(limit).read_to_end(&mut bytes).map_err(Error::file(path))?;
    Statement::decode_submission(&bytes).map_err(|rejected| {
        let (name, code) = (path.display(), rejected.code());
        Error::input(format!("{name} is no statement with its list: {code}: {rejected}"))
    })
}
