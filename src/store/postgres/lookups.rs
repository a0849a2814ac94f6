//! Look-ups: what is derived, asked for one thing at a time and bounded by a head, so that nothing
//! is answered of a block that the node has not taken up.

use std::{
    collections::HashMap,
    ops::{Range, RangeInclusive},
};

use futures_util::future::try_join;
use probant_core::{
    Fingerprint, Hash, List, Rejected, Statement,
    chain::Head,
    list::Neighbourhood,
    seal::Seal,
    status::{Inner, Leaf, Map, Nodes},
    tree::Node,
};
use tokio_postgres::{Row, types::ToSql};

use super::{
    cell::{self, big, cell, damage, hash, int, number},
    entries::{self, ask},
    rows::{from_place, to_place},
    server::Server,
    statuses::Statuses,
    subtrees,
};
use crate::store::{Location, Span, StoreError, resume, status_nodes};

const SPAN: &str = "SELECT b.first, b.size, substring(p.bytes FROM b.seal_start + 1 FOR b.seal_bytes) \
     FROM blocks b JOIN block_parts p ON p.height = b.height AND p.part = 0 WHERE b.height = $1";
const STATUS: &str =
    "SELECT status_root, status_inners, status_leaves FROM blocks WHERE height = $1";
const MADE: &str = "SELECT size, root FROM blocks WHERE height = $1";
const SIZES: &str = "SELECT height, size FROM blocks WHERE height = ANY($1)";
const STATEMENT: &str = "SELECT entry FROM entries WHERE leaf = $1";
const STATEMENTS: &str = "SELECT leaf, entry FROM entries WHERE leaf = ANY($1)";
const LIST: &str = "SELECT entry FROM lists WHERE root = $1 AND entry < $2 ORDER BY entry LIMIT 1";
const LIST_NODES: &str = "SELECT substring(l.nodes FROM at.start FOR 32) \
     FROM unnest($2::int[]) WITH ORDINALITY AS at (start, nth) CROSS JOIN lists l \
     WHERE l.entry = $1 ORDER BY at.nth";
const FIRST: &str = "SELECT place FROM documents WHERE fingerprint = $1 AND place < $2 \
     ORDER BY place LIMIT 1";
const NEWEST: &str = "SELECT place FROM documents WHERE fingerprint = $1 AND place < $2 \
     ORDER BY place DESC LIMIT $3";
const WITHIN: &str = "SELECT place FROM documents WHERE fingerprint = $1 AND place >= $2 \
     AND place < $3 LIMIT 1";
/// From each document to the next: however often one was certified, one row of it is read.
const CERTIFIED: &str = "WITH RECURSIVE found (fingerprint) AS ( \
       (SELECT fingerprint FROM documents WHERE fingerprint >= $1 AND fingerprint <= $2 \
        AND place < $3 ORDER BY fingerprint, place LIMIT 1) \
       UNION ALL \
       SELECT (SELECT d.fingerprint FROM documents d WHERE d.fingerprint > found.fingerprint \
        AND d.fingerprint <= $2 AND d.place < $3 ORDER BY d.fingerprint, d.place LIMIT 1) \
       FROM found WHERE found.fingerprint IS NOT NULL) \
     SELECT fingerprint FROM found WHERE fingerprint IS NOT NULL LIMIT $4";
const CHANGES: &str = "SELECT entry FROM registry WHERE entry < $1 ORDER BY entry";

/// The database as of a head.
pub struct LookUps<'a> {
    pub server: &'a Server,
    pub statuses: &'a Statuses,
    /// None before block 0: then there is nothing.
    pub head: Option<Head>,
}

