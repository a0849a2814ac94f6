//! The one verification of a proof (format.md 11.3, step by step): it yields a [`Verified`],
//! which nothing else can make, or the step that failed.
//!
//! It says whether the certification stood as of the proof's head. What it cannot say: what came
//! after, and whether there are others. Without a pinned head or witnesses, a proof is as good as
//! the weakest seal key that the ledger ever had.

mod steps;
mod verified;

use std::{collections::HashSet, sync::Arc};

use crate::{
    Fingerprint, Hash, Identity, Rejected, chain,
    checkpoint::{Checkpoint, NoteKeys, Opened, ml_dsa_verifier_key, verifier_key},
    key::{Kid, Use},
    ml_dsa,
    proof::{Attested, Proof, ProvenEntry},
    registry::Registry,
    seal::Receipt,
    statement::{BlockStatement, Statement},
    status::{Account, Certification},
    tree::leaf_hash,
};

pub use verified::Verified;

use steps::{check_checkpoint, check_document, check_paths};
use verified::SignedHead;

/// Checked seals and block statements remembered by one verifier; then it starts anew.
const CHECKED_COUNT_MAX: usize = 4096;

/// A registry, and the entries that it was made from.
type Followed = (Vec<(u64, Hash)>, Arc<Registry>);

/// A note, and the keys by which it was opened.
type NoteName = (Hash, Kid, Option<Kid>);

/// Verifies proofs of one ledger, and remembers what many of them share.
#[derive(Clone, Debug)]
pub struct Verifier {
    identity: Identity,
    registry: Option<Followed>,
    checked: HashSet<Hash>,
    opened: Option<(NoteName, Opened)>,
}

impl Verifier {
    /// A verifier that trusts this ledger's identity and nothing else.
    pub fn new(identity: Identity) -> Self {
        Self { identity, registry: None, checked: HashSet::new(), opened: None }
    }

    /// The ledger that it trusts.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Verifies that the document with one of these fingerprints was certified.
    ///
    /// # Errors
    /// The [`Rejected`] of the first step that fails.
    pub fn verify(&mut self, document: &[Fingerprint], proof: &[u8]) -> Result<Verified, Rejected> {
        // 1. The bytes have the one form.
        let proof = Proof::decode(proof)?;
        // 2. The proof is of this document, and the document is in the issuer's list.
        let media_type = check_document(document, &proof)?;
        // 3. The registry begins with the genesis that the identity names; it knows the issuer.
        let registry = self.registry(&proof.registry)?;
        // 4. The issuer signed the statement, and may.
        let signer = registry.speaker(&proof.statement)?;
        if signer.added.entry >= proof.receipt.index {
            let why = format!("its key came after it, with entry {}", signer.added.entry);
            return Err(Rejected::Proof { what: "statement", why });
        }
        proof.statement.verify(&signer.key)?;
        // 5. The receipt leads to a root, which the head's block statement and seal vouch for.
        let root = proof.receipt.root(proof.statement.leaf())?;
        let head = self.check_head(&registry, &proof, root)?;
        // 6. Every other entry of the proof leads to the same root.
        check_paths(&proof, root)?;
        // 7. The block that sealed the statement holds it, and says when.
        let sealed = self.check_sealed(&registry, &proof, &head)?;
        // 8. The first receipt is a true one of that block.
        self.check_first_receipt(&registry, &proof, &sealed)?;
        // 9. What became of it is in the map whose root the head's block statement names.
        let issuer = registry.issuer(&signer.owner).expect("an issuer key has an issuer");
        let account = Account::verify(
            &proof.statuses,
            head.status,
            &Certification {
                issuer: &signer.owner,
                document: &proof.document.fingerprint,
                kid: proof.statement.kid(),
                enrolled: issuer.keys[0],
            },
        )?;
        // 10. What the proof carries of others is of this head.
        let checkpoint = Checkpoint { origin: registry.origin().clone(), size: head.size, root };
        let note_keys = registry.note_keys_at(head.size);
        let opened = self.open(&proof.attested, &checkpoint, note_keys)?;
        Ok(Verified {
            fingerprint: proof.document.fingerprint,
            identity: self.identity.clone(),
            issuer: signer.owner.clone(),
            record: issuer.record.clone(),
            media_type,
            entry: proof.receipt.index,
            list_count: proof.statement.documents(),
            standing: account.standing(sealed.time_ms),
            account,
            sealed,
            head,
            kid: proof.statement.kid(),
            signed_head: Box::new(SignedHead {
                note_key: verifier_key(&checkpoint.origin, note_keys.ed25519),
                ml_dsa_note_key: note_keys
                    .ml_dsa
                    .map(|key| ml_dsa_verifier_key(&checkpoint.origin, key)),
                ml_dsa: opened.is_some_and(|opened| opened.is_signed_by_ml_dsa()),
                checkpoint,
                attested: proof.attested,
            }),
        })
    }

    /// Who signs on this ledger, as far as the proof tells.
    fn registry(&mut self, entries: &[ProvenEntry]) -> Result<Arc<Registry>, Rejected> {
        let names: Vec<_> = entries.iter().map(|e| (e.index, e.statement.leaf())).collect();
        if let Some((known, registry)) = &self.registry
            && *known == names
        {
            return Ok(registry.clone());
        }
        let entries: Vec<_> = entries.iter().map(|e| (e.index, &e.statement)).collect();
        let registry = Arc::new(Registry::from_lineage(&self.identity, &entries)?);
        self.registry = Some((names, registry.clone()));
        Ok(registry)
    }

