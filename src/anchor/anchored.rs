//! What shows that an entry was sealed when an authority says so: the reply over some head, the path of
//! the entry in the tree under it, and that this tree and the one of the proof are one history. Without
//! the last, anybody could have a tree of their own stamped today, and what is in it sealed when they
//! like. Neither the ledger nor its keys are believed for any of it.
//!
//! As bytes it is the CBOR array [size: uint, path: [*64 bstr], grown: [*65 bstr], reply: bstr], in its
//! one form.

use coset::cbor::{self, Value};
use probant_core::{Hash, Origin, Verified, checkpoint::Checkpoint, proof::Proof, tree};

use crate::timestamp::{REPLY_BYTES_MAX, Refused, Roots, Timestamp, verify};

/// Longest file that is read: a reply, 64 hashes and 65, and what is around them.
pub const ANCHORED_BYTES_MAX: usize = REPLY_BYTES_MAX + 8192;
/// What DER begins with, and no CBOR of this form does.
const DER_SEQUENCE: u8 = 0x30;
const FORM: Refused = Refused::Rule(
    "it is neither a timestamp nor what `probant proof anchor` writes, which brings one",
);
const NO_PATH: Refused = Refused::Rule("its path is none of the proof's entry");
const OTHER_HISTORY: Refused = Refused::Rule(
    "it does not show one history with the proof's head: where the proof has a newer one since, `probant \
     proof refresh` or `probant proof anchor` brings it again",
);
const OTHER_HEAD: Refused = Refused::Rule(
    "it is not over the proof's head: `probant proof anchor` brings one with its path",
);
const NONE_CARRIED: Refused = Refused::Rule(
    "the proof carries none: `probant proof anchor` brings one, to be given with --timestamp",
);

/// A reply, the path of an entry to the head that it is over, and how that head and the one of a proof
/// are of one history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Anchored {
    /// Entries in the tree under that head.
    pub size: u64,
    /// From the entry to its root.
    pub path: Vec<Hash>,
    /// That the larger of its tree and the proof's grew from the smaller; empty where they are one.
    pub grown: Vec<Hash>,
    /// The authority's reply, or its token.
    pub reply: Vec<u8>,
}

impl Anchored {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let hashes = |path: &[Hash]| {
            Value::Array(path.iter().map(|hash| Value::Bytes(hash.0.to_vec())).collect())
        };
        let (path, grown) = (hashes(&self.path), hashes(&self.grown));
        let parts = vec![self.size.into(), path, grown, Value::Bytes(self.reply.clone())];
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
            let [size, path, grown, reply] =
                <[Value; 4]>::try_from(parts.into_array().ok()?).ok()?;
            let hash = |hash: Value| hash.into_bytes().ok()?.try_into().ok().map(Hash);
            let hashes = |path: Value| path.into_array().ok()?.into_iter().map(hash).collect();
            let (path, grown): (Option<_>, Option<_>) = (hashes(path), hashes(grown));
            let size = size.into_integer().ok()?.try_into().ok()?;
            Some(Self { size, path: path?, grown: grown?, reply: reply.into_bytes().ok()? })
        };
        // One meaning has one form.
        read().filter(|read| read.encode() == bytes).ok_or(FORM)
    }

    /// Size and root of the tree that is stamped, once it is shown to be of one history with the tree of
    /// a verified proof, and to have its entry; the reply is not looked at.
    ///
    /// # Errors
    /// [`Refused::Rule`]: it is of another entry, of another history, or for another head.
    pub fn stamped(&self, proof: &Proof) -> Result<(u64, Hash), Refused> {
        let (own, stamped) = (own_tree(proof)?, tree_of(proof, self.size, &self.path)?);
        let (older, newer) = if stamped.0 < own.0 { (stamped, own) } else { (own, stamped) };
        tree::check_consistency(older, newer, &self.grown).map_err(|_| OTHER_HISTORY)?;
        Ok(stamped)
    }
}

