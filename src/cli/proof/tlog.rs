//! `probant proof tlog`: the entry of a proof in C2SP's form, for tools that know nothing of Probant.

use std::path::PathBuf;

use probant_core::{
    note::NOTE_BYTES_MAX,
    proof::{Attested, Proof},
    tlog_proof::TlogProof,
};

use super::read;
use crate::{
    Error,
    cli::{self, say},
};

const EXAMPLE: &str = "\
Examples:
  probant proof tlog bill.pdf.proof > bill.pdf.tlog-proof
  probant proof tlog bill.pdf.proof --checkpoint head.note > bill.pdf.tlog-proof

It is a c2sp.org/tlog-proof@v1: that the issuer's statement is in the tree of a checkpoint, which
the ledger and its witnesses signed. It says nothing of the document, nor whether the certification
stands; the statement is its extra data. No signature is verified here: a tool that knows the keys
does that.

A proof carries its checkpoint where witnesses have cosigned it. For another, give the one of its
head: its size has to be the same.";

/// Write the entry of a proof as a C2SP tlog-proof
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Tlog {
    /// A proof
    file: PathBuf,
    /// The checkpoint of its head, where it carries none
    #[arg(long, value_name = "CHECKPOINT")]
    checkpoint: Option<PathBuf>,
}

impl Tlog {
    pub fn run(&self) -> Result<u8, Error> {
        let name = self.file.display();
        let proof = Proof::decode(&read(&self.file)?).map_err(|rejected| {
            Error::input(format!("{name} is no proof: {}: {rejected}", rejected.code()))
        })?;
        if proof.attested.checkpoint.is_none() && self.checkpoint.is_none() {
            return Err(Error::input(format!(
                "{name} carries no checkpoint: refresh it, if the ledger has witnesses, or give the \
                 one of its {} entries by --checkpoint",
                proof.receipt.size
            )));
        }
        let made = TlogProof::of(&proof, self.note()?.as_deref());
        let made = made.map_err(|rejected| {
            Error::input(format!("{name} and its checkpoint: {}: {rejected}", rejected.code()))
        })?;
        let attested = Attested { checkpoint: Some(made.note.clone()), ..Attested::default() };
        if attested.cosigned() == 0 {
            eprintln!(
                "probant: no witness cosigned this head; `probant proof refresh` may bring one that some did"
            );
        }
        say(made.to_string().trim_end())?;
        Ok(0)
    }

    fn note(&self) -> Result<Option<String>, Error> {
        let Some(path) = &self.checkpoint else { return Ok(None) };
        let bytes = cli::read(path, NOTE_BYTES_MAX)?;
        let note = String::from_utf8(bytes);
        note.map(Some)
            .map_err(|_| Error::input(format!("{}: a checkpoint is UTF-8", path.display())))
    }
}
