//! The fold of one block: entries are admitted and applied one after the other, by the rules of the
//! registry and by what has fallen; then all that changed goes into the status map at once
//! (format.md 10). Writer and checker fold with this, and have no rules of their own.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    List, Rejected,
    key::PublicKey,
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
    ) -> Result<PublicKey, Rejected> {
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
    /// stands, keeps them all.
    fn take_falls(
        &mut self,
        statement: &Statement,
        revoke: &Revoke,
        list: &List,
        entry: u64,
    ) -> Result<(), Rejected> {
        let issuer = statement.issuer();
        let (kid, time_ms, reason) = (statement.kid(), self.time_ms, revoke.reason);
        let falls: BTreeMap<_, _> = list
            .pairs()
            .map(|(document, replacement)| {
                let fall = Fall { entry, time_ms, kid, reason, replacement };
                (Slot::document(issuer, &document), (document, fall))
            })
            .collect();
        let slots: Vec<_> = falls.keys().copied().collect();
        let known = self.map.find(&slots, self.nodes)?;
        for ((slot, (document, _)), known) in falls.iter().zip(known) {
            let known = self.changes.get(slot).or(known.as_ref());
            if let Some(Status::Document(fall)) = known
                && self.registry.stands(fall)
            {
                let (document, entry) = (document.to_string(), fall.entry);
                return Err(Rejected::Fallen { document, entry });
            }
        }
        let falls = falls.into_iter().map(|(slot, (_, fall))| (slot, Status::Document(fall)));
        self.changes.extend(falls);
        Ok(())
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
