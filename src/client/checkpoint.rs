//! The ledger's newest checkpoint, held to the note key in force. A replacement of that key is among
//! the entries of `/lineage`.

use probant_core::{
    Rejected,
    chain::Chain,
    checkpoint::{Checkpoint, NoteKeys},
    cose_key::CoseKey,
    key::Use,
    note::NOTE_BYTES_MAX,
};

use super::Client;
use crate::Error;

impl Client {
    /// The newest checkpoint, and the signed note as it came.
    ///
    /// # Errors
    /// [`Error::No`] where this node signs none; [`Error::Stop`] for a note that the ledger's note key
    /// did not sign.
    pub async fn checkpoint(&self, founding: &Chain) -> Result<(Checkpoint, String), Error> {
        let note = self.get("checkpoint", NOTE_BYTES_MAX).await?;
        let lie = |code: &str, why: &dyn std::fmt::Display| {
            Error::Stop(format!("the checkpoint from {}: {code}: {why}", self.url()))
        };
        let note = String::from_utf8(note).map_err(|why| lie("checkpoint", &why))?;
        let registry = self.lineage(&founding.identity()).await?;
        let key = registry.ledger_key(Use::Note);
        let second = registry.own_key(Use::NoteMlDsa).and_then(CoseKey::as_ml_dsa);
        let keys = NoteKeys { ed25519: key, ml_dsa: second };
        match Checkpoint::open_by(&note, registry.origin(), keys) {
            Ok(opened) => Ok((opened.checkpoint().clone(), note)),
            Err(why @ Rejected::Signature("note" | "checkpoint")) => Err(lie(
                why.code(),
                &format!("the ledger's note key {} did not sign it", key.kid()),
            )),
            Err(why) => Err(lie(why.code(), &why)),
        }
    }
}
