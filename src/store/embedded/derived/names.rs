//! What the index holds: for each statement, list and document a name in its map; and for a
//! document that was certified more than once, its other places in the set.
//!
//! Nearly every document is certified once, and a point read is several times as fast as a scan. So
//! the map holds the first place of a document, with a bit that says whether there are others. The
//! first block that certifies it decides, so deriving a block again changes nothing.

use std::{collections::HashMap, ops::RangeInclusive};

use probant_core::{Algorithm, Fingerprint, Hash, List};

use super::Derived;
use crate::store::{
    Location, StoreError, StoredBlock,
    embedded::index::{Index, Name, Rows, Start},
};

/// Bits of a number that hold the position in a list, and the one that says "others too".
const POSITION_BITS: u32 = 16;
const OTHERS: u64 = 1;

fn name(kind: u8, hash: &[u8]) -> Name {
    let mut name = [kind; 33];
    name[1..].copy_from_slice(hash);
    name
}

/// Names of statements begin with `s`.
pub fn of_statement(leaf: &Hash) -> Name {
    name(b's', &leaf.0)
}

/// Names of lists begin with `l`.
pub fn of_list(root: &Hash) -> Name {
    name(b'l', &root.0)
}

/// Names of documents begin with the code of their hash, 0x12 or 0x1e: in the order of
/// fingerprints, so that a list's names ascend.
fn of_document(fingerprint: &Fingerprint) -> Name {
    name(fingerprint.as_bytes()[0], fingerprint.digest())
}

fn document_of(name: &Name) -> Result<Fingerprint, StoreError> {
    let kinds = [Algorithm::Blake3, Algorithm::Sha256];
    let digest = name[1..].try_into().expect("32 bytes follow the kind");
    let document = kinds.map(|algorithm| Fingerprint::new(algorithm, digest));
    let document = document.into_iter().find(|document| of_document(document) == *name);
    document.ok_or_else(|| StoreError::damage("index", "a document of another kind"))
}

fn to_number(location: Location) -> u64 {
    (location.entry << POSITION_BITS | u64::from(location.position)) << 1
}

fn from_number(number: u64) -> Location {
    let number = number >> 1;
    Location { entry: number >> POSITION_BITS, position: number as u16 }
}

impl Derived {
    /// Where a document was first certified.
    pub fn first(&self, fingerprint: &Fingerprint) -> Result<Option<Location>, StoreError> {
        first(fingerprint, &*self.index)
    }

    /// Where a document is certified, before a place or anywhere, the newest first.
    pub fn documents(
        &self,
        fingerprint: &Fingerprint,
        before: Option<Location>,
        limit: usize,
    ) -> Result<Vec<Location>, StoreError> {
        locations(fingerprint, before, &*self.index, limit)
    }

    /// Where a document stands in the list of one entry.
    pub fn place(
        &self,
        fingerprint: &Fingerprint,
        entry: u64,
    ) -> Result<Option<Location>, StoreError> {
        place(fingerprint, entry, &*self.index)
    }

    /// Certified documents of a range, ascending.
    pub fn certified(
        &self,
        range: RangeInclusive<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<Fingerprint>, StoreError> {
        documents(&range, &*self.index, limit)
    }
}

/// What a block adds to the index.
pub fn rows(stored: &StoredBlock, index: &dyn Index) -> Result<Rows, StoreError> {
    let block = &stored.block;
    let (mut rows, mut here) = (Rows::default(), HashMap::new());
    let one_list = block.entries.iter().filter(|entry| entry.documents() > 0).count() <= 1;
    let both = block.entries.iter().zip(&block.lists);
    for ((statement, list), entry) in both.zip(block.header().first..) {
        if statement.as_block().is_none() {
            rows.number(&of_statement(&statement.leaf()), entry);
        }
        // A list of one is named by its statement's subject: nobody asks for it by root.
        if let Some(root) = statement.list_root() {
            rows.number(&of_list(&root), entry);
        }
        let certified = list.iter().filter(|_| statement.as_certify().is_some());
        let documents = certified.flat_map(List::iter).chain(statement.enveloped());
        for (document, position) in documents.zip(0..=u16::MAX) {
            let (name, location) = (of_document(&document), Location { entry, position });
            let first = match here.get(&name) {
                Some(first) => Some(*first),
                None => index.get(&name)?,
            };
            match first {
                Some(first) if from_number(first) != location => {
                    rows.number(&name, first | OTHERS);
                    rows.key(&[&name, &to_number(location).to_be_bytes()]);
                }
                // Derived before: as it stands.
                Some(_) => {}
                None => rows.number(&name, to_number(location)),
            }
            if !one_list {
                here.entry(name).or_insert_with(|| first.unwrap_or_else(|| to_number(location)));
            }
        }
    }
    Ok(rows)
}

/// Where a document was first certified: one point read.
pub fn first(fingerprint: &Fingerprint, index: &dyn Index) -> Result<Option<Location>, StoreError> {
    Ok(index.get(&of_document(fingerprint))?.map(from_number))
}

/// Where a document is certified, before a place or anywhere, the newest first.
pub fn locations(
    fingerprint: &Fingerprint,
    before: Option<Location>,
    index: &dyn Index,
    limit: usize,
) -> Result<Vec<Location>, StoreError> {
    let name = of_document(fingerprint);
    let Some(first) = index.get(&name)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    if first & OTHERS == OTHERS {
        let below = before.map(|before| to_number(before).to_be_bytes());
        let start = below.as_ref().map_or(Start::Last, |below| Start::Before(below));
        for rest in index.scan(&name, start, limit)? {
            found.push(from_rest(&rest)?);
        }
    }
    let first = from_number(first);
    if found.len() < limit && before.is_none_or(|before| first < before) {
        found.push(first);
    }
    Ok(found)
}

/// Where a document stands in the list of one entry: one point read, and a scan where it was
/// certified more than once.
pub fn place(
    fingerprint: &Fingerprint,
    entry: u64,
    index: &dyn Index,
) -> Result<Option<Location>, StoreError> {
    let name = of_document(fingerprint);
    let Some(first) = index.get(&name)? else { return Ok(None) };
    let of_entry = |location: &Location| location.entry == entry;
    if first & OTHERS != OTHERS || of_entry(&from_number(first)) {
        return Ok(Some(from_number(first)).filter(of_entry));
    }
    let Some(after) = entry.checked_add(1).filter(|after| after.leading_zeros() > POSITION_BITS)
    else {
        return Ok(None);
    };
    let above = to_number(Location { entry: after, position: 0 }).to_be_bytes();
    let rest = index.scan(&name, Start::Before(&above), 1)?;
    Ok(rest.first().map(|rest| from_rest(rest)).transpose()?.filter(of_entry))
}

/// Documents of a range, ascending.
pub fn documents(
    range: &RangeInclusive<Fingerprint>,
    index: &dyn Index,
    limit: usize,
) -> Result<Vec<Fingerprint>, StoreError> {
    let names = of_document(range.start())..=of_document(range.end());
    index.names(names, limit)?.iter().map(document_of).collect()
}

fn from_rest(rest: &[u8]) -> Result<Location, StoreError> {
    let wrong = |_| StoreError::damage("index", "a place of another length");
    rest.try_into().map(u64::from_be_bytes).map(from_number).map_err(wrong)
}
