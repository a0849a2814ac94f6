//! Asking for proofs, and for parts of them: all of it is for the caller to verify.

use probant_core::{
    Fingerprint, Hash,
    proof::PROOF_BYTES_MAX,
    status::{StatusPath, read_paths},
};

use super::{Client, json::Consistency};
use crate::{Error, anchor::ANCHORED_BYTES_MAX};

/// Longest statuses of one list: 65,536 paths of 60 hashes, which no map comes near.
const STATUSES_BYTES_MAX: usize = 128 << 20;

impl Client {
    /// The proof of one certification of a document, or of the newest; `None` if it is unknown.
    ///
    /// # Errors
    /// Those of every request; the proof is for the caller to verify.
    pub async fn proof(
        &self,
        fingerprint: Fingerprint,
        entry: Option<u64>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let entry = entry.map(|index| format!("/{index}")).unwrap_or_default();
        let path = format!("documents/{fingerprint}/proof{entry}");
        match self.get(&path, PROOF_BYTES_MAX).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::No(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What became of the documents of an entry's list, in its order, as of a block; for the caller
    /// to verify.
    ///
    /// # Errors
    /// [`Error::Stop`] for what are no such paths.
    pub async fn statuses(&self, entry: u64, height: u64) -> Result<Vec<StatusPath>, Error> {
        let path = format!("proofs/statuses/{entry}/{height}");
        let bytes = self.get(&path, STATUSES_BYTES_MAX).await?;
        read_paths(&bytes).map_err(|rejected| {
            let (url, code) = (self.url(), rejected.code());
            Error::Stop(format!("the statuses from {url}: {code}: {rejected}"))
        })
    }

    /// The earliest timestamp that covers an entry, with its paths ([`crate::anchor::Anchored`]), for a
    /// proof whose head has `size` entries; for the caller to verify.
    ///
    /// # Errors
    /// [`Error::No`] where nothing covers it yet, or the ledger has not so many entries.
    pub async fn anchored(&self, entry: u64, size: u64) -> Result<Vec<u8>, Error> {
        self.get(&format!("proofs/anchor/{entry}/{size}"), ANCHORED_BYTES_MAX).await
    }

    /// The path that shows that the tree of `to` entries grew from that of `from`; for the caller to
    /// check.
    ///
    /// # Errors
    /// [`Error::No`] where the ledger has not so many entries; [`Error::Stop`] for no hashes.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, Error> {
        let shown: Consistency = self.get_json(&format!("proofs/consistency/{from}/{to}")).await?;
        let hashes = shown.path.iter().map(|text| Hash::from_hex(text));
        hashes.collect::<Option<_>>().ok_or_else(|| {
            Error::Stop(format!("the consistency from {}: a path is of 64 hex digits", self.url()))
        })
    }
}
