//! The block statement: the last entry of every block; the hash chain, the time, the status root
//! (format.md 7).

use crate::{
    Hash, Rejected,
    cbor::{Reader, Writer},
};

/// The payload of a block statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BlockStatement {
    /// Number of this block, from 0.
    pub height: u64,
    /// Leaf hash of the block statement before; in block 0 the ledger id.
    pub previous: Hash,
    /// Index of this block's first entry.
    pub first: u64,
    /// Entries in the tree, this one included.
    pub size: u64,
    /// Documents certified so far, this block included.
    pub documents: u64,
    /// When the block was sealed: milliseconds since 1970, never backwards.
    pub time_ms: u64,
    /// Root of the status map after this block.
    pub status: Hash,
}

impl BlockStatement {
    pub(super) const KIND: &str = "block";

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = Writer::default().map(7).uint(1).uint(self.height);
        let writer = writer.uint(2).bytes(&self.previous.0).uint(3).uint(self.first);
        let writer = writer.uint(4).uint(self.size).uint(5).uint(self.documents);
        writer.uint(6).uint(self.time_ms).uint(7).bytes(&self.status.0).finish()
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "block statement");
        reader.map_len(7)?;
        let uint = |reader: &mut Reader<'_>, key| reader.key(key).and_then(|()| reader.uint());
        let hash = |reader: &mut Reader<'_>, key| reader.key(key).and_then(|()| reader.hash());
        let body = Self {
            height: uint(&mut reader, 1)?,
            previous: hash(&mut reader, 2)?,
            first: uint(&mut reader, 3)?,
            size: uint(&mut reader, 4)?,
            documents: uint(&mut reader, 5)?,
            time_ms: uint(&mut reader, 6)?,
            status: hash(&mut reader, 7)?,
        };
        reader.finish()?;
        Ok(body)
    }
}
