//! The verdict on a document: which certifications there are and whether they stand, from look-ups.
//!
//! It is the ledger's word and says so: whoever will not take it asks for the proofs.

mod answer;
mod prefix;

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use probant_core::{
    Fingerprint, Statement,
    key::Kid,
    registry::Registry,
    statement::{BlockStatement, Body, IssuerRecord},
    status::{self, Account, Standing},
};

use crate::{
    Error,
    clock::utc,
    lag,
    store::{Location, Store},
    verdict::Verdict,
};

pub use answer::{AnswerHead, Certification, DocumentAnswer, FallAnswer, KeyAnswer, StateAnswer};
pub use prefix::Prefix;

/// Most certifications of one document that an answer lists: the newest, and the very first, which
/// whoever certifies a document again and again cannot hide.
pub const CERTIFICATIONS_MAX: usize = 100;
/// Certifying entries remembered, since a batch answers for thousands of documents.
const REMEMBERED_MAX: usize = 4096;

/// What an answer without a proof rests on.
pub const RESTS_ON: &str = "This is the ledger's word. Each certification has a proof that anyone can \
                        check; that there are no others, and `unknown`, rest on the ledger alone.";

/// What all documents of one certifying entry have in common.
struct Certifying {
    issuer: String,
    record: IssuerRecord,
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

    /// Where a document is certified, the newest first; the last is the very first.
    ///
    /// # Errors
    /// [`Error::Busy`] where nothing was found and look-ups lag.
    pub fn locations(&self, fingerprint: &Fingerprint) -> Result<Vec<Location>, Error> {
        let mut found = self.store.documents(fingerprint, None, CERTIFICATIONS_MAX)?;
        if found.len() == CERTIFICATIONS_MAX {
            found.pop();
            found.extend(self.store.first(fingerprint)?);
        }
        Ok(found)
    }

    /// The answer about a document with these fingerprints, as of the newest block that look-ups
    /// reach.
    ///
    /// # Errors
    /// [`Error::Busy`] where nothing was found and look-ups lag.
    pub fn answer(
        &self,
        document: &[Fingerprint],
        registry: &Registry,
    ) -> Result<DocumentAnswer, Error> {
        self.answer_at(self.head()?, document, registry)
    }

    /// The same as of a block that look-ups reach.
    ///
    /// # Errors
    /// Those of [`Lookup::answer`].
    pub fn answer_at(
        &self,
        head: AnswerHead,
        document: &[Fingerprint],
        registry: &Registry,
    ) -> Result<DocumentAnswer, Error> {
        let mut certifications = Vec::new();
        for fingerprint in document {
            let places = self.locations(fingerprint)?;
            certifications.extend(self.judge(fingerprint, &places, head, registry)?);
        }
        certifications.sort_by_key(|certification| std::cmp::Reverse(certification.entry));
        let verdicts = certifications.iter().map(|certification| certification.verdict);
        Ok(DocumentAnswer {
            verdict: Verdict::of_all(verdicts),
            certifications,
            head,
            rests_on: RESTS_ON.into(),
        })
    }

    /// The newest entry that says anything of one certification: a proof whose head knows it is not
    /// better than the answer.
    ///
    /// # Errors
    /// [`Error::Busy`] while look-ups lag.
    pub fn newest_about(
        &self,
        fingerprint: &Fingerprint,
        location: Location,
        registry: &Registry,
    ) -> Result<u64, Error> {
        let judged = self.judge(fingerprint, &[location], self.head()?, registry)?;
        Ok(judged.first().ok_or_else(|| disagree(location.entry))?.newest_about)
    }

