//! Nodes of the status map as bytes, little-endian: rows of one length, whatever keeps them. They
//! have no checksum: whoever follows a link holds what it reads to the link's hash.

use probant_core::{
    Hash, Rejected,
    status::{Inner, Leaf, Link, Slot, Status},
};

/// Bytes of a link.
pub const LINK_BYTES: usize = 40;
/// Bytes of an inner node of the status map: two links.
pub const INNER_BYTES: usize = 2 * LINK_BYTES;
/// Bytes of a leaf: slot, length of the value, the value, zeros.
pub const LEAF_BYTES: usize = 144;
/// Room for a value: the longest has 105 bytes.
const VALUE_BYTES_MAX: usize = LEAF_BYTES - 33;

pub fn encode_inner(inner: &Inner) -> [u8; INNER_BYTES] {
    let mut row = [0; INNER_BYTES];
    row[..LINK_BYTES].copy_from_slice(&encode_link(inner.left));
    row[LINK_BYTES..].copy_from_slice(&encode_link(inner.right));
    row
}

pub fn decode_inner(row: &[u8; INNER_BYTES]) -> Inner {
    Inner { left: decode_link(&row[..LINK_BYTES]), right: decode_link(&row[LINK_BYTES..]) }
}

pub fn encode_leaf(leaf: &Leaf) -> [u8; LEAF_BYTES] {
    let (mut row, value) = ([0; LEAF_BYTES], leaf.status.encode());
    assert!(value.len() <= VALUE_BYTES_MAX, "a status has 105 bytes at most");
    row[..32].copy_from_slice(&leaf.slot.0.0);
    row[32] = value.len() as u8;
    row[33..33 + value.len()].copy_from_slice(&value);
    row
}

pub fn decode_leaf(row: &[u8; LEAF_BYTES]) -> Result<Leaf, Rejected> {
    let value = &row[33..];
    let value = &value[..value.len().min(row[32].into())];
    Ok(Leaf { slot: Slot(hash_at(row, 0)), status: Status::decode(value)? })
}

/// The number with its kind in the two lowest bits, and the hash.
pub fn encode_link(link: Link) -> [u8; LINK_BYTES] {
    let number = match link {
        Link::Empty => 0,
        Link::Inner { at, .. } => at << 2 | 1,
        Link::Leaf { at, .. } => at << 2 | 2,
    };
    let mut row = [0; LINK_BYTES];
    row[..8].copy_from_slice(&number.to_le_bytes());
    row[8..].copy_from_slice(&link.hash().0);
    row
}

/// What it says is held to the hash by whoever follows it.
pub fn decode_link(row: &[u8]) -> Link {
    let (number, hash) = (row[..8].try_into().expect("eight bytes"), hash_at(row, 8));
    let number = u64::from_le_bytes(number);
    match number & 3 {
        1 => Link::Inner { at: number >> 2, hash },
        2 => Link::Leaf { at: number >> 2, hash },
        _ => Link::Empty,
    }
}

fn hash_at(bytes: &[u8], at: usize) -> Hash {
    Hash(bytes[at..at + 32].try_into().expect("32 bytes"))
}
