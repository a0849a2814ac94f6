//! `probant submit`: sends statements that were signed before, perhaps on a machine without a
//! network, and keeps their receipts.

use std::{
    io,
    path::{Path, PathBuf},
};

use probant_core::{LedgerId, List, Statement, seal::Receipt, statement::SUBMISSION_BYTES_MAX};

use super::{ledger::Ledger, say};
use crate::{
    Error,
    client::{Accepted, RECEIPT_BYTES_MAX},
    durable, planted,
};

const EXAMPLE: &str = "\
Example:
  probant certify bills/ --issuer energie.example --key energie.pem --out bills.cose
  probant submit bills.cose
  bills.cose: entry 42, receipt in bills.cose.receipt

The receipt's seal is verified before it is kept; that of another entry is never replaced. Sending
a statement again is harmless: the ledger answers with its first receipt.";

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
        // All of them before the first is sent. Not kept: a batch takes megabytes.
        let looked_at = self.files.iter().map(|file| {
            ReceiptFile::beside(file)?;
            Ok((file, read(file)?.0.audience().map(str::to_owned)))
        });
        let looked_at = looked_at.collect::<Result<Vec<_>, Error>>()?;
        let client = self.ledger.client()?;
        let (identity, _) = self.ledger.identity().await?;
        for (file, audience) in looked_at {
            check_audience(file, audience.as_deref(), identity.ledger)?;
        }
        let founding = client.founding_of(&identity).await?;
        for file in &self.files {
            let ((statement, list), place) = (read(file)?, ReceiptFile::beside(file)?);
            let submitted = client.submit_verified(&founding, &statement, list.as_ref()).await;
            let accepted = submitted.map_err(Error::from)?;
            // A crash before this line loses nothing: the ledger gives the same receipt again.
            place.keep(&statement, &accepted)?;
            let (file, index) = (file.display(), accepted.index);
            say(&format!("{file}: entry {index}, receipt in {}", place.path.display()))?;
        }
        Ok(0)
    }
}

/// Where a receipt goes, and what lies there.
struct ReceiptFile {
    path: PathBuf,
    known: Option<Receipt>,
}

impl ReceiptFile {
    /// Looks before anything is sent: nothing but a receipt may lie there.
    fn beside(statement_file: &Path) -> Result<Self, Error> {
        let mut path = statement_file.to_owned().into_os_string();
        path.push(".receipt");
        let path = PathBuf::from(path);
        let bytes = match planted::read(&path, RECEIPT_BYTES_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { path, known: None });
            }
            other => other.map_err(Error::file(&path))?,
        };
        let known = Receipt::decode(&bytes).map_err(|rejected| {
            let name = path.display();
            Error::input(format!("{name} is no receipt ({rejected}): move it away"))
        })?;
        Ok(Self { path, known: Some(known) })
    }

    /// Writes the receipt, unless that of another entry is there: if the two contradict each
    /// other, both are needed to show it.
    fn keep(&self, statement: &Statement, accepted: &Accepted) -> Result<(), Error> {
        let entry = |receipt: &Receipt| (receipt.index, receipt.root(statement.leaf()).ok());
        if let Some(known) = &self.known
            && entry(known) != entry(&accepted.receipt)
        {
            let (name, index) = (self.path.display(), accepted.index);
            let known = known.index;
            return Err(Error::input(format!(
                "{name} is another receipt, of entry {known}: move it away, and send the \
                 statement again, which is entry {index}"
            )));
        }
        Ok(durable::replace_file(&self.path, &accepted.receipt_bytes, 0o644)?)
    }
}

/// The ledger would refuse it too, but its words are for whoever signed.
fn check_audience(path: &Path, audience: Option<&str>, ledger: LedgerId) -> Result<(), Error> {
    let (found, expected) = (audience.unwrap_or("no ledger"), ledger.audience());
    if found == expected {
        return Ok(());
    }
    Err(Error::input(format!("{} was signed for {found}, not {expected}", path.display())))
}

fn read(path: &Path) -> Result<(Statement, Option<List>), Error> {
    let bytes = planted::read(path, SUBMISSION_BYTES_MAX).map_err(Error::file(path))?;
    Statement::decode_submission(&bytes).map_err(|rejected| {
        let (name, code) = (path.display(), rejected.code());
        Error::input(format!("{name} is no statement with its list: {code}: {rejected}"))
    })
}
