//! Whether a receipt is the ledger's own: sealed by the key that was in force at its block, over a
//! tree that holds the statement. The one verification of proofs does the same, and more; but enrollments
//! have no proof.

use probant_core::{List, Statement, block::Block, chain::Chain, key::Use};

use super::{Accepted, Client, NoReceipt};
use crate::Error;

impl Client {
    /// [`Client::submit`], and verifies the seal of the receipt. `founding` is from
    /// [`Client::founding_of`].
    ///
    /// # Errors
    /// Those of [`Client::submit`]; [`Error::Stop`] for a receipt that this ledger never sealed.
    pub async fn submit_verified(
        &self,
        founding: &Chain,
        statement: &Statement,
        list: Option<&List>,
    ) -> Result<Accepted, NoReceipt> {
        let accepted = self.submit(statement, list).await?;
        let unchecked = |error: Error| match error {
            Error::Stop(why) => Error::Stop(why),
            other => Error::busy(format!(
                "the ledger says that this is entry {}, which could not be checked: {other}; send \
                 it again",
                accepted.index
            )),
        };
        self.check_receipt(founding, statement, &accepted).await.map_err(unchecked)?;
        Ok(accepted)
    }

    async fn check_receipt(
        &self,
        founding: &Chain,
        statement: &Statement,
        accepted: &Accepted,
    ) -> Result<(), Error> {
        let lie = |why: String| {
            let url = self.url();
            Error::Stop(format!("the receipt from {url} for entry {}: {why}", accepted.index))
        };
        let receipt = &accepted.receipt;
        let height = receipt.seal.height();
        let bytes = self.block(height).await?;
        let block = Block::decode(&bytes).map_err(|fault| lie(fault.rejected.to_string()))?;
        let header = block.header();
        if (header.height, header.size) != (height, receipt.size) {
            let (found, size) = (header.height, header.size);
            return Err(lie(format!("block {height} is shown as {found}, of {size} entries")));
        }
        let at = accepted.index.checked_sub(header.first).and_then(|at| usize::try_from(at).ok());
        let entry = at.and_then(|at| block.entries.get(at));
        if entry.is_none_or(|entry| entry.leaf() != statement.leaf()) {
            return Err(lie(format!("block {height} has something else there")));
        }
        // The time comes from the block, and is no less true for it: the seal signs it too.
        let registry = self.registry_with(founding, &receipt.seal.kid()).await?;
        let root = receipt.root(statement.leaf());
        let sealed = root.and_then(|root| {
            let key = registry.ledger_key_at(Use::Seal, header.first);
            receipt.seal.verify(key, registry.origin(), header.time_ms, root)
        });
        sealed.map_err(|rejected| lie(format!("{}: {rejected}", rejected.code())))
    }
}
