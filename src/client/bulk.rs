//! Many documents in few requests: the ledger's word on each, and no proof.

use probant_core::Fingerprint;
use reqwest::{Method, header::CONTENT_TYPE};
use serde::Deserialize;

use super::{Certification, Client, Documents, Head};
use crate::{Error, verdict::Verdict};

const PATH: &str = "documents";
/// Most documents in one request (docs/operate.md 12).
const DOCUMENTS_MAX: usize = 1000;
/// Longest answer: of each document 4 certifications, of 1 KiB and more.
const ANSWER_BYTES_MAX: usize = 16 << 20;

#[derive(Deserialize)]
struct ManyDocuments {
    head: Head,
    documents: Vec<OneOfMany>,
}

#[derive(Deserialize)]
struct OneOfMany {
    fingerprint: String,
    verdict: Verdict,
    count: usize,
    certifications: Vec<Certification>,
}

impl Client {
    /// What the ledger says of any number of documents, in their order: its word, as that of
    /// [`Client::documents`]. Each 1,000 are asked about in one request, and answered as of one head.
    ///
    /// # Errors
    /// Those of every request; [`Error::Stop`] for an answer about other documents.
    pub async fn documents_of(
        &self,
        fingerprints: &[Fingerprint],
    ) -> Result<Vec<Documents>, Error> {
        let mut all = Vec::with_capacity(fingerprints.len());
        for asked in fingerprints.chunks(DOCUMENTS_MAX) {
            let asked: Vec<_> = asked.iter().map(Fingerprint::to_string).collect();
            all.extend(self.thousand(&asked).await?);
        }
        Ok(all)
    }

    async fn thousand(&self, asked: &[String]) -> Result<impl Iterator<Item = Documents>, Error> {
        let body = serde_json::json!({ "fingerprints": asked }).to_string();
        let request =
            self.request(Method::POST, PATH).header(CONTENT_TYPE, "application/json").body(body);
        let body = self.answered(request, ANSWER_BYTES_MAX).await?;
        let ManyDocuments { head, documents } = self.read_json(PATH, &body)?;
        check(asked, &documents)
            .map_err(|why| Error::Stop(format!("the answer of {}: {why}", self.url())))?;
        Ok(documents.into_iter().map(move |one| {
            let OneOfMany { verdict, certifications, .. } = one;
            Documents { verdict, certifications, count: Some(one.count), head }
        }))
    }
}

/// That each was answered, in order, and nothing else.
fn check(asked: &[String], answered: &[OneOfMany]) -> Result<(), String> {
    let (wanted, found) = (asked.len(), answered.len());
    if found != wanted {
        return Err(format!("{wanted} documents were asked about, it is about {found}"));
    }
    let other = |(asked, one): &(&String, &OneOfMany)| **asked != one.fingerprint;
    match asked.iter().zip(answered).find(other) {
        Some((asked, _)) => Err(format!("another document is in the place of {asked}")),
        None => Ok(()),
    }
}