    /// What is said of certifications at these places, if a block knows them.
    fn judge(
        &self,
        fingerprint: &Fingerprint,
        places: &[Location],
        head: AnswerHead,
        registry: &Registry,
    ) -> Result<Vec<Certification>, Error> {
        let known = places.iter().filter(|at| at.entry < head.size);
        let certifying = known.map(|at| Ok((at.entry, self.certifying(at.entry, registry)?)));
        let certifying = certifying.collect::<Result<Vec<_>, Error>>()?;
        // From the map that proofs are made from, so that an answer and its proofs cannot differ.
        let map = self.store.status(head.height)?.ok_or_else(lag::behind)?;
        // It knows issuers and keys, not entries: who certifies again and again is read once.
        let mut accounts = HashMap::new();
        let said = certifying.iter().map(|(entry, of)| {
            let account = match accounts.entry((&of.issuer, of.kid)) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    let asked = status::Certification {
                        issuer: &of.issuer,
                        document: fingerprint,
                        kid: of.kid,
                        enrolled: of.kid,
                    };
                    let account = Account::read(&map, &*self.store, &asked);
                    *new.insert(lag::trusted(&*self.store, account)?)
                }
            };
            Ok(certification(fingerprint, *entry, of, &account))
        });
        said.collect()
    }

    /// The newest block that look-ups reach.
    ///
    /// # Errors
    /// [`Error::Busy`] where they reach none.
    pub fn head(&self) -> Result<AnswerHead, Error> {
        let height = self.store.derived().checked_sub(1).ok_or_else(|| disagree(0))?;
        let newest = || self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = newest().filter(|known| known.height == height) {
            return Ok(known);
        }
        Ok(*newest().insert(AnswerHead::of(&self.block(height)?)))
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

    fn certifying(&self, entry: u64, registry: &Registry) -> Result<Arc<Certifying>, Error> {
        let remembered = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = remembered().get(&entry) {
            return Ok(Arc::clone(known));
        }
        let (statement, block) = self.read(entry)?;
        let certify = statement.as_certify().ok_or_else(|| disagree(entry))?;
        let time_ms = self.block(block)?.time_ms;
        let certifying = Arc::new(Certifying {
            issuer: statement.issuer().to_owned(),
            record: self.record(&statement.kid(), registry)?,
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

    /// Who enrolled with a key, or had it added: the id may have been enrolled anew since.
    fn record(&self, kid: &Kid, registry: &Registry) -> Result<IssuerRecord, Error> {
        // A registry that does not know the key is that of a block before.
        let enrollment = registry.key(kid).ok_or_else(lag::behind)?.enrollment;
        match self.read(enrollment)?.0.body() {
            Body::Enroll(enroll) => Ok(enroll.record.clone()),
            _ => Err(disagree(enrollment)),
        }
    }
}

fn certification(
    fingerprint: &Fingerprint,
    entry: u64,
    certifying: &Certifying,
    account: &Account,
) -> Certification {
    let record = certifying.record.clone();
    let sealed_ms = certifying.time_ms;
    let standing = account.standing(sealed_ms);
    // What is distrusted may have fallen too, and whoever would fell it has to know.
    let of_document = Standing::of(sealed_ms, None, account.fall);
    Certification {
        fingerprint: fingerprint.to_string(),
        entry,
        issuer: certifying.issuer.clone(),
        legal_name: record.legal_name,
        country: record.country,
        registration: record.registration,
        media_type: certifying.media_type.into(),
        block: certifying.block,
        time_ms: certifying.time_ms,
        time: certifying.time.clone(),
        list_count: certifying.list_count,
        verdict: Verdict::of(&standing),
        fall: FallAnswer::of(&of_document),
        key: KeyAnswer {
            kid: certifying.kid.to_string(),
            status: account.key.as_ref().map(StateAnswer::of_key),
        },
        issuer_status: account.issuer.as_ref().map(StateAnswer::of_issuer),
        newest_about: account.newest.unwrap_or(entry).max(entry),
    }
}

/// Look-ups that contradict each other lag, or are being rebuilt.
fn disagree(entry: u64) -> Error {
    Error::busy(format!("look-ups do not reach entry {entry} yet: try again shortly"))
}
