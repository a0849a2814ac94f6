//! Proof files and checkpoints, put together from look-ups. Making a proof signs nothing: every
//! path leads to the tree of a published checkpoint, under that block's stored seal.
//!
//! A proof is verified here before it is handed out, as a stranger would: what is derived is never
//! believed, and what contradicts the blocks is rebuilt.

use std::{sync::Arc, time::Duration};

use probant_core::{
    Fingerprint, Hash, Rejected, Statement, Verifier,
    checkpoint::Checkpoint,
    key::{Kid, Use},
    proof::{DocumentPath, Proof, ProvenEntry},
    registry::Registry,
    seal::{Receipt, Seal},
    statement::{BlockStatement, Body},
    status::{Slot, Status, StatusPath},
    tree::{self, Frontier},
};
use tokio::sync::Mutex;

use crate::{
    Error,
    clock::SharedClock,
    keyring::Keyring,
    lag, receipt,
    store::{Location, Store},
};

/// A checkpoint is signed at most this often.
const PUBLISH_INTERVAL: Duration = Duration::from_secs(1);

/// A head that has been signed as a checkpoint.
#[derive(Clone, Debug)]
pub struct Published {
    /// The signed note.
    pub note: String,
    /// The head's block.
    pub block: BlockStatement,
    /// Its seal.
    pub seal: Seal,
}

/// Makes proofs and checkpoints over one store.
pub struct Prover {
    store: Arc<dyn Store>,
    keys: Arc<Keyring>,
    clock: SharedClock,
    published: Mutex<Option<(Arc<Published>, Duration)>>,
    verifier: std::sync::Mutex<Option<Verifier>>,
}

impl Prover {
    /// Over a store, with the ledger's note keys.
    pub fn new(store: Arc<dyn Store>, keys: Arc<Keyring>, clock: SharedClock) -> Self {
        let (published, verifier) = (Mutex::new(None), std::sync::Mutex::new(None));
        Self { store, keys, clock, published, verifier }
    }

    /// The newest checkpoint; a new one is signed if the last is a second old and there is a newer
    /// head that look-ups reach.
    ///
    /// # Errors
    /// [`Error::Busy`] while look-ups have not reached block 0; those of the store.
    pub async fn checkpoint(&self, registry: &Registry) -> Result<Arc<Published>, Error> {
        self.checkpoint_beyond(0, registry).await
    }

    /// A checkpoint of more than `index` entries: waits for one where it must.
    async fn checkpoint_beyond(
        &self,
        index: u64,
        registry: &Registry,
    ) -> Result<Arc<Published>, Error> {
        lag::caught_up(&*self.clock, || async {
            self.publish(index, registry).await?.ok_or_else(lag::behind)
        })
        .await
    }

    async fn publish(
        &self,
        index: u64,
        registry: &Registry,
    ) -> Result<Option<Arc<Published>>, Error> {
        let mut held = self.published.lock().await;
        let now = self.clock.elapsed();
        let fresh = |at: &Duration| now.saturating_sub(*at) < PUBLISH_INTERVAL;
        if let Some((published, _)) = held.as_ref().filter(|(_, at)| fresh(at)) {
            return Ok(Some(published.clone()).filter(|p| p.block.size > index));
        }
        let Some(height) = self.store.derived().checked_sub(1) else { return Ok(None) };
        if let Some((published, _)) = held.as_ref().filter(|(p, _)| p.block.height == height) {
            return Ok(Some(published.clone()).filter(|p| p.block.size > index));
        }
        let published = Arc::new(self.sign(height, registry)?);
        *held = Some((published.clone(), now));
        Ok(Some(published).filter(|p| p.block.size > index))
    }

