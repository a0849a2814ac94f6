//! Tiles of the ledger's tree and bundles of its entries, as C2SP tlog-tiles names them: what may be
//! asked for, where it stands, and how it is written down. `read` takes them from a store; what the
//! hashes must be follows from the tree.
//!
//! ```text
//! tile/<L>/<N>[.p/<W>]         W hashes, each of 256^L entries; 256 without .p/
//! tile/entries/<N>[.p/<W>]     as many entries, each after its length as u16 BE
//! N: groups of three digits, an x before all but the last: 1234067 is x001/x234/067
//! ```

mod read;
mod rows;

use std::fmt;

use probant_core::Hash;

pub use read::{bundle, hashes};
pub use rows::Rows;

/// Levels of the tree that a tile spans.
pub const LEVELS: u8 = 8;
/// Hashes of a whole tile, entries of a whole bundle.
pub const WIDTH: u16 = 1 << LEVELS;
/// Tiles of a tree of 2^64 entries stand at levels below.
const LEVEL_END: u8 = 64;

/// A tile, or a bundle: then its level is 0, and it holds the entries of that tile.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tile {
    /// Each of its hashes is of 256^level entries.
    pub level: u8,
    /// Position in its level, from 0.
    pub index: u64,
    /// Number of its hashes, 1 to 256.
    pub width: u16,
}

/// The bytes of a tile.
pub fn flat(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Adds an entry to a bundle, after its length; no entry is longer than that can say.
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) {
    bundle.extend_from_slice(&(entry.len() as u16).to_be_bytes());
    bundle.extend_from_slice(entry);
}

impl Tile {
    /// The tile of these parts of a path, each in its one spelling.
    pub fn parse(level: &str, place: &str) -> Option<Self> {
        let number = level.parse().ok().filter(|number| *number < LEVEL_END);
        let tile = Self { level: number?, ..Self::parse_bundle(place)? };
        (level == tile.level.to_string()).then_some(tile)
    }

    /// The same for a bundle.
    pub fn parse_bundle(place: &str) -> Option<Self> {
        let (name, width) = match place.split_once(".p/") {
            Some((name, width)) => (name, width.parse().ok().filter(|width| *width < WIDTH)?),
            None => (place, WIDTH),
        };
        let digits: String = name.split('/').map(|part| part.trim_start_matches('x')).collect();
        let tile = Self { level: 0, index: digits.parse().ok()?, width };
        // Whatever else is in the path shows here: it has one spelling.
        (width > 0 && tile.place() == place).then_some(tile)
    }

    /// How many entries a tree has at least that has this tile; none where that is 2^64 or more.
    pub fn entries(&self) -> Option<u64> {
        let hashes = self.index.checked_mul(WIDTH.into())?.checked_add(self.width.into())?;
        let shift = u32::from(self.level) * u32::from(LEVELS);
        let entries = hashes.checked_shl(shift)?;
        (entries >> shift == hashes).then_some(entries)
    }

    /// Position in its level of the tree of its first hash.
    pub fn start(&self) -> u64 {
        self.index * u64::from(WIDTH)
    }

    /// All of it is there.
    pub fn is_whole(&self) -> bool {
        self.width == WIDTH
    }

    /// `x001/x234/067.p/5`
    fn place(&self) -> String {
        let end = if self.is_whole() { String::new() } else { format!(".p/{}", self.width) };
        format!("{}{end}", place(self.index))
    }

    /// Where its entries stand.
    pub fn bundle_path(&self) -> String {
        format!("tile/entries/{}", self.place())
    }
}

impl fmt::Display for Tile {
    /// Where its hashes stand.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/{}", self.level, self.place())
    }
}

/// A number as a path of directories with at most a thousand names each: `x001/x234/067`.
pub fn place(number: u64) -> String {
    let (mut above, mut path) = (number / 1000, format!("{:03}", number % 1000));
    while above > 0 {
        path = format!("x{:03}/{path}", above % 1000);
        above /= 1000;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_one_path() {
        for (level, index, width, place) in [
            (0, 0, 256, "000"),
            (0, 999, 1, "999.p/1"),
            (3, 1000, 255, "x001/000.p/255"),
            (63, 1_234_067, 256, "x001/x234/067"),
            (1, u64::MAX, 7, "x018/x446/x744/x073/x709/x551/615.p/7"),
        ] {
            let tile = Tile { level, index, width };
            assert_eq!(tile.to_string(), format!("tile/{level}/{place}"));
            assert_eq!(Tile::parse(&level.to_string(), place), Some(tile));
            let bundle = Tile { level: 0, ..tile };
            assert_eq!(bundle.bundle_path(), format!("tile/entries/{place}"));
            assert_eq!(Tile::parse_bundle(place), Some(bundle));
        }
    }

    #[test]
    fn another_spelling_is_no_tile() {
        for place in [
            "",
            "0",
            "00",
            "0000",
            "001/",
            "/001",
            "x001",
            "x001/",
            "001/002",
            "x000/001",
            "xx01/002",
            "x1/002",
            "x001//002",
            "x001/x002/003.p",
            "000.p/0",
            "000.p/256",
            "000.p/01",
            "000.p/+1",
            "000.p/",
            "000.p/1/",
            "000.p/1.p/1",
            "+01",
            "-01",
            " 01",
            "0x1",
            "1.0",
            "x001/x/002",
            "x018/x446/x744/x073/x709/x551/616",
            "x001/x000/x000/x000/x000/x000/x000/000",
            "٠٠١",
        ] {
            assert_eq!(Tile::parse("0", place), None, "{place}");
            assert_eq!(Tile::parse_bundle(place), None, "{place}");
        }
        for level in ["64", "00", "01", "+1", "-1", "", "256", "entries", "0.", "x"] {
            assert_eq!(Tile::parse(level, "000"), None, "{level}");
        }
    }

    #[test]
    fn a_tile_needs_as_many_entries_as_its_hashes_are_of() {
        let entries = |level, index, width| Tile { level, index, width }.entries();
        // The example of tlog-tiles, a tree of 70,000.
        assert_eq!(entries(0, 272, 256), Some(69_888));
        assert_eq!(entries(0, 273, 112), Some(70_000));
        assert_eq!(entries(1, 0, 256), Some(65_536));
        assert_eq!((entries(1, 1, 17), entries(1, 1, 18)), (Some(69_888), Some(70_144)));
        assert_eq!((entries(2, 0, 1), entries(2, 0, 2)), (Some(65_536), Some(131_072)));
        assert_eq!(entries(7, 0, 255), Some(255 << 56));
        for (level, index, width) in [(7, 0, 256), (8, 0, 1), (63, 0, 1), (0, u64::MAX, 1)] {
            assert_eq!(entries(level, index, width), None);
        }
    }
}
