//! Which seal keys the ledger has had: the entries that brought them are asked for, and verified from
//! the ledger's identity on. A receipt names a block whose key may be a replacement of the one that
//! genesis lists.

use std::sync::{Arc, PoisonError};

use probant_core::{
    Identity, Rejected,
    chain::Chain,
    key::Kid,
    registry::{Registry, read_lineage},
};

use super::Client;
use crate::Error;

/// Longest lineage: 1,024 entries, each of which brings a key and is far shorter than an entry may be.
const LINEAGE_BYTES_MAX: usize = 2 << 20;

impl Client {
    /// The registry as far as the ledger's lineage tells, asked for again where the last one does not
    /// know this key. Whether it knows it now is for the caller to see.
    pub(super) async fn registry_with(
        &self,
        founding: &Chain,
        kid: &Kid,
    ) -> Result<Arc<Registry>, Error> {
        let (trusted, known) = (founding.identity(), self.known_registry());
        let known = known.filter(|registry| registry.identity() == trusted);
        let known = known.unwrap_or_else(|| Arc::clone(founding.registry()));
        if known.key(kid).is_some() {
            return Ok(known);
        }
        let asked = Arc::new(self.lineage(&trusted).await?);
        *self.registry.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&asked));
        Ok(asked)
    }

    fn known_registry(&self) -> Option<Arc<Registry>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ledger's keys by now, as the ledger tells it: a replacement can be left out.
    ///
    /// # Errors
    /// Those of every request; [`Error::Stop`] for one that does not hold.
    pub async fn lineage(&self, trusted: &Identity) -> Result<Registry, Error> {
        let bytes = self.get("lineage", LINEAGE_BYTES_MAX).await?;
        followed(trusted, &bytes).map_err(|rejected| {
            Error::Stop(format!("the lineage from {}: {}: {rejected}", self.url(), rejected.code()))
        })
    }
}

fn followed(trusted: &Identity, lineage: &[u8]) -> Result<Registry, Rejected> {
    let entries = read_lineage(lineage)?;
    let entries: Vec<_> = entries.iter().map(|(index, statement)| (*index, statement)).collect();
    Registry::from_lineage(trusted, &entries)
}
