//! The chain, put together from look-ups, with its registry folded again from the few entries that
//! change it. They were checked when they came, and are once more: each signature, and that the tree
//! holds each of them. Look-ups are only derived, whoever may write to a database is not the operator,
//! and what is sealed over another registry no audit takes.

use std::collections::{BTreeMap, HashMap};

use probant_core::{
    Hash, Rejected, Statement,
    block::Block,
    chain::{Chain, head_of},
    key::Use,
    registry::Registry,
    status::{Map, Nodes, Slot, Status},
    tree::{self, Frontier, Node},
};

use super::StoreError;

/// Entries read at once.
const ENTRIES_AT_ONCE: usize = 256;

/// What a chain is put together from.
pub trait Sources: Nodes {
    /// Indexes of the entries that change the registry.
    fn changes(&self) -> Result<Vec<u64>, StoreError>;

    /// Entries in the order asked for, each with the height of its block.
    fn entries(&self, indexes: &[u64]) -> Result<Vec<(Vec<u8>, u64)>, StoreError>;

    /// Number of entries after each of some blocks.
    fn sizes(&self, heights: &[u64]) -> Result<Vec<u64>, StoreError>;

    /// Hashes of complete subtrees, in the order asked for.
    fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError>;

    /// Says that something in it is wrong.
    fn wrong(&self, what: String) -> StoreError;
}

/// The chain after its newest block, whose status map this is; its head is checked against tree and
/// seal key.
pub fn chain(newest: &Block, map: Map, sources: &impl Sources) -> Result<Chain, StoreError> {
    let header = newest.header();
    let frontier = Frontier::read(header.size, |nodes| sources.hashes(nodes))?;
    let root = frontier.root().expect("a block has entries");
    let registry = registry(&map, (header.size, root), sources)?;
    let (key, origin) = (registry.ledger_key_at(Use::Seal, header.first), registry.origin());
    let sealed = newest.seal.verify(key, origin, header.time_ms, root);
    let wrong = |why: Rejected| sources.wrong(format!("block {}: {why}", header.height));
    sealed.map_err(wrong)?;
    let head = head_of(newest, registry.ledger(), root);
    Ok(Chain::resume(registry, map, frontier, head))
}

/// The registry after the newest block, which made a tree of this size and root.
fn registry(map: &Map, tree: (u64, Hash), sources: &impl Sources) -> Result<Registry, StoreError> {
    let changes = sources.changes()?;
    // There are as many as entries that change the registry: while each is one, and they ascend,
    // none is left out.
    if let Some(pair) = changes.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(not_next(pair[1], sources));
    }
    let mut folded: Option<(Registry, Sealed)> = None;
    for indexes in changes.chunks(ENTRIES_AT_ONCE) {
        let statements = statements(indexes, sources)?;
        let blocks = sealed(statements.iter().map(|(_, height)| *height), sources)?;
        for (index, (statement, height)) in indexes.iter().zip(&statements) {
            let block = blocks[height].holding(*index, sources)?;
            folded = Some(step(folded, statement, *index, block, sources)?);
        }
        let leaves = indexes.iter().zip(&statements).map(|(at, (of, _))| (*at, of.leaf()));
        let statements = blocks.values().map(|block| (block.size - 1, block.leaf));
        check_tree(leaves.chain(statements).collect(), tree, sources)?;
    }
    let (mut registry, sealed) = folded.ok_or_else(|| damaged(0, &"no genesis", sources))?;
    registry.end_block(sealed.time_ms);
    check_statuses(&registry, map, sources)?;
    Ok(registry)
}

/// That the tree has these leaves: a signature that no one forged may stand on what was never sealed.
fn check_tree(
    leaves: BTreeMap<u64, Hash>,
    (size, root): (u64, Hash),
    sources: &impl Sources,
) -> Result<(), StoreError> {
    let leaves: Vec<_> = leaves.into_iter().collect();
    if let Some((beyond, _)) = leaves.last().filter(|(last, _)| *last >= size) {
        return Err(damaged(*beyond, &"beyond the newest block", sources));
    }
    let root_with = |leaves: &[_]| tree::root_with(leaves, size, |nodes| sources.hashes(nodes));
    if root_with(&leaves)? == root {
        return Ok(());
    }
    // Each by itself, as its neighbours stand in the tree: it is one of those that do not lead there.
    let mut strange = Vec::new();
    for leaf in leaves {
        if root_with(&[leaf])? != root {
            strange.push(leaf.0);
        }
    }
    let (first, last) = (strange.first().unwrap_or(&0), strange.last().unwrap_or(&size));
    Err(sources.wrong(format!("one of the entries {first} to {last} is not as it was sealed")))
}

