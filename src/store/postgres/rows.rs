//! A block as rows of all tables, encoded for binary COPY before anything is sent.

use std::{future::Future, pin::pin};

use bytes::{BufMut as _, Bytes, BytesMut};
use deadpool_postgres::ClientWrapper;
use futures_util::{SinkExt as _, future::try_join_all};
use probant_core::{
    Fingerprint, Hash, List, Statement,
    registry::Registry,
    tree::{Frontier, Growth},
};
use tokio_postgres::Error;

use super::cell::big;
use crate::store::{Location, StoredBlock, status_nodes};

/// Bytes of a part of a block: rows stay under a megabyte.
pub const PART_BYTES: usize = 512 << 10;
/// Levels between those of the tree that are kept.
pub const TILE_LEVELS: u8 = 8;
/// Bits of a place that hold the position in a list.
const POSITION_BITS: u32 = 16;

/// Bytes of a COPY, after which another begins: a session in which none does for 20 seconds counts as
/// that of a stopped node (held.rs), and a link may be slow.
const COPY_BYTES: usize = 2 << 20;
/// Bytes sent at once.
const CHUNK_BYTES: usize = 256 << 10;
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

/// An entry and a position in its list as one number: in that order, and covered by one index.
pub fn to_place(location: Location) -> Option<i64> {
    let entry = i64::try_from(location.entry).ok()?;
    let high = entry.checked_mul(1 << POSITION_BITS)?;
    Some(high | i64::from(location.position))
}

/// The inverse of [`to_place`].
pub fn from_place(place: u64) -> Location {
    Location { entry: place >> POSITION_BITS, position: place as u16 }
}

/// What a block adds to one table.
struct Table {
    name: &'static str,
    columns: &'static str,
    /// One behind the other, each with the rows of a COPY.
    copies: Vec<BytesMut>,
}

enum Field<'a> {
    Int(usize),
    Big(u64),
    Place(Location),
    Bytes(&'a [u8]),
}

impl Table {
    fn new(name: &'static str, columns: &'static str) -> Self {
        Self { name, columns, copies: Vec::new() }
    }

    fn row(&mut self, fields: &[Field<'_>]) {
        if self.copies.last().is_none_or(|copy| copy.len() >= COPY_BYTES) {
            // The signature, no flags, no extension.
            let mut copy = BytesMut::from(SIGNATURE);
            copy.put_u64(0);
            self.copies.push(copy);
        }
        let rows = self.copies.last_mut().expect("just begun");
        rows.put_u16(fields.len() as u16);
        for field in fields {
            field.put(rows);
        }
    }

    /// As COPYs, to the table whose name ends so.
    fn send(
        self,
        client: &ClientWrapper,
        suffix: &str,
    ) -> impl Iterator<Item = impl Future<Output = Result<(), Error>>> {
        let copy =
            format!("COPY {}{suffix} ({}) FROM STDIN (FORMAT binary)", self.name, self.columns);
        self.copies.into_iter().map(move |rows| send(client, copy.clone(), rows))
    }
}

impl Field<'_> {
    fn put(&self, rows: &mut BytesMut) {
        let mut put_big = |number| {
            rows.put_u32(8);
            rows.put_i64(number);
        };
        match self {
            Self::Big(number) => put_big(big(*number)),
            Self::Place(location) => {
                put_big(to_place(*location).expect("entries are numbered from 0"));
            }
            Self::Int(number) => {
                rows.put_u32(4);
                rows.put_i32(i32::try_from(*number).expect("a block is below 2 GiB"));
            }
            Self::Bytes(bytes) => {
                rows.put_u32(bytes.len() as u32);
                rows.put_slice(bytes);
            }
        }
    }
}

async fn send(client: &ClientWrapper, copy: String, mut rows: BytesMut) -> Result<(), Error> {
    rows.put_i16(-1);
    let mut rows = rows.freeze();
    let statement = client.prepare_cached(&copy).await?;
    let mut sink = pin!(client.copy_in::<_, Bytes>(&statement).await?);
    while !rows.is_empty() {
        sink.send(rows.split_to(rows.len().min(CHUNK_BYTES))).await?;
    }
    sink.finish().await.map(drop)
}

/// What a block adds to every table.
pub struct Rows(Vec<Table>);

impl Rows {
    /// All rows of a block, which is added to the tree of `before`.
    pub fn of(before: &Frontier, stored: &StoredBlock) -> Self {
        let mut rows = Self::derived(before, stored);
        rows.0.insert(0, parts(stored));
        rows
    }

    /// Those that are derived: all but the block's own bytes.
    pub fn derived(before: &Frontier, stored: &StoredBlock) -> Self {
        let [inners, leaves] = statuses(stored);
        let [entries, lists, registry] = entries(stored);
        let all = [
            block(stored),
            entries,
            lists,
            registry,
            tree(before, stored),
            inners,
            leaves,
            documents(stored),
        ];
        Self(all.into())
    }

    /// Sends all of it, one table behind the other without waiting in between: of what fails, the
    /// first is told.
    pub async fn send(self, client: &ClientWrapper) -> Result<(), Error> {
        self.send_to(client, "").await
    }

