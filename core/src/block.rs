//! The block: entries sealed together, on the wire and on disk (format.md 7).

use std::ops::Range;

use crate::{
    List, Rejected,
    cbor::{Reader, Writer},
    list::Shape,
    seal::Seal,
    statement::{BlockStatement, Statement},
};

/// No entry or list is shorter, so that empty ones by the million take no memory.
const PART_BYTES_MIN: usize = 34;

/// Where the parts of an encoded block stand in its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The seal.
    pub seal: Range<usize>,
    /// The entries, in order; the last is the block statement.
    pub entries: Vec<Range<usize>>,
    /// One for each entry that bears a list, in order.
    pub lists: Vec<Range<usize>>,
}

impl Layout {
    /// Finds the parts of CBOR `[seal, [entries], [lists]]` without looking into them.
    ///
    /// # Errors
    /// [`Rejected::Malformed`].
    pub fn of(block: &[u8]) -> Result<Self, Rejected> {
        let mut reader = Reader::new(block, "block");
        let part = |reader: &mut Reader<'_>| {
            let bytes = reader.bytes()?;
            let end = block.len() - reader.remaining();
            Ok(end - bytes.len()..end)
        };
        let count = |reader: &mut Reader<'_>| match reader.array()? {
            count if count > block.len() / PART_BYTES_MIN => {
                Err(reader.malformed(format!("{count} parts do not fit into it")))
            }
            count => Ok(count),
        };
        reader.array_len(3)?;
        let seal = part(&mut reader)?;
        let entries = count(&mut reader)?;
        let entries = (0..entries).map(|_| part(&mut reader)).collect::<Result<Vec<_>, _>>()?;
        let lists = count(&mut reader)?;
        // Null in the place of a list is reserved for one that a later statement erased.
        let lists = (0..lists).map(|_| part(&mut reader)).collect::<Result<_, _>>()?;
        if entries.is_empty() {
            return Err(reader.malformed("a block has entries"));
        }
        reader.finish()?;
        Ok(Self { seal, entries, lists })
    }
}

/// A block whose every part is of the right shape, and whose lists fit their statements.
#[derive(Clone, Debug)]
pub struct Block {
    /// The ledger's signature over the tree after it.
    pub seal: Seal,
    /// All entries; the last is the block statement.
    pub entries: Vec<Statement>,
    /// For each entry its list, where it bears one.
    pub lists: Vec<Option<List>>,
}

/// The lists of a block, still to be held to their statements.
#[must_use]
pub struct Lists<'a>(Vec<(usize, &'a [u8])>);

impl Lists<'_> {
    /// Number of lists.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no entry of the block bears one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks a list where it stands, and compares it with its statement in `block`.
    ///
    /// # Errors
    /// A [`Fault`] that names the entry.
    pub fn check(&self, block: &Block, at: usize) -> Result<(), Fault> {
        let (entry, bytes) = self.0[at];
        let statement = &block.entries[entry];
        let found = List::check(bytes, shape(statement));
        let checked = found.and_then(|found| statement.check_list(Some(found)));
        checked.map_err(Fault::of_entry(entry))
    }

    /// [`Lists::check`] for a caller that keeps the list: with the position of its entry.
    fn decode(&self, block: &Block, at: usize) -> Result<(usize, List), Fault> {
        let (entry, bytes) = self.0[at];
        let list = decode_list(&block.entries[entry], bytes).map_err(Fault::of_entry(entry))?;
        Ok((entry, list))
    }
}

/// A list, held to the statement that bears it.
fn decode_list(statement: &Statement, bytes: &[u8]) -> Result<List, Rejected> {
    let list = List::decode(bytes.to_vec(), shape(statement))?;
    statement.check_list(Some(list.summary()))?;
    Ok(list)
}

fn shape(statement: &Statement) -> Shape {
    statement.list_shape().expect("lists stand beside statements that bear them")
}

/// The first part of a block that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Position of the entry in its block, where one is at fault.
    pub entry: Option<usize>,
    /// Why.
    pub rejected: Rejected,
}

