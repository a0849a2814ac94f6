//! Everything that answers look-ups, derived from the blocks: flat tables addressed by number, and
//! the index. None of it is the truth; readers check hashes before they pass on what is here.
//!
//! `complete` says up to which block all of it is synced; it is written last. On opening the tables
//! are cut to it, so that what a crash left half-written is derived again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use probant_core::{
    Fingerprint, Hash, List, Rejected, Statement,
    list::Neighbourhood,
    registry::Registry,
    seal::Seal,
    status::{Inner, Leaf, Map, Nodes},
    tree::{self, Frontier, Node},
};

use super::{
    index::{self, Engine, Index},
    segments::{Position, SegmentReader},
    table::Table,
};
use crate::{
    durable,
    store::{Location, Span, StoreError, StoredBlock},
};

mod names;
mod records;
mod registry;
mod statuses;

use records::{BlockRecord, Complete, EntryRecord};
use statuses::Statuses;

/// Levels of the tree that are kept: every eighth, as C2SP tiles have them.
const TILE_LEVELS: u8 = 8;
/// Kept levels: enough for 2^64 entries.
const KEPT_LEVELS: usize = 8;

/// The tables and the index of one data directory.
pub struct Derived {
    dir: PathBuf,
    blocks: Table<{ BlockRecord::BYTES }>,
    entries: Table<{ EntryRecord::BYTES }>,
    /// Level 0 of the tree, level 8, …: complete subtrees, left to right.
    tree: Vec<Table<32>>,
    /// The kept nodes of lists, one list after the other.
    nodes: Table<32>,
    /// Indexes of the entries that change the registry.
    registry: Table<8>,
    statuses: Statuses,
    index: Box<dyn Index>,
}

impl Derived {
    /// Opens what is there and cuts it to what is known to be whole, or makes it anew.
    ///
    /// # Errors
    /// [`StoreError::Damage`]: the caller deletes the folder and opens it again.
    pub fn open(dir: &Path, engine: Engine) -> Result<Self, StoreError> {
        durable::create_dir(dir)?;
        let table = |name: &str| dir.join(name);
        let derived = Self {
            blocks: Table::open(&table("blocks"))?,
            entries: Table::open(&table("entries"))?,
            tree: (0..KEPT_LEVELS)
                .map(|level| Table::open(&table(&format!("tree-{level}"))))
                .collect::<Result<_, _>>()?,
            nodes: Table::open(&table("list-nodes"))?,
            registry: Table::open(&table("registry"))?,
            statuses: Statuses::open(dir)?,
            index: index::open(engine, &dir.join(format!("index-{engine}")))?,
            dir: dir.to_owned(),
        };
        let complete = Complete::read(dir)?;
        derived.cut_to(&complete)?;
        if derived.index.blocks()? < complete.blocks {
            return Err(derived.wrong("the index is behind"));
        }
        Ok(derived)
    }

    fn cut_to(&self, complete: &Complete) -> Result<(), StoreError> {
        let lengths = [
            (self.blocks.len(), complete.blocks),
            (self.entries.len(), complete.entries),
            (self.nodes.len(), complete.nodes),
            (self.registry.len(), complete.registry),
            (self.statuses.len().0, complete.statuses.0),
            (self.statuses.len().1, complete.statuses.1),
        ];
        if lengths.iter().any(|(found, wanted)| found < wanted) {
            return Err(self.wrong("a table is short"));
        }
        self.blocks.truncate(complete.blocks)?;
        self.entries.truncate(complete.entries)?;
        self.nodes.truncate(complete.nodes)?;
        self.registry.truncate(complete.registry)?;
        self.statuses.truncate(complete.statuses)?;
        for (level, table) in self.tree.iter().enumerate() {
            let wanted = kept_width(level, complete.entries);
            if table.len() < wanted {
                return Err(self.wrong("a tree is short"));
            }
            table.truncate(wanted)?;
        }
        self.check_newest(complete)
    }

    /// The counts of the newest record number whatever comes next.
    fn check_newest(&self, complete: &Complete) -> Result<(), StoreError> {
        let (entries, statuses) = match complete.blocks.checked_sub(1) {
            None => (0, (0, 0)),
            Some(newest) => {
                let BlockRecord { size, status, .. } =
                    BlockRecord::decode(&self.blocks.get(newest)?);
                (size, (status.inners, status.leaves))
            }
        };
        if (entries, statuses) == (complete.entries, complete.statuses) {
            return Ok(());
        }
        Err(self.wrong("the newest block is of other tables"))
    }

    /// Number of blocks that are derived.
    pub fn blocks(&self) -> u64 {
        self.blocks.len()
    }

