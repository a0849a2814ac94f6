//! A text with the line of its SHA-256 before it: against accidents on the disk, and against nobody who
//! can write there.

use sha2::{Digest as _, Sha256};

/// Hex digits of a SHA-256.
const DIGITS: usize = 64;
/// What is wrong with bytes that [`read`] refuses.
pub const WRONG: &str = "its SHA-256 is not the one in its first line";

/// The text with its first line, and a LF at its end.
pub fn line(text: &str) -> Vec<u8> {
    format!("{}\n{text}\n", of(text.as_bytes())).into_bytes()
}

/// The inverse of [`line`]; none where it is damaged.
pub fn read(bytes: &[u8]) -> Option<&str> {
    let (sum, text) = bytes.split_at_checked(DIGITS + 1)?;
    let text = text.strip_suffix(b"\n")?;
    let is_whole = sum == format!("{}\n", of(text)).as_bytes();
    std::str::from_utf8(text).ok().filter(|_| is_whole)
}

fn of(text: &[u8]) -> String {
    hex::encode(Sha256::digest(text))
}
