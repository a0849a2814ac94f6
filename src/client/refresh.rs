//! Moving a proof to the ledger's present head. The newest proof of the same entry is taken only if
//! it certifies the same, and if the tree under its head grew from the one that the old proof knows:
//! a ledger that shows two histories contradicts itself under its own seals.

use std::collections::HashSet;

use probant_core::{Hash, Rejected, Verified, Verifier, proof::Proof, tree::check_consistency};

use super::Client;
use crate::Error;

/// Number of entries, and root.
type Tree = (u64, Hash);

/// A proof that verifies.
pub struct Held {
    /// What it says.
    pub verified: Verified,
    proof: Proof,
    tree: Tree,
}

/// What came of asking for a newer one.
pub enum Refreshed {
    /// It has a newer head; with its bytes.
    Moved(Box<Held>, Vec<u8>),
    /// The ledger's newest head is that of the proof.
    Newest,
    /// What the ledger answered cannot be true if the proof is.
    Contradicts(Vec<u8>, Rejected),
}

/// Refreshes proofs of one ledger, and remembers what many of them share.
pub struct Refresher {
    client: Client,
    verifier: Verifier,
    grown: HashSet<(Tree, Tree)>,
}

impl Refresher {
    /// With the ledger's client, and a verifier that trusts its identity.
    pub fn new(client: Client, verifier: Verifier) -> Self {
        Self { client, verifier, grown: HashSet::new() }
    }

    /// Verifies a proof of whatever document it names.
    ///
    /// # Errors
    /// The [`Rejected`] of the first step that fails.
    pub fn hold(&mut self, bytes: &[u8]) -> Result<Held, Rejected> {
        let proof = Proof::decode(bytes)?;
        let verified = self.verifier.verify(&[proof.document.fingerprint], bytes)?;
        let tree = (proof.receipt.size, proof.receipt.root(proof.statement.leaf())?);
        Ok(Held { verified, proof, tree })
    }

    /// Asks for the newest proof of the same certification.
    ///
    /// # Errors
    /// Those of every request; [`Error::Busy`] for a ledger that is behind the proof;
    /// [`Error::Stop`] for one that does not know the entry any more. A contradiction is none.
    pub async fn refresh(&mut self, old: &Held) -> Result<Refreshed, Error> {
        let (document, entry) = (old.verified.fingerprint(), old.verified.entry());
        let Some(answer) = self.client.proof(document, Some(entry)).await? else {
            let why = format!("the ledger has no proof of entry {entry}, which it has sealed");
            return Err(Error::Stop(why));
        };
        let new = match self.hold(&answer).and_then(|new| old.check_same(&new).map(|()| new)) {
            Ok(new) => new,
            Err(why) => return Ok(Refreshed::Contradicts(answer, why)),
        };
        let (known, shown) = (old.verified.head(), new.verified.head());
        if shown.size < known.size {
            let (known, shown) = (known.height, shown.height);
            return Err(Error::busy(format!(
                "the ledger shows block {shown}, and this proof knows block {known}: try again; \
                 if it stays so, it has lost blocks, and somebody must look"
            )));
        }
        if let Err(why) = self.check_grown(old, &new).await? {
            return Ok(Refreshed::Contradicts(answer, why));
        }
        let more = old.more_attested(&new)?;
        if shown.size == known.size && !more {
            return Ok(Refreshed::Newest);
        }
        Ok(Refreshed::Moved(Box::new(new), answer))
    }

    async fn check_grown(&mut self, old: &Held, new: &Held) -> Result<Result<(), Rejected>, Error> {
        let (known, shown) = (old.verified.head(), new.verified.head());
        if shown.time_ms < known.time_ms {
            return Ok(Err(wrong("head", "its time is before that of the older head")));
        }
        if self.grown.contains(&(old.tree, new.tree)) {
            return Ok(Ok(()));
        }
        let path = if shown.size == known.size {
            Vec::new()
        } else {
            match self.client.consistency(known.size, shown.size).await {
                Ok(path) => path,
                // It has just shown a tree of so many entries.
                Err(Error::No(why)) => return Ok(Err(wrong("consistency", &why))),
                Err(error) => return Err(error),
            }
        };
        let checked = check_consistency(old.tree, new.tree, &path);
        if checked.is_ok() {
            self.grown.insert((old.tree, new.tree));
        }
        Ok(checked)
    }
}

impl Held {
    /// Whether more signed the newer head: witnesses, authorities of time, or the ledger itself by
    /// ML-DSA-44. What witnesses signed is
    /// not given away for what none of them has seen; heads with a time stamp are few, and that stamp
    /// stays with the ledger.
    fn more_attested(&self, new: &Self) -> Result<bool, Error> {
        let [held, shown] = [self, new].map(|held| &held.proof.attested);
        if held.cosigned() > 0 && shown.cosigned() == 0 {
            return Err(Error::busy(
                "witnesses cosigned this proof, and none the ledger's newest head: it stays as it \
                 is; try again, and tell the ledger's operator if it stays so",
            ));
        }
        let by_ml_dsa = [self, new].map(|held| held.verified.is_signed_by_ml_dsa());
        Ok(shown.count() > held.count() || by_ml_dsa == [false, true])
    }

    /// An entry, and the receipt first given for it, are what they are for ever.
    fn check_same(&self, new: &Self) -> Result<(), Rejected> {
        let (entry, found) = (self.verified.entry(), new.verified.entry());
        if found != entry {
            let why = format!("entry {entry} was asked for, the proof is of {found}");
            return Err(wrong("answer", &why));
        }
        if new.proof.statement.leaf() != self.proof.statement.leaf() {
            return Err(wrong("statement", &format!("entry {entry} is another statement there")));
        }
        if new.proof.first_receipt.encode() != self.proof.first_receipt.encode() {
            return Err(wrong("first receipt", "it is not the one that was given"));
        }
        Ok(())
    }
}

fn wrong(what: &'static str, why: &str) -> Rejected {
    Rejected::Proof { what, why: why.into() }
}