    /// Signs the head of a block, after its root has been computed anew and held to its seal.
    fn sign(&self, height: u64, registry: &Registry) -> Result<Published, Error> {
        let span = self.store.span(height)?.ok_or_else(lag::rebuilding)?;
        let statement = self.statement(span.size - 1)?;
        let frontier = Frontier::read(span.size, |nodes| self.store.hashes(nodes))?;
        let root = frontier.root().ok_or_else(lag::rebuilding)?;
        let seal = Seal::decode(&span.seal)?;
        let (block, origin) = (block_of(&statement)?, registry.origin().clone());
        let key = registry.ledger_key_at(Use::Seal, block.first);
        self.trusted(seal.verify(key, &origin, block.time_ms, root))?;
        let note_key = self.keys.get(Use::Note, registry.ledger_key(Use::Note).kid())?;
        let note = Checkpoint { origin, size: span.size, root }.sign(&note_key);
        Ok(Published { note, block, seal })
    }

    /// The proof file of a document at a place where look-ups found it.
    ///
    /// # Errors
    /// [`Error::Busy`] while look-ups lag.
    pub async fn prove(
        &self,
        fingerprint: Fingerprint,
        location: Location,
        registry: &Registry,
    ) -> Result<Vec<u8>, Error> {
        let head = self.checkpoint_beyond(location.entry, registry).await?;
        let statement = self.statement(location.entry)?;
        let size = head.block.size;
        let first_receipt =
            receipt::read_first(&*self.store, location.entry)?.ok_or_else(lag::behind)?;
        let lineage = registry.lineage(&statement.kid(), size).into_iter();
        let registered = lineage.map(|entry| self.proven(entry, size));
        let statuses = self.statuses(fingerprint, &statement, head.block.height, registry)?;
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
        };
        let bytes = proof.encode();
        self.trusted(self.verify(fingerprint, &bytes, registry))?;
        Ok(bytes)
    }

    /// What became of a certification, as of the block at `height`: of the document, its issuer and
    /// the key; of the key that the enrollment brought, and the one that felled the document, where
    /// they are others.
    fn statuses(
        &self,
        fingerprint: Fingerprint,
        statement: &Statement,
        height: u64,
        registry: &Registry,
    ) -> Result<Vec<StatusPath>, Error> {
        let map = self.store.status(height)?.ok_or_else(lag::behind)?;
        let prove = |slot: Slot| self.trusted(map.prove(&slot, &*self.store));
        let (issuer, kid) = (statement.issuer(), statement.kid());
        let document = prove(Slot::document(issuer, &fingerprint))?;
        let felled_by = match document.status() {
            Some(Status::Document(fall)) => Some(fall.kid),
            _ => None,
        };
        let mut keys = vec![kid];
        for other in [self.enrolled(&kid, registry)?, felled_by].into_iter().flatten() {
            if !keys.contains(&other) {
                keys.push(other);
            }
        }
        let mut statuses = vec![document, prove(Slot::issuer(issuer))?];
        for kid in keys {
            statuses.push(prove(Slot::key(issuer, &kid))?);
        }
        Ok(statuses)
    }

    /// The key that the enrollment of a key's issuer brought.
    fn enrolled(&self, kid: &Kid, registry: &Registry) -> Result<Option<Kid>, Error> {
        let Some(signer) = registry.key(kid) else { return Ok(None) };
        let enrollment = self.statement(signer.enrollment)?;
        Ok(match enrollment.body() {
            Body::Enroll(enroll) => Some(enroll.key.kid()),
            _ => None,
        })
    }

    fn verify(
        &self,
        fingerprint: Fingerprint,
        proof: &[u8],
        registry: &Registry,
    ) -> Result<(), Rejected> {
        let held = self.verifier.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let mut verifier = held.unwrap_or_else(|| Verifier::new(registry.identity()));
        let verified = verifier.verify(&[fingerprint], proof);
        *self.verifier.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(verifier);
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
}

fn block_of(statement: &Statement) -> Result<BlockStatement, Error> {
    statement.as_block().cloned().ok_or_else(lag::rebuilding)
}