impl LookUps<'_> {
    fn ask(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        self.server.wait(async { ask(&*self.server.reader().await?, sql, values).await })
    }

    /// Entries that may be answered of.
    fn size(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.size)
    }

    /// Places that may be answered of are below.
    fn places(&self) -> i64 {
        start_of(self.size())
    }

    fn has_block(&self, height: u64) -> bool {
        self.head.as_ref().is_some_and(|head| height <= head.height)
    }

    pub fn block(&self, height: u64) -> Result<Option<Vec<u8>>, StoreError> {
        if !self.has_block(height) {
            return Ok(None);
        }
        self.server.wait(async { entries::block(&*self.server.reader().await?, height).await })
    }

    pub fn span(&self, height: u64) -> Result<Option<Span>, StoreError> {
        if !self.has_block(height) {
            return Ok(None);
        }
        let rows = self.ask(SPAN, &[&big(height)])?;
        let row = rows.first().ok_or_else(|| no_block(height))?;
        let seal = cell::<&[u8]>(row, 2)?.to_vec();
        Seal::decode(&seal).map_err(|_| damage("blocks", "there is no seal"))?;
        Ok(Some(Span { height, first: number(row, 0)?, size: number(row, 1)?, seal }))
    }

    pub fn status(&self, height: u64) -> Result<Option<Map>, StoreError> {
        if !self.has_block(height) {
            return Ok(None);
        }
        let rows = self.ask(STATUS, &[&big(height)])?;
        let row = rows.first().ok_or_else(|| no_block(height))?;
        let root: [u8; status_nodes::LINK_BYTES] = cell::bytes(row, 0)?;
        let root = status_nodes::decode_link(&root);
        Ok(Some(Map { root, inners: number(row, 1)?, leaves: number(row, 2)? }))
    }

    /// Number of entries, and root, of the tree that a block made.
    pub fn made(&self, height: u64) -> Result<(u64, [u8; 32]), StoreError> {
        let rows = self.ask(MADE, &[&big(height)])?;
        let row = rows.first().ok_or_else(|| no_block(height))?;
        Ok((number(row, 0)?, cell::bytes(row, 1)?))
    }

    pub fn entry(&self, index: u64) -> Result<Option<(Vec<u8>, u64)>, StoreError> {
        if index >= self.size() {
            return Ok(None);
        }
        resume::Sources::entries(self, &[index]).map(|mut found| found.pop())
    }

    /// Entries that follow each other.
    pub fn following(&self, range: Range<u64>) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        if range.end > self.size() {
            return Ok(None);
        }
        let found = resume::Sources::entries(self, &range.collect::<Vec<_>>())?;
        Ok(Some(found.into_iter().map(|(entry, _)| entry).collect()))
    }

    pub fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError> {
        self.server.wait(async { subtrees::hashes(&*self.server.reader().await?, nodes).await })
    }

    /// In any block, taken up or not: admission rests on it.
    pub fn statement(&self, leaf: &Hash) -> Result<Option<u64>, StoreError> {
        let rows = self.ask(STATEMENT, &[&leaf.0.as_slice()])?;
        rows.first().map(|row| number(row, 0)).transpose()
    }

    /// The same of many.
    pub fn statements(&self, leaves: &[Hash]) -> Result<Vec<Option<u64>>, StoreError> {
        let asked: Vec<_> = leaves.iter().map(|leaf| leaf.0.as_slice()).collect();
        let rows = if asked.is_empty() { Vec::new() } else { self.ask(STATEMENTS, &[&asked])? };
        let known = rows.iter().map(|row| Ok((hash(row, 0)?.0, number(row, 1)?)));
        let known = known.collect::<Result<HashMap<_, _>, StoreError>>()?;
        Ok(leaves.iter().map(|leaf| known.get(&leaf.0).copied()).collect())
    }

    pub fn first(&self, fingerprint: &Fingerprint) -> Result<Option<Location>, StoreError> {
        let fingerprint = fingerprint.as_bytes().as_slice();
        Ok(locations(&self.ask(FIRST, &[&fingerprint, &self.places()])?)?.pop())
    }

    pub fn documents(
        &self,
        fingerprint: &Fingerprint,
        before: Option<Location>,
        limit: usize,
    ) -> Result<Vec<Location>, StoreError> {
        let fingerprint = fingerprint.as_bytes().as_slice();
        let before = before.map_or(i64::MAX, |before| to_place(before).unwrap_or(i64::MAX));
        let below = before.min(self.places());
        locations(&self.ask(NEWEST, &[&fingerprint, &below, &big(limit as u64)])?)
    }

    pub fn place(
        &self,
        fingerprint: &Fingerprint,
        entry: u64,
    ) -> Result<Option<Location>, StoreError> {
        if entry >= self.size() {
            return Ok(None);
        }
        let fingerprint = fingerprint.as_bytes().as_slice();
        let [low, high] = [start_of(entry), start_of(entry + 1)];
        Ok(locations(&self.ask(WITHIN, &[&fingerprint, &low, &high])?)?.pop())
    }

    pub fn certified(
        &self,
        range: &RangeInclusive<Fingerprint>,
        limit: usize,
    ) -> Result<Vec<Fingerprint>, StoreError> {
        let [low, high] = [range.start(), range.end()].map(|end| end.as_bytes().as_slice());
        let rows = self.ask(CERTIFIED, &[&low, &high, &self.places(), &big(limit as u64)])?;
        let document = |row: &Row| {
            Fingerprint::from_bytes(cell(row, 0)?).map_err(|why| damage("documents", &why))
        };
        rows.iter().map(document).collect()
    }

    /// 16 fingerprints at most, and a node for each level.
    pub fn document_path(&self, location: Location) -> Result<Vec<Hash>, StoreError> {
        let (entry, index) = (location.entry, usize::from(location.position));
        self.server.wait(async {
            let client = &*self.server.reader().await?;
            let record = entries::record(client, entry).await?;
            let count = record.list.len() / Fingerprint::BYTES;
            if count == 0 {
                return Ok(Vec::new());
            }
            if index >= count {
                return Err(damage("documents", "a place beyond its list"));
            }
            let near = Neighbourhood::new(index, count);
            let range = near.fingerprints();
            let [start, end] =
                [range.start, range.end].map(|at| record.list.start + at * Fingerprint::BYTES);
            let fingerprints = entries::range(client, record.height, start..end);
            let starts: Vec<_> = near.nodes().iter().map(|at| int(at * 32 + 1)).collect();
            let values: [&(dyn ToSql + Sync); 2] = [&big(entry), &starts];
            let nodes = ask(client, LIST_NODES, &values);
            let (fingerprints, nodes) = try_join(fingerprints, nodes).await?;
            if nodes.len() != starts.len() {
                return Err(damage("lists", &format!("that of entry {entry} is missing")));
            }
            let nodes = nodes.iter().map(|row| hash(row, 0)).collect::<Result<_, _>>()?;
            Ok(near.path(&fingerprints, nodes))
        })
    }

    pub fn list(&self, root: &Hash) -> Result<Option<Vec<u8>>, StoreError> {
        self.server.wait(async {
            let client = &*self.server.reader().await?;
            let rows = ask(client, LIST, &[&root.0.as_slice(), &big(self.size())]).await?;
            let Some(row) = rows.first() else { return Ok(None) };
            let record = entries::record(client, number(row, 0)?).await?;
            let statement = entries::range(client, record.height, record.entry);
            let list = entries::range(client, record.height, record.list);
            let (statement, list) = try_join(statement, list).await?;
            let shape = Statement::decode(&statement).ok().and_then(|of| of.list_shape());
            match shape.and_then(|shape| List::decode(list, shape).ok()) {
                Some(list) if list.root() == *root => Ok(Some(list.as_bytes().to_vec())),
                _ => Err(damage("lists", &format!("another one is where {root} leads"))),
            }
        })
    }
}

