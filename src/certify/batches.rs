//! Batches while they fill, one a media type, and the signature that ends one.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

use probant_core::{
    Fingerprint, LedgerId, List, Statement,
    key::SigningKey,
    statement::{Body, Certify},
};

use crate::{Error, clock::SharedClock};

/// Fingerprints in order, each with the files that have it: copies share one.
pub type Documents = BTreeMap<Fingerprint, Vec<PathBuf>>;

/// A batch that is full, or the last of its media type.
pub struct Filled {
    /// Its number in this run, from 0.
    pub number: usize,
    pub media_type: &'static str,
    pub documents: Documents,
}

/// A statement with its list, and the files whose proofs it will give.
pub struct Signed {
    pub statement: Statement,
    pub list: List,
    pub documents: Documents,
}

/// The batches of a run that are not full yet.
pub struct Filling {
    /// Most files of one batch.
    count_max: usize,
    next_number: usize,
    by_media_type: HashMap<&'static str, OpenBatch>,
}

struct OpenBatch {
    number: usize,
    files: usize,
    documents: Documents,
}

impl Filling {
    pub fn new(count_max: usize) -> Self {
        Self { count_max, next_number: 0, by_media_type: HashMap::new() }
    }

    /// Adds a document; gives the number of its batch, and the batch if that is full now.
    pub fn add(
        &mut self,
        media_type: &'static str,
        fingerprint: Fingerprint,
        path: PathBuf,
    ) -> (usize, Option<Filled>) {
        let next_number = &mut self.next_number;
        let batch = self.by_media_type.entry(media_type).or_insert_with(|| {
            *next_number += 1;
            OpenBatch { number: *next_number - 1, files: 0, documents: Documents::new() }
        });
        let number = batch.number;
        batch.documents.entry(fingerprint).or_default().push(path);
        batch.files += 1;
        let full = batch.files >= self.count_max;
        let filled = full.then(|| self.by_media_type.remove(media_type)).flatten();
        (number, filled.map(|batch| batch.filled(media_type)))
    }

    /// Adds a copy of a document to the batch that has it, if that is still here.
    ///
    /// # Errors
    /// The path, if the batch is gone or full.
    pub fn add_copy(
        &mut self,
        number: usize,
        fingerprint: Fingerprint,
        path: PathBuf,
    ) -> Result<(), PathBuf> {
        let mut open = self.by_media_type.values_mut();
        match open.find(|batch| batch.number == number && batch.files < self.count_max) {
            Some(batch) => {
                batch.documents.entry(fingerprint).or_default().push(path);
                batch.files += 1;
                Ok(())
            }
            None => Err(path),
        }
    }

    /// What is left at the end.
    pub fn finish(self) -> Vec<Filled> {
        let filled = |(media_type, batch): (&'static str, OpenBatch)| batch.filled(media_type);
        let mut rest: Vec<_> = self.by_media_type.into_iter().map(filled).collect();
        rest.sort_unstable_by_key(|batch| batch.number);
        rest
    }
}

impl OpenBatch {
    fn filled(self, media_type: &'static str) -> Filled {
        Filled { number: self.number, media_type, documents: self.documents }
    }
}

/// The issuer.
pub struct Signer {
    pub key: SigningKey,
    pub issuer: String,
    pub ledger: LedgerId,
    pub clock: SharedClock,
}

impl Signer {
    /// Whether a statement says that it is by this issuer, with this key, for this ledger. Its
    /// signature is for the ledger to check.
    pub fn has_signed(&self, statement: &Statement) -> bool {
        statement.issuer() == self.issuer
            && statement.kid() == self.key.public().kid()
            && statement.audience() == Some(&self.ledger.audience())
    }

    /// Signs that the issuer certifies a batch, now.
    pub fn sign(&self, batch: Filled) -> Result<Signed, Error> {
        let list = List::new(batch.documents.keys().copied().collect())?;
        let body = Body::Certify(Certify::new(&list, batch.media_type)?);
        let issued_at_s = self.clock.now_ms() / 1000;
        let statement =
            Statement::sign(&self.key, &self.issuer, Some(self.ledger), issued_at_s, body);
        Ok(Signed { statement, list, documents: batch.documents })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probant_core::Fingerprints;

    #[test]
    fn a_batch_fills_by_media_type_and_copies_share_a_fingerprint() {
        let mut filling = Filling::new(3);
        let mut add = |media_type, content: &str, name: &str| {
            let fingerprint = Fingerprints::of(content.as_bytes()).blake3;
            filling.add(media_type, fingerprint, name.into())
        };
        assert!(add("text/plain", "one", "1").1.is_none());
        assert_eq!(add("application/pdf", "pdf", "p").0, 1);
        let one = Fingerprints::of(b"one").blake3;
        filling.add_copy(0, one, "copy of 1".into()).unwrap();
        let two = Fingerprints::of(b"two").blake3;
        let (number, filled) = filling.add("text/plain", two, "2".into());
        let filled = filled.unwrap();
        assert_eq!((number, filled.number, filled.documents.len()), (0, 0, 2));
        assert_eq!(filled.documents[&one].len(), 2);
        assert!(filling.add_copy(0, one, "late copy".into()).is_err());
        let three = Fingerprints::of(b"three").blake3;
        assert_eq!(filling.add("text/plain", three, "3".into()).0, 2);
        let rest = filling.finish();
        let rest: Vec<_> = rest.iter().map(|batch| (batch.number, batch.media_type)).collect();
        assert_eq!(rest, [(1, "application/pdf"), (2, "text/plain")]);
    }
}
