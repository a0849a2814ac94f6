//! From a spooled batch to a proof beside each document: submit, ask for one proof, verify it,
//! make the others from it (they differ in the document's own path alone), verify each of them as
//! a stranger would, write it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use probant_core::{
    Fingerprint, LedgerId,
    list::Batch,
    proof::{DocumentPath, Proof},
};
use rayon::prelude::*;
use tokio::sync::mpsc;

use super::{
    batches::Documents,
    crew::Crew,
    progress::Progress,
    spool::{Spool, Spooled},
};
use crate::{
    Error,
    client::{Accepted, Client},
    document,
    store::durable,
};

/// Carries batches to the ledger, and proofs back.
#[derive(Clone)]
pub struct Courier {
    pub client: Client,
    pub crew: Arc<Crew>,
    pub spool: Arc<Spool>,
    pub progress: Arc<Progress>,
    pub ledger: LedgerId,
}

impl Courier {
    /// Hands over the batches that earlier runs left. Documents that are gone or have changed
    /// since get no proof from them.
    pub fn resume(&self, sender: &mpsc::Sender<Spooled>) -> Result<(), Error> {
        for file in self.spool.waiting()? {
            let name = file.clone();
            // Their numbers are never asked for: what they certify is found by its proofs.
            let mut spooled = self.spool.read(usize::MAX, file)?;
            if spooled.statement.audience() != Some(&self.ledger.audience()) {
                self.progress.spool(&name, "waits for another ledger: left alone");
                continue;
            }
            self.crew.run(|| keep_unchanged(&mut spooled.documents));
            self.progress.resumed(spooled.documents.values().map(Vec::len).sum());
            if sender.blocking_send(spooled).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Submits a batch and writes its proofs; gives its entry.
    pub async fn deliver(&self, spooled: Spooled) -> Result<u64, Error> {
        let submitted = self.client.submit(&spooled.statement, Some(&spooled.list)).await;
        let accepted = match submitted {
            Ok(accepted) => accepted,
            Err(error) => {
                // The ledger's own refusal: this statement is no entry, and will not become one.
                // After anything else it may be one, and has to be sent again.
                if matches!(error, Error::Input(_)) {
                    let aside = spooled.put_aside()?;
                    self.progress.spool(&aside, "was refused: kept for you to look at");
                }
                return Err(error);
            }
        };
        let courier = self.clone();
        let first = spooled.list.iter().next().expect("a list is not empty");
        let proof = self.proof(first, accepted.index).await?;
        let write = move || courier.write_all(&spooled, &accepted, first, &proof);
        super::joined(tokio::task::spawn_blocking(write).await)
    }

    /// Writes the proof of a document that another entry certified beside further copies of it.
    pub async fn copy(
        &self,
        fingerprint: Fingerprint,
        entry: u64,
        paths: Vec<PathBuf>,
    ) -> Result<(), Error> {
        let proof = self.proof(fingerprint, entry).await?;
        self.crew.verify(fingerprint, &proof).map_err(|r| lie(r.code(), &r))?;
        let written = paths.iter().filter(|path| self.write(path, &proof).is_some()).count();
        sync_folders(&paths)?;
        self.progress.certified(entry, written, false);
        Ok(())
    }

    async fn proof(&self, fingerprint: Fingerprint, entry: u64) -> Result<Vec<u8>, Error> {
        self.client.proof(fingerprint, Some(entry)).await?.ok_or_else(|| {
            lie("proof", &format!("entry {entry} certifies {fingerprint}, and it has no proof"))
        })
    }

    /// A crash in here leaves some proofs and the spooled batch: the next run writes all of them
    /// again, the same up to their head.
    fn write_all(
        &self,
        spooled: &Spooled,
        accepted: &Accepted,
        first: Fingerprint,
        proof: &[u8],
    ) -> Result<u64, Error> {
        let verified = self.crew.verify(first, proof).map_err(|r| lie(r.code(), &r))?;
        let model = Proof::decode(proof).map_err(|r| lie(r.code(), &r))?;
        let entry = accepted.index;
        if verified.entry() != entry || model.statement.leaf() != spooled.statement.leaf() {
            return Err(lie("proof", &format!("it is not that of entry {entry}")));
        }
        if model.first_receipt.encode() != accepted.receipt_bytes {
            return Err(lie("proof", &"its first receipt is not the one that was given"));
        }
        let batch = Batch::new(spooled.list.clone());
        let documents: Vec<_> = spooled.documents.iter().collect();
        let one = |(fingerprint, paths): &(&Fingerprint, &Vec<PathBuf>)| {
            self.write_one(&model, &batch, **fingerprint, paths)
        };
        let written =
            self.crew.run(|| documents.par_iter().map(one).sum::<Result<Written, _>>())?;
        sync_folders(spooled.documents.values().flatten())?;
        if written.failed == 0 {
            spooled.forget()?;
        }
        self.progress.certified(entry, written.count, true);
        Ok(entry)
    }

    fn write_one(
        &self,
        model: &Proof,
        batch: &Batch,
        fingerprint: Fingerprint,
        paths: &[PathBuf],
    ) -> Result<Written, Error> {
        let missing = || lie("spool", &format!("{fingerprint} is not in the list of its batch"));
        let index = batch.list().position(&fingerprint).ok_or_else(missing)?;
        let path = batch.path(index);
        let document = DocumentPath { fingerprint, index: index as u64, path };
        let bytes = Proof { document, ..model.clone() }.encode();
        self.crew.verify(fingerprint, &bytes).map_err(|r| lie(r.code(), &r))?;
        let written = paths.iter().map(|path| self.write(path, &bytes));
        Ok(written.fold(Written::default(), |mut sum, one| {
            match one {
                Some(()) => sum.count += 1,
                None => sum.failed += 1,
            }
            sum
        }))
    }

    /// Puts a proof beside its document; says so if that fails.
    fn write(&self, document: &Path, proof: &[u8]) -> Option<()> {
        let path = document::proof_path(document);
        // Its name is made durable with the others of its folder, before the batch is forgotten.
        match durable::place_file(&path, proof, 0o644) {
            Ok(()) => Some(()),
            Err(error) => {
                self.progress.fail(document, &error.to_string());
                None
            }
        }
    }
}

/// Proofs of one batch, by how writing them went.
#[derive(Default)]
struct Written {
    count: usize,
    failed: usize,
}

impl std::iter::Sum for Written {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |a, b| Self {
            count: a.count + b.count,
            failed: a.failed + b.failed,
        })
    }
}

/// Leaves the files whose bytes are still those that were signed for.
fn keep_unchanged(documents: &mut Documents) {
    let kept = std::mem::take(documents).into_par_iter().filter_map(|(fingerprint, paths)| {
        let same = |path: &PathBuf| {
            document::fingerprint(path, fingerprint.algorithm()).is_ok_and(|f| f == fingerprint)
        };
        let paths: Vec<_> = paths.into_iter().filter(same).collect();
        (!paths.is_empty()).then_some((fingerprint, paths))
    });
    *documents = kept.collect();
}

fn sync_folders<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Result<(), Error> {
    let folders: BTreeSet<_> = paths.into_iter().filter_map(|path| path.parent()).collect();
    let mut existing = folders.into_iter().filter(|folder| folder.is_dir());
    existing.try_for_each(durable::sync_dir).map_err(Error::from)
}

fn lie(code: &str, why: &dyn std::fmt::Display) -> Error {
    Error::Stop(format!("the ledger's proof does not hold: {code}: {why}"))
}
