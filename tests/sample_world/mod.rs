//! A whole ledger in memory, with fixed keys and times, for tests of the command line: what it
//! makes is the same bytes on every run. Served over HTTP by `fake_ledger`; it keeps to the rules
//! of the core, and has none of the ledger's care for disks and crowds.

use std::collections::HashMap;

use probant_core::{
    Fingerprint, Hash, Identity, List, Rejected, Statement,
    chain::Chain,
    draft::{Draft, SealedBlock, founding_block},
    key::{SigningKey, Use},
    list::Batch,
    proof::{DocumentPath, Proof, ProvenEntry},
    seal::Receipt,
    statement::{
        Body, Certify, Enroll, Genesis, IssuerRecord, LedgerKey, Policy, prove_possession,
    },
    status::{Kept, Slot, StatusPath},
    tree,
};

pub const TIME_MS: u64 = 1_790_000_000_000;
pub const ORIGIN: &str = "ledger.example/fr";
pub const ISSUER: &str = "energie.example";

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

#[allow(dead_code)] // Each of the two test programs uses a part of it.
pub struct World {
    pub chain: Chain,
    nodes: Kept,
    pub blocks: Vec<SealedBlock>,
    lists: HashMap<u64, Batch>,
}

#[allow(dead_code)]
impl World {
    pub fn new() -> Self {
        let keys = [(Use::Seal, 1), (Use::Note, 2), (Use::Operator, 3), (Use::Recovery, 4)];
        let random = [42; 32];
        let listed = |(r#use, seed)| LedgerKey {
            r#use,
            key: key(seed).public().clone(),
            possession: prove_possession(&key(seed), r#use, ORIGIN, 1, &random),
        };
        let keys = keys.map(listed).into();
        let genesis = Body::Genesis(Genesis { random, keys, policy: Policy::default() });
        let genesis = Statement::sign(&key(3), ORIGIN, None, TIME_MS / 1000, genesis);
        let sealed = founding_block(genesis, TIME_MS, &key(1)).unwrap();
        let (chain, extension) = Chain::found(&sealed.block).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        Self { chain, nodes: Kept::all(), blocks: vec![sealed], lists: HashMap::new() }
    }

    /// With [`ISSUER`] enrolled, whose key has seed 9.
    pub fn with_issuer() -> Self {
        let mut world = Self::new();
        world.submit(world.enroll(), None, TIME_MS + 100).unwrap();
        world
    }

    pub fn identity(&self) -> Identity {
        self.chain.identity()
    }

    fn enroll(&self) -> Statement {
        let ledger = self.identity().ledger;
        let body = Body::Enroll(Enroll {
            seq: 1,
            id: ISSUER.parse().unwrap(),
            record: IssuerRecord {
                legal_name: "Énergie du Ponant".into(),
                country: "FR".into(),
                registration: "123456789".into(),
            },
            key: key(9).public().clone(),
            possession: prove_possession(&key(9), Use::Issuer, ISSUER, 1, &ledger.0.0),
        });
        Statement::sign(&key(3), ORIGIN, Some(ledger), TIME_MS / 1000, body)
    }

    pub fn certify(&self, list: &List, media_type: &str) -> Statement {
        let body = Body::Certify(Certify::new(list, media_type).unwrap());
        Statement::sign(&key(9), ISSUER, Some(self.identity().ledger), TIME_MS / 1000, body)
    }

    /// Seals a statement in a block of its own, or finds the block that has it.
    pub fn submit(
        &mut self,
        statement: Statement,
        list: Option<List>,
        time_ms: u64,
    ) -> Result<Receipt, Rejected> {
        let mut index = 0;
        for sealed in &self.blocks {
            for entry in &sealed.block.entries {
                if entry.leaf() == statement.leaf() {
                    return Ok(sealed.receipt(index));
                }
                index += 1;
            }
        }
        let time_ms = time_ms.max(self.chain.head().time_ms);
        statement.verify(&self.chain.registry().admit(&statement, time_ms)?.key)?;
        let mut draft = Draft::new(&self.chain, time_ms, &self.nodes);
        let certifies = statement.as_certify().is_some();
        let index = draft.add(statement, list.clone())?;
        let sealed = draft.seal(&key(1))?;
        let extension = self.chain.extend(&sealed.block, &self.nodes);
        let extension = extension.map_err(|fault| fault.rejected)?;
        extension.signatures.check(&sealed.block).map_err(|fault| fault.rejected)?;
        self.nodes.grow(&extension.growth);
        let list = list.filter(|_| certifies);
        self.lists.extend(list.map(|list| (index, Batch::new(list))));
        let receipt = sealed.receipt(index);
        self.blocks.push(sealed);
        Ok(receipt)
    }

    /// Entries that certify a document, oldest first.
    pub fn certifying(&self, fingerprint: &Fingerprint) -> Vec<u64> {
        let has = |batch: &Batch| batch.list().position(fingerprint).is_some();
        let mut found: Vec<_> =
            self.lists.iter().filter(|(_, batch)| has(batch)).map(|(index, _)| *index).collect();
        found.sort_unstable();
        found
    }

    pub fn proof(&self, fingerprint: Fingerprint, index: u64) -> Option<Proof> {
        let batch = self.lists.get(&index)?;
        let at = batch.list().position(&fingerprint)?;
        let first = self.blocks.iter().find(|sealed| index < sealed.head.size)?;
        let newest = self.blocks.last()?;
        let (seal, size) = (newest.block.seal.clone(), newest.head.size);
        Some(Proof {
            statement: self.entry(index),
            receipt: Receipt { seal, size, index, path: self.path(index) },
            document: DocumentPath { fingerprint, index: at as u64, path: batch.path(at) },
            sealed: self.proven(first.head.size - 1),
            head: self.proven(size - 1),
            registry: vec![self.proven(0), self.proven(2)],
            first_receipt: first.receipt(index),
            statuses: self.statuses(fingerprint),
        })
    }

    /// Of document, issuer and key; all that falls here is felled by the one key.
    fn statuses(&self, fingerprint: Fingerprint) -> Vec<StatusPath> {
        let kid = key(9).public().kid();
        let slots =
            [Slot::document(ISSUER, &fingerprint), Slot::issuer(ISSUER), Slot::key(ISSUER, &kid)];
        slots.map(|slot| self.chain.status().prove(&slot, &self.nodes).unwrap()).into()
    }

    fn entry(&self, index: u64) -> Statement {
        let mut entries = self.blocks.iter().flat_map(|sealed| &sealed.block.entries);
        entries.nth(usize::try_from(index).unwrap()).unwrap().clone()
    }

    fn proven(&self, index: u64) -> ProvenEntry {
        ProvenEntry { statement: self.entry(index), index, path: self.path(index) }
    }

    fn path(&self, index: u64) -> Vec<Hash> {
        let entries = self.blocks.iter().flat_map(|sealed| &sealed.block.entries);
        let leaves: Vec<_> = entries.map(Statement::leaf).collect();
        let subtree = |node: &tree::Node| {
            let start = usize::try_from(node.index << node.level).unwrap();
            tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
        };
        let read = |nodes: &[tree::Node]| Ok::<_, ()>(nodes.iter().map(subtree).collect());
        tree::prove(index, leaves.len() as u64, read).unwrap()
    }
}