/// Takes the next entry that changes the registry.
fn step(
    folded: Option<(Registry, Sealed)>,
    statement: &Statement,
    index: u64,
    block: Sealed,
    sources: &impl Sources,
) -> Result<(Registry, Sealed), StoreError> {
    if !Registry::is_changed_by(statement) {
        return Err(not_next(index, sources));
    }
    let Some((mut registry, before)) = folded else {
        let founded = Registry::found(statement, block.time_ms);
        return Ok((founded.map_err(|why| damaged(index, &why, sources))?, block));
    };
    if before.height != block.height {
        registry.end_block(before.time_ms);
    }
    let signer = registry.admit(statement, block.time_ms);
    let signed = signer.and_then(|signer| statement.verify(&signer.key));
    signed.map_err(|why| damaged(index, &why, sources))?;
    registry.apply(statement, index, block.time_ms);
    Ok((registry, block))
}

/// Entries as statements, each with the height of its block.
fn statements(
    indexes: &[u64],
    sources: &impl Sources,
) -> Result<Vec<(Statement, u64)>, StoreError> {
    let entries = sources.entries(indexes)?.into_iter().zip(indexes);
    let statement = |((entry, height), index): ((Vec<u8>, u64), &u64)| {
        let statement = Statement::decode(&entry);
        Ok((statement.map_err(|why| damaged(*index, &why, sources))?, height))
    };
    entries.map(statement).collect()
}

/// What is said to be a block, and when it was sealed.
#[derive(Clone, Copy)]
struct Sealed {
    height: u64,
    first: u64,
    size: u64,
    time_ms: u64,
    /// Of its statement, which is its last entry.
    leaf: Hash,
}

impl Sealed {
    fn holding(&self, index: u64, sources: &impl Sources) -> Result<Self, StoreError> {
        if (self.first..self.size).contains(&index) {
            return Ok(*self);
        }
        Err(damaged(index, &format!("not in block {}", self.height), sources))
    }
}

/// What look-ups call the blocks at some heights, held to what those blocks say of themselves.
fn sealed(
    heights: impl Iterator<Item = u64>,
    sources: &impl Sources,
) -> Result<HashMap<u64, Sealed>, StoreError> {
    let mut heights: Vec<_> = heights.collect();
    heights.sort_unstable();
    heights.dedup();
    let wrong = |height: u64| sources.wrong(format!("block {height} is not where it should be"));
    let last = |(size, height): (u64, &u64)| size.checked_sub(1).ok_or_else(|| wrong(*height));
    let sizes = sources.sizes(&heights)?.into_iter();
    let last: Vec<_> = sizes.zip(&heights).map(last).collect::<Result<_, _>>()?;
    let statements = statements(&last, sources)?.into_iter().zip(&heights);
    let sealed = |((statement, _), height): ((Statement, u64), &u64)| {
        let block = statement.as_block().filter(|block| block.height == *height && block.size > 0);
        let block = block.ok_or_else(|| wrong(*height))?;
        let (first, size, time_ms) = (block.first, block.size, block.time_ms);
        Ok((*height, Sealed { height: *height, first, size, time_ms, leaf: statement.leaf() }))
    };
    statements.map(sealed).collect()
}

/// What became of every key and issuer is in the map too.
fn check_statuses(
    registry: &Registry,
    map: &Map,
    sources: &impl Sources,
) -> Result<(), StoreError> {
    let keys = registry.signers().map(|signer| {
        let slot = Slot::key(&signer.owner, &signer.key.kid());
        (slot, signer.status.map(Status::Key))
    });
    let issuers = registry
        .issuers()
        .map(|(id, issuer)| (Slot::issuer(id.as_str()), issuer.status.map(Status::Issuer)));
    let folded: BTreeMap<_, _> = keys.chain(issuers).collect();
    let slots: Vec<_> = folded.keys().copied().collect();
    let found = map.find(&slots, sources);
    let found = found.map_err(|rejected| sources.wrong(rejected.to_string()))?;
    if folded.into_values().eq(found) {
        return Ok(());
    }
    Err(sources.wrong("the registry is not that of the status map".into()))
}

fn not_next(index: u64, sources: &impl Sources) -> StoreError {
    damaged(index, &"not the next that changes the registry", sources)
}

fn damaged(index: u64, why: &dyn ToString, sources: &impl Sources) -> StoreError {
    sources.wrong(format!("entry {index}: {}", why.to_string()))
}
