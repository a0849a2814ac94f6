//! Nodes of the status maps. None is ever changed, so what was read once is remembered: the nodes
//! near the root are on every way, and those of the newest blocks are what the next one reads.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use probant_core::status::{Growth, Inner, Leaf};
use tokio_postgres::Row;

use super::{
    cell::{big, bytes, damage, number},
    entries::ask,
    server::Server,
};
use crate::store::{StoreError, status_nodes};

const INNERS: &str = "SELECT number, bytes FROM status_inners WHERE number = ANY($1)";
const LEAVES: &str = "SELECT number, bytes FROM status_leaves WHERE number = ANY($1)";

/// Nodes asked for at once.
const ASKED_MAX: usize = 16_384;
/// Inner nodes of a generation: 100 bytes each, with two generations below 64 MiB.
const INNERS_MAX: usize = 224 << 10;
/// Leaves of a generation: 150 bytes each, with two generations below 32 MiB.
const LEAVES_MAX: usize = 56 << 10;

/// What was read lately.
pub struct Statuses {
    inners: Mutex<Generations<Inner>>,
    leaves: Mutex<Generations<Leaf>>,
}

/// What was asked for lately, and what was asked for in the generation before: which is forgotten
/// once the younger one is full.
struct Generations<T> {
    max: usize,
    young: HashMap<u64, T>,
    old: HashMap<u64, T>,
}

impl<T: Copy> Generations<T> {
    fn new(max: usize) -> Mutex<Self> {
        Mutex::new(Self { max, young: HashMap::new(), old: HashMap::new() })
    }

    fn get(&mut self, at: u64) -> Option<T> {
        if let Some(node) = self.young.get(&at) {
            return Some(*node);
        }
        let node = self.old.remove(&at)?;
        self.put(at, node);
        Some(node)
    }

    fn put(&mut self, at: u64, node: T) {
        if self.young.len() >= self.max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(at, node);
    }
}

impl Statuses {
    pub fn new() -> Self {
        Self { inners: Generations::new(INNERS_MAX), leaves: Generations::new(LEAVES_MAX) }
    }

    /// Remembers the nodes that a durable block has added.
    pub fn grow(&self, growth: &Growth) {
        put_all(&self.inners, growth.numbered_inners().map(|(at, inner)| (at, *inner)));
        put_all(&self.leaves, growth.numbered_leaves().map(|(at, leaf)| (at, *leaf)));
    }

    /// Inner nodes, in the order asked for.
    pub fn inners(&self, server: &Server, at: &[u64]) -> Result<Vec<Inner>, StoreError> {
        let decode = |row: &Row| Ok(status_nodes::decode_inner(&bytes(row, 1)?));
        nodes(&self.inners, server, INNERS, at, decode)
    }

    /// Leaves, in the order asked for.
    pub fn leaves(&self, server: &Server, at: &[u64]) -> Result<Vec<Leaf>, StoreError> {
        let decode = |row: &Row| {
            let leaf = status_nodes::decode_leaf(&bytes(row, 1)?);
            leaf.map_err(|why| damage("status_leaves", &why))
        };
        nodes(&self.leaves, server, LEAVES, at, decode)
    }
}

fn put_all<T: Copy>(kept: &Mutex<Generations<T>>, nodes: impl Iterator<Item = (u64, T)>) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    nodes.for_each(|(at, node)| kept.put(at, node));
}

fn nodes<T: Copy>(
    kept: &Mutex<Generations<T>>,
    server: &Server,
    sql: &str,
    at: &[u64],
    decode: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found: HashMap<u64, T> = {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        at.iter().filter_map(|at| Some((*at, kept.get(*at)?))).collect()
    };
    let missing: Vec<_> =
        at.iter().filter(|at| !found.contains_key(at)).map(|at| big(*at)).collect();
    let read = read(server, sql, &missing, decode)?;
    put_all(kept, read.iter().copied());
    found.extend(read);
    let node = |at: &u64| {
        found.get(at).copied().ok_or_else(|| damage("status nodes", &format!("no node {at}")))
    };
    at.iter().map(node).collect()
}

fn read<T>(
    server: &Server,
    sql: &str,
    numbers: &[i64],
    decode: impl Fn(&Row) -> Result<T, StoreError>,
) -> Result<Vec<(u64, T)>, StoreError> {
    let mut read = Vec::with_capacity(numbers.len());
    for some in numbers.chunks(ASKED_MAX) {
        let rows = server.wait(async { ask(&*server.reader().await?, sql, &[&some]).await })?;
        for row in &rows {
            read.push((number(row, 0)?, decode(row)?));
        }
    }
    Ok(read)
}
