//! The proofs of one batch. They share all but the document's own path in the list, which we make,
//! and its own status, which only the ledger knows: so it is asked for one proof, and for the
//! statuses of all. A document that has fallen may need the status of one more key: those few are
//! asked for one by one.

use std::collections::HashMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use probant_core::{
    Fingerprint, List, Verified,
    list::Batch,
    proof::{DocumentPath, Proof},
    statement::Body,
    status::{Found, StatusPath},
};

use super::{
    deliver::{Courier, lie},
    standing::Entry,
};
use crate::Error;

/// Proofs of documents that have fallen, asked for at once.
const AT_ONCE: usize = 8;

/// What the proofs of one batch are made of.
pub struct Parts {
    model: Proof,
    /// In the order of the list; none where nothing has ever fallen, and one path is that of all.
    statuses: Vec<StatusPath>,
    /// Of those that have fallen.
    whole: HashMap<Fingerprint, Vec<u8>>,
}

impl Courier {
    /// All that is needed for the proofs of a list, from the verified proof of one of its documents.
    pub async fn parts(
        &self,
        (model, verified): (Proof, Verified),
        list: &List,
        entry: Entry,
    ) -> Result<Parts, Error> {
        if list.count() == 1 || is_of_all(&model.statuses[0]) {
            return Ok(Parts { model, statuses: Vec::new(), whole: HashMap::new() });
        }
        let statuses = self.client.statuses(entry.index, verified.head().height).await?;
        if statuses.len() != list.iter().count() {
            return Err(lie("proof", &"there are more or fewer statuses than documents"));
        }
        let fallen = list.iter().zip(&statuses).filter(|(_, path)| path.status().is_some());
        let fallen: Vec<_> = fallen.map(|(document, _)| document).collect();
        let ask = |document: Fingerprint| async move {
            let proof = self.proof(document, entry.index).await?;
            self.held(document, &proof, entry).map(|_| (document, proof))
        };
        let whole = stream::iter(fallen).map(ask).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Parts { model, statuses, whole })
    }
}

/// A path that leads from every slot to the same root.
fn is_of_all(path: &StatusPath) -> bool {
    path.found == Found::Empty && path.siblings.is_empty()
}

/// Of document, issuer and key; and of the key that was enrolled, if that is another.
fn shared_statuses(model: &Proof) -> usize {
    let issuer = model.statement.issuer();
    let enrolled = model.registry.iter().rev().find_map(|entry| match entry.statement.body() {
        Body::Enroll(enroll) if enroll.id.as_str() == issuer => Some(enroll.key.kid()),
        _ => None,
    });
    if enrolled == Some(model.statement.kid()) { 3 } else { 4 }
}

impl Parts {
    /// The proof of a document of the batch.
    pub fn proof(&self, batch: &Batch, fingerprint: Fingerprint) -> Vec<u8> {
        if let Some(whole) = self.whole.get(&fingerprint) {
            return whole.clone();
        }
        let index = batch.list().position(&fingerprint).expect("a batch is of its own documents");
        let path = batch.path(index);
        let document = DocumentPath { fingerprint, index: index as u64, path };
        let mut proof = Proof { document, ..self.model.clone() };
        if let Some(status) = self.statuses.get(index) {
            proof.statuses[0] = status.clone();
            // What follows is of the falls of the model's document.
            proof.statuses.truncate(shared_statuses(&self.model));
        }
        proof.encode()
    }
}
