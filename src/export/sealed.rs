//! That `export.json` says what the ledger has sealed. Whoever can write to an export can put any size and
//! root there, and tiles that lead to it; and the next run would have the ledger's note key sign that.
//! Nothing here is taken from the place but what is to be held to the source.

use std::fmt::Display;

use probant_core::{
    Statement,
    block::Layout,
    key::{Kid, PublicKey},
    seal::Seal,
};

use super::{Keys, Source, Written};
use crate::Error;

/// Holds what an earlier run left to the block of its height, as the source has it.
///
/// # Errors
/// [`Error::Stop`] where that block has sealed anything else; those of the source.
pub fn check(there: &Written, block: &[u8], source: &mut Source) -> Result<(), Error> {
    let wrong = |why: &dyn Display| {
        Error::Stop(format!(
            "export.json says what block {} has not sealed: {why}; nothing was written. Delete that file, \
             and the next run writes everything again",
            there.height
        ))
    };
    let layout = Layout::of(block)?;
    let last = layout.entries.last().and_then(|at| Statement::decode(&block[at.clone()]).ok());
    let header = last.as_ref().and_then(Statement::as_block);
    let header = header.ok_or_else(|| wrong(&"it does not end with a block statement"))?;
    if (header.height, header.size) != (there.height, there.size) {
        let (height, size) = (header.height, header.size);
        return Err(wrong(&format!("the source has block {height} there, up to {size} entries")));
    }
    let keys = there.keys()?;
    // The ML-DSA line of the checkpoint says it.
    if keys.note_ml_dsa.is_some() && there.time_s() != header.time_ms / 1000 {
        return Err(wrong(&format!(
            "the source has it sealed {} s after 1970",
            header.time_ms / 1000
        )));
    }
    let seal = Seal::decode(&block[layout.seal])?;
    let key = if keys.seal.kid() == seal.kid() {
        keys.seal
    } else {
        let unknown = || wrong(&"no block of the source brings its key");
        brought(seal.kid(), source)?.ok_or_else(unknown)?
    };
    seal.verify(&key, &keys.origin, header.time_ms, there.root()?).map_err(|why| wrong(&why))
}

/// The seal key of this name as the source's blocks bring it. A name is the hash of its key, so the key
/// that `export.json` says seals the next block will do as well where it is that one; where the newest
/// block replaced its own key, all before it are read.
fn brought(kid: Kid, source: &mut Source) -> Result<Option<PublicKey>, Error> {
    let mut blocks = (source.open)(0)?;
    let mut known: Option<Keys> = None;
    while let Some(block) = blocks.next()? {
        for at in Layout::of(&block)?.entries {
            let entry = &block[at];
            let keys = match known.take() {
                None => Keys::of_genesis(entry)?,
                Some(mut keys) => {
                    keys.take(entry)?;
                    keys
                }
            };
            if keys.seal.kid() == kid {
                return Ok(Some(keys.seal));
            }
            known = Some(keys);
        }
    }
    Ok(None)
}
