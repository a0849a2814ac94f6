//! A whole ledger in memory, with fixed keys and times, for tests of the command line: what it
//! makes is the same bytes on every run. Served over HTTP by `fake_ledger`; it keeps to the rules
//! of the core, and has none of the ledger's care for disks and crowds.

use std::collections::{BTreeSet, HashMap};

use probant_core::{
    Fingerprint, Hash, Identity, List, Rejected, Statement,
    chain::Chain,
    draft::{Draft, SealedBlock, founding_block},
    key::{Kid, SigningKey, Use},
    list::Batch,
    proof::{Attested, DocumentPath, Proof, ProvenEntry},
    registry::write_lineage,
    seal::Receipt,
    statement::{
        Body, Certify, Enroll, Genesis, HeldKey, IssuerRecord, KeyAct, KeyStatement, LedgerKey,
        Policy, Revoke, prove_possession,
    },
    status::{Account, Certification, Kept, Map, Reason, Slot, StatusPath, write_paths},
    tree,
};

pub const TIME_MS: u64 = 1_790_000_000_000;
pub const ORIGIN: &str = "ledger.example/fr";
pub const ISSUER: &str = "energie.example";

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

#[allow(dead_code)] // Each of the test programs uses a part of it.
pub struct World {
    pub chain: Chain,
    nodes: Kept,
    /// After each block.
    maps: Vec<Map>,
    pub blocks: Vec<SealedBlock>,
    lists: HashMap<u64, Batch>,
    seal_key: SigningKey,
}

