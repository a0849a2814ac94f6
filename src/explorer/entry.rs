//! An entry: who says what to whom, and when.

use probant_core::{Statement, registry::Registry};
use serde::Serialize;
use utoipa::ToSchema;

use super::{BlockAnswer, Says};
use crate::{Error, clock::utc, store::Store};

/// An entry as JSON. None of it changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryAnswer {
    /// Its number, from 0.
    pub index: u64,
    /// What kind of statement it is.
    pub kind: &'static str,
    /// Who says it: claim iss.
    pub issuer: String,
    /// Thumbprint of the key that signed it, hex.
    pub kid: String,
    /// When, by its author's clock: seconds since 1970.
    pub iat: u64,
    /// The same, as RFC 3339.
    pub iat_time: String,
    /// About what: claim sub.
    pub subject: String,
    /// Its leaf hash, hex.
    pub leaf: String,
    /// Its length.
    pub bytes: u64,
    /// What it says, by kind.
    pub says: Says,
}

impl EntryAnswer {
    /// Of a statement at an index of this block.
    ///
    /// # Errors
    /// Those of [`Says::of`].
    pub fn of(
        index: u64,
        statement: &Statement,
        block: &BlockAnswer,
        registry: &Registry,
        store: &dyn Store,
    ) -> Result<Self, Error> {
        let is_envelope = statement.enveloped().is_some();
        Ok(Self {
            index,
            kind: if is_envelope { "hash-envelope" } else { statement.body().kind() },
            issuer: statement.issuer().to_owned(),
            kid: statement.kid().to_string(),
            iat: statement.issued_at_s(),
            iat_time: utc(statement.issued_at_s().saturating_mul(1000)),
            subject: statement.subject().to_owned(),
            leaf: statement.leaf().to_string(),
            bytes: statement.entry().len() as u64,
            says: Says::of(statement, block, registry, store)?,
        })
    }
}
