//! A chain of up to four small blocks, in one word: what a real chain is by its root, this is by
//! all of its blocks. Two chains that differ in any block differ in every block after it.

use std::fmt;

/// Statements, a bit for each.
pub type Statements = u8;

/// The statements of a block, and which of all blocks with these statements it is: `0` is none. Time
/// and signature make two blocks with the same statements different ones.
pub type Block = u8;

const BITS_PER_BLOCK: u32 = 8;
const STATEMENT_BITS: u32 = 3;

/// The blocks above genesis, the first in the lowest byte.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Chain(u32);

impl Chain {
    pub const GENESIS: Self = Self(0);

    /// Number of blocks.
    pub fn height(self) -> u32 {
        (u32::BITS - self.0.leading_zeros()).div_ceil(BITS_PER_BLOCK)
    }

    /// Whether `other` goes on where this ends.
    pub fn begins(self, other: Self) -> bool {
        other.cut(self.height()) == self
    }

    /// Whether one of the two begins the other: no two blocks at a height.
    pub fn agrees(self, other: Self) -> bool {
        self.begins(other) || other.begins(self)
    }

    pub fn cut(self, height: u32) -> Self {
        let bits = height * BITS_PER_BLOCK;
        Self(self.0 & 1_u32.checked_shl(bits).map_or(u32::MAX, |end| end - 1))
    }

    pub fn with(self, block: Block) -> Self {
        let height = self.height();
        assert!(block != 0 && height < 4, "there is room for a block");
        Self(self.0 | u32::from(block) << (height * BITS_PER_BLOCK))
    }

    /// All statements in it.
    pub fn statements(self) -> Statements {
        self.0.to_le_bytes().iter().fold(0, |all, block| all | statements(*block))
    }

    /// Whether a statement is in two of its blocks.
    pub fn repeats(self) -> bool {
        let once: u32 = self.0.to_le_bytes().iter().map(|b| statements(*b).count_ones()).sum();
        once != self.statements().count_ones()
    }
}

/// The `number`th block with these statements.
pub fn block(statements: Statements, number: u8) -> Block {
    assert!(statements != 0 && statements >> STATEMENT_BITS == 0 && number < 32);
    number << STATEMENT_BITS | statements
}

fn statements(block: Block) -> Statements {
    block & ((1 << STATEMENT_BITS) - 1)
}

/// As `AB0.C1`: the block of A and B, and on it the second one made of C.
impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (height, block) in self.0.to_le_bytes()[..self.height() as usize].iter().enumerate() {
            f.write_str(if height == 0 { "" } else { "." })?;
            for (bit, name) in ["A", "B", "C"].iter().enumerate() {
                f.write_str(if block >> bit & 1 == 1 { name } else { "" })?;
            }
            write!(f, "{}", block >> STATEMENT_BITS)?;
        }
        f.write_str(if self.0 == 0 { "genesis" } else { "" })
    }
}