impl Fault {
    pub(crate) fn of_block(rejected: Rejected) -> Self {
        Self { entry: None, rejected }
    }

    pub(crate) fn of_entry(entry: usize) -> impl Fn(Rejected) -> Self {
        move |rejected| Self { entry: Some(entry), rejected }
    }
}

impl Block {
    /// Decodes all parts, hashes every leaf, and compares every list with its statement: all of a
    /// block's checks that need nothing but the block, so that blocks can be decoded in parallel.
    ///
    /// # Errors
    /// A [`Fault`] that names the entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, Fault> {
        let layout = Layout::of(bytes).map_err(Fault::of_block)?;
        Self::decode_parts(bytes, &layout)
    }

    /// [`Block::decode`] for a caller that has the layout already.
    ///
    /// # Errors
    /// A [`Fault`] that names the entry.
    pub fn decode_parts(bytes: &[u8], layout: &Layout) -> Result<Self, Fault> {
        let (mut block, lists) = Self::open(bytes, layout)?;
        for at in 0..lists.len() {
            let (entry, list) = lists.decode(&block, at)?;
            block.lists[entry] = Some(list);
        }
        Ok(block)
    }

    /// The block without its lists, which are handed back to be checked: in any order, on any
    /// core. Those of what falls are there: the fold needs them.
    ///
    /// # Errors
    /// A [`Fault`] that names the entry.
    pub fn open<'a>(bytes: &'a [u8], layout: &Layout) -> Result<(Self, Lists<'a>), Fault> {
        let seal = Seal::decode(&bytes[layout.seal.clone()]).map_err(Fault::of_block)?;
        let mut list_parts = layout.lists.iter();
        let (mut entries, mut lists) = (Vec::with_capacity(layout.entries.len()), Vec::new());
        let mut kept = vec![None; layout.entries.len()];
        for (at, part) in layout.entries.iter().enumerate() {
            let fault = Fault::of_entry(at);
            let statement = Statement::decode(&bytes[part.clone()]).map_err(&fault)?;
            if statement.list_shape().is_some() {
                let part = list_parts.next().ok_or(Rejected::ListMissing).map_err(&fault)?;
                let bytes = &bytes[part.clone()];
                if statement.as_revoke().is_some() {
                    kept[at] = Some(decode_list(&statement, bytes).map_err(&fault)?);
                } else {
                    lists.push((at, bytes));
                }
            }
            entries.push(statement);
        }
        if list_parts.next().is_some() {
            return Err(Fault::of_block(Rejected::ListUnexpected));
        }
        let block = Self { seal, lists: kept, entries };
        if block.entries.last().and_then(Statement::as_block).is_none() {
            return Err(Fault::of_block(Rejected::Misplaced("block")));
        }
        Ok((block, Lists(lists)))
    }

    /// The bytes; the inverse of [`Block::decode`].
    pub fn encode(&self) -> Vec<u8> {
        let lists: Vec<_> = self.lists.iter().flatten().collect();
        let bytes = self.entries.iter().map(|e| e.entry().len() + 3).sum::<usize>()
            + lists.iter().map(|list| list.as_bytes().len() + 5).sum::<usize>();
        let writer = Writer::with_capacity(bytes + 512).array(3).bytes(&self.seal.encode());
        let writer = writer.array(self.entries.len());
        let writer = self.entries.iter().fold(writer, |writer, entry| writer.bytes(entry.entry()));
        let writer = writer.array(lists.len());
        lists.iter().fold(writer, |writer, list| writer.bytes(list.as_bytes())).finish()
    }

    /// Its last entry.
    pub fn statement(&self) -> &Statement {
        self.entries.last().expect("a block has entries")
    }

    /// What its last entry says.
    pub fn header(&self) -> &BlockStatement {
        self.statement().as_block().expect("the last entry of a block is its block statement")
    }

    /// Documents that this block certifies.
    pub fn documents(&self) -> u64 {
        self.entries.iter().map(Statement::documents).sum()
    }
}
