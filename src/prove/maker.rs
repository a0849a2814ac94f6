//! The work behind proofs and checkpoints: reading, hashing, verifying. None of it waits for
//! anything but the disk, and none of it belongs on a thread that serves others.

use std::sync::{Arc, Mutex, PoisonError};

use probant_core::{
    Fingerprint, Hash, List, Rejected, Statement, Verifier,
    checkpoint::Checkpoint,
    key::{Kid, Use},
    list::Shape,
    note::Note,
    proof::{Attested, DocumentPath, Proof, ProvenEntry},
    registry::Registry,
    seal::{Receipt, Seal},
    statement::{BlockStatement, Body},
    status::{Account, Certification, Slot, StatusPath, write_paths},
    tree::{self, Frontier},
};

use super::Published;
use crate::{
    Error,
    anchor::Anchors,
    keyring::Keyring,
    lag, receipt,
    store::{Location, Store},
    timestamp,
};

/// Makes proofs and checkpoints over one store.
pub(super) struct Maker {
    pub store: Arc<dyn Store>,
    /// None where this node only answers.
    keys: Option<Arc<Keyring>>,
    /// As many as there were proofs at once; each remembers what proofs share.
    verifiers: Mutex<Vec<Verifier>>,
    /// Time stamps over heads, if there are any.
    pub anchors: Option<Anchors>,
}

impl Maker {
    pub fn new(store: Arc<dyn Store>, keys: Option<Arc<Keyring>>) -> Self {
        Self { store, keys, verifiers: Mutex::default(), anchors: None }
    }

    /// Signs the head of a block, after its root has been computed anew and held to its seal.
    pub fn sign(&self, height: u64, registry: &Registry) -> Result<Published, Error> {
        let span = self.store.span(height)?.ok_or_else(lag::rebuilding)?;
        let statement = self.statement(span.size - 1)?;
        let frontier = Frontier::read(span.size, |nodes| self.store.hashes(nodes))?;
        let root = frontier.root().ok_or_else(lag::rebuilding)?;
        let seal = Seal::decode(&span.seal)?;
        let (block, origin) = (block_of(&statement)?, registry.origin().clone());
        let key = registry.ledger_key_at(Use::Seal, block.first);
        self.trusted(seal.verify(key, &origin, block.time_ms, root))?;
        let checkpoint = Checkpoint { origin, size: span.size, root };
        let signed = |keys: &Arc<Keyring>| {
            // No fault of the asker, nor its business where keys are: it is logged.
            let missing = |why: Error| Error::Stop(why.to_string());
            // Those that whoever verifies a proof of this head looks for.
            let by = registry.note_keys_at(span.size);
            keys.sign(&checkpoint, by, block.time_ms / 1000).map_err(missing)
        };
        let note = self.keys.as_ref().map(signed).transpose()?;
        Ok(Published { note, block, seal, root })
    }

    /// The proof of a document at a place where look-ups found it, under a published head.
    pub fn prove(
        &self,
        fingerprint: Fingerprint,
        location: Location,
        head: &Published,
        registry: &Registry,
    ) -> Result<Vec<u8>, Error> {
        let size = head.block.size;
        let statement = self.statement(location.entry)?;
        let first_receipt =
            receipt::read_first(&*self.store, location.entry)?.ok_or_else(lag::behind)?;
        let lineage = registry.lineage(&statement.kid(), size).into_iter();
        let registered = lineage.map(|entry| self.proven(entry, size));
        let enrolled = self.enrolled(&statement.kid(), registry)?;
        let statuses = self.statuses(fingerprint, &statement, enrolled, head.block.height)?;
        let path = self.store.document_path(location)?;
        let document = DocumentPath { fingerprint, index: location.position.into(), path };
        let receipt = Receipt {
            seal: head.seal.clone(),
            size,
            index: location.entry,
            path: self.path(location.entry, size)?,
        };
        let proof = Proof {
            statement,
            receipt,
            document,
            sealed: self.proven(first_receipt.size - 1, size)?,
            head: self.proven(size - 1, size)?,
            registry: registered.collect::<Result<_, _>>()?,
            first_receipt,
            statuses,
            attested: self.attested(head),
        };
        let bytes = proof.encode();
        self.trusted(self.verify(fingerprint, &bytes, registry))?;
        Ok(bytes)
    }