    /// An index that is ahead of the tables once these have caught up is of other blocks.
    pub fn check_index(&self) -> Result<(), StoreError> {
        if self.index.blocks()? == self.blocks() {
            return Ok(());
        }
        Err(self.wrong("the index is of other blocks"))
    }

    fn wrong(&self, what: impl Into<String>) -> StoreError {
        StoreError::damage(self.dir.display().to_string(), what)
    }

    /// Where the first block that is not derived begins.
    pub fn end(&self) -> Result<Position, StoreError> {
        match self.blocks().checked_sub(1) {
            None => Ok(Position::FIRST),
            Some(last) => {
                let record = BlockRecord::decode(&self.blocks.get(last)?);
                Ok(record.position.next_after(record.bytes as usize))
            }
        }
    }

    /// Derives the next block: tables first, then the index with the count of blocks, then the
    /// block's own record, which readers take for its being complete.
    pub fn derive(&self, stored: &StoredBlock, position: Position) -> Result<(), StoreError> {
        let header = stored.block.header();
        assert_eq!(header.height, self.blocks(), "blocks are derived in order");
        let leaves: Vec<_> = stored.block.entries.iter().map(Statement::leaf).collect();
        self.grow_tree(&leaves)?;
        self.push_entries(stored, position)?;
        self.statuses.grow(&stored.growth)?;
        if self.index.blocks()? <= header.height {
            self.index.insert(&names::rows(stored, &*self.index)?, header.height + 1)?;
        }
        self.blocks.push_all(&[BlockRecord::of(stored, position).encode()])
    }

    fn grow_tree(&self, leaves: &[Hash]) -> Result<(), StoreError> {
        let rows: Vec<_> = leaves.iter().map(|leaf| leaf.0).collect();
        self.tree[0].push_all(&rows)?;
        for level in 1..KEPT_LEVELS {
            let (below, above) = (&self.tree[level - 1], &self.tree[level]);
            let width = 1 << TILE_LEVELS;
            let mut added = Vec::new();
            for node in above.len()..below.len() / width {
                let tile = below.range(node * width..(node + 1) * width)?;
                let root = tree::root(tile.into_iter().map(Hash).collect());
                added.push(root.expect("a tile is not empty").0);
            }
            if added.is_empty() {
                return Ok(());
            }
            above.push_all(&added)?;
        }
        Ok(())
    }

    fn push_entries(&self, stored: &StoredBlock, position: Position) -> Result<(), StoreError> {
        let (mut records, mut kept, mut changes) = (Vec::new(), Vec::new(), Vec::new());
        let mut lists = stored.layout.lists.iter();
        let block = &stored.block;
        for (at, (statement, list)) in block.entries.iter().zip(&block.lists).enumerate() {
            let nodes = self.nodes.len() + kept.len() as u64;
            let place = list.as_ref().map(|list| {
                // One document of a list is proven only where it was certified.
                if statement.as_certify().is_some() {
                    kept.extend(list.root_and_nodes().1.iter().map(|node| node.0));
                }
                let part = lists.next().expect("the layout has a part for each list");
                (part.start as u32, part.len() as u32, nodes)
            });
            let part = &stored.layout.entries[at];
            records.push(EntryRecord::new(position, part, place).encode());
            if Registry::is_changed_by(statement) {
                changes.push((block.header().first + at as u64).to_le_bytes());
            }
        }
        self.nodes.push_all(&kept)?;
        self.registry.push_all(&changes)?;
        self.entries.push_all(&records)
    }

    /// Syncs everything, then says so in `complete`.
    pub fn sync(&self) -> Result<(), StoreError> {
        self.blocks.sync()?;
        self.entries.sync()?;
        self.nodes.sync()?;
        self.registry.sync()?;
        self.statuses.sync()?;
        self.tree.iter().try_for_each(Table::sync)?;
        self.index.sync()?;
        // A crash before this line leaves the older count: more is derived again, nothing is wrong.
        Complete {
            blocks: self.blocks.len(),
            entries: self.entries.len(),
            nodes: self.nodes.len(),
            registry: self.registry.len(),
            statuses: self.statuses.len(),
        }
        .write(&self.dir)
    }

    /// Root of the tree of the first `size` entries.
    pub fn root_at(&self, size: u64) -> Result<Option<Hash>, StoreError> {
        if size > self.entries.len() {
            return Ok(None);
        }
        Ok(Frontier::read(size, |nodes| self.hashes(nodes))?.root())
    }

    /// The status map after a block.
    pub fn status(&self, height: u64) -> Result<Option<Map>, StoreError> {
        if height >= self.blocks() {
            return Ok(None);
        }
        Ok(Some(BlockRecord::decode(&self.blocks.get(height)?).status))
    }

    /// Where a block's record begins.
    pub fn block_position(&self, height: u64) -> Result<Option<Position>, StoreError> {
        if height >= self.blocks() {
            return Ok(None);
        }
        Ok(Some(BlockRecord::decode(&self.blocks.get(height)?).position))
    }

