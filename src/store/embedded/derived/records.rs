//! The rows of the derived tables, little-endian.

use std::{fs, ops::Range, path::Path};

use probant_core::status::Map;

use crate::{
    durable,
    store::{
        StoreError, StoredBlock,
        embedded::segments::Position,
        status_nodes::{decode_link, encode_link},
    },
};

/// A block: where it is, where its seal is in it, which entries it has; and the status map after it.
pub struct BlockRecord {
    pub position: Position,
    pub bytes: u32,
    pub seal_start: u16,
    pub seal_bytes: u16,
    pub first: u64,
    pub size: u64,
    pub status: Map,
}

impl BlockRecord {
    pub const BYTES: usize = 88;

    pub fn of(stored: &StoredBlock, position: Position) -> Self {
        let (header, seal) = (stored.block.header(), &stored.layout.seal);
        Self {
            position,
            bytes: u32::try_from(stored.bytes.len()).expect("a record is shorter than 256 MiB"),
            seal_start: seal.start as u16,
            seal_bytes: u16::try_from(seal.len()).expect("a seal is a few hundred bytes"),
            first: header.first,
            size: header.size,
            status: stored.growth.map,
        }
    }

    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut row = [0; Self::BYTES];
        row[..8].copy_from_slice(&self.position.0.to_le_bytes());
        row[8..12].copy_from_slice(&self.bytes.to_le_bytes());
        row[12..14].copy_from_slice(&self.seal_start.to_le_bytes());
        row[14..16].copy_from_slice(&self.seal_bytes.to_le_bytes());
        row[16..24].copy_from_slice(&self.first.to_le_bytes());
        row[24..32].copy_from_slice(&self.size.to_le_bytes());
        row[32..72].copy_from_slice(&encode_link(self.status.root));
        row[72..80].copy_from_slice(&self.status.inners.to_le_bytes());
        row[80..].copy_from_slice(&self.status.leaves.to_le_bytes());
        row
    }

    pub fn decode(row: &[u8; Self::BYTES]) -> Self {
        Self {
            position: Position(u64_at(row, 0)),
            bytes: u32_at(row, 8),
            seal_start: u16::from_le_bytes([row[12], row[13]]),
            seal_bytes: u16::from_le_bytes([row[14], row[15]]),
            first: u64_at(row, 16),
            size: u64_at(row, 24),
            status: Map {
                root: decode_link(&row[32..72]),
                inners: u64_at(row, 72),
                leaves: u64_at(row, 80),
            },
        }
    }
}

/// An entry: where it is in its block, and where its list and the list's nodes are.
pub struct EntryRecord {
    pub position: Position,
    pub start: u32,
    pub bytes: u32,
    pub list_start: u32,
    /// 0 where the entry bears no list.
    pub list_bytes: u32,
    /// Number of the first kept node, of a list that certifies.
    pub nodes: u64,
}

impl EntryRecord {
    pub const BYTES: usize = 32;

    /// `list` is where it starts in the block, its length, and the number of its first kept node.
    pub fn new(position: Position, part: &Range<usize>, list: Option<(u32, u32, u64)>) -> Self {
        let (list_start, list_bytes, nodes) = list.unwrap_or_default();
        let (start, bytes) = (part.start as u32, part.len() as u32);
        Self { position, start, bytes, list_start, list_bytes, nodes }
    }

    pub fn encode(&self) -> [u8; Self::BYTES] {
        let mut row = [0; Self::BYTES];
        row[..8].copy_from_slice(&self.position.0.to_le_bytes());
        row[8..12].copy_from_slice(&self.start.to_le_bytes());
        row[12..16].copy_from_slice(&self.bytes.to_le_bytes());
        row[16..20].copy_from_slice(&self.list_start.to_le_bytes());
        row[20..24].copy_from_slice(&self.list_bytes.to_le_bytes());
        row[24..].copy_from_slice(&self.nodes.to_le_bytes());
        row
    }

    pub fn decode(row: &[u8; Self::BYTES]) -> Self {
        Self {
            position: Position(u64_at(row, 0)),
            start: u32_at(row, 8),
            bytes: u32_at(row, 12),
            list_start: u32_at(row, 16),
            list_bytes: u32_at(row, 20),
            nodes: u64_at(row, 24),
        }
    }
}

/// How much of every table is synced, in the file `complete`.
#[derive(Default)]
pub struct Complete {
    pub blocks: u64,
    pub entries: u64,
    pub nodes: u64,
    pub registry: u64,
    /// Inner nodes and leaves of the status maps.
    pub statuses: (u64, u64),
}

impl Complete {
    const BYTES: usize = 52;

    /// Reads it; a missing file means nothing.
    pub fn read(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("complete");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(StoreError::io(format!("read {}", path.display()))(error)),
        };
        let whole = bytes.len() == Self::BYTES
            && crc32fast::hash(&bytes[..48]).to_le_bytes() == bytes[48..];
        if !whole {
            return Err(StoreError::damage(path.display().to_string(), "its checksum is wrong"));
        }
        Ok(Self {
            blocks: u64_at(&bytes, 0),
            entries: u64_at(&bytes, 8),
            nodes: u64_at(&bytes, 16),
            registry: u64_at(&bytes, 24),
            statuses: (u64_at(&bytes, 32), u64_at(&bytes, 40)),
        })
    }

    pub fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let Self { blocks, entries, nodes, registry, statuses: (inners, leaves) } = *self;
        let numbers = [blocks, entries, nodes, registry, inners, leaves];
        let mut bytes = numbers.map(u64::to_le_bytes).concat();
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(durable::replace_file(&dir.join("complete"), &bytes, 0o644)?)
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
