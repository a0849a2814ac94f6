//! Blocks of an export, wherever it lies, up to its checkpoint. Beside handing them over this holds to
//! them all that was exported with them: every tile and bundle of the tree that the checkpoint covers,
//! and the checkpoint itself, size, root and signature. What the blocks mean is for the replay.

use probant_core::{
    Hash,
    block::Layout,
    checkpoint::Checkpoint,
    framing::{self, LENGTH_BYTES},
    tree::leaf_hash,
};

use super::Blocks;
use crate::{
    Error,
    export::{CHECKPOINT, Keys, block_path},
    place::Place,
    tile::{self, Rows, Tile},
};

const HASH_BYTES: usize = 32;

/// Reads `blocks/…` in order.
pub struct Exported {
    place: Box<dyn Place>,
    note: String,
    /// Entries that the checkpoint covers.
    size: u64,
    /// The block that comes next.
    height: u64,
    /// None before block 0.
    keys: Option<Keys>,
    rows: Rows,
    /// The bundle that is not whole yet.
    bundle: Vec<u8>,
    /// Found in what came with the last block, which the replay looks at first: a fault in the block
    /// itself explains more.
    found: Option<Error>,
    notes: Vec<String>,
}

impl Exported {
    /// An export at a place; none where there is no checkpoint, or no block beside it.
    ///
    /// # Errors
    /// [`Error::Input`] for a checkpoint that is none, or blocks without one; those of the place.
    pub fn open(place: Box<dyn Place>) -> Result<Option<Self>, Error> {
        let has_blocks = place.get(&block_path(0))?.is_some();
        let name = place.name();
        let Some(note) = place.get(CHECKPOINT)?.filter(|_| has_blocks) else {
            let unfinished = "there are blocks and no checkpoint: an export that was not finished";
            let none = || Error::input(format!("{name}: {unfinished}"));
            return if has_blocks { Err(none()) } else { Ok(None) };
        };
        let wrong = || Error::input(format!("{name}/{CHECKPOINT} is no checkpoint"));
        let note = String::from_utf8(note).map_err(|_| wrong())?;
        // Nobody has vouched for it yet: it is held to the blocks at the end.
        let size = Checkpoint::unverified(&note).map_err(|_| wrong())?.size;
        Ok(Some(Self {
            place,
            note,
            size,
            height: 0,
            keys: None,
            rows: Rows::default(),
            bundle: Vec::new(),
            found: None,
            notes: Vec::new(),
        }))
    }

    fn wrong(&self, path: &str, why: &str) -> Error {
        Error::Stop(format!("{}/{path}: {why}", self.place.name()))
    }

    /// The next block, out of its frame.
    fn read(&self) -> Result<Vec<u8>, Error> {
        let path = block_path(self.height);
        let Some(mut record) = self.place.get(&path)? else {
            let why = format!(
                "it is missing: the checkpoint covers {} entries, the blocks before have {}",
                self.size,
                self.rows.size()
            );
            return Err(self.wrong(&path, &why));
        };
        let rest = record.split_off(record.len().min(LENGTH_BYTES));
        let Ok(length) = record.try_into() else {
            return Err(self.wrong(&path, "it ends within a length"));
        };
        let bytes =
            framing::block_bytes(length).map_err(|bad| self.wrong(&path, &bad.to_string()))?;
        if rest.len() != bytes + framing::CRC_BYTES {
            let there = rest.len().saturating_sub(framing::CRC_BYTES);
            return Err(self.wrong(&path, &format!("{there} of {bytes} bytes are there")));
        }
        framing::parse(length, rest).map_err(|bad| self.wrong(&path, &bad.to_string()))
    }

    /// Adds what a block has to the tree, and compares the tiles that it completes.
    fn follow(&mut self, block: &[u8]) -> Result<(), Error> {
        // What is no block at all, the replay says of it.
        let Ok(layout) = Layout::of(block) else { return Ok(()) };
        for at in layout.entries {
            let entry = &block[at];
            match &mut self.keys {
                Some(keys) => keys.take(entry)?,
                None => self.keys = Some(Keys::of_genesis(entry)?),
            }
            self.follow_entry(entry)?;
        }
        if self.rows.size() > self.size {
            let why = format!(
                "it covers {} entries, and no block ends there: block {} ends at {}",
                self.size,
                self.height,
                self.rows.size()
            );
            return Err(self.wrong(CHECKPOINT, &why));
        }
        Ok(())
    }