    /// The head: its block statement is the last entry of the tree that the seal covers.
    fn check_head(
        &mut self,
        registry: &Registry,
        proof: &Proof,
        root: Hash,
    ) -> Result<BlockStatement, Rejected> {
        let head = self.block_statement("head", registry, &proof.head)?;
        if head.size != proof.receipt.size || head.height != proof.receipt.seal.height() {
            let why = format!(
                "block {} has {} entries, the receipt is of block {} with {}",
                head.height,
                head.size,
                proof.receipt.seal.height(),
                proof.receipt.size
            );
            return Err(Rejected::Proof { what: "head", why });
        }
        self.check_seal(registry, &proof.receipt, &head, root)?;
        Ok(head)
    }

    fn check_sealed(
        &mut self,
        registry: &Registry,
        proof: &Proof,
        head: &BlockStatement,
    ) -> Result<BlockStatement, Rejected> {
        let sealed = self.block_statement("sealed", registry, &proof.sealed)?;
        let index = proof.receipt.index;
        let refuse = |why| Err(Rejected::Proof { what: "sealed", why });
        if index < sealed.first || index >= sealed.size - 1 {
            let (first, last) = (sealed.first, sealed.size - 1);
            return refuse(format!("entry {index} is not among {first} to {last} of its block"));
        }
        let newer =
            sealed.height > head.height || sealed.size > head.size || sealed.time_ms > head.time_ms;
        if newer {
            return refuse("it is newer than the head".into());
        }
        Registry::check_time(&proof.statement, sealed.time_ms)?;
        Ok(sealed)
    }

    fn check_first_receipt(
        &mut self,
        registry: &Registry,
        proof: &Proof,
        sealed: &BlockStatement,
    ) -> Result<(), Rejected> {
        let first = &proof.first_receipt;
        let found = (first.seal.height(), first.size, first.index);
        if found != (sealed.height, sealed.size, proof.receipt.index) {
            let why = format!("it is of (block, size, index) {found:?}");
            return Err(Rejected::Proof { what: "first receipt", why });
        }
        let root = first.root(proof.statement.leaf())?;
        self.check_seal(registry, first, sealed, root)
    }

    /// A block statement that the ledger signed and that stands at the end of its block.
    fn block_statement(
        &mut self,
        what: &'static str,
        registry: &Registry,
        entry: &ProvenEntry,
    ) -> Result<BlockStatement, Rejected> {
        let refuse = |why: &str| Rejected::Proof { what, why: why.into() };
        let statement: &Statement = &entry.statement;
        let header = statement.as_block().ok_or_else(|| refuse("it is no block statement"))?;
        if header.size.checked_sub(1) != Some(entry.index) || header.first > entry.index {
            return Err(refuse("it is not the last entry of the block that it describes"));
        }
        chain::check_iat(statement, header)?;
        let key = registry.ledger_key_at(Use::Seal, header.first);
        if registry.speaker(statement)?.key.as_ed25519() != Some(key) {
            return Err(refuse("its key was not the one that sealed at that height"));
        }
        self.once(statement.leaf(), || statement.verify(key))?;
        Ok(header.clone())
    }

    fn check_seal(
        &mut self,
        registry: &Registry,
        receipt: &Receipt,
        block: &BlockStatement,
        root: Hash,
    ) -> Result<(), Rejected> {
        let (seal, time_ms) = (&receipt.seal, block.time_ms);
        let preimage = [&root.0, time_ms.to_be_bytes().as_slice(), &seal.encode()].concat();
        let (key, origin) = (registry.ledger_key_at(Use::Seal, block.first), registry.origin());
        self.once(leaf_hash(&preimage), || seal.verify(key, origin, time_ms, root))
    }

    /// The checkpoint that a proof carries. That of the proof before is remembered: those of a batch
    /// have the same.
    fn open(
        &mut self,
        attested: &Attested,
        head: &Checkpoint,
        keys: NoteKeys<'_>,
    ) -> Result<Option<Opened>, Rejected> {
        let Some(note) = &attested.checkpoint else { return Ok(None) };
        let ml_dsa = keys.ml_dsa.map(ml_dsa::PublicKey::kid);
        let name = (leaf_hash(note.as_bytes()), keys.ed25519.kid(), ml_dsa);
        let known = self.opened.take().filter(|(known, _)| *known == name);
        let opened = match known {
            Some((_, opened)) => opened,
            None => Checkpoint::open_by(note, &head.origin, keys)?,
        };
        self.opened = Some((name, opened.clone()));
        check_checkpoint(opened.checkpoint(), head)?;
        Ok(Some(opened))
    }

    /// Runs a check unless exactly the same one has passed before.
    fn once(
        &mut self,
        name: Hash,
        check: impl FnOnce() -> Result<(), Rejected>,
    ) -> Result<(), Rejected> {
        if self.checked.contains(&name) {
            return Ok(());
        }
        check()?;
        if self.checked.len() >= CHECKED_COUNT_MAX {
            self.checked.clear();
        }
        self.checked.insert(name);
        Ok(())
    }
}