#[allow(dead_code)]
impl World {
    pub fn new() -> Self {
        let keys = [(Use::Seal, 1), (Use::Note, 2), (Use::Operator, 3), (Use::Recovery, 4)];
        let random = [42; 32];
        let listed = |(r#use, seed)| LedgerKey::prove(&key(seed), r#use, ORIGIN, &random);
        let keys = keys.map(listed).into();
        let genesis = Body::Genesis(Genesis { random, keys, policy: Policy::default() });
        let genesis = Statement::sign(&key(3), ORIGIN, None, TIME_MS / 1000, genesis);
        let sealed = founding_block(genesis, TIME_MS, &key(1)).unwrap();
        let (chain, extension) = Chain::found(&sealed.block).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        let (blocks, lists) = (vec![sealed], HashMap::new());
        let maps = vec![chain.status()];
        Self { chain, nodes: Kept::all(), maps, blocks, lists, seal_key: key(1) }
    }

    /// With [`ISSUER`] enrolled, whose key has seed 9.
    pub fn with_issuer() -> Self {
        let mut world = Self::new();
        world.submit(world.enroll(ISSUER, 9, TIME_MS), None, TIME_MS + 100).unwrap();
        world
    }

    pub fn identity(&self) -> Identity {
        self.chain.identity()
    }

    /// Enrolls an issuer whose key has this seed.
    pub fn enroll(&self, id: &str, seed: u8, time_ms: u64) -> Statement {
        let ledger = self.identity().ledger;
        let body = Body::Enroll(Enroll {
            seq: 1,
            id: id.parse().unwrap(),
            record: IssuerRecord {
                legal_name: "Énergie du Ponant".into(),
                country: "FR".into(),
                registration: "123456789".into(),
            },
            key: key(seed).public().clone(),
            possession: prove_possession(&key(seed), Use::Issuer, id, 1, &ledger.0.0),
        });
        Statement::sign(&key(3), ORIGIN, Some(ledger), time_ms / 1000, body)
    }

    /// Something is said, and sealed in a block of its own.
    pub fn say(
        &mut self,
        (owner, seed): (&str, u8),
        (body, list): (Body, Option<List>),
        time_ms: u64,
    ) -> Receipt {
        let ledger = Some(self.identity().ledger);
        let statement = Statement::sign(&key(seed), owner, ledger, time_ms / 1000, body);
        self.submit(statement, list, time_ms).unwrap()
    }

    /// Documents of an issuer fall.
    pub fn revoke(&mut self, by: (&str, u8), list: List, reason: Reason, time_ms: u64) -> Receipt {
        let body = Body::Revoke(Revoke::new(&list, reason).unwrap());
        self.say(by, (body, Some(list)), time_ms)
    }

    /// Something becomes of a key of an issuer, or of the operator's.
    pub fn key_act(&mut self, by: (&str, u8), kid: Kid, act: KeyAct, time_ms: u64) -> Receipt {
        let seq = self.chain.registry().next_seq(&format!("key:{kid}"));
        self.say(by, (Body::Key(KeyStatement::about(kid, seq, act)), None), time_ms)
    }

    /// The key with this seed seals from the next block on.
    pub fn replace_seal_key(&mut self, seed: u8, time_ms: u64) -> Receipt {
        let r#use = Use::Seal;
        let held = HeldKey::prove(&key(seed), r#use, ORIGIN, 1, self.identity().ledger);
        let body = Body::Key(KeyStatement::bringing(KeyAct::Replace { r#use, held }));
        let receipt = self.say((ORIGIN, 3), (body, None), time_ms);
        self.seal_key = key(seed);
        receipt
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
        let sealed = draft.seal(&self.seal_key)?;
        let extension = self.chain.extend(&sealed.block, &self.nodes);
        let extension = extension.map_err(|fault| fault.rejected)?;
        extension.signatures.check(&sealed.block).map_err(|fault| fault.rejected)?;
        self.nodes.grow(&extension.growth);
        self.maps.push(self.chain.status());
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

    /// Every document that was certified, in order.
    pub fn certified(&self) -> BTreeSet<Fingerprint> {
        self.lists.values().flat_map(|batch| batch.list().iter()).collect()
    }

    pub fn proof(&self, fingerprint: Fingerprint, index: u64) -> Option<Proof> {
        let batch = self.lists.get(&index)?;
        let at = batch.list().position(&fingerprint)?;
        let first = self.blocks.iter().find(|sealed| index < sealed.head.size)?;
        let newest = self.blocks.last()?;
        let (seal, size) = (newest.block.seal.clone(), newest.head.size);
        Some(Proof {
            attested: Attested::default(),
            statement: self.entry(index),
            receipt: Receipt { seal, size, index, path: self.path(index) },
            document: DocumentPath { fingerprint, index: at as u64, path: batch.path(at) },
            sealed: self.proven(first.head.size - 1),
            head: self.proven(size - 1),
            registry: self.lineage(&self.entry(index).kid()).map(|at| self.proven(at)).collect(),
            first_receipt: first.receipt(index),
            statuses: self.statuses(fingerprint, &self.entry(index)),
        })
    }

    /// The entries that lead to a key.
    fn lineage(&self, kid: &Kid) -> impl Iterator<Item = u64> {
        self.chain.registry().lineage(kid, self.chain.head().size).into_iter()
    }

    /// Those that lead to the ledger's own keys, as bytes.
    pub fn lineage_bytes(&self) -> Vec<u8> {
        let kid = self.chain.registry().ledger_key(Use::Seal).kid();
        let entries: Vec<_> = self.lineage(&kid).map(|at| (at, self.entry(at))).collect();
        let entries: Vec<_> = entries.iter().map(|(at, statement)| (*at, statement)).collect();
        write_lineage(&entries)
    }

    /// That the tree of `to` entries grew from that of `from`.
    pub fn consistency(&self, from: u64, to: u64) -> Vec<Hash> {
        let leaves = self.leaves();
        tree::prove_consistency(from, to, |nodes| subtrees(&leaves, nodes)).unwrap()
    }

    /// Of all documents of an entry's list, as of a block.
    pub fn list_statuses(&self, entry: u64, height: usize) -> Vec<u8> {
        let map = self.maps[height];
        let issuer = self.entry(entry).issuer().to_owned();
        let slots =
            self.lists[&entry].list().iter().map(|document| Slot::document(&issuer, &document));
        let paths = slots.map(|slot| map.prove(&slot, &self.nodes).unwrap());
        write_paths(&paths.collect::<Vec<_>>())
    }

    fn statuses(&self, fingerprint: Fingerprint, statement: &Statement) -> Vec<StatusPath> {
        let (issuer, kid) = (statement.issuer(), statement.kid());
        let enrolled = self.chain.registry().issuer(issuer).unwrap().keys[0];
        let of = Certification { issuer, document: &fingerprint, kid, enrolled };
        Account::prove(&self.chain.status(), &self.nodes, &of).unwrap()
    }

    fn entry(&self, index: u64) -> Statement {
        let mut entries = self.blocks.iter().flat_map(|sealed| &sealed.block.entries);
        entries.nth(usize::try_from(index).unwrap()).unwrap().clone()
    }

    fn proven(&self, index: u64) -> ProvenEntry {
        ProvenEntry { statement: self.entry(index), index, path: self.path(index) }
    }

    fn path(&self, index: u64) -> Vec<Hash> {
        let leaves = self.leaves();
        tree::prove(index, leaves.len() as u64, |nodes| subtrees(&leaves, nodes)).unwrap()
    }

    fn leaves(&self) -> Vec<Hash> {
        let entries = self.blocks.iter().flat_map(|sealed| &sealed.block.entries);
        entries.map(Statement::leaf).collect()
    }
}

#[allow(dead_code, clippy::unnecessary_wraps)] // As a store would read them.
fn subtrees(leaves: &[Hash], nodes: &[tree::Node]) -> Result<Vec<Hash>, ()> {
    let subtree = |node: &tree::Node| {
        let start = usize::try_from(node.index << node.level).unwrap();
        tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
    };
    Ok(nodes.iter().map(subtree).collect())
}
