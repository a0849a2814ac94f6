//! The proof in C2SP's form (format.md 11.5; c2sp.org/tlog-proof): that an entry is in the tree of a
//! cosigned checkpoint, for tools that know nothing of this ledger.
//!
//! It says nothing of documents, issuers and statuses: [`crate::proof`] does.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Hash, Rejected,
    checkpoint::Checkpoint,
    note::NOTE_BYTES_MAX,
    proof::Proof,
    tree::{PATH_MAX, leaf_hash, root_from_path},
    trust_policy::{Judged, TrustPolicy},
    verifier_key::VerifierKey,
};

/// Longest proof that is read: an entry, 64 hashes and a note.
pub const TLOG_PROOF_BYTES_MAX: usize = 1 << 18;
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof of the right shape, of which nothing has been verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlogProof {
    /// Signed by nobody; of this ledger, the entry.
    pub extra: Option<Vec<u8>>,
    /// Of the entry, from 0.
    pub index: u64,
    /// From its leaf to the root.
    pub path: Vec<Hash>,
    /// The checkpoint, as it came.
    pub note: String,
}

impl TlogProof {
    /// The certifying entry of a proof, under `note`, which has to be of its head, or else under the
    /// checkpoint that it carries.
    ///
    /// # Errors
    /// [`Rejected::Proof`] where there is no checkpoint, or one of another tree; the refusals of
    /// notes and paths. No signature is verified.
    pub fn of(proof: &Proof, note: Option<&str>) -> Result<Self, Rejected> {
        let note = note.or(proof.attested.checkpoint.as_deref());
        let note = note.ok_or_else(|| refuse("the proof carries no checkpoint"))?;
        let extra = Some(proof.statement.entry().to_vec());
        let (index, path) = (proof.receipt.index, proof.receipt.path.clone());
        let made = Self { extra, index, path, note: note.to_owned() };
        made.check(proof.statement.leaf())?;
        Ok(made)
    }

    /// Verifies that an entry is in the tree of the checkpoint, and what that is worth by a policy;
    /// `log` is the ledger's key, where the policy lists none.
    ///
    /// # Errors
    /// Those of [`TrustPolicy::judge`] and of paths. That no quorum signed is no error here.
    pub fn verify<'p>(
        &self,
        entry: &[u8],
        policy: &'p TrustPolicy,
        log: Option<&VerifierKey>,
    ) -> Result<Judged<'p>, Rejected> {
        let judged = policy.judge(&self.note, log)?;
        self.check(leaf_hash(entry))?;
        Ok(judged)
    }

    fn check(&self, leaf: Hash) -> Result<(), Rejected> {
        const WHAT: &str = "tlog-proof";
        let Checkpoint { size, root, .. } = Checkpoint::unverified(&self.note)?;
        let found = root_from_path(WHAT, leaf, self.index, size, &self.path)?;
        if found == root {
            return Ok(());
        }
        let (found, expected) = (found.to_string(), root.to_string());
        Err(Rejected::PathRoot { what: WHAT, found, expected })
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash.0))?;
        }
        write!(f, "\n{}", self.note)
    }
}

impl FromStr for TlogProof {
    type Err = Rejected;

    /// Takes a proof in its one spelling.
    fn from_str(text: &str) -> Result<Self, Rejected> {
        if text.len() > TLOG_PROOF_BYTES_MAX {
            let (what, limit, value) = ("tlog-proof", TLOG_PROOF_BYTES_MAX, text.len());
            return Err(Rejected::TooLarge { what, limit, value });
        }
        // The first empty line ends the hashes: a note may have more of them.
        let (head, note) =
            text.split_once("\n\n").ok_or_else(|| refuse("no empty line before its checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(refuse("its first line is not c2sp.org/tlog-proof@v1"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| read_base64(&line["extra ".len()..])).transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index
            .and_then(|text| text.parse().ok().filter(|index: &u64| index.to_string() == text));
        let index = index.ok_or_else(|| refuse("no line 'index' with a number in its one form"))?;
        let hash = |line: &str| {
            let bytes: Result<[u8; 32], _> = read_base64(line)?.try_into();
            bytes.map(Hash).map_err(|_| refuse("a hash has 32 bytes"))
        };
        let path: Vec<_> = lines.map(hash).collect::<Result<_, _>>()?;
        if path.len() > PATH_MAX {
            return Err(refuse("more than 64 hashes"));
        }
        if note.len() > NOTE_BYTES_MAX {
            return Err(refuse("its checkpoint is longer than 65,536 bytes"));
        }
        Ok(Self { extra, index, path, note: note.to_owned() })
    }
}

/// One byte or more.
fn read_base64(text: &str) -> Result<Vec<u8>, Rejected> {
    let bytes = STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty());
    bytes.ok_or_else(|| refuse("a line that is not base64"))
}

fn refuse(why: &str) -> Rejected {
    Rejected::Proof { what: "tlog-proof", why: why.into() }
}
