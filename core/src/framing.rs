//! How blocks follow each other in segment files and over HTTP (docs/format.md 7.4): records, one
//! after the other. What a record's block means is nothing to it; where records come from, and what
//! a bad one amounts to, is the reader's business.
//!
//! ```text
//! record   length u32 LE | block | crc32 u32 LE of length and block
//! ```
//! The checksum finds accidents. Against anybody's will stand only the hashes and seals in blocks.

/// Bytes of the length, which a record begins with.
pub const LENGTH_BYTES: usize = 4;
/// Bytes of the checksum, which it ends with.
pub const CRC_BYTES: usize = 4;
/// Longest block in a record; a longer length is damage, and nothing is set aside for it.
pub const RECORD_BYTES_MAX: usize = 256 << 20;

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The length is beyond [`RECORD_BYTES_MAX`].
    #[error("a record of {0} bytes: {RECORD_BYTES_MAX} at most")]
    TooLong(usize),
    /// Length or block are not those that were framed.
    #[error("the checksum of this record differs")]
    Checksum,
}

/// Length of the whole record of a block of `block_bytes`.
pub const fn record_bytes(block_bytes: usize) -> usize {
    LENGTH_BYTES + block_bytes + CRC_BYTES
}

/// The record of a block; [`block_bytes`] and [`parse`] are its inverse.
///
/// # Errors
/// [`BadRecord::TooLong`].
pub fn frame(block: &[u8]) -> Result<Vec<u8>, BadRecord> {
    let length = (check(block.len())? as u32).to_le_bytes();
    Ok([&length[..], block, &checksum(length, block)].concat())
}

/// Bytes of the block that begins with this length: what is to be read next, and a checksum.
///
/// # Errors
/// [`BadRecord::TooLong`].
pub fn block_bytes(length: [u8; LENGTH_BYTES]) -> Result<usize, BadRecord> {
    check(u32::from_le_bytes(length) as usize)
}

/// The block of a record, given its length and all that follows.
///
/// # Errors
/// [`BadRecord::Checksum`], also where `rest` is too short to have one.
pub fn parse(length: [u8; LENGTH_BYTES], mut rest: Vec<u8>) -> Result<Vec<u8>, BadRecord> {
    let (block, crc) = rest.split_last_chunk().ok_or(BadRecord::Checksum)?;
    if *crc != checksum(length, block) {
        return Err(BadRecord::Checksum);
    }
    rest.truncate(rest.len() - CRC_BYTES);
    Ok(rest)
}

fn check(block_bytes: usize) -> Result<usize, BadRecord> {
    if block_bytes > RECORD_BYTES_MAX {
        return Err(BadRecord::TooLong(block_bytes));
    }
    Ok(block_bytes)
}

fn checksum(length: [u8; LENGTH_BYTES], block: &[u8]) -> [u8; CRC_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(block);
    hasher.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_length_block_and_checksum() {
        let record = frame(b"block").unwrap();
        // By Python's zlib.
        assert_eq!(hex::encode(&record), "05000000626c6f636bde31a7e9");
        assert_eq!(record.len(), record_bytes(5));
        let (length, rest) = record.split_first_chunk().unwrap();
        assert_eq!(block_bytes(*length), Ok(5));
        assert_eq!(parse(*length, rest.to_vec()).unwrap(), b"block");
    }

    #[test]
    fn a_flipped_bit_anywhere_shows() {
        let record = frame(b"block").unwrap();
        for bit in 0..8 * record.len() {
            let mut flipped = record.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (length, rest) = flipped.split_first_chunk().unwrap();
            assert_eq!(parse(*length, rest.to_vec()), Err(BadRecord::Checksum), "bit {bit}");
        }
        assert_eq!(parse([0; 4], vec![0; 3]), Err(BadRecord::Checksum));
    }

    #[test]
    fn what_is_too_long_is_said_before_it_is_read() {
        let long = RECORD_BYTES_MAX as u32 + 1;
        assert_eq!(block_bytes((long - 1).to_le_bytes()), Ok(RECORD_BYTES_MAX));
        assert_eq!(block_bytes(long.to_le_bytes()), Err(BadRecord::TooLong(long as usize)));
        assert!(frame(&vec![0; long as usize]).is_err());
    }
}
