//! What shows that an entry existed when an authority says so: the reply over some head, and the path
//! of the entry in the tree under it. Neither the ledger nor its keys are believed for that.
//!
//! As bytes it is the CBOR array [size: uint, path: [*64 bstr], reply: bstr], in its one form.

use coset::cbor::{self, Value};
use probant_core::{Hash, Origin, Verified, checkpoint::Checkpoint, proof::Proof, tree};

use crate::timestamp::{REPLY_BYTES_MAX, Refused, Roots, Timestamp, verify};

/// Longest file that is read: a reply, 64 hashes, and what is around them.
pub const ANCHORED_BYTES_MAX: usize = REPLY_BYTES_MAX + 4096;
/// What CBOR of this form begins with: an array of three.
const ARRAY_OF_3: u8 = 0x83;
const FORM: Refused =
    Refused::Rule("it is neither a timestamp nor what `probant proof anchor` writes");
const NEITHER_HEAD: Refused = Refused::Rule(
    "it is over neither head that the proof knows: `probant proof anchor` brings one with its path",
);
const NONE_CARRIED: Refused = Refused::Rule(
    "the proof carries none: `probant proof anchor` brings one, to be given with --timestamp",
);

/// A reply, and the path of an entry to the head that it is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Anchored {
    /// Entries in the tree under that head.
    pub size: u64,
    /// From the entry to its root.
    pub path: Vec<Hash>,
    /// The authority's reply, or its token.
    pub reply: Vec<u8>,
}

impl Anchored {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let path = self.path.iter().map(|hash| Value::Bytes(hash.0.to_vec())).collect();
        let parts = vec![self.size.into(), Value::Array(path), Value::Bytes(self.reply.clone())];
        let mut bytes = Vec::new();
        cbor::ser::into_writer(&Value::Array(parts), &mut bytes).expect("memory takes it");
        bytes
    }

    /// The inverse of [`Anchored::encode`], of which nothing has been verified.
    ///
    /// # Errors
    /// [`Refused::TooLong`], and [`Refused::Rule`] for another form.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > ANCHORED_BYTES_MAX {
            return Err(Refused::TooLong { max: ANCHORED_BYTES_MAX });
        }
        let read = || -> Option<Self> {
            let parts: Value = cbor::de::from_reader(bytes).ok()?;
            let [size, path, reply] = <[Value; 3]>::try_from(parts.into_array().ok()?).ok()?;
            let hash = |hash: Value| hash.into_bytes().ok()?.try_into().ok().map(Hash);
            let path = path.into_array().ok()?.into_iter().map(hash).collect::<Option<_>>()?;
            let size = size.into_integer().ok()?.try_into().ok()?;
            Some(Self { size, path, reply: reply.into_bytes().ok()? })
        };
        // One meaning has one form.
        read().filter(|read| read.encode() == bytes).ok_or(FORM)
    }
}

/// A proof's entry existed no later than this timestamp says, and the size of the head that it is
/// over. `file` is an [`Anchored`], or a reply or token over one of the two heads that the proof
/// knows: that of its block, and its own. The proof has been verified.
///
/// # Errors
/// [`Refused`]: above all, that no root was given that it leads to, or that it is over other heads.
pub fn existed(
    file: &[u8],
    proof: &Proof,
    origin: &Origin,
    roots: &Roots,
) -> Result<(Timestamp, u64), Refused> {
    let (leaf, index) = (proof.statement.leaf(), proof.receipt.index);
    let over = |size, path: &[Hash], reply: &[u8]| {
        let root = tree::root_from_path("anchor", leaf, index, size, path);
        let wrong = |_| Refused::Rule("its path is none of the proof's entry");
        let head = Checkpoint { origin: origin.clone(), size, root: root.map_err(wrong)? };
        verify(reply, head.text().as_bytes(), roots).map(|timestamp| (timestamp, size))
    };
    if file.first() == Some(&ARRAY_OF_3) {
        let Anchored { size, path, reply } = Anchored::decode(file)?;
        return over(size, &path, &reply);
    }
    // The earlier the better.
    for receipt in [&proof.first_receipt, &proof.receipt] {
        match over(receipt.size, &receipt.path, file) {
            Err(Refused::Imprint) => {}
            found => return found,
        }
    }
    Err(NEITHER_HEAD)
}

/// The same by the time stamps that a proof carries over its own head: the earliest of those that lead
/// to one of the roots. Others may be by authorities that this verifier does not know.
///
/// # Errors
/// [`Refused`] of the last one, where none is believed.
pub fn carried(verified: &Verified, roots: &Roots) -> Result<(Timestamp, u64), Refused> {
    let head = verified.checkpoint();
    let (text, mut refused) = (head.text(), NONE_CARRIED);
    let mut earliest: Option<Timestamp> = None;
    for token in verified.timestamps() {
        match verify(token, text.as_bytes(), roots) {
            Err(why) => refused = why,
            Ok(found) => {
                let earlier = |one: &Timestamp| one.no_later_than_ms() <= found.no_later_than_ms();
                earliest = earliest.filter(earlier).or(Some(found));
            }
        }
    }
    earliest.map(|found| (found, head.size)).ok_or(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_anchored_has_one_form() {
        let path = vec![Hash([1; 32]), Hash([2; 32])];
        let anchored = Anchored { size: 300, path, reply: b"a reply".to_vec() };
        let bytes = anchored.encode();
        assert_eq!(bytes[0], ARRAY_OF_3);
        assert_eq!(Anchored::decode(&bytes), Ok(anchored));
        for length in 0..bytes.len() {
            assert_eq!(Anchored::decode(&bytes[..length]), Err(FORM), "{length}");
        }
        let longer = |more: &[u8]| [&bytes, more].concat();
        assert_eq!(Anchored::decode(&longer(&[0])), Err(FORM));
        assert!(Anchored::decode(&longer(&vec![0; ANCHORED_BYTES_MAX])).is_err());
        // The size in more bytes than it needs, as a float, negative; lengths that promise much.
        let with = |size: &[u8]| [&[ARRAY_OF_3], size, &bytes[4..]].concat();
        for size in [&[0x1a, 0, 0, 1, 44][..], &[0xf9, 0x5c, 0xb0], &[0x39, 1, 44]] {
            assert_eq!(Anchored::decode(&with(size)), Err(FORM), "{size:?}");
        }
        assert_eq!(
            Anchored::decode(&[0x83, 0x01, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255]),
            Err(FORM)
        );
        assert_eq!(
            Anchored::decode(&[0x83, 0x01, 0x80, 0x5b, 127, 255, 255, 255, 255, 255, 255, 255]),
            Err(FORM)
        );
        assert_eq!(Anchored::decode(&vec![0x83; ANCHORED_BYTES_MAX]), Err(FORM));
    }
}