/// The tree of so many entries that a path leads to from the proof's entry.
fn tree_of(proof: &Proof, size: u64, path: &[Hash]) -> Result<(u64, Hash), Refused> {
    let (leaf, index) = (proof.statement.leaf(), proof.receipt.index);
    let root = tree::root_from_path("anchor", leaf, index, size, path);
    root.map(|root| (size, root)).map_err(|_| NO_PATH)
}

/// The tree under the proof's head.
fn own_tree(proof: &Proof) -> Result<(u64, Hash), Refused> {
    tree_of(proof, proof.receipt.size, &proof.receipt.path)
}

/// A proof's entry was sealed no later than this timestamp says, and the size of the head that it is
/// over. `file` is an [`Anchored`] for the proof's head, or a reply or token over that head. The proof
/// has been verified.
///
/// The tree that is stamped and the proof's are one history. Where it is the smaller one, it is what the
/// proof's tree grew from, the entry included. Where it is the larger one, it holds the proof's head,
/// which was there by then. The head of the block that sealed the entry will not do instead: the proof
/// does not show that its own grew from that, and whoever holds the ledger's keys can seal a tree that
/// nobody is shown, many of them, and choose one later.
///
/// # Errors
/// [`Refused`]: above all, that no root was given that it leads to, or that it is of another history, or
/// for another head of the same.
pub fn existed(
    file: &[u8],
    proof: &Proof,
    origin: &Origin,
    roots: &Roots,
) -> Result<(Timestamp, u64), Refused> {
    let over = |(size, root): (u64, Hash), reply: &[u8]| {
        let head = Checkpoint { origin: origin.clone(), size, root };
        verify(reply, head.text().as_bytes(), roots).map(|timestamp| (timestamp, size))
    };
    if file.first() == Some(&DER_SEQUENCE) {
        return over(own_tree(proof)?, file).map_err(|why| match why {
            Refused::Imprint => OTHER_HEAD,
            why => why,
        });
    }
    let anchored = Anchored::decode(file)?;
    over(anchored.stamped(proof)?, &anchored.reply)
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

    const ARRAY_OF_4: u8 = 0x84;

    #[test]
    fn what_is_anchored_has_one_form() {
        let path = vec![Hash([1; 32]), Hash([2; 32])];
        let grown = vec![Hash([3; 32])];
        let anchored = Anchored { size: 300, path, grown, reply: b"a reply".to_vec() };
        let bytes = anchored.encode();
        assert_eq!(bytes[0], ARRAY_OF_4);
        assert_eq!(Anchored::decode(&bytes), Ok(anchored));
        for length in 0..bytes.len() {
            assert_eq!(Anchored::decode(&bytes[..length]), Err(FORM), "{length}");
        }
        let longer = |more: &[u8]| [&bytes, more].concat();
        assert_eq!(Anchored::decode(&longer(&[0])), Err(FORM));
        assert!(Anchored::decode(&longer(&vec![0; ANCHORED_BYTES_MAX])).is_err());
        // The size in more bytes than it needs, as a float, negative; lengths that promise much.
        let with = |size: &[u8]| [&[ARRAY_OF_4], size, &bytes[4..]].concat();
        for size in [&[0x1a, 0, 0, 1, 44][..], &[0xf9, 0x5c, 0xb0], &[0x39, 1, 44]] {
            assert_eq!(Anchored::decode(&with(size)), Err(FORM), "{size:?}");
        }
        assert_eq!(
            Anchored::decode(&[0x84, 0x01, 0x9b, 255, 255, 255, 255, 255, 255, 255, 255]),
            Err(FORM)
        );
        assert_eq!(
            Anchored::decode(&[
                0x84, 0x01, 0x80, 0x80, 0x5b, 127, 255, 255, 255, 255, 255, 255, 255
            ]),
            Err(FORM)
        );
        assert_eq!(Anchored::decode(&vec![0x84; ANCHORED_BYTES_MAX]), Err(FORM));
    }
}
