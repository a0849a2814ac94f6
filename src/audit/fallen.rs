//! Nodes of the status map while an audit runs: in memory, or in files of the auditor, so that the
//! memory of an audit does not grow with what falls. Whatever is read is held to its hash by the core.
//!
//! ```text
//! inners   rows of 80 bytes, node n at 80 n      leaves   rows of 144 bytes, node n at 144 n
//! ```

use std::{
    cell::RefCell,
    collections::HashMap,
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use probant_core::{
    Rejected,
    status::{Growth, Inner, Kept, Leaf, Map, Nodes},
};

use crate::{
    Error,
    store::status_nodes::{
        INNER_BYTES, LEAF_BYTES, decode_inner, decode_leaf, encode_inner, encode_leaf,
    },
};

/// Nodes of a kind that are kept in memory too, twice this at most: about 60 MB in all.
const CACHED_MAX: usize = 1 << 17;

/// All nodes of the newest map.
pub(super) enum Fallen {
    Memory(Kept),
    Files(Box<Files>),
}

/// Nodes in files, the newest and those just read in memory too.
pub(super) struct Files {
    inners: Rows<INNER_BYTES>,
    leaves: Rows<LEAF_BYTES>,
    cached_inners: RefCell<Cache<Inner>>,
    cached_leaves: RefCell<Cache<Leaf>>,
}

impl Fallen {
    /// Takes what a block adds.
    ///
    /// # Errors
    /// Where the auditor's disk does not take it.
    pub fn grow(&mut self, growth: &Growth) -> Result<(), Error> {
        match self {
            Self::Memory(kept) => {
                kept.grow(growth);
                Ok(())
            }
            Self::Files(files) => files.grow(growth),
        }
    }
}

impl Nodes for Fallen {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        match self {
            Self::Memory(kept) => kept.inner(at),
            Self::Files(files) => files.inner(at),
        }
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        match self {
            Self::Memory(kept) => kept.leaf(at),
            Self::Files(files) => files.leaf(at),
        }
    }
}

impl Files {
    /// Opens the files of a directory, cut to the nodes of this map.
    ///
    /// # Errors
    /// `Input` where they cannot be opened, `Stop` where they are shorter.
    pub fn open(dir: &Path, map: &Map) -> Result<Self, Error> {
        Ok(Self {
            inners: Rows::open(dir.join("inners"), map.inners)?,
            leaves: Rows::open(dir.join("leaves"), map.leaves)?,
            cached_inners: RefCell::default(),
            cached_leaves: RefCell::default(),
        })
    }

    fn grow(&mut self, growth: &Growth) -> Result<(), Error> {
        self.inners.push(growth.inners.iter().map(encode_inner))?;
        self.leaves.push(growth.leaves.iter().map(encode_leaf))?;
        let (inners, leaves) = (self.cached_inners.get_mut(), self.cached_leaves.get_mut());
        growth.numbered_inners().for_each(|(at, inner)| inners.insert(at, *inner));
        growth.numbered_leaves().for_each(|(at, leaf)| leaves.insert(at, *leaf));
        Ok(())
    }

    /// Makes all of it durable.
    ///
    /// # Errors
    /// `Input` where it cannot be.
    pub fn sync(&self) -> Result<(), Error> {
        self.inners.sync()?;
        self.leaves.sync()
    }

    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        if let Some(inner) = self.cached_inners.borrow_mut().get(at) {
            return Ok(inner);
        }
        let inner = decode_inner(&self.inners.get(at)?);
        self.cached_inners.borrow_mut().insert(at, inner);
        Ok(inner)
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        if let Some(leaf) = self.cached_leaves.borrow_mut().get(at) {
            return Ok(leaf);
        }
        // Of the auditor's own disk, whatever is wrong with it.
        let damaged = |why: Rejected| {
            Rejected::Unreadable(format!("{}: leaf {at}: {why}", self.leaves.path.display()))
        };
        let leaf = decode_leaf(&self.leaves.get(at)?).map_err(damaged)?;
        self.cached_leaves.borrow_mut().insert(at, leaf);
        Ok(leaf)
    }
}

/// Rows of one length.
struct Rows<const N: usize> {
    path: PathBuf,
    file: File,
    count: u64,
}

impl<const N: usize> Rows<N> {
    fn open(path: PathBuf, count: u64) -> Result<Self, Error> {
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(Error::file(&path))?;
        let bytes = count * N as u64;
        if file.metadata().map_err(Error::file(&path))?.len() < bytes {
            let path = path.display();
            return Err(Error::Stop(format!("{path} is shorter than it was: audit from block 0")));
        }
        file.set_len(bytes).map_err(Error::file(&path))?;
        Ok(Self { path, file, count })
    }

    fn push(&mut self, rows: impl ExactSizeIterator<Item = [u8; N]>) -> Result<(), Error> {
        let added = rows.len() as u64;
        if added > 0 {
            let bytes: Vec<u8> = rows.flatten().collect();
            let written = self.file.write_all_at(&bytes, self.count * N as u64);
            written.map_err(Error::file(&self.path))?;
            self.count += added;
        }
        Ok(())
    }

    fn get(&self, at: u64) -> Result<[u8; N], Rejected> {
        let mut row = [0; N];
        let read = self.file.read_exact_at(&mut row, at.saturating_mul(N as u64));
        read.map_err(|why| Rejected::Unreadable(format!("{}: {why}", self.path.display())))?;
        Ok(row)
    }

    fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::file(&self.path))
    }
}

/// What was used last, in two halves: once the newer one is full, the older one is forgotten.
struct Cache<T> {
    newer: HashMap<u64, T>,
    older: HashMap<u64, T>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self { newer: HashMap::new(), older: HashMap::new() }
    }
}

impl<T: Copy> Cache<T> {
    fn insert(&mut self, at: u64, node: T) {
        if self.newer.len() >= CACHED_MAX {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(at, node);
    }

    fn get(&mut self, at: u64) -> Option<T> {
        if let Some(node) = self.newer.get(&at) {
            return Some(*node);
        }
        let node = *self.older.get(&at)?;
        self.insert(at, node);
        Some(node)
    }
}
