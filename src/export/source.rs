//! What is exported: the blocks of a ledger, and the head up to which they are.

use std::sync::Arc;

use probant_core::{checkpoint::Checkpoint, note::NOTE_BYTES_MAX};

use crate::{
    Error,
    audit::{self, Blocks, Stored},
    client::Client,
    keyring::Keyring,
    store::Store,
    transport,
};

/// Opens the blocks from a height on.
type Open = Box<dyn FnMut(u64) -> Result<Box<dyn Blocks>, Error>>;

/// A ledger to be exported.
pub struct Source {
    /// What people call it.
    pub name: String,
    /// Its blocks from a height on.
    pub open: Open,
    /// Where they end.
    pub end: End,
}

/// Where an export ends, and who signs for it.
pub enum End {
    /// At a checkpoint that the ledger has signed.
    Signed {
        /// The note; held to the blocks before it is believed.
        note: String,
        /// Entries, as it says.
        size: u64,
    },
    /// At the newest block there is, for which the exporter signs.
    Newest {
        /// The ledger's own keys.
        keys: Arc<Keyring>,
        /// No block above was acknowledged.
        up_to: Option<u64>,
    },
}

impl End {
    /// Whether a tree of this size is where it ends.
    pub fn is_at(&self, size: u64) -> bool {
        matches!(self, Self::Signed { size: end, .. } if *end == size)
    }

    /// Whether no block after this one is exported.
    pub fn is_reached(&self, there: &super::Written) -> bool {
        match self {
            Self::Signed { size, .. } => there.size >= *size,
            Self::Newest { up_to, .. } => up_to.is_some_and(|end| there.height >= end),
        }
    }
}

impl Source {
    /// A ledger that a server serves, up to the checkpoint that it shows now.
    ///
    /// # Errors
    /// [`Error::Busy`] where nobody answers; [`Error::Input`] where there is no checkpoint.
    pub fn served(url: &str) -> Result<Self, Error> {
        let client = Client::new(url)?;
        let name = client.url().to_owned();
        let note =
            transport::runtime()?.block_on(client.file(super::CHECKPOINT, NOTE_BYTES_MAX))?;
        let none = || Error::input(format!("{name}: there is no checkpoint at /checkpoint"));
        let note = String::from_utf8(note.ok_or_else(none)?).map_err(|_| none())?;
        let size = Checkpoint::unverified(&note).map_err(|_| none())?.size;
        let url = url.to_owned();
        let open = Box::new(move |height| audit::open_from(&url, height));
        Ok(Self { name, open, end: End::Signed { note, size } })
    }

    /// A data directory, also of a running server, up to its newest block or to `up_to`.
    pub fn directory(dir: &str, keys: Arc<Keyring>, up_to: Option<u64>) -> Self {
        let (name, dir) = (dir.to_owned(), dir.to_owned());
        let open = Box::new(move |height| audit::open_from(&dir, height));
        Self { name, open, end: End::Newest { keys, up_to } }
    }

    /// An open store, up to the head that it has now.
    pub fn stored(name: String, store: Arc<dyn Store>, keys: Arc<Keyring>) -> Self {
        let called = name.clone();
        let open = Box::new(move |height| {
            let blocks = Stored::from_height(called.clone(), Arc::clone(&store), height);
            Ok(Box::new(blocks) as Box<dyn Blocks>)
        });
        Self { name, open, end: End::Newest { keys, up_to: None } }
    }
}
