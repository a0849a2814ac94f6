//! An export that is cut off at each of its writes goes on, and comes to the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use probant_core::{
    Statement,
    key::Use,
    ml_dsa,
    statement::{Body, HeldKey, KeyAct, KeyStatement},
    tree::leaf_hash,
};

use super::*;
use crate::{
    audit::tests::{
        Memory,
        world::{World, key, list},
    },
    keyring::Keyring,
    tile::{Rows, flat},
};

/// Files in memory, of which so many are put before it fails.
struct Failing {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    left: Mutex<usize>,
}

impl Failing {
    fn after(left: usize) -> Self {
        Self { files: Mutex::default(), left: Mutex::new(left) }
    }
}

impl Place for Failing {
    fn name(&self) -> String {
        "memory".into()
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.files.lock().unwrap().get(path).cloned())
    }

    fn put(&self, files: Vec<File>) -> Result<(), Error> {
        for file in files {
            let mut left = self.left.lock().unwrap();
            *left = left.checked_sub(1).ok_or_else(|| Error::Stop("cut off".into()))?;
            self.files.lock().unwrap().insert(file.path, file.bytes);
        }
        Ok(())
    }
}

/// Whoever exports may hold it, also where the ledger has none.
fn second_key() -> ml_dsa::SigningKey {
    ml_dsa::SigningKey::from_seed(&[12; 32])
}

fn run(blocks: &[Vec<u8>], place: &Failing) -> Result<Written, Error> {
    let blocks = blocks.to_vec();
    let open = Box::new(move |height: u64| {
        let rest = blocks.iter().skip(usize::try_from(height).unwrap()).cloned();
        Ok(Box::new(Memory(rest.collect::<Vec<_>>().into_iter())) as Box<dyn Blocks>)
    });
    let end =
        End::Newest { keys: Arc::new(Keyring::of([key(2)]).and_ml_dsa(second_key())), up_to: None };
    let (stop, mut progress) = (AtomicBool::new(false), |_: &Written| {});
    let mut settings = Settings { expected: None, stop: &stop, progress: &mut progress };
    export(Source { name: "memory".into(), open, end }, place, &mut settings)
}

#[test]
fn cut_off_at_any_write_it_goes_on_and_comes_to_the_same() {
    let mut world = World::new();
    for block in 0..20 {
        world.seal((0..30).map(|i| world.certify(list(block * 100 + i, 1))).collect());
    }
    let blocks = world.encode();
    let whole = Failing::after(usize::MAX);
    let written = run(&blocks, &whole).unwrap();
    assert_eq!((written.height, written.size), (21, world.chain.head().size));
    let expected = whole.files.into_inner().unwrap();
    let writes = (0..1000).find(|writes| run(&blocks, &Failing::after(*writes)).is_ok()).unwrap();
    assert!(writes > 40, "{writes}");
    for cut in 0..writes {
        let place = Failing::after(cut);
        assert!(run(&blocks, &place).is_err());
        let reached = Written::read(&place).unwrap().map_or(0, |written| written.height);
        assert!(!place.files.lock().unwrap().contains_key(CHECKPOINT), "nobody is told");
        // What was said to be there is not asked for again.
        *place.left.lock().unwrap() = usize::MAX;
        assert_eq!(run(&blocks, &place).unwrap(), written, "{cut}, from block {reached}");
        assert!(*place.files.lock().unwrap() == expected, "{cut}, from block {reached}");
    }
}

#[test]
fn a_block_that_was_never_sealed_is_not_written() {
    let mut world = World::new();
    world.seal(vec![world.certify(list(0, 3))]);
    let mut blocks = world.encode();
    let before = Failing::after(usize::MAX);
    run(&blocks[..2], &before).unwrap();
    let files = before.files.lock().unwrap().clone();
    // Another list of as many: only the tree of its statement tells.
    let mut forged = world.blocks[2].clone();
    forged.entries[0] = world.certify(list(50, 3)).0;
    blocks[2] = forged.encode();
    let why = run(&blocks, &before).unwrap_err().to_string();
    assert!(why.starts_with("block 2: the signature of seal"), "{why}");
    assert!(*before.files.lock().unwrap() == files, "{why}");
}

/// A copy of a place whose `export.json` says what `change` makes of it.
fn saying(place: &Failing, change: &dyn Fn(&mut serde_json::Value)) -> Failing {
    let mut files = place.files.lock().unwrap().clone();
    let mut says = serde_json::from_slice(&files["export.json"]).unwrap();
    change(&mut says);
    files.insert("export.json".into(), serde_json::to_vec(&says).unwrap());
    Failing { files: Mutex::new(files), left: Mutex::new(usize::MAX) }
}

/// The same with a tree of so many entries that nobody certified, and tiles that lead to its root.
fn lying(place: &Failing, entries: u64) -> Failing {
    let mut rows = Rows::default();
    let mut tiles = BTreeMap::new();
    for entry in 0..entries {
        rows.push(leaf_hash(&entry.to_be_bytes()), |tile, hashes| {
            tiles.insert(tile.to_string(), flat(hashes));
        });
    }
    for (tile, hashes) in rows.edge() {
        tiles.insert(tile.to_string(), flat(hashes));
        tiles.insert(tile.bundle_path(), Vec::new());
    }
    let root = rows.root().unwrap().to_string();
    let lying = saying(place, &|says| {
        says["size"] = entries.into();
        says["root"] = root.clone().into();
    });
    lying.files.lock().unwrap().extend(tiles);
    lying
}

#[test]
fn what_no_block_of_the_source_sealed_is_not_signed_whatever_the_place_says() {
    let mut world = World::new();
    world.seal(vec![world.certify(list(0, 3))]);
    let sealed = world.encode();
    // The newest block replaces the key that seals it, so export.json has another.
    let (old, new, ledger) = (key(1), key(11), world.chain.identity().ledger);
    let origin = world.chain.identity().origin.to_string();
    let act = KeyAct::Replace {
        r#use: Use::Seal,
        held: HeldKey::prove(&new, Use::Seal, &origin, 1, ledger),
    };
    let body = Body::Key(KeyStatement { seq: 1, kid: new.public().kid(), act });
    let replaced = Statement::sign(&key(3), &origin, Some(ledger), 1_790_000_000, body);
    world.push(world.forge(vec![(replaced, None)], &old, &old, |_| {}));
    for blocks in [sealed, world.encode()] {
        let place = Failing::after(usize::MAX);
        let written = run(&blocks, &place).unwrap();
        assert_eq!(run(&blocks, &place).unwrap(), written, "it goes on where it is true");
        let second_key = hex::encode(second_key().public().as_bytes());
        let seal_key = hex::encode(key(5).public().as_bytes());
        let lies = [
            lying(&place, written.size),
            lying(&place, written.size + 300),
            lying(&place, written.size - 1),
            saying(&lying(&place, written.size), &|says| {
                says["seal_key"] = seal_key.clone().into();
            }),
            saying(&place, &|says| says["origin"] = "other.example".into()),
            saying(&place, &|says| {
                says["ml_dsa"] = serde_json::json!({ "note_key": second_key, "time_s": 1 });
            }),
        ];
        for place in lies {
            let before = place.files.lock().unwrap().clone();
            let refused = run(&blocks, &place);
            assert!(*place.files.lock().unwrap() == before, "it wrote: {refused:?}");
            let why = refused.unwrap_err();
            assert!(
                matches!(&why, Error::Stop(why) if why.starts_with("export.json says")),
                "{why}"
            );
        }
    }
}
