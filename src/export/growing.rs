//! An export on its way: what blocks add to it, held to the blocks before, and handed over in parts.

use probant_core::{
    Hash, Identity, LedgerId, Statement, block::Layout, framing, seal::Seal, tree::leaf_hash,
};

use super::{Keys, Written, block_path};
use crate::{
    Error,
    place::{File, Place},
    tile::{self, Rows, Tile, WIDTH, flat},
};

/// A part is handed over once it has so many files or bytes. Tests make many of a small ledger.
const FILES_MAX: usize = if cfg!(test) { 4 } else { 1024 };
const BYTES_MAX: usize = 32 << 20;

/// The tree and its keys after some block, and what is not handed over yet.
pub struct Growing {
    written: Written,
    keys: Keys,
    rows: Rows,
    /// The bundle that is not whole yet.
    bundle: Vec<u8>,
    files: Vec<File>,
    bytes: usize,
}

impl Growing {
    /// Begins with block 0, which says what ledger it is.
    pub fn found(block: &[u8], expected: Option<&Identity>) -> Result<Self, Error> {
        let layout = Layout::of(block)?;
        let genesis = &block[layout.entries[0].clone()];
        let wrong = |why: &dyn std::fmt::Display| Error::Stop(format!("block 0: {why}"));
        let keys = Keys::of_genesis(genesis).map_err(|why| wrong(&why))?;
        let ledger = leaf_hash(genesis);
        let found = Identity { origin: keys.origin.clone(), ledger: LedgerId(ledger) };
        if let Some(expected) = expected.filter(|expected| **expected != found) {
            return Err(wrong(&format!("it is of ledger {found}, and you expect {expected}")));
        }
        let written = Written::new(&keys, ledger, (0, 0), (0, Hash::ZERO));
        let (rows, bundle, files) = (Rows::default(), Vec::new(), Vec::new());
        let mut growing = Self { written, keys, rows, bundle, files, bytes: 0 };
        growing.add_at(0, block)?;
        Ok(growing)
    }

    /// Goes on after what an earlier run left, whose last tiles must lead to the root that it had.
    pub fn resume(written: Written, place: &dyn Place) -> Result<Self, Error> {
        let damaged = |path: &str, why: &str| {
            let place = place.name();
            Error::Stop(format!(
                "{place}/{path}: {why}; delete {place}/export.json, and the next run writes everything \
                 again"
            ))
        };
        let read = |path: &str| place.get(path)?.ok_or_else(|| damaged(path, "it is missing"));
        let rows = Rows::read(written.size, |tile| {
            let path = tile.to_string();
            let row = split(&read(&path)?).filter(|row| row.len() == usize::from(tile.width));
            row.ok_or_else(|| damaged(&path, "it has another length"))
        })?;
        if rows.root() != Some(written.root()?) {
            return Err(damaged("tile", "the last tiles lead to another root"));
        }
        let edge = rows.edge().find(|(tile, _)| tile.level == 0).map(|(tile, _)| tile);
        let bundle = edge.map_or(Ok(Vec::new()), |tile| read(&tile.bundle_path()))?;
        let keys = written.keys()?;
        Ok(Self { written, keys, rows, bundle, files: Vec::new(), bytes: 0 })
    }

    /// How far it is, parts that are not handed over yet included.
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// Whether a block is the newest that the place holds.
    pub fn is_newest(&self, block: Option<&[u8]>, place: &dyn Place) -> Result<bool, Error> {
        let Some(block) = block else { return Ok(false) };
        let there = place.get(&block_path(self.written.height))?;
        Ok(there.is_some() && there == framing::frame(block).ok())
    }

    /// Adds the next block.
    pub fn add(&mut self, block: &[u8]) -> Result<(), Error> {
        self.add_at(self.written.height + 1, block)
    }

    fn add_at(&mut self, height: u64, block: &[u8]) -> Result<(), Error> {
        let wrong = |why: &dyn std::fmt::Display| Error::Stop(format!("block {height}: {why}"));
        let layout = Layout::of(block).map_err(|why| wrong(&why))?;
        let entries: Vec<_> = layout.entries.iter().map(|at| &block[at.clone()]).collect();
        let last = entries.last().and_then(|entry| Statement::decode(entry).ok());
        let header = last.as_ref().and_then(Statement::as_block);
        let header = header.ok_or_else(|| wrong(&"it does not end with a block statement"))?;
        let size = self.rows.size() + entries.len() as u64;
        if (header.height, header.first, header.size) != (height, self.rows.size(), size) {
            return Err(wrong(&"its statement is that of another block"));
        }
        if let Some(at) = entries.iter().position(|entry| u16::try_from(entry.len()).is_err()) {
            return Err(wrong(&format!("entry {at} of it is longer than 65,535 bytes")));
        }
        let frame = framing::frame(block).map_err(|why| wrong(&why))?;
        let seal_key = self.keys.seal.clone();
        for entry in &entries {
            self.add_entry(entry).map_err(|why| wrong(&why))?;
        }
        let root = self.rows.root().expect("a block has entries");
        // A key that this block brings seals the next one.
        let seal = Seal::decode(&block[layout.seal.clone()]).map_err(|why| wrong(&why))?;
        seal.verify(&seal_key, &self.keys.origin, header.time_ms, root)
            .map_err(|why| wrong(&why))?;
        self.file(block_path(height), frame);
        let (ledger, at) = (self.written.ledger()?, (height, header.time_ms));
        self.written = Written::new(&self.keys, ledger, at, (size, root));
        Ok(())
    }

    fn add_entry(&mut self, entry: &[u8]) -> Result<(), Error> {
        let mut whole = Vec::new();
        self.rows.push(leaf_hash(entry), |tile, hashes| whole.push((tile, flat(hashes))));
        tile::append_entry(&mut self.bundle, entry);
        for (tile, hashes) in whole {
            if tile.level == 0 {
                let bundle = std::mem::take(&mut self.bundle);
                self.file(tile.bundle_path(), bundle);
            }
            self.file(tile.to_string(), hashes);
        }
        Ok(self.keys.take(entry)?)
    }

    fn file(&mut self, path: String, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.files.push(File { path, bytes, is_final: true });
    }

    /// Whether it is time to hand over.
    pub fn is_full(&self) -> bool {
        self.files.len() >= FILES_MAX || self.bytes >= BYTES_MAX
    }

    /// Puts what was added to the place, and then says so there; false where nothing was.
    pub fn hand_over(&mut self, place: &dyn Place) -> Result<bool, Error> {
        if self.files.is_empty() {
            return Ok(false);
        }
        let edge: Vec<(Tile, Vec<u8>)> =
            self.rows.edge().map(|(tile, hashes)| (tile, flat(hashes))).collect();
        for (tile, hashes) in edge {
            debug_assert!(tile.width < WIDTH);
            if tile.level == 0 {
                self.file(tile.bundle_path(), self.bundle.clone());
            }
            self.file(tile.to_string(), hashes);
        }
        self.bytes = 0;
        place.put(std::mem::take(&mut self.files))?;
        place.put(vec![self.written.file()])?;
        Ok(true)
    }
}

/// The inverse of [`flat`]; none for a part of a hash.
fn split(bytes: &[u8]) -> Option<Vec<Hash>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    rest.is_empty().then(|| hashes.iter().map(|hash| Hash(*hash)).collect())
}