    /// The same, to the tables whose names end so.
    pub async fn send_to(self, client: &ClientWrapper, suffix: &str) -> Result<(), Error> {
        let copies = self.0.into_iter().flat_map(|table| table.send(client, suffix));
        try_join_all(copies).await.map(drop)
    }
}

fn parts(stored: &StoredBlock) -> Table {
    let mut table = Table::new("block_parts", "height, part, bytes");
    for (part, bytes) in stored.bytes.chunks(PART_BYTES).enumerate() {
        table.row(&[Field::Big(stored.head.height), Field::Int(part), Field::Bytes(bytes)]);
    }
    table
}

fn block(stored: &StoredBlock) -> Table {
    let mut table = Table::new(
        "blocks",
        "height, first, size, documents, time_ms, bytes, status_inners, \
         status_leaves, seal_start, seal_bytes, root, statement, status_root",
    );
    let (head, seal, map) = (&stored.head, &stored.layout.seal, &stored.growth.map);
    table.row(&[
        Field::Big(head.height),
        Field::Big(stored.block.header().first),
        Field::Big(head.size),
        Field::Big(head.documents),
        Field::Big(head.time_ms),
        Field::Big(stored.bytes.len() as u64),
        Field::Big(map.inners),
        Field::Big(map.leaves),
        Field::Int(seal.start),
        Field::Int(seal.len()),
        Field::Bytes(&head.root.0),
        Field::Bytes(&head.statement.0),
        Field::Bytes(&status_nodes::encode_link(map.root)),
    ]);
    table
}

/// Entries, lists that have a name, and what changes the registry.
fn entries(stored: &StoredBlock) -> [Table; 3] {
    let mut entries =
        Table::new("entries", "entry, height, start, bytes, list_start, list_bytes, leaf");
    let mut lists = Table::new("lists", "entry, root, nodes");
    let mut registry = Table::new("registry", "entry");
    let (block, layout) = (&stored.block, &stored.layout);
    let mut list_parts = layout.lists.iter();
    let both = block.entries.iter().zip(&block.lists).zip(&layout.entries);
    for (((statement, list), part), entry) in both.zip(block.header().first..) {
        let list_part = list.as_ref().and_then(|_| list_parts.next()).cloned().unwrap_or_default();
        entries.row(&[
            Field::Big(entry),
            Field::Big(stored.head.height),
            Field::Int(part.start),
            Field::Int(part.len()),
            Field::Int(list_part.start),
            Field::Int(list_part.len()),
            Field::Bytes(&statement.leaf().0),
        ]);
        if let (Some(root), Some(list)) = (statement.list_root(), list) {
            // One document of a list is proven only where it was certified.
            let certifies = statement.as_certify().is_some();
            let kept = if certifies { list.root_and_nodes().1 } else { Vec::new() };
            let nodes: Vec<u8> = kept.iter().flat_map(|node| node.0).collect();
            lists.row(&[Field::Big(entry), Field::Bytes(&root.0), Field::Bytes(&nodes)]);
        }
        if Registry::is_changed_by(statement) {
            registry.row(&[Field::Big(entry)]);
        }
    }
    [entries, lists, registry]
}

fn tree(before: &Frontier, stored: &StoredBlock) -> Table {
    let mut table = Table::new("tree", "level, number, hash");
    let leaves: Vec<Hash> = stored.block.entries.iter().map(Statement::leaf).collect();
    let growth = Growth::new(before, &leaves);
    for level in (TILE_LEVELS..64).step_by(TILE_LEVELS.into()) {
        for (number, hash) in growth.completed(level) {
            table.row(&[Field::Int(level.into()), Field::Big(number), Field::Bytes(&hash.0)]);
        }
    }
    table
}

fn statuses(stored: &StoredBlock) -> [Table; 2] {
    let growth = &stored.growth;
    let mut inners = Table::new("status_inners", "number, bytes");
    for (number, inner) in growth.numbered_inners() {
        let bytes = status_nodes::encode_inner(inner);
        inners.row(&[Field::Big(number), Field::Bytes(&bytes)]);
    }
    let mut leaves = Table::new("status_leaves", "number, bytes");
    for (number, leaf) in growth.numbered_leaves() {
        let bytes = status_nodes::encode_leaf(leaf);
        leaves.row(&[Field::Big(number), Field::Bytes(&bytes)]);
    }
    [inners, leaves]
}

/// Documents in the order of their fingerprints: the index is walked once and never jumped about in.
fn documents(stored: &StoredBlock) -> Table {
    let block = &stored.block;
    let both = block.entries.iter().zip(&block.lists);
    let mut certified: Vec<(Fingerprint, Location)> = Vec::new();
    for ((statement, list), entry) in both.zip(block.header().first..) {
        let listed = list.iter().filter(|_| statement.as_certify().is_some());
        let documents = listed.flat_map(List::iter).chain(statement.enveloped());
        let located = documents.zip(0..=u16::MAX);
        certified.extend(located.map(|(of, position)| (of, Location { entry, position })));
    }
    certified.sort_unstable();
    let mut table = Table::new("documents", "place, fingerprint");
    for (fingerprint, location) in &certified {
        table.row(&[Field::Place(*location), Field::Bytes(fingerprint.as_bytes())]);
    }
    table
}
