//! Who may write, and which number the next statement about each of them has. It is the ledger's
//! word, and safe to take: whatever is signed by it is admitted by the rules, or refused.

use probant_core::{IssuerId, key::Kid};
use serde::Deserialize;

use super::{Client, IssuerListing, KeyListing, PolicyListing};
use crate::Error;

impl Client {
    /// The enrolled issuers.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn issuers(&self) -> Result<Vec<IssuerListing>, Error> {
        self.get_json("issuers").await
    }

    /// An issuer; `None` if it was never enrolled.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn issuer(&self, id: &IssuerId) -> Result<Option<IssuerListing>, Error> {
        known(self.get_json(&format!("issuers/{id}")).await)
    }

    /// A key; `None` if the ledger does not know it.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn key(&self, kid: Kid) -> Result<Option<KeyListing>, Error> {
        known(self.get_json(&format!("keys/{kid}")).await)
    }

    /// The limits in force.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn policy(&self) -> Result<PolicyListing, Error> {
        self.get_json("policy").await
    }

    /// The sequence number of the next statement about a subject (`key:…`, `issuer:…`, `policy`);
    /// `None` if the ledger does not know it.
    ///
    /// # Errors
    /// Those of every request.
    pub async fn next_seq(&self, subject: &str) -> Result<Option<u64>, Error> {
        #[derive(Deserialize)]
        struct Numbered {
            next_seq: u64,
        }
        let path = match subject.split_once(':') {
            Some((kind, name)) => format!("{kind}s/{name}"),
            None => subject.to_owned(),
        };
        let numbered: Option<Numbered> = known(self.get_json(&path).await)?;
        Ok(numbered.map(|about| about.next_seq))
    }
}

/// That something is not there is an answer.
fn known<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Error::No(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
