//! What a store must say, put together from the blocks alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use probant::{
    store::{Location, Store, StoredBlock},
    tile::{self, Tile},
};
use probant_core::{
    Algorithm, Fingerprint, Hash,
    list::Batch,
    status::{Fall, Slot, Status},
    tree,
};

use crate::world::{caught_up, documents};

/// Everything that a store says, against the blocks that it was given.
pub fn check_all(store: &dyn Store, blocks: &[StoredBlock]) {
    caught_up(store);
    assert_eq!(store.head().as_ref(), blocks.last().map(|block| &block.head));
    let leaves: Vec<_> = blocks
        .iter()
        .flat_map(|b| b.block.entries.iter().map(probant_core::Statement::leaf))
        .collect();
    let mut places: HashMap<_, Vec<Location>> = HashMap::new();
    for block in blocks {
        let header = block.block.header();
        assert_eq!(store.block(header.height).unwrap().unwrap(), block.bytes);
        let span = store.span(header.height).unwrap().unwrap();
        assert_eq!((span.first, span.size), (header.first, header.size));
        assert_eq!(span.seal, block.block.seal.encode());
        for ((statement, list), index) in
            block.block.entries.iter().zip(&block.block.lists).zip(header.first..)
        {
            let entry = (statement.entry().to_vec(), header.height);
            assert_eq!(store.entry(index).unwrap(), Some(entry));
            if statement.as_block().is_none() {
                assert_eq!(store.statement(&statement.leaf()).unwrap(), Some(index));
            }
            let path = tree::prove(index, leaves.len() as u64, |nodes| store.hashes(nodes));
            let root = tree::root_from_path(
                "entry",
                statement.leaf(),
                index,
                leaves.len() as u64,
                &path.unwrap(),
            );
            assert_eq!(root.ok(), tree::root(leaves.clone()));
            let Some(list) = list else { continue };
            if statement.list_root().is_some() {
                assert_eq!(store.list(&list.root()).unwrap().unwrap(), list.as_bytes());
            }
            if statement.as_certify().is_none() {
                continue;
            }
            let batch = Batch::new(list.clone());
            for (document, position) in list.iter().zip(0..) {
                let location = Location { entry: index, position };
                places.entry(document).or_default().insert(0, location);
                let path = store.document_path(location).unwrap();
                assert_eq!(path, batch.path(position.into()));
            }
        }
    }
    check_tiles(store, blocks, &leaves);
    check_statuses(store, blocks);
    check_ranges(store, &places.keys().copied().collect());
    for (document, newest_first) in places {
        let first = &newest_first[..newest_first.len().min(100)];
        assert_eq!(store.documents(&document, None, 100).unwrap(), first);
        assert_eq!(store.documents(&document, None, 1).unwrap(), newest_first[..1]);
        assert_eq!(store.first(&document).unwrap(), newest_first.last().copied());
        for (at, location) in newest_first.iter().enumerate() {
            let (before, limit) = (&newest_first[at + 1..], (newest_first.len() - at).min(3));
            let found = store.documents(&document, Some(*location), limit).unwrap();
            assert_eq!(found, before[..before.len().min(limit)]);
        }
        for entry in 0..leaves.len() as u64 {
            let here = newest_first.iter().find(|location| location.entry == entry).copied();
            assert_eq!(store.place(&document, entry).unwrap(), here);
        }
        assert_eq!(store.place(&document, u64::MAX).unwrap(), None);
    }
    let beyond = blocks.len() as u64;
    assert_eq!(store.block(beyond).unwrap(), None);
    assert_eq!(store.entry(leaves.len() as u64).unwrap(), None);
    assert_eq!(store.statement(&Hash([7; 32])).unwrap(), None);
    assert_eq!(store.list(&Hash([7; 32])).unwrap(), None);
    assert_eq!(store.first(&documents(999_999, 1)[0]).unwrap(), None);
    assert_eq!(store.documents(&documents(999_999, 1)[0], None, 9).unwrap(), []);
    let chain = store.chain().unwrap();
    assert_eq!(chain.as_ref().map(|chain| chain.head().clone()), store.head());
    let newest = store.head().and_then(|head| store.status(head.height).unwrap());
    assert_eq!(chain.map(|chain| chain.status()), newest);
}

