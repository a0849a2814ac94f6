//! The verdict on a document: which certifications there are, from look-ups.
//!
//! It is the ledger's word and says so: whoever will not take it asks for the proof.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use probant_core::{Fingerprint, Statement, registry::Registry, statement::BlockStatement};
use serde::Serialize;

use crate::{
    Error,
    clock::utc,
    store::{Location, Store},
};

/// Most certifications of one document that an answer lists, the newest first.
pub const CERTIFICATIONS_MAX: usize = 100;
/// Certifying entries remembered, since a batch answers for thousands of documents.
const REMEMBERED_MAX: usize = 4096;

/// What an answer without a proof rests on.
const RESTS_ON: &str = "This is the ledger's word. Each certification has a proof that anyone can \
                        check; that there are no others, and `unknown`, rest on the ledger alone.";

/// Whether a document is certified.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Exactly these bytes were certified.
    Certified,
    /// The ledger knows nothing of these bytes. It does not say that they are forged.
    Unknown,
}

/// One certification of a document.
#[derive(Clone, Debug, Serialize)]
pub struct Certification {
    /// Which fingerprint of the document was certified.
    pub fingerprint: String,
    /// Index of the certifying entry.
    pub entry: u64,
    /// Id of the issuer.
    pub issuer: String,
    /// Who that is, in the operator's words.
    pub legal_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Number in that country's register of companies.
    pub registration: String,
    /// What kind of document the issuer said it is.
    pub media_type: String,
    /// The block that sealed it.
    pub block: u64,
    /// When: milliseconds since 1970.
    pub time_ms: u64,
    /// The same, as RFC 3339.
    pub time: String,
    /// Documents certified by the same statement.
    pub list_count: u64,
}

/// The newest block that look-ups reach: what an answer knows.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AnswerHead {
    /// Its height.
    pub height: u64,
    /// Entries in the tree.
    pub size: u64,
    /// When it was sealed.
    pub time_ms: u64,
}

/// The answer about a document.
#[derive(Clone, Debug, Serialize)]
pub struct DocumentAnswer {
    /// Whether it is certified.
    pub verdict: Verdict,
    /// The newest first, at most 100.
    pub certifications: Vec<Certification>,
    /// Up to which block.
    pub head: AnswerHead,
    /// What the reader must believe.
    pub rests_on: String,
}

/// What all documents of one certifying entry have in common.
struct Certifying {
    issuer: String,
    media_type: &'static str,
    block: u64,
    time_ms: u64,
    time: String,
    list_count: u64,
}

/// Answers from one store.
pub struct Lookup {
    store: Arc<dyn Store>,
    remembered: Mutex<HashMap<u64, Arc<Certifying>>>,
    newest: Mutex<Option<AnswerHead>>,
}

impl Lookup {
    /// Over a store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, remembered: Mutex::default(), newest: Mutex::default() }
    }

    /// Where a document is certified, the newest first.
    ///
    /// # Errors
    /// [`Error::Busy`] where nothing was found and look-ups lag.
    pub fn locations(&self, fingerprint: &Fingerprint) -> Result<Vec<Location>, Error> {
        Ok(self.store.documents(fingerprint, CERTIFICATIONS_MAX)?)
    }

    /// The answer about a document with these fingerprints.
    ///
    /// # Errors
    /// [`Error::Busy`] where nothing was found and look-ups lag.
    pub fn answer(
        &self,
        document: &[Fingerprint],
        registry: &Registry,
    ) -> Result<DocumentAnswer, Error> {
        // First, so that what is found reaches it at least.
        let head = self.head()?;
        let mut certifications = Vec::new();
        for fingerprint in document {
            for location in self.locations(fingerprint)? {
                certifications.push(self.certification(fingerprint, location.entry, registry)?);
            }
        }
        certifications.sort_by_key(|certification| std::cmp::Reverse(certification.entry));
        let certified = !certifications.is_empty();
        Ok(DocumentAnswer {
            verdict: if certified { Verdict::Certified } else { Verdict::Unknown },
            certifications,
            head,
            rests_on: RESTS_ON.into(),
        })
    }

    fn head(&self) -> Result<AnswerHead, Error> {
        let height = self.store.derived().checked_sub(1).ok_or_else(|| disagree(0))?;
        let newest = || self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = newest().filter(|known| known.height == height) {
            return Ok(known);
        }
        let BlockStatement { size, time_ms, .. } = self.block(height)?;
        Ok(*newest().insert(AnswerHead { height, size, time_ms }))
    }

    /// What the last entry of a block says.
    fn block(&self, height: u64) -> Result<BlockStatement, Error> {
        let gone = || Error::busy(format!("look-ups do not reach block {height} yet"));
        let span = self.store.span(height)?.ok_or_else(gone)?;
        let (sealed, _) = self.read(span.size - 1)?;
        sealed.as_block().cloned().ok_or_else(gone)
    }

    fn read(&self, index: u64) -> Result<(Statement, u64), Error> {
        let (bytes, height) = self.store.entry(index)?.ok_or_else(|| disagree(index))?;
        Ok((Statement::decode(&bytes).map_err(|_| disagree(index))?, height))
    }

    fn certification(
        &self,
        fingerprint: &Fingerprint,
        entry: u64,
        registry: &Registry,
    ) -> Result<Certification, Error> {
        let certifying = self.certifying(entry)?;
        let issuer = registry.issuer(&certifying.issuer);
        let record = &issuer.ok_or_else(|| disagree(entry))?.record;
        Ok(Certification {
            fingerprint: fingerprint.to_string(),
            entry,
            issuer: certifying.issuer.clone(),
            legal_name: record.legal_name.clone(),
            country: record.country.clone(),
            registration: record.registration.clone(),
            media_type: certifying.media_type.into(),
            block: certifying.block,
            time_ms: certifying.time_ms,
            time: certifying.time.clone(),
            list_count: certifying.list_count,
        })
    }

    fn certifying(&self, entry: u64) -> Result<Arc<Certifying>, Error> {
        let remembered = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered().get(&entry) {
            return Ok(Arc::clone(known));
        }
        let (statement, block) = self.read(entry)?;
        let certify = statement.as_certify().ok_or_else(|| disagree(entry))?;
        let time_ms = self.block(block)?.time_ms;
        let certifying = Arc::new(Certifying {
            issuer: statement.issuer().to_owned(),
            media_type: certify.media_type,
            block,
            time_ms,
            time: utc(time_ms),
            list_count: certify.count.into(),
        });
        let mut remembered = remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(entry, Arc::clone(&certifying));
        Ok(certifying)
    }
}

/// Look-ups that contradict each other lag, or are being rebuilt.
fn disagree(entry: u64) -> Error {
    Error::busy(format!("look-ups do not reach entry {entry} yet: try again shortly"))
}
