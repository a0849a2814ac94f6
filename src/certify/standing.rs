//! How a document stands: new, done, or not to be touched. It is done if the proof beside it
//! verifies for its bytes, this issuer and this ledger; nothing else is remembered from one run to
//! the next.

use std::{collections::HashMap, io, path::Path, sync::Arc};

use probant_core::{
    Algorithm, Fingerprint, Hash, Rejected, Verified,
    key::Kid,
    proof::{PROOF_BYTES_MAX, Proof},
    status,
};

use super::crew::Crew;
use crate::{document, planted};

/// How a file stands with what is beside it.
pub enum Standing {
    /// It has no proof, one of bytes that it had before, or one that fell with its key.
    New(Fingerprint),
    /// It has its proof, of a certification that stands or not.
    Done(Fingerprint, Entry, status::Standing),
    /// What is beside it is not ours to replace: why, and what to do.
    LeftAlone(String),
}

/// One of our entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    pub index: u64,
    /// What we signed: two statements cannot share it.
    pub leaf: Hash,
}

/// Keys of the issuer whose word counts as never said, each with the time from which on. It is the
/// ledger's word: where it is false, a document is certified once more, or stays distrusted.
pub type Voided = HashMap<String, u64>;

/// Whose proofs count.
pub struct Judge {
    pub algorithm: Algorithm,
    pub issuer: String,
    /// The key that certifies now.
    pub kid: Kid,
    pub voided: Voided,
    pub crew: Arc<Crew>,
}

impl Judge {
    /// Hashes a file once: by the hash of the proof beside it, where that decides, else by ours.
    pub fn standing(&self, document: &Path) -> io::Result<Standing> {
        let path = document::proof_path(document);
        let left_alone = |why: String| {
            let path = path.display();
            Ok(Standing::LeftAlone(format!("{path} is left alone: {why}; move it away")))
        };
        let bytes = match planted::read(&path, PROOF_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Standing::New(document::fingerprint(document, self.algorithm)?));
            }
            Err(error) => return left_alone(error.to_string()),
        };
        let proof = match Proof::decode(&bytes) {
            Ok(proof) => proof,
            Err(rejected) => return left_alone(format!("it is no proof ({rejected})")),
        };
        let proven = proof.document.fingerprint.algorithm();
        let fingerprint = document::fingerprint(document, proven)?;
        match self.crew.verify(fingerprint, &bytes) {
            Ok(verified) if self.is_to_be_said_again(&verified) => {
                Ok(Standing::New(document::fingerprint(document, self.algorithm)?))
            }
            Ok(verified) if verified.issuer() == self.issuer => {
                let entry = Entry { index: verified.entry(), leaf: proof.statement.leaf() };
                Ok(Standing::Done(fingerprint, entry, verified.standing().clone()))
            }
            Ok(verified) => left_alone(format!("it is by {}", verified.issuer())),
            // The document was changed after it was certified: that proof is of other bytes.
            Err(Rejected::Document { .. }) if proven == self.algorithm => {
                Ok(Standing::New(fingerprint))
            }
            Err(Rejected::Document { .. }) => {
                Ok(Standing::New(document::fingerprint(document, self.algorithm)?))
            }
            Err(rejected) => left_alone(format!("it does not verify ({rejected})")),
        }
    }

    /// Whether this is a certification of ours that fell with its key, and the key is not the one
    /// that certifies now. The proof may be older than that fall.
    fn is_to_be_said_again(&self, verified: &Verified) -> bool {
        let is_distrusted = matches!(verified.standing(), status::Standing::Distrusted(_))
            || self
                .voided
                .get(&verified.kid().to_string())
                .is_some_and(|from_ms| *from_ms <= verified.sealed().time_ms);
        is_distrusted && verified.issuer() == self.issuer && verified.kid() != self.kid
    }
}
