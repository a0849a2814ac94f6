//! One path of the map: that a slot holds a status, or nothing (format.md 6.1).

use crate::{
    Hash, Rejected,
    cbor::{self, Reader, Writer},
};

use super::{
    Slot, Status,
    map::{leaf_hash, node_hash},
};

/// What stands where a slot leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// The slot's own leaf.
    This(Status),
    /// The leaf of another slot, alone under the bits that both share: this one is empty.
    Other {
        /// That slot.
        slot: Slot,
        /// SHA-256 of its value, which is nobody's business here.
        value: Hash,
    },
    /// Nothing.
    Empty,
}

/// What stands where a slot leads, and what leads from there to the root. Until it is verified it
/// is what a stranger says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusPath {
    /// At the end of the path.
    pub found: Found,
    /// The other side of each fork, the lowest first: as many as the path has bits.
    pub siblings: Vec<Hash>,
}

impl StatusPath {
    /// The status of a slot under `root`, `None` if it is empty there; the inverse of
    /// [`Map::prove`](super::Map::prove).
    ///
    /// # Errors
    /// Those of [`StatusPath::root`], and [`Rejected::PathRoot`].
    pub fn verify(&self, slot: &Slot, root: Hash) -> Result<Option<&Status>, Rejected> {
        let found = self.root(slot)?;
        if found != root {
            let (found, expected) = (found.to_string(), root.to_string());
            return Err(Rejected::PathRoot { what: "status", found, expected });
        }
        Ok(self.status())
    }

    /// Root to which the path leads from a slot. That it is the right one is for the caller to
    /// compare.
    ///
    /// # Errors
    /// [`Rejected::Status`] for a path that no map has, before anything of it is hashed.
    pub fn root(&self, slot: &Slot) -> Result<Hash, Rejected> {
        self.check(slot)?;
        let end = match &self.found {
            Found::This(status) => leaf_hash(slot, &status.digest()),
            Found::Other { slot, value } => leaf_hash(slot, value),
            Found::Empty => Hash::ZERO,
        };
        let forks = (0..self.siblings.len()).rev();
        Ok(self.siblings.iter().zip(forks).fold(end, |below, (sibling, depth)| {
            if slot.goes_right(depth) {
                node_hash(sibling, &below)
            } else {
                node_hash(&below, sibling)
            }
        }))
    }

    fn check(&self, slot: &Slot) -> Result<(), Rejected> {
        let depth = self.siblings.len();
        if depth > Slot::BITS {
            return Err(Rejected::status(format!("a path of {depth} hashes, at most 256")));
        }
        if let Found::Other { slot: other, .. } = &self.found
            && (other == slot || other.shared_bits(slot) < depth)
        {
            return Err(Rejected::status(format!(
                "the leaf of slot {} is not on this path",
                other.0
            )));
        }
        if self.siblings.first() == Some(&Hash::ZERO) {
            return Err(Rejected::status("beside its end is nothing: it would end higher"));
        }
        Ok(())
    }

    /// The status that it says the slot holds.
    pub fn status(&self) -> Option<&Status> {
        match &self.found {
            Found::This(status) => Some(status),
            Found::Other { .. } | Found::Empty => None,
        }
    }

    /// The bytes of one path alone.
    pub fn encode(&self) -> Vec<u8> {
        self.write(Writer::with_capacity(1024)).finish()
    }

    /// The inverse of [`StatusPath::encode`].
    ///
    /// # Errors
    /// [`Rejected::Malformed`], and the refusals of [`Status::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejected> {
        cbor::check(bytes, "status path")?;
        let mut reader = Reader::new(bytes, "status path");
        let path = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(path)
    }

    pub(crate) fn write(&self, writer: Writer) -> Writer {
        let writer = writer.array(2);
        match &self.found {
            Found::This(status) => writer.bytes(&status.encode()),
            Found::Other { slot, value } => writer.array(2).bytes(&slot.0.0).bytes(&value.0),
            Found::Empty => writer.null(),
        }
        .hashes(&self.siblings)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        reader.array_len(2)?;
        let found = reader.null_or(Found::read)?.unwrap_or(Found::Empty);
        Ok(Self { found, siblings: reader.hashes(Slot::BITS)? })
    }
}

/// Many paths as bytes: CBOR `[status-path, …]`.
pub fn write_paths(paths: &[StatusPath]) -> Vec<u8> {
    let writer = Writer::with_capacity(1024).array(paths.len());
    paths.iter().fold(writer, |writer, path| path.write(writer)).finish()
}

/// The inverse of [`write_paths`].
///
/// # Errors
/// [`Rejected::Malformed`], and the refusals of [`Status::decode`].
pub fn read_paths(bytes: &[u8]) -> Result<Vec<StatusPath>, Rejected> {
    cbor::check(bytes, "status paths")?;
    let mut reader = Reader::new(bytes, "status paths");
    let count = reader.array()?;
    (0..count).map(|_| StatusPath::read(&mut reader)).collect()
}

impl Found {
    /// A leaf: its value if it is the slot's own, its slot and digest if it is another's.
    fn read(reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        if !reader.is_array_next() {
            return Status::decode(reader.bytes()?).map(Self::This);
        }
        reader.array_len(2)?;
        Ok(Self::Other { slot: Slot(reader.hash()?), value: reader.hash()? })
    }
}