    /// A block's entries and seal.
    pub fn span(&self, height: u64, reader: &SegmentReader) -> Result<Option<Span>, StoreError> {
        if height >= self.blocks() {
            return Ok(None);
        }
        let record = BlockRecord::decode(&self.blocks.get(height)?);
        let (start, bytes) = (record.seal_start.into(), record.seal_bytes.into());
        let seal = reader.read_range(record.position, start, bytes)?;
        Seal::decode(&seal).map_err(|_| StoreError::damage("derived blocks", "no seal there"))?;
        Ok(Some(Span { height, first: record.first, size: record.size, seal }))
    }

    /// An entry and the height of its block.
    pub fn entry(
        &self,
        index: u64,
        reader: &SegmentReader,
    ) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
        let Some(last) = self.blocks().checked_sub(1) else { return Ok(None) };
        // Asked first: a block that is derived meanwhile must not look like damage.
        if index >= BlockRecord::decode(&self.blocks.get(last)?).size {
            return Ok(None);
        }
        let height =
            self.blocks.partition_point(|record| BlockRecord::decode(record).size <= index)?;
        let record = EntryRecord::decode(&self.entries.get(index)?);
        let (start, bytes) = (record.start.into(), record.bytes as usize);
        let entry = reader.read_range(record.position, start, bytes)?;
        if self.tree[0].get(index)? != tree::leaf_hash(&entry).0 {
            return Err(StoreError::damage("derived entries", format!("entry {index} is another")));
        }
        Ok(Some((entry, height)))
    }

    /// Hashes of complete subtrees: one tile or a part of one for each.
    pub fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError> {
        let hash = |node: &Node| {
            let (kept, rest) = (node.level / TILE_LEVELS, node.level % TILE_LEVELS);
            let row =
                self.tree[usize::from(kept)].range(node.index << rest..(node.index + 1) << rest)?;
            Ok(tree::root(row.into_iter().map(Hash).collect()).expect("a subtree has leaves"))
        };
        nodes.iter().map(hash).collect()
    }

    /// Index of a statement by its leaf hash.
    pub fn statement(&self, leaf: &Hash) -> Result<Option<u64>, StoreError> {
        self.index.get(&names::of_statement(leaf))
    }

    /// From a document to its list's root: 16 fingerprints at most, and a node for each level.
    pub fn document_path(
        &self,
        location: Location,
        reader: &SegmentReader,
    ) -> Result<Vec<Hash>, StoreError> {
        let record = EntryRecord::decode(&self.entries.get(location.entry)?);
        let count = record.list_bytes as usize / Fingerprint::BYTES;
        let index = usize::from(location.position);
        if count == 0 {
            return Ok(Vec::new());
        }
        if index >= count {
            return Err(StoreError::damage("index", "a position beyond its list"));
        }
        let near = Neighbourhood::new(index, count);
        let range = near.fingerprints();
        let start = u64::from(record.list_start) + (range.start * Fingerprint::BYTES) as u64;
        let bytes = range.len() * Fingerprint::BYTES;
        let fingerprints = reader.read_range(record.position, start, bytes)?;
        let kept = |at: usize| self.nodes.get(record.nodes + at as u64).map(Hash);
        let nodes = near.nodes().into_iter().map(kept).collect::<Result<_, _>>()?;
        Ok(near.path(&fingerprints, nodes))
    }

    /// A list by its root.
    pub fn list(&self, root: &Hash, reader: &SegmentReader) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(entry) = self.index.get(&names::of_list(root))? else { return Ok(None) };
        let record = EntryRecord::decode(&self.entries.get(entry)?);
        let (start, bytes) = (record.list_start.into(), record.list_bytes as usize);
        let list = reader.read_range(record.position, start, bytes)?;
        let shape = self.statement_at(entry, reader)?.0.list_shape();
        match shape.and_then(|shape| List::decode(list, shape).ok()) {
            Some(list) if list.root() == *root => Ok(Some(list.as_bytes().to_vec())),
            _ => Err(StoreError::damage("index", "another list is where this root leads")),
        }
    }

    /// Deletes a folder of derived data: what an opening does with a damaged one.
    pub fn delete(dir: &Path) -> Result<(), StoreError> {
        match fs::remove_dir_all(dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io(format!("delete {}", dir.display()))(error))
            }
            _ => Ok(()),
        }
    }
}

impl Nodes for Derived {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        self.statuses.inner(at)
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        self.statuses.leaf(at)
    }
}

/// Complete subtrees at a kept level of a tree of `size` entries.
fn kept_width(level: usize, size: u64) -> u64 {
    size.checked_shr(u32::from(TILE_LEVELS) * level as u32).unwrap_or(0)
}