/// Entries that follow each other, and every part of every tile with its bundle.
fn check_tiles(store: &dyn Store, blocks: &[StoredBlock], leaves: &[Hash]) {
    let all: Vec<_> = blocks.iter().flat_map(|block| &block.block.entries).collect();
    let size = all.len() as u64;
    for (start, end) in [(0, size), (0, 0), (size / 2, size), (size, size)] {
        let expected = all[start as usize..end as usize].iter().map(|entry| entry.entry().to_vec());
        assert_eq!(store.entries(start..end).unwrap(), Some(expected.collect()));
    }
    assert_eq!(store.entries(0..size + 1).unwrap(), None);
    let Some(root) = tree::root(leaves.to_vec()) else { return };
    for (index, leaves) in (0..).zip(leaves.chunks(256)) {
        for width in [1, leaves.len().div_ceil(2), leaves.len()] {
            let tile = Tile { level: 0, index, width: width as u16 };
            let hashes = tile::hashes(store, tile, (size, root)).unwrap();
            assert_eq!(hashes, leaves[..width], "{tile}");
            let bundle = tile::bundle(store, tile, (size, root)).unwrap();
            let start = index as usize * 256;
            let entries = all[start..start + width].iter().flat_map(|entry| {
                [&(entry.entry().len() as u16).to_be_bytes()[..], entry.entry()].concat()
            });
            assert_eq!(bundle, entries.collect::<Vec<_>>(), "{tile}");
        }
    }
}

/// Certified documents in ranges, against all of them: whole kinds, one digit more and more, one
/// document, the gaps beside it, and nothing.
fn check_ranges(store: &dyn Store, certified: &BTreeSet<Fingerprint>) {
    let check = |low: Fingerprint, high: Fingerprint| {
        let all: Vec<_> = certified.range(low..=high).copied().collect();
        for limit in [0, 1, all.len(), all.len() + 1] {
            let found = store.certified(low..=high, limit).unwrap();
            assert_eq!(found, all[..limit.min(all.len())], "{low} to {high}, {limit}");
        }
    };
    let [blake3, sha256] = [Algorithm::Blake3, Algorithm::Sha256];
    let end = |algorithm, byte| Fingerprint::new(algorithm, [byte; 32]);
    check(end(sha256, 0), end(blake3, 255));
    for algorithm in [blake3, sha256] {
        check(end(algorithm, 0), end(algorithm, 255));
    }
    for document in certified.iter().step_by(certified.len() / 20 + 1) {
        let text = document.to_string();
        let digits = text.len() - 64;
        for length in [0, 1, 2, 3, 4, 5, 31, 32, 63, 64] {
            let bound = |fill: &str| -> Fingerprint {
                let rest = fill.repeat(64 - length);
                format!("{}{rest}", &text[..digits + length]).parse().unwrap()
            };
            check(bound("0"), bound("f"));
        }
    }
}

/// The status map after every block, against what fell up to it.
fn check_statuses(store: &dyn Store, blocks: &[StoredBlock]) {
    let mut fallen: BTreeMap<Slot, Fall> = BTreeMap::new();
    for stored in blocks {
        let (block, header) = (&stored.block, stored.block.header());
        for ((statement, list), entry) in block.entries.iter().zip(&block.lists).zip(header.first..)
        {
            let (Some(revoke), Some(list)) = (statement.as_revoke(), list) else { continue };
            for (document, replacement) in list.pairs() {
                let (time_ms, kid, reason) = (header.time_ms, statement.kid(), revoke.reason);
                let fall = Fall { entry, time_ms, kid, reason, replacement };
                fallen.insert(Slot::document(statement.issuer(), &document), fall);
            }
        }
        let map = store.status(header.height).unwrap().unwrap();
        assert_eq!(map.root_hash(), header.status);
        for (slot, fall) in &fallen {
            let path = map.prove(slot, store).unwrap();
            let expected = Some(Status::Document(*fall));
            assert_eq!(path.verify(slot, header.status).unwrap().copied(), expected);
        }
        let slots: Vec<_> = fallen.keys().copied().collect();
        let found = map.find(&slots, store).unwrap().into_iter();
        assert_eq!(found.flatten().count(), fallen.len());
        let never = Slot::issuer("never.example");
        assert_eq!(map.prove(&never, store).unwrap().verify(&never, header.status), Ok(None));
    }
    assert_eq!(store.status(blocks.len() as u64).unwrap(), None);
}
