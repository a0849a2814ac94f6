//! Asking about a document by the first digits of its fingerprint. The answer is about all that begin
//! so, and bears their proofs: which of them was meant is found out here, and nothing more is asked.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use probant_core::{Fingerprint, Verified, Verifier};
use reqwest::{Method, StatusCode};
use serde::Deserialize;

use super::{
    Certification, Client, Documents, Head, Shown,
    verify::{Answered, Refused, held, in_order},
};
use crate::{Error, verdict::Verdict};

/// Fewest digits that a ledger answers.
const DIGITS_MIN: usize = 4;
/// One document of 2^32 begins so: more would name it (docs/decisions/0011).
const DIGITS_MAX: usize = 8;
/// What a ledger calls a prefix that too many documents share.
const TOO_SHORT: &str = "prefix-too-short";
/// Most documents in an answer (docs/operate.md 12).
const DOCUMENTS_MAX: usize = 64;
/// So many certifications of each are proven, where there are as many.
const PROOFS_MIN: usize = 4;
/// Longest answer: 64 documents with all their proofs are far from it.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Every document whose fingerprint begins so.
#[derive(Deserialize)]
struct ByPrefix {
    prefix: String,
    head: Head,
    documents: Vec<OneOfPrefix>,
}

#[derive(Deserialize)]
struct OneOfPrefix {
    fingerprint: String,
    verdict: Verdict,
    certifications: Vec<Certification>,
    proofs: Vec<ProofOf>,
}

#[derive(Deserialize)]
struct ProofOf {
    entry: u64,
    /// Base64.
    proof: String,
}

impl Client {
    /// What the ledger shows of a document that it is not told.
    pub(super) async fn show_by_prefix(
        &self,
        verifier: &mut Verifier,
        fingerprint: Fingerprint,
    ) -> Result<Answered, Error> {
        let whole = fingerprint.to_string();
        let name = fingerprint.algorithm().name().len() + ":".len();
        for digits in DIGITS_MIN..=DIGITS_MAX {
            let prefix = &whole[..name + digits];
            if let Some(answer) = self.beginning(prefix).await? {
                let checked = answer.check(prefix);
                return Ok(checked.and_then(|()| answer.shown(verifier, fingerprint)));
            }
        }
        let url = self.url();
        // No lie: an issuer can certify what begins like another's document.
        Err(Error::input(format!(
            "{url} wants more than {DIGITS_MAX} digits, and was not told which document this is: \
             only whoever names it gets an answer"
        )))
    }

    /// `None` where too many begin so.
    async fn beginning(&self, prefix: &str) -> Result<Option<ByPrefix>, Error> {
        let path = format!("prefixes/{prefix}");
        let answer = self.exchange(self.request(Method::GET, &path), ANSWER_BYTES_MAX).await?;
        if answer.status == StatusCode::OK {
            return self.read_json(&path, &answer.body).map(Some);
        }
        if answer.is_problem(TOO_SHORT) {
            return Ok(None);
        }
        Err(match answer.refusal(self.url()) {
            // That is no word on a document: the ledger does not know the question.
            Error::No(words) => {
                Error::input(format!("{} does not answer by prefix: {words}", self.url()))
            }
            other => other,
        })
    }
}

impl ByPrefix {
    /// That it is about what was asked: few documents, each once, all of which begin so.
    fn check(&self, prefix: &str) -> Result<(), Refused> {
        let lie = |why: String| Err(Refused::lie(why));
        if self.prefix != prefix {
            return lie(format!("{prefix} was asked for, it is about another prefix"));
        }
        let found = self.documents.len();
        if found > DOCUMENTS_MAX {
            return lie(format!("{found} documents begin with {prefix}, {DOCUMENTS_MAX} may"));
        }
        let names: Vec<_> = self.documents.iter().map(|one| one.fingerprint.as_str()).collect();
        let begins = |name: &&str| name.starts_with(prefix) && name.parse::<Fingerprint>().is_ok();
        if !names.iter().all(begins) {
            return lie(format!("it holds what does not begin with {prefix}"));
        }
        if !names.is_sorted_by(|before, after| before < after) {
            return lie("its documents are not in order, each once".into());
        }
        Ok(())
    }

    fn shown(self, verifier: &mut Verifier, fingerprint: Fingerprint) -> Answered {
        let (head, name) = (self.head, fingerprint.to_string());
        match self.documents.into_iter().find(|one| one.fingerprint == name) {
            Some(found) => found.shown(verifier, fingerprint, head),
            None => Ok(Shown { head, ..Shown::default() }),
        }
    }
}

impl OneOfPrefix {
    /// All that it proves, each held to what it says of it.
    fn shown(self, verifier: &mut Verifier, fingerprint: Fingerprint, head: Head) -> Answered {
        let mut proofs = decoded(self.proofs)?;
        let (verdict, certifications) = (self.verdict, self.certifications);
        let answer = Documents { verdict, certifications, count: None, head };
        let listed = in_order(&answer).map_err(Refused::lie)?;
        let (count, proven) = (listed.len(), proofs.len());
        if proven < count.min(PROOFS_MIN) {
            return Err(Refused::lie(format!("it lists {count}, and has {proven} proofs of them")));
        }
        let oldest = listed.iter().map(|one| one.entry).min();
        let lacks_oldest = oldest.is_some_and(|oldest| !proofs.contains_key(&oldest));
        let mut shown = Vec::new();
        for Certification { entry, verdict, .. } in listed {
            let Some(proof) = proofs.remove(entry) else { continue };
            let verified = held(verifier, fingerprint, (*entry, *verdict), &proof)?;
            check_head(&verified, head)?;
            shown.push((verified, proof));
        }
        if let Some(entry) = proofs.keys().next() {
            return Err(Refused::lie(format!("it proves entry {entry}, and does not list it")));
        }
        check_best(verdict, &shown)?;
        Ok(Shown {
            head,
            not_asked: count - shown.len(),
            certifications: shown,
            lacks_oldest,
            may_have_more: answer.may_have_more(),
        })
    }
}

/// The proofs by their entries.
fn decoded(all: Vec<ProofOf>) -> Result<BTreeMap<u64, Vec<u8>>, Refused> {
    let mut proofs = BTreeMap::new();
    for ProofOf { entry, proof } in all {
        let Ok(proof) = STANDARD.decode(proof) else {
            return Err(Refused::lie(format!("the proof of entry {entry} is not base64")));
        };
        if proofs.insert(entry, proof).is_some() {
            return Err(Refused::lie(format!("it proves entry {entry} twice")));
        }
    }
    Ok(proofs)
}

/// The whole answer is as of one head.
fn check_head(verified: &Verified, said: Head) -> Result<(), Refused> {
    let proven = verified.head();
    if (proven.height, proven.size, proven.time_ms) == (said.height, said.size, said.time_ms) {
        return Ok(());
    }
    let (entry, said, proven) = (verified.entry(), said.height, proven.height);
    Err(Refused::lie(format!(
        "it is as of block {said}, and its proof of entry {entry} as of block {proven}"
    )))
}

/// Those that it does not prove must not be the better ones.
fn check_best(said: Verdict, shown: &[(Verified, Vec<u8>)]) -> Result<(), Refused> {
    let best = Verdict::of_all(shown.iter().map(|(one, _)| Verdict::of(one.standing())));
    if said >= best {
        return Ok(());
    }
    let (said, best) = (said.name(), best.name());
    Err(Refused::lie(format!("it says {said}, and what it proves is {best}")))
}
