//! The tree as tiles hold it, while it grows: of each level the hashes of the tile that is not whole
//! yet. They are all that the next leaf needs, and all that the root does.

use probant_core::{Hash, tree};

use super::{Tile, WIDTH};

/// The right edge of a tree, in tiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    size: u64,
    /// By level; each shorter than a whole tile.
    rows: Vec<Vec<Hash>>,
}

impl Rows {
    /// The edge of a tree of `size` leaves, whose last tiles `read` gives, lowest first.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<E>(
        size: u64,
        mut read: impl FnMut(Tile) -> Result<Vec<Hash>, E>,
    ) -> Result<Self, E> {
        let mut rows = Vec::new();
        for level in levels(size) {
            rows.push(edge(size, level).map_or(Ok(Vec::new()), &mut read)?);
        }
        Ok(Self { size, rows })
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; `whole` is handed each tile that it completes, with its hashes.
    pub fn push(&mut self, leaf: Hash, mut whole: impl FnMut(Tile, &[Hash])) {
        let mut hash = leaf;
        self.size += 1;
        for level in 0.. {
            if self.rows.len() == usize::from(level) {
                self.rows.push(Vec::with_capacity(WIDTH.into()));
            }
            let row = &mut self.rows[usize::from(level)];
            row.push(hash);
            if row.len() < WIDTH.into() {
                return;
            }
            let entries = self.size >> (u32::from(level) * 8);
            whole(Tile { level, index: entries / u64::from(WIDTH) - 1, width: WIDTH }, row);
            hash = tree::root(std::mem::take(row)).expect("a tile has hashes");
        }
    }

    /// The tiles that are not whole, lowest first.
    pub fn edge(&self) -> impl Iterator<Item = (Tile, &[Hash])> + '_ {
        (0..).zip(&self.rows).filter_map(|(level, row)| Some((edge(self.size, level)?, &row[..])))
    }

    /// Root of the tree; none while it is empty.
    pub fn root(&self) -> Option<Hash> {
        let mut root = None;
        for row in &self.rows {
            let mut rest = &row[..];
            while !rest.is_empty() {
                // The smallest of the whole trees that a row is made of stands last.
                let (before, last) = rest.split_at(rest.len() - (1 << rest.len().trailing_zeros()));
                let left = tree::root(last.to_vec()).expect("a row has hashes");
                root = Some(root.map_or(left, |right| tree::node_hash(&left, &right)));
                rest = before;
            }
        }
        root
    }
}

/// Levels at which a tree of `size` leaves has tiles.
fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0..8).take_while(move |level| size >> (u32::from(*level) * 8) > 0)
}

/// The last tile of a level, where it is not whole.
fn edge(size: u64, level: u8) -> Option<Tile> {
    let hashes = size.checked_shr(u32::from(level) * 8).unwrap_or(0);
    let width = (hashes % u64::from(WIDTH)) as u16;
    (width > 0).then_some(Tile { level, index: hashes / u64::from(WIDTH), width })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Each hash by its definition in tlog-tiles, not by how it was reached.
    fn defined(leaves: &[Hash], tile: Tile) -> Vec<Hash> {
        let each = 1_usize << (u32::from(tile.level) * 8);
        let start = usize::try_from(tile.start()).unwrap() * each;
        let leaves = &leaves[start..start + usize::from(tile.width) * each];
        leaves.chunks(each).map(|chunk| tree::root(chunk.to_vec()).unwrap()).collect()
    }

    #[test]
    fn a_tree_that_grows_leaf_by_leaf_has_the_tiles_and_roots_of_the_definition() {
        let leaves: Vec<_> = (0..70_000_u64).map(|i| tree::leaf_hash(&i.to_be_bytes())).collect();
        let (mut rows, mut tiles) = (Rows::default(), HashMap::new());
        for (at, leaf) in leaves.iter().enumerate() {
            rows.push(*leaf, |tile, hashes| {
                assert!(tiles.insert(tile, hashes.to_vec()).is_none());
            });
            let size = at + 1;
            if size < 600 || size.is_multiple_of(9973) || size % 65_536 < 2 {
                assert_eq!(rows.root(), tree::root(leaves[..size].to_vec()), "{size}");
                let edge: HashMap<_, _> = rows.edge().map(|(t, row)| (t, row.to_vec())).collect();
                for (tile, row) in &edge {
                    assert_eq!(*row, defined(&leaves, *tile), "{tile}");
                }
                let read = |tile| Ok::<_, ()>(edge[&tile].clone());
                let mut read = Rows::read(size as u64, read).unwrap();
                assert_eq!((read.size(), read.root()), (size as u64, rows.root()));
                read.push(*leaf, |_, _| {});
            }
        }
        assert_eq!(rows.size(), 70_000);
        for (tile, hashes) in &tiles {
            assert_eq!(*hashes, defined(&leaves, *tile), "{tile}");
        }
        // The example of tlog-tiles.
        assert_eq!((tiles.len(), tiles.keys().filter(|tile| tile.level == 0).count()), (274, 273));
        let edge: Vec<_> = rows.edge().map(|(tile, _)| tile.to_string()).collect();
        assert_eq!(edge, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    }
}
