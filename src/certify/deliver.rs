//! From a spooled batch to a proof beside each document: submit, ask for one proof and for the
//! statuses of all, make the others from them, verify each as a stranger would, write it.

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use probant_core::{Fingerprint, Verified, list::Batch, proof::Proof, status};
use rayon::prelude::*;
use tokio::sync::mpsc;

use super::{
    batches::{Documents, Signer},
    progress::Progress,
    proofs::Parts,
    spool::{Spool, Spooled},
    standing::{Entry, Judge, Standing},
};
use crate::{
    Error,
    client::{Client, NoReceipt},
    document, durable,
};

/// Carries batches to the ledger, and proofs back.
#[derive(Clone)]
pub struct Courier {
    pub client: Client,
    pub judge: Arc<Judge>,
    pub spool: Arc<Spool>,
    pub progress: Arc<Progress>,
}

impl Courier {
    /// Hands over the batches that earlier runs left. Documents that are gone or have changed
    /// since get no proof from them.
    pub fn resume(&self, signer: &Signer, sender: &mpsc::Sender<Spooled>) -> Result<(), Error> {
        for file in self.spool.waiting()? {
            let mut spooled = self.spool.read(file)?;
            // Anybody who made the folder may have put it there.
            if !signer.has_signed(&spooled.statement) {
                let why = "waits for another ledger, issuer or key: left alone; delete it if it \
                           is not wanted any more";
                self.progress.spool(spooled.file(), why);
                continue;
            }
            self.judge.crew.run(|| keep_unchanged(&mut spooled.documents));
            self.progress.resumed(spooled.documents.values().map(Vec::len).sum());
            if sender.blocking_send(spooled).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Submits a batch and writes its proofs.
    pub async fn deliver(&self, spooled: Spooled) -> Result<Delivered, Error> {
        let submitted = self.client.submit(&spooled.statement, Some(&spooled.list)).await;
        let accepted = match submitted {
            Ok(accepted) => accepted,
            Err(none) => {
                self.not_accepted(&spooled, &none)?;
                return Err(none.into());
            }
        };
        let courier = self.clone();
        let entry = Entry { index: accepted.index, leaf: spooled.statement.leaf() };
        let first = spooled.list.iter().next().expect("a list is not empty");
        let model = self.held(first, &self.proof(first, entry.index).await?, entry)?;
        if model.0.first_receipt.encode() != accepted.receipt_bytes {
            return Err(lie("proof", &"its first receipt is not the one that was given"));
        }
        let parts = self.parts(model, &spooled.list, entry).await?;
        let write = move || {
            let is_whole = courier.write_all(&spooled, entry, &parts)?;
            Ok(Delivered { spooled, entry, is_whole })
        };
        super::joined(tokio::task::spawn_blocking(write).await)
    }

    /// What was refused for good is not sent again; everything else waits where it is.
    fn not_accepted(&self, spooled: &Spooled, none: &NoReceipt) -> Result<(), Error> {
        match none {
            NoReceipt::Refused { .. } => {
                let aside = spooled.put_aside()?;
                self.progress.spool(&aside, "was refused: kept for you to look at");
            }
            NoReceipt::RefusedNow { .. } => {
                let why = "waits: run the same command again when what follows is mended";
                self.progress.spool(spooled.file(), why);
            }
            NoReceipt::Unknown(_) => {}
        }
        Ok(())
    }

    /// Writes the proof of a document that an entry of ours certifies beside further copies of it;
    /// gives whether all of them have it.
    pub async fn copy(
        &self,
        fingerprint: Fingerprint,
        entry: Entry,
        paths: &[PathBuf],
    ) -> Result<bool, Error> {
        let proof = self.proof(fingerprint, entry.index).await?;
        let (_, verified) = self.held(fingerprint, &proof, entry)?;
        let standing = verified.standing();
        let written = paths.iter().filter(|path| self.write(path, &proof, standing).is_some());
        let written = written.count();
        sync_folders(paths)?;
        self.progress.certified(entry.index, written, false);
        Ok(written == paths.len())
    }

    pub(super) async fn proof(
        &self,
        fingerprint: Fingerprint,
        entry: u64,
    ) -> Result<Vec<u8>, Error> {
        self.client.proof(fingerprint, Some(entry)).await?.ok_or_else(|| {
            lie("proof", &format!("entry {entry} certifies {fingerprint}, and it has no proof"))
        })
    }

    /// A proof that verifies, and is of our own entry: that of another issuer would verify too.
    pub(super) fn held(
        &self,
        document: Fingerprint,
        proof: &[u8],
        entry: Entry,
    ) -> Result<(Proof, Verified), Error> {
        let verified = self.judge.crew.verify(document, proof).map_err(|r| lie(r.code(), &r))?;
        let proof = Proof::decode(proof).map_err(|r| lie(r.code(), &r))?;
        if verified.entry() != entry.index || proof.statement.leaf() != entry.leaf {
            let (found, index) = (verified.entry(), entry.index);
            return Err(lie("proof", &format!("it is of entry {found}, and not of our {index}")));
        }
        Ok((proof, verified))
    }

    /// A crash in here leaves some proofs and the spooled batch: the next run writes all of them
    /// again, the same up to their head.
    fn write_all(&self, spooled: &Spooled, entry: Entry, parts: &Parts) -> Result<bool, Error> {
        let batch = Batch::new(spooled.list.clone());
        let documents: Vec<_> = spooled.documents.iter().collect();
        let one = |(fingerprint, paths): &(&Fingerprint, &Vec<PathBuf>)| {
            self.write_one(&parts.proof(&batch, **fingerprint), **fingerprint, paths)
        };
        let written =
            self.judge.crew.run(|| documents.par_iter().map(one).sum::<Result<Written, _>>())?;
        sync_folders(spooled.documents.values().flatten())?;
        let is_whole = written.failed == 0;
        // One that waited may be of documents that lie elsewhere now: they have no proof yet.
        if is_whole && spooled.number.is_some() {
            spooled.forget()?;
        }
        self.progress.certified(entry.index, written.count, true);
        Ok(is_whole)
    }

    fn write_one(
        &self,
        proof: &[u8],
        fingerprint: Fingerprint,
        paths: &[PathBuf],
    ) -> Result<Written, Error> {
        let verified = self.judge.crew.verify(fingerprint, proof);
        let verified = verified.map_err(|r| lie(r.code(), &r))?;
        let written = paths.iter().map(|path| self.write(path, proof, verified.standing()));
        Ok(written.fold(Written::default(), |mut sum, one| {
            match one {
                Some(()) => sum.count += 1,
                None => sum.failed += 1,
            }
            sum
        }))
    }

    /// Puts a proof beside its document; says so if that fails, and if it proves a fall.
    fn write(&self, document: &Path, proof: &[u8], standing: &status::Standing) -> Option<()> {
        let placed = self.place(document, proof);
        placed.map_err(|why| self.progress.fail(document, &why)).ok()?;
        self.progress.stands(document, standing);
        Some(())
    }

    /// Something may have come to lie there since the document was looked at, or signed for by an
    /// earlier run.
    fn place(&self, document: &Path, proof: &[u8]) -> Result<(), String> {
        let path = document::proof_path(document);
        if fs::symlink_metadata(&path).is_ok() {
            match self.judge.standing(document) {
                Ok(Standing::New(_)) => {}
                Ok(Standing::Done(..)) => return Ok(()),
                Ok(Standing::LeftAlone(why)) => return Err(why),
                Err(error) => return Err(error.to_string()),
            }
        }
        // Its name is made durable with the others of its folder, before the batch is forgotten.
        durable::place_file(&path, proof, 0o644).map_err(|error| error.to_string())
    }
}

/// A batch that is an entry.
pub struct Delivered {
    pub spooled: Spooled,
    pub entry: Entry,
    /// Whether each of its documents that is where it was has its proof, on disk.
    pub is_whole: bool,
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
            path.is_file()
                && document::fingerprint(path, fingerprint.algorithm())
                    .is_ok_and(|f| f == fingerprint)
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

pub(super) fn lie(code: &str, why: &dyn fmt::Display) -> Error {
    Error::Stop(format!("the ledger's proof does not hold: {code}: {why}"))
}