fn no_block(height: u64) -> StoreError {
    damage("blocks", &format!("there is no block {height}"))
}

/// The lowest place in an entry.
fn start_of(entry: u64) -> i64 {
    to_place(Location { entry, position: 0 }).unwrap_or(i64::MAX)
}

fn locations(rows: &[Row]) -> Result<Vec<Location>, StoreError> {
    rows.iter().map(|row| number(row, 0).map(from_place)).collect()
}

impl Nodes for LookUps<'_> {
    fn inner(&self, at: u64) -> Result<Inner, Rejected> {
        Ok(self.inners(&[at])?[0])
    }

    fn leaf(&self, at: u64) -> Result<Leaf, Rejected> {
        Ok(self.leaves(&[at])?[0])
    }

    fn inners(&self, at: &[u64]) -> Result<Vec<Inner>, Rejected> {
        self.statuses.inners(self.server, at).map_err(|why| Rejected::Unreadable(why.to_string()))
    }

    fn leaves(&self, at: &[u64]) -> Result<Vec<Leaf>, Rejected> {
        self.statuses.leaves(self.server, at).map_err(|why| Rejected::Unreadable(why.to_string()))
    }
}

impl resume::Sources for LookUps<'_> {
    fn changes(&self) -> Result<Vec<u64>, StoreError> {
        let rows = self.ask(CHANGES, &[&big(self.size())])?;
        rows.iter().map(|row| number(row, 0)).collect()
    }

    fn entries(&self, indexes: &[u64]) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
        self.server.wait(async { entries::entries(&*self.server.reader().await?, indexes).await })
    }

    fn sizes(&self, heights: &[u64]) -> Result<Vec<u64>, StoreError> {
        let asked: Vec<_> = heights.iter().map(|height| big(*height)).collect();
        let rows = self.ask(SIZES, &[&asked])?;
        let numbered = rows.iter().map(|row| Ok((number(row, 0)?, number(row, 1)?)));
        let found: HashMap<u64, u64> = numbered.collect::<Result<_, StoreError>>()?;
        let size = |height: &u64| found.get(height).copied().ok_or_else(|| no_block(*height));
        heights.iter().map(size).collect()
    }

    fn hashes(&self, nodes: &[Node]) -> Result<Vec<Hash>, StoreError> {
        LookUps::hashes(self, nodes)
    }

    fn wrong(&self, what: String) -> StoreError {
        damage("look-ups", &what)
    }
}
