//! Moving a proof to the ledger's present head. The newest proof of the same entry is taken only if
//! it certifies the same, and if the tree under its head grew from the one that the old proof knows:
//! a ledger that shows two histories contradicts itself under its own seals.

use std::collections::HashMap;

use probant_core::{
    Hash, Rejected, Verified, Verifier, proof::Proof, tree::check_consistency,
    trust_policy::TrustPolicy,
};

use super::Client;
use crate::{Error, anchor::Anchored};

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
    /// It has a newer head; with its bytes, and what time stamps over the older one it does without.
    Moved(Box<Held>, Vec<u8>, Vec<Anchored>),
    /// The ledger's newest head is that of the proof.
    Newest,
    /// What the ledger answered cannot be true if the proof is.
    Contradicts(Vec<u8>, Rejected),
}

/// Refreshes proofs of one ledger, and remembers what many of them share.
pub struct Refresher {
    client: Client,
    verifier: Verifier,
    grown: HashMap<(Tree, Tree), Vec<Hash>>,
    policy: Option<TrustPolicy>,
}

impl Refresher {
    /// With the ledger's client, and a verifier that trusts its identity.
    pub fn new(client: Client, verifier: Verifier) -> Self {
        Self { client, verifier, grown: HashMap::new(), policy: None }
    }

    /// By which whoever refreshes judges proofs: a newer one that a quorum cosigned then takes the place
    /// of one that more did. Without it, all have to have who cosigned the older.
    #[must_use]
    pub fn by_policy(self, policy: Option<TrustPolicy>) -> Self {
        Self { policy, ..self }
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
            if old.proof.attested.cosigned() == 0 && new.proof.attested.cosigned() > 0 {
                return Err(Error::busy(
                    "witnesses have not yet cosigned a head as new as that of this proof: it stays as \
                     it is; try again shortly",
                ));
            }
            let (known, shown) = (known.height, shown.height);
            return Err(Error::busy(format!(
                "the ledger shows block {shown}, and this proof knows block {known}: try again; \
                 if it stays so, it has lost blocks, and somebody must look"
            )));
        }
        let grown = match self.grown(old, &new).await? {
            Ok(grown) => grown,
            Err(why) => return Ok(Refreshed::Contradicts(answer, why)),
        };
        if shown.size == known.size && !old.is_less_attested(&new) {
            return Ok(Refreshed::Newest);
        }
        old.check_attested(&new, self.policy.as_ref())?;
        let stamps = old.stamps_beyond(&new, &grown);
        Ok(Refreshed::Moved(Box::new(new), answer, stamps))
    }

    /// A time stamp that lies beside a proof, for the head that the proof has now; none where it is for
    /// that already, or not of the ledger's history. Nobody has verified the stamp here.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn restamp(&self, stamp: &Anchored, held: &Held) -> Result<Option<Anchored>, Error> {
        let is_for_it = |stamp: &Anchored| stamp.stamped(&held.proof).is_ok();
        if is_for_it(stamp) {
            return Ok(None);
        }
        let (one, other) = (stamp.size, held.tree.0);
        let grown = match self.client.consistency(one.min(other), one.max(other)).await {
            Err(Error::No(_)) => return Ok(None),
            answer => answer?,
        };
        Ok(Some(Anchored { grown, ..stamp.clone() }).filter(is_for_it))
    }

    /// The path that shows that the newer one's tree grew from the older one's.
    async fn grown(
        &mut self,
        old: &Held,
        new: &Held,
    ) -> Result<Result<Vec<Hash>, Rejected>, Error> {
        let (known, shown) = (old.verified.head(), new.verified.head());
        if shown.time_ms < known.time_ms {
            return Ok(Err(wrong("head", "its time is before that of the older head")));
        }
        if let Some(path) = self.grown.get(&(old.tree, new.tree)) {
            return Ok(Ok(path.clone()));
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
            self.grown.insert((old.tree, new.tree), path.clone());
        }
        Ok(checked.map(|()| path))
    }
}

impl Held {
    /// Whether more signed the same head by now: witnesses, authorities of time, or the ledger itself by
    /// ML-DSA-44.
    fn is_less_attested(&self, new: &Self) -> bool {
        let [held, shown] = [self, new].map(|held| &held.proof.attested);
        let by_ml_dsa = [self, new].map(|held| held.verified.is_signed_by_ml_dsa());
        shown.count() > held.count() || by_ml_dsa == [false, true]
    }

    /// What witnesses signed is not given away for less; but for a proof that tells of a fall, always.
    fn check_attested(&self, new: &Self, policy: Option<&TrustPolicy>) -> Result<(), Error> {
        let stands_as_before = self.verified.standing() == new.verified.standing();
        let is_enough = policy.map_or_else(
            || self.has_signers_in(new),
            |policy| new.satisfies(policy) || !self.satisfies(policy),
        );
        if is_enough || !stands_as_before {
            return Ok(());
        }
        Err(Error::busy(match policy {
            Some(_) => {
                "this proof satisfies the policy, and the newer one does not: it stays as it is; try \
                 again, and tell the ledger's operator if it stays so"
            }
            None => {
                "not all who signed for this proof, witnesses and the ledger by ML-DSA-44, signed for the \
                 newer one: it stays as it is; try again, or say with --policy who is enough"
            }
        }))
    }

    /// Whether all who signed beside the ledger's Ed25519 key signed the newer one too.
    fn has_signers_in(&self, new: &Self) -> bool {
        let by_ml_dsa = [self, new].map(|held| held.verified.is_signed_by_ml_dsa());
        by_ml_dsa != [true, false] && new.proof.attested.has_cosigners_of(&self.proof.attested)
    }

    fn satisfies(&self, policy: &TrustPolicy) -> bool {
        let judged = self.verified.judge(policy);
        judged
            .is_ok_and(|judged| judged.map_or(!policy.wants_checkpoint(), |judged| judged.quorum()))
    }

    /// The time stamps that the newer proof does without, each with the path of the entry to the head
    /// that it is over, and from there to the newer one's. Nobody has verified them here: who reads them
    /// does.
    fn stamps_beyond(&self, new: &Self, grown: &[Hash]) -> Vec<Anchored> {
        let (receipt, carried) = (&self.proof.receipt, &self.proof.attested.timestamps);
        let anchored = |token: &Vec<u8>| Anchored {
            size: receipt.size,
            path: receipt.path.clone(),
            grown: grown.to_vec(),
            reply: token.clone(),
        };
        let lost = carried.iter().filter(|token| !new.proof.attested.timestamps.contains(token));
        lost.map(anchored).collect()
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
