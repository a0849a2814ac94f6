//! The fold of one block: entries are admitted and applied one after the other, by the rules of the
//! registry and by what has fallen; then all that changed goes into the status map at once
//! (format.md 10). Writer and checker fold with this, and have no rules of their own.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Fingerprint, List, Rejected,
    cose_key::CoseKey,
    registry::Registry,
    statement::{Body, Revoke, Statement},
    status::{Fall, Growth, Map, Nodes, Slot, Status},
};

/// Registry and status map while a block is folded, with the block's one time.
pub(crate) struct Fold<'a> {
    /// Copied only by an entry that changes it.
    registry: Arc<Registry>,
    map: Map,
    changes: BTreeMap<Slot, Status>,
    nodes: &'a dyn Nodes,
    time_ms: u64,
}

impl<'a> Fold<'a> {
    pub fn new(registry: &Arc<Registry>, map: Map, time_ms: u64, nodes: &'a dyn Nodes) -> Self {
        let registry = Arc::clone(registry);
        Self { registry, map, changes: BTreeMap::new(), nodes, time_ms }
    }

    pub fn time_ms(&self) -> u64 {
        self.time_ms
    }

    /// Takes an entry at its final index, if the rules let it pass, and gives the key that must
    /// have signed it. Nothing changes if they do not.
    pub fn take(
        &mut self,
        statement: &Statement,
        list: Option<&List>,
        entry: u64,
    ) -> Result<CoseKey, Rejected> {
        let key = self.registry.admit(statement, self.time_ms)?.key.clone();
        if let Body::Revoke(revoke) = statement.body() {
            let list = list.expect("a revocation travels with its list");
            self.take_falls(statement, revoke, list, entry)?;
        }
        if Registry::is_changed_by(statement) {
            let registry = Arc::make_mut(&mut self.registry);
            self.changes.extend(registry.apply(statement, entry, self.time_ms));
        }
        Ok(key)
    }

    /// The documents of a list fall, all or none: one that has fallen already, by an act that
    /// stands, keeps them all. A fall that counts as never said keeps its slot, for that may be
    /// undone; the new one takes the next.
    fn take_falls(
        &mut self,
        statement: &Statement,
        revoke: &Revoke,
        list: &List,
        entry: u64,
    ) -> Result<(), Rejected> {
        let issuer = statement.issuer();
        let (kid, time_ms, reason) = (statement.kid(), self.time_ms, revoke.reason);
        let (mut waiting, mut falls): (Vec<_>, _) = (list.pairs().collect(), BTreeMap::new());
        for nth in 0..Slot::FALLS_MAX {
            let slot = |pair: &(Fingerprint, _)| (Slot::fall(issuer, &pair.0, nth), *pair);
            let slots: BTreeMap<_, _> = waiting.iter().map(slot).collect();
            waiting.clear();
            let known = self.known(slots.keys().copied().collect())?;
            for ((slot, (document, replacement)), known) in slots.into_iter().zip(known) {
                if let Some(fall) = known.filter(|fall| self.registry.stands(fall)) {
                    let (document, entry) = (document.to_string(), fall.entry);
                    return Err(Rejected::Fallen { document, entry });
                }
                if known.is_some() && nth + 1 < Slot::FALLS_MAX {
                    waiting.push((document, replacement));
                } else {
                    let fall = Fall { entry, time_ms, kid, reason, replacement };
                    falls.insert(slot, Status::Document(fall));
                }
            }
            if waiting.is_empty() {
                break;
            }
        }
        self.changes.extend(falls);
        Ok(())
    }

    /// The falls in these slots, by the entries of this block too.
    fn known(&self, slots: Vec<Slot>) -> Result<Vec<Option<Fall>>, Rejected> {
        let found = self.map.find(&slots, self.nodes)?;
        let newest = |(slot, found)| self.changes.get(&slot).copied().or(found);
        let fall = |status| if let Status::Document(fall) = status { Some(fall) } else { None };
        let both = slots.into_iter().zip(found);
        Ok(both.map(|pair| newest(pair).and_then(fall)).collect())
    }

    /// After the last entry: what takes effect with the next block, and the status map. Costs
    /// nothing where nothing changed.
    pub fn end(mut self) -> Result<(Arc<Registry>, Growth), Rejected> {
        if self.registry.has_due() {
            let registry = Arc::make_mut(&mut self.registry);
            self.changes.extend(registry.end_block(self.time_ms));
        }
        let growth = self.map.update(&self.changes, self.nodes)?;
        Ok((self.registry, growth))
    }
}
