//! Asking a ledger about a document, and believing none of it: what it says it has certified it
//! has to show, by proofs that the one verification of the core takes.

use std::collections::BTreeSet;

use probant_core::{Fingerprint, Fingerprints, Rejected, Verified, Verifier};

use super::Client;
use crate::Error;

/// Most certifications of one fingerprint whose proofs are asked for, the newest first.
const PROOFS_MAX: usize = 8;
/// Most certifications that a ledger lists (docs/operate.md 11).
const LISTED_MAX: usize = 100;
/// What a ledger says of a document that it has certified.
const CERTIFIED: &str = "certified";

/// What came of asking.
#[derive(Debug)]
pub enum Asked {
    /// All that it said, it showed.
    Shown(Shown),
    /// It said certified, and could not show it.
    Lie(Rejected),
}

/// What a ledger showed of a document.
#[derive(Debug, Default)]
pub struct Shown {
    /// Each with its proof; the newest of each fingerprint first. None: the ledger knows nothing of
    /// the document, on its word.
    pub certifications: Vec<(Verified, Vec<u8>)>,
    /// The ledger looked for it in all blocks up to this one, on its word.
    pub height: u64,
    /// Certifications that it listed, and that were not asked for.
    pub not_asked: usize,
    /// Whether it may have more than it listed.
    pub may_have_more: bool,
}

impl Client {
    /// Asks about a document by both its names, since nobody but the issuer knows by which hash it
    /// certified.
    ///
    /// # Errors
    /// Those of every request. A lie is none: it is [`Asked::Lie`].
    pub async fn verify(
        &self,
        verifier: &mut Verifier,
        document: &Fingerprints,
    ) -> Result<Asked, Error> {
        let mut shown = Shown::default();
        for fingerprint in [document.blake3, document.sha256] {
            if let Err(lie) = self.show(verifier, fingerprint, &mut shown).await? {
                return Ok(Asked::Lie(lie));
            }
        }
        Ok(Asked::Shown(shown))
    }

    async fn show(
        &self,
        verifier: &mut Verifier,
        fingerprint: Fingerprint,
        shown: &mut Shown,
    ) -> Result<Result<(), Rejected>, Error> {
        let answer = self.documents(fingerprint).await?;
        shown.height = shown.height.max(answer.head.height);
        let entries: BTreeSet<u64> = answer.certifications.iter().map(|c| c.entry).collect();
        if entries.is_empty() && answer.verdict == CERTIFIED {
            return Ok(Err(lie("it says certified, and lists no certification".into())));
        }
        shown.not_asked += entries.len().saturating_sub(PROOFS_MAX);
        shown.may_have_more |= entries.len() >= LISTED_MAX;
        for entry in entries.into_iter().rev().take(PROOFS_MAX) {
            let Some(proof) = self.proof(fingerprint, Some(entry)).await? else {
                let why = format!("it says that entry {entry} certifies this, and has no proof");
                return Ok(Err(lie(why)));
            };
            match held(verifier, fingerprint, entry, &proof) {
                Ok(verified) => shown.certifications.push((verified, proof)),
                Err(rejected) => return Ok(Err(rejected)),
            }
        }
        Ok(Ok(()))
    }
}

impl Shown {
    /// The proof of the newest entry.
    pub fn newest_proof(&self) -> Option<&[u8]> {
        let newest = self.certifications.iter().max_by_key(|(verified, _)| verified.entry());
        newest.map(|(_, proof)| proof.as_slice())
    }
}

fn held(
    verifier: &mut Verifier,
    fingerprint: Fingerprint,
    entry: u64,
    proof: &[u8],
) -> Result<Verified, Rejected> {
    let verified = verifier.verify(&[fingerprint], proof)?;
    let found = verified.entry();
    if found == entry {
        return Ok(verified);
    }
    Err(lie(format!("entry {entry} was asked for, the proof is of {found}")))
}

fn lie(why: String) -> Rejected {
    Rejected::Proof { what: "answer", why }
}
