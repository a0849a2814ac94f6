//! An export that is cut off at each of its writes goes on, and comes to the same.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use super::*;
use crate::{
    audit::tests::{
        Memory,
        world::{World, key, list},
    },
    keyring::Keyring,
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

fn run(blocks: &[Vec<u8>], place: &Failing) -> Result<Written, Error> {
    let blocks = blocks.to_vec();
    let open = Box::new(move |height: u64| {
        let rest = blocks.iter().skip(usize::try_from(height).unwrap()).cloned();
        Ok(Box::new(Memory(rest.collect::<Vec<_>>().into_iter())) as Box<dyn Blocks>)
    });
    let end = End::Newest { keys: Arc::new(Keyring::of([key(2)])), up_to: None };
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