    fn follow_entry(&mut self, entry: &[u8]) -> Result<(), Error> {
        if u16::try_from(entry.len()).is_err() {
            let path = block_path(self.height);
            return Err(self.wrong(&path, "an entry of more than 65,535 bytes"));
        }
        tile::append_entry(&mut self.bundle, entry);
        let mut whole = Vec::new();
        self.rows.push(leaf_hash(entry), |tile, hashes| whole.push((tile, hashes.to_vec())));
        for (tile, hashes) in whole {
            self.check_tile(tile, &hashes)?;
            if tile.level == 0 {
                let bundle = std::mem::take(&mut self.bundle);
                self.check_bundle(tile, &bundle)?;
            }
        }
        Ok(())
    }

    fn check_tile(&self, tile: Tile, hashes: &[Hash]) -> Result<(), Error> {
        let path = tile.to_string();
        let there = self.covered(&path)?;
        let (parts, rest) = there.as_chunks::<HASH_BYTES>();
        if !rest.is_empty() || parts.len() != hashes.len() {
            let (found, right) = (there.len(), hashes.len() * HASH_BYTES);
            let why = format!("it has {found} bytes, and a tile of this name has {right}");
            return Err(self.wrong(&path, &why));
        }
        let differs: Vec<_> = (0..parts.len()).filter(|at| parts[*at] != hashes[*at].0).collect();
        let Some(first) = differs.first() else { return Ok(()) };
        let why = if differs.len() == parts.len() && parts.len() > 1 {
            "none of its hashes is of this place: another tile, or a tile of another ledger"
                .to_owned()
        } else {
            let entry = (tile.start() + *first as u64) << (8 * u32::from(tile.level));
            format!("hash {first}, of what begins with entry {entry}, is not that of the blocks")
        };
        Err(self.wrong(&path, &why))
    }

    fn check_bundle(&self, tile: Tile, bundle: &[u8]) -> Result<(), Error> {
        let path = tile.bundle_path();
        let there = self.covered(&path)?;
        if there == bundle {
            return Ok(());
        }
        let same = there.iter().zip(bundle).take_while(|(a, b)| a == b).count();
        let (found, right) = (there.len(), bundle.len());
        let why = if same == found {
            format!("it was cut short: {found} of {right} bytes are there")
        } else {
            format!(
                "from byte {same} on it is not what the blocks have from entry {} on",
                tile.start()
            )
        };
        Err(self.wrong(&path, &why))
    }

    /// A file of the tree that the checkpoint covers.
    fn covered(&self, path: &str) -> Result<Vec<u8>, Error> {
        let missing = || self.wrong(path, "it is missing, and the checkpoint covers it");
        self.place.get(path)?.ok_or_else(missing)
    }

    /// What can be compared once all blocks are there: the last tiles, and the checkpoint.
    fn finish(&mut self) -> Result<(), Error> {
        for (tile, hashes) in self.rows.edge() {
            self.check_tile(tile, hashes)?;
            if tile.level == 0 {
                self.check_bundle(tile, &self.bundle)?;
            }
        }
        let Some(keys) = &self.keys else { return Ok(()) };
        let signed = Checkpoint::open_by(&self.note, &keys.origin, keys.notes())
            .map_err(|why| self.wrong(CHECKPOINT, &format!("{}: {why}", why.code())))?;
        if Some(signed.checkpoint().root) != self.rows.root() {
            let why = "it signs another root than that of the blocks: two histories of one ledger, of \
                       which the checkpoint is evidence of one, and the seal of the last block of the \
                       other";
            return Err(self.wrong(CHECKPOINT, why));
        }
        if self.place.get(&block_path(self.height))?.is_some() {
            self.notes.push(format!(
                "there are blocks from {} on that the checkpoint does not cover, and nobody was told of: \
                 an export under way or not finished, or an older checkpoint put in the place of a \
                 newer one",
                self.height
            ));
        }
        Ok(())
    }
}

impl Blocks for Exported {
    fn name(&self) -> String {
        self.place.name()
    }

    fn bytes_total(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if let Some(found) = self.found.take() {
            return Err(found);
        }
        if self.rows.size() >= self.size {
            self.finish()?;
            return Ok(None);
        }
        let block = self.read()?;
        self.found = self.follow(&block).err();
        self.height += 1;
        Ok(Some(block))
    }

    fn notes(&mut self) -> Vec<String> {
        self.notes.push(
            "an export: its tiles, bundles and checkpoint were compared with its blocks; parts of tiles \
             that only older checkpoints need were not read"
                .to_owned(),
        );
        std::mem::take(&mut self.notes)
    }
}
