//! The verdict on a document: which certifications there are and whether they stand, from look-ups.
//!
//! It is the ledger's word and says so: whoever will not take it asks for the proofs.

mod answer;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use probant_core::{
    Fingerprint, Statement,
    key::Kid,
    registry::Registry,
    statement::BlockStatement,
    status::{Fall, Slot, Standing, Status},
};

use crate::{
    Error,
    clock::utc,
    lag,
    store::{Location, Store},
    verdict::Verdict,
};

pub use answer::{AnswerHead, Certification, DocumentAnswer, FallAnswer, KeyAnswer, StateAnswer};

/// Most certifications of one document that an answer lists, the newest first.
pub const CERTIFICATIONS_MAX: usize = 100;
/// Certifying entries remembered, since a batch answers for thousands of documents.
const REMEMBERED_MAX: usize = 4096;

/// What an answer without a proof rests on.
const RESTS_ON: &str = "This is the ledger's word. Each certification has a proof that anyone can \
                        check; that there are no others, and `unknown`, rest on the ledger alone.";

/// What all documents of one certifying entry have in common.
struct Certifying {
    issuer: String,
    kid: Kid,
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
            let places = self.locations(fingerprint)?;
            let certifying = places.iter().map(|at| Ok((at.entry, self.certifying(at.entry)?)));
            let certifying = certifying.collect::<Result<Vec<_>, Error>>()?;
            let falls = self.falls(fingerprint, &certifying, head.height)?;
            for (entry, certifying) in certifying {
                let fall = falls.get(&certifying.issuer);
                let answer = certification(fingerprint, entry, &certifying, fall, registry);
                certifications.push(answer.ok_or_else(|| disagree(entry))?);
            }
        }
        certifications.sort_by_key(|certification| std::cmp::Reverse(certification.entry));
        let verdicts = certifications.iter().map(|certification| certification.verdict);
        Ok(DocumentAnswer {
            verdict: verdicts.min().unwrap_or(Verdict::Unknown),
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

    /// How a document fell, by issuer, as of the block at `height`.
    fn falls(
        &self,
        fingerprint: &Fingerprint,
        certifying: &[(u64, Arc<Certifying>)],
        height: u64,
    ) -> Result<HashMap<String, Fall>, Error> {
        let map = self.store.status(height)?.ok_or_else(lag::behind)?;
        let slot = |issuer: &String| (Slot::document(issuer, fingerprint), issuer.clone());
        let slots: BTreeMap<_, _> = certifying.iter().map(|(_, of)| slot(&of.issuer)).collect();
        let wanted: Vec<_> = slots.keys().copied().collect();
        let found = lag::trusted(&*self.store, map.find(&wanted, &*self.store))?;
        let fallen = slots.into_values().zip(found).filter_map(|(issuer, status)| match status {
            Some(Status::Document(fall)) => Some((issuer, fall)),
            _ => None,
        });
        Ok(fallen.collect())
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
            kid: statement.kid(),
            media_type: certify.media_type,
            block,
            time_ms,
            time: utc(time_ms),
            list_count: certify.listed.count.into(),
        });
        let mut remembered = remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(entry, Arc::clone(&certifying));
        Ok(certifying)
    }
}

/// What is said of one certification; `None` where the registry does not know its issuer yet.
fn certification(
    fingerprint: &Fingerprint,
    entry: u64,
    certifying: &Certifying,
    fall: Option<&Fall>,
    registry: &Registry,
) -> Option<Certification> {
    let issuer = registry.issuer(&certifying.issuer)?;
    let status_of = |kid: &Kid| registry.key(kid).and_then(|signer| signer.status);
    let (key, felled_by) = (status_of(&certifying.kid), fall.and_then(|f| status_of(&f.kid)));
    let standing = |key| Standing::of(certifying.time_ms, key, fall.copied(), felled_by.as_ref());
    Some(Certification {
        fingerprint: fingerprint.to_string(),
        entry,
        issuer: certifying.issuer.clone(),
        legal_name: issuer.record.legal_name.clone(),
        country: issuer.record.country.clone(),
        registration: issuer.record.registration.clone(),
        media_type: certifying.media_type.into(),
        block: certifying.block,
        time_ms: certifying.time_ms,
        time: certifying.time.clone(),
        list_count: certifying.list_count,
        verdict: Verdict::of(&standing(key.as_ref())),
        // What is distrusted may have fallen too, and whoever would fell it has to know.
        fall: FallAnswer::of(&standing(None)),
        key: KeyAnswer {
            kid: certifying.kid.to_string(),
            status: key.as_ref().map(StateAnswer::of_key),
        },
        issuer_status: issuer.status.as_ref().map(StateAnswer::of_issuer),
    })
}

/// Look-ups that contradict each other lag, or are being rebuilt.
fn disagree(entry: u64) -> Error {
    Error::busy(format!("look-ups do not reach entry {entry} yet: try again shortly"))
}
