//! `probant proof show`: what stands in a proof file, in words. It shows, and verifies nothing.

use std::path::{Path, PathBuf};

use probant_core::{
    proof::{Proof, ProvenEntry},
    seal::Receipt,
    statement::{BlockStatement, Body, KeyAct, LedgerKey},
    status::Status,
};

use super::read;
use crate::{
    Error,
    cli::{documents, say, standing},
    clock::utc,
};

const EXAMPLE: &str = "\
Example:
  probant proof show bill.pdf.proof

Nothing in it has been verified then: `probant verify bill.pdf` does that.";

/// Explain every part of a proof, without verifying it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Show {
    /// A proof
    file: PathBuf,
}

impl Show {
    pub fn run(&self) -> Result<u8, Error> {
        let bytes = read(&self.file)?;
        let proof = Proof::decode(&bytes).map_err(|rejected| {
            let (name, code) = (self.file.display(), rejected.code());
            Error::input(format!("{name} is no proof: {code}: {rejected}"))
        })?;
        say(&explain(&self.file, bytes.len(), &proof))?;
        Ok(0)
    }
}

fn explain(file: &Path, bytes: usize, proof: &Proof) -> String {
    let mut text = format!("{}: a proof of {bytes} bytes, not verified here\n", file.display());
    let mut part = |title: &str, lines: Vec<String>| {
        for (at, line) in lines.iter().enumerate() {
            let title = if at == 0 { title } else { "" };
            text.extend(["\n", &format!("{title:<14} {line}")]);
        }
        text.push('\n');
    };
    part("document", document(proof));
    part("statement", statement(proof));
    part("receipt", receipt(&proof.receipt));
    part("sealed by", block(&proof.sealed));
    part("head", block(&proof.head));
    part("statuses", statuses(proof));
    part("registry", proof.registry.iter().flat_map(registry).collect());
    part("first receipt", receipt(&proof.first_receipt));
    text.trim_end().to_owned()
}

fn document(proof: &Proof) -> Vec<String> {
    let (part, count) = (&proof.document, proof.statement.documents());
    vec![
        part.fingerprint.to_string(),
        format!(
            "at place {} of {count} in the statement's list, by a path of {} hashes",
            part.index.saturating_add(1),
            part.path.len()
        ),
    ]
}

fn statement(proof: &Proof) -> Vec<String> {
    let statement = &proof.statement;
    let mut lines = vec![
        format!("by {}, with key {}", statement.issuer(), statement.kid()),
        format!("for {}", statement.audience().unwrap_or("no ledger")),
        format!("signed, by the signer's clock, at {}", seconds(statement.issued_at_s())),
    ];
    lines.push(match statement.as_certify() {
        Some(certify) => format!(
            "certifies {} of {} under root {}",
            documents(certify.listed.count),
            certify.media_type,
            certify.listed.root
        ),
        None => format!("of kind {}: it certifies nothing", statement.body().kind()),
    });
    lines
}

fn receipt(receipt: &Receipt) -> Vec<String> {
    let Receipt { seal, size, index, path } = receipt;
    vec![
        format!("entry {index} is in the tree of {size}, by a path of {} hashes", path.len()),
        format!("sealed for block {} with key {}", seal.height(), seal.kid()),
    ]
}

fn block(entry: &ProvenEntry) -> Vec<String> {
    let Some(header) = entry.statement.as_block() else {
        return vec![format!("entry {}: no block statement", entry.index)];
    };
    let BlockStatement { height, first, size, time_ms, .. } = header;
    let last = size.saturating_sub(1);
    vec![
        format!("block {height} of {}, at {}", entry.statement.issuer(), utc(*time_ms)),
        format!("entries {first} to {last}; the last is this statement"),
    ]
}

/// What became of the certification, as of the head.
fn statuses(proof: &Proof) -> Vec<String> {
    let head = proof.head.statement.as_block();
    let as_of = head.map_or("an unknown block".into(), |head| format!("block {}", head.height));
    let nothing =
        ["the document has not fallen", "nothing became of its issuer", "its key is in force"];
    // The last, where it is there, is the key that felled the document.
    let nothing = nothing.into_iter().chain(["the key that felled it is in force"]);
    let told = nothing.zip(&proof.statuses).map(|(nothing, path)| {
        let words = match path.status() {
            None => nothing.into(),
            Some(Status::Document(fall)) => format!("the document: {}", standing::fall(fall)),
            Some(Status::Issuer(status)) => standing::issuer(status),
            Some(Status::Key(status)) => standing::key(status),
        };
        format!("{words}, by a path of {} hashes", path.siblings.len())
    });
    [format!("as of {as_of}:")].into_iter().chain(told.map(|line| format!("  {line}"))).collect()
}

/// Genesis, enrollments, additions and rotations: what leads from the ledger's identity to the
/// signing key, and to the keys that sealed.
fn registry(entry: &ProvenEntry) -> Vec<String> {
    let index = entry.index;
    match entry.statement.body() {
        Body::Genesis(genesis) => {
            let line = format!("entry {index}: genesis of {}, with keys", entry.statement.issuer());
            let names = genesis.keys.iter().map(|key| key.r#use.name().len());
            let width = names.max().unwrap_or_default() + 1;
            let key = |key: &LedgerKey| format!("  {:<width$} {}", key.r#use.name(), key.key.kid());
            [line].into_iter().chain(genesis.keys.iter().map(key)).collect()
        }
        Body::Enroll(enroll) => {
            let record = &enroll.record;
            vec![
                format!("entry {index}: enrolls {} as", enroll.id),
                format!("  {} ({} {})", record.legal_name, record.country, record.registration),
                format!("  {:<9} {}", "key", enroll.key.kid()),
            ]
        }
        Body::Key(about) => {
            let line = match &about.act {
                KeyAct::Add { issuer, .. } => format!("gives {issuer} one more key"),
                KeyAct::Replace { r#use, .. } => {
                    format!("replaces the ledger's {} key, from the next block on", r#use.name())
                }
                other => format!("of kind key, {}: it brings none", other.name()),
            };
            vec![
                format!("entry {index}: {line}"),
                format!("  {:<9} {}", "key", about.kid),
                format!("  {:<9} {}", "signed by", entry.statement.kid()),
            ]
        }
        other => vec![format!("entry {index}: of kind {}", other.kind())],
    }
}

fn seconds(issued_at_s: u64) -> String {
    utc(issued_at_s.saturating_mul(1000))
}