    /// What became of a certification, as of the block at `height`.
    fn statuses(
        &self,
        document: Fingerprint,
        statement: &Statement,
        enrolled: Kid,
        height: u64,
    ) -> Result<Vec<StatusPath>, Error> {
        let map = self.store.status(height)?.ok_or_else(lag::behind)?;
        let (issuer, kid) = (statement.issuer(), statement.kid());
        let of = Certification { issuer, document: &document, kid, enrolled };
        self.trusted(Account::prove(&map, &*self.store, &of))
    }

    /// The key that the enrollment of a key's issuer brought.
    fn enrolled(&self, kid: &Kid, registry: &Registry) -> Result<Kid, Error> {
        let enrollment = registry.key(kid).ok_or_else(lag::behind)?.enrollment;
        match self.statement(enrollment)?.body() {
            Body::Enroll(enroll) => Ok(enroll.key.kid()),
            _ => Err(lag::rebuilding()),
        }
    }

    /// Of each document of a certifying entry, in the order of its list, what became of it as of the
    /// block at `height`; `None` where there is no such list.
    pub fn statuses_of(&self, entry: u64, height: u64) -> Result<Option<Vec<u8>>, Error> {
        let statement = self.statement(entry)?;
        let Some(certify) = statement.as_certify() else { return Ok(None) };
        let Some(list) = self.store.list(&certify.listed.root)? else { return Ok(None) };
        let list = List::decode(list, Shape::Documents)?;
        let map = self.store.status(height)?.ok_or_else(lag::behind)?;
        let slots = list.iter().map(|document| Slot::document(statement.issuer(), &document));
        let paths = slots.map(|slot| self.trusted(map.prove(&slot, &*self.store)));
        Ok(Some(write_paths(&paths.collect::<Result<Vec<_>, _>>()?)))
    }

    fn verify(
        &self,
        fingerprint: Fingerprint,
        proof: &[u8],
        registry: &Registry,
    ) -> Result<(), Rejected> {
        let held = || self.verifiers.lock().unwrap_or_else(PoisonError::into_inner);
        let verifier = held().pop();
        let mut verifier = verifier.unwrap_or_else(|| Verifier::new(registry.identity()));
        let verified = verifier.verify(&[fingerprint], proof);
        held().push(verifier);
        verified.map(drop)
    }

    fn trusted<T>(&self, checked: Result<T, Rejected>) -> Result<T, Error> {
        lag::trusted(&*self.store, checked)
    }

    fn statement(&self, index: u64) -> Result<Statement, Error> {
        let (entry, _) = self.store.entry(index)?.ok_or_else(lag::behind)?;
        Statement::decode(&entry)
            .map_err(|rejected| Error::Stop(format!("entry {index}: {rejected}")))
    }

    fn proven(&self, index: u64, size: u64) -> Result<ProvenEntry, Error> {
        Ok(ProvenEntry { statement: self.statement(index)?, index, path: self.path(index, size)? })
    }

    fn path(&self, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
        Ok(tree::prove(index, size, |nodes| self.store.hashes(nodes))?)
    }

    /// What others signed of a head. The ledger's own line says no more than its seal, so a note
    /// without another is left out.
    fn attested(&self, head: &Published) -> Attested {
        let cosigned =
            |note: &&String| Note::split(note).is_ok_and(|note| note.lines().flatten().count() > 1);
        let checkpoint = head.note.as_ref().filter(cosigned).cloned();
        Attested { checkpoint, timestamps: self.stamped(head.block.size).into_iter().collect() }
    }

    /// The time stamp over the head of this size. One that cannot be read keeps no proof from anybody.
    fn stamped(&self, size: u64) -> Option<Vec<u8>> {
        let reply = self.anchors.as_ref()?.reply(size);
        let reply = reply.inspect_err(|why| tracing::warn!("anchors: {why}")).ok()??;
        let token = timestamp::token(&reply).map(<[u8]>::to_vec);
        token.inspect_err(|why| tracing::warn!("anchors: {size}.tsr: {why}")).ok()
    }
}

fn block_of(statement: &Statement) -> Result<BlockStatement, Error> {
    statement.as_block().cloned().ok_or_else(lag::rebuilding)
}
