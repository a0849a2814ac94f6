//! The ledger that other implementations check: in memory, of every kind of entry and receipt.

use probant_core::{
    Fingerprints, Hash, LedgerId, List, Statement,
    block::Block,
    chain::Chain,
    checkpoint::Checkpoint,
    draft::{Draft, SealedBlock, founding_block},
    key::Use,
    list::Batch,
    proof::{Attested, DocumentPath, Proof, ProvenEntry},
    seal::{ConsistencyReceipt, Receipt},
    statement::{
        Body, Certify, Enroll, Genesis, IssuerRecord, IssuerStatement, LedgerKey, Policy, Revoke,
        prove_possession,
    },
    status::{IssuerState, Kept, Reason, Slot},
    tree,
};

use crate::{ISSUER, ISSUER_SEED, NOTE_SEED, ORIGIN, TIME_MS, key};

/// A ledger in memory: genesis, the enrollment, and what [`Ledger::fill`] adds.
pub struct Ledger {
    pub chain: Chain,
    nodes: Kept,
    pub blocks: Vec<SealedBlock>,
    batch: Batch,
}

impl Ledger {
    pub fn new() -> Self {
        let random = [42; 32];
        let uses = [(Use::Seal, 1), (Use::Note, NOTE_SEED), (Use::Operator, 3), (Use::Recovery, 4)];
        let listed = |(r#use, seed)| LedgerKey::prove(&key(seed), r#use, ORIGIN, &random);
        let keys = uses.map(listed).into();
        let genesis = Body::Genesis(Genesis { random, keys, policy: Policy::default() });
        let genesis = Statement::sign(&key(3), ORIGIN, None, TIME_MS / 1000, genesis);
        let sealed = founding_block(genesis, TIME_MS, &key(1)).unwrap();
        let (chain, extension) = Chain::found(&sealed.block).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        // SHA-256, which Python has without a package; the singles are BLAKE3.
        let documents = (0..40_u32).map(|i| Fingerprints::of(&i.to_be_bytes()).sha256);
        let batch = Batch::new(List::new(documents.collect()).unwrap());
        let mut ledger = Self { chain, nodes: Kept::all(), blocks: vec![sealed], batch };
        let enroll = ledger.enroll();
        ledger.seal(vec![(enroll, None)]);
        ledger
    }

    /// A batch, a single and perhaps an envelope; two singles; a document that falls, and an issuer
    /// that is suspended; a heartbeat. No size is the same shape of tree as another.
    pub fn fill(&mut self, envelope: Option<Statement>) {
        let single = |i: u8| List::new(vec![Fingerprints::of(&[i]).blake3]).unwrap();
        let batch = self.batch.list().clone();
        let mut entries = vec![self.certify(batch), self.certify(single(1))];
        entries.extend(envelope.map(|envelope| (envelope, None)));
        self.seal(entries);
        self.seal(vec![self.certify(single(2)), self.certify(single(3))]);
        let (id, state) = (ISSUER.parse().unwrap(), IssuerState::Suspended);
        let suspend = Body::Issuer(IssuerStatement { seq: 2, id, state });
        let suspend = Statement::sign(&key(3), ORIGIN, Some(self.id()), TIME_MS / 1000, suspend);
        self.seal(vec![self.revoke(single(3)), (suspend, None)]);
        self.seal(vec![]);
    }

    pub fn id(&self) -> LedgerId {
        self.chain.identity().ledger
    }

    fn enroll(&self) -> Statement {
        let issuer = key(ISSUER_SEED);
        let possession = prove_possession(&issuer, Use::Issuer, ISSUER, 1, &self.id().0.0);
        let record = IssuerRecord {
            legal_name: "Énergie du Ponant".into(),
            country: "FR".into(),
            registration: "123456789".into(),
        };
        let (id, key_) = (ISSUER.parse().unwrap(), issuer.public().clone());
        let body = Body::Enroll(Enroll { seq: 1, id, record, key: key_, possession });
        Statement::sign(&key(3), ORIGIN, Some(self.id()), TIME_MS / 1000, body)
    }

    fn certify(&self, list: List) -> (Statement, Option<List>) {
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        let issuer = key(ISSUER_SEED);
        let statement = Statement::sign(&issuer, ISSUER, Some(self.id()), TIME_MS / 1000, body);
        (statement, Some(list))
    }

    fn revoke(&self, list: List) -> (Statement, Option<List>) {
        let body = Body::Revoke(Revoke::new(&list, Reason::Withdrawn).unwrap());
        let issuer = key(ISSUER_SEED);
        let statement = Statement::sign(&issuer, ISSUER, Some(self.id()), TIME_MS / 1000, body);
        (statement, Some(list))
    }

    fn seal(&mut self, entries: Vec<(Statement, Option<List>)>) {
        let mut draft = Draft::new(&self.chain, self.chain.head().time_ms + 1000, &self.nodes);
        for (statement, list) in entries {
            draft.add(statement, list).unwrap();
        }
        let sealed = draft.seal(&key(1)).unwrap();
        let replayed = Block::decode(&sealed.block.encode()).unwrap();
        let extension = self.chain.extend(&replayed, &self.nodes).unwrap();
        extension.signatures.check(&replayed).unwrap();
        self.nodes.grow(&extension.growth);
        self.blocks.push(sealed);
    }

    pub fn entries(&self) -> Vec<&Statement> {
        self.blocks.iter().flat_map(|sealed| &sealed.block.entries).collect()
    }

    pub fn checkpoints(&self) -> Vec<Checkpoint> {
        let checkpoint = |sealed: &SealedBlock| {
            let (size, root) = (sealed.head.size, sealed.growth.root().unwrap());
            Checkpoint { origin: ORIGIN.parse().unwrap(), size, root }
        };
        self.blocks.iter().map(checkpoint).collect()
    }

    /// The path of any entry in the newest tree.
    fn path(&self, index: u64) -> Vec<Hash> {
        let size = self.chain.head().size;
        tree::prove(index, size, |nodes| Ok::<_, ()>(self.hashes(nodes))).unwrap()
    }

    fn hashes(&self, nodes: &[tree::Node]) -> Vec<Hash> {
        let leaves: Vec<_> = self.entries().iter().map(|entry| entry.leaf()).collect();
        let subtree = |node: &tree::Node| {
            let start = usize::try_from(node.index << node.level).unwrap();
            tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
        };
        nodes.iter().map(subtree).collect()
    }

    /// That the tree of each block grew from that of each before.
    pub fn grown(&self) -> Vec<ConsistencyReceipt> {
        let of = |newer: &SealedBlock, older: &SealedBlock| {
            let (from, to) = (older.head.size, newer.head.size);
            let path = tree::prove_consistency(from, to, |nodes| Ok::<_, ()>(self.hashes(nodes)));
            ConsistencyReceipt { seal: newer.block.seal.clone(), from, to, path: path.unwrap() }
        };
        let all =
            (1..self.blocks.len()).flat_map(|newer| (0..newer).map(move |older| (newer, older)));
        all.map(|(newer, older)| of(&self.blocks[newer], &self.blocks[older])).collect()
    }

    pub fn newest_receipt(&self, index: u64) -> Receipt {
        let newest = self.blocks.last().unwrap();
        let (seal, size) = (newest.block.seal.clone(), newest.head.size);
        Receipt { seal, size, index, path: self.path(index) }
    }

    /// Of each entry: the newest receipt, and the one of its own block where that is another.
    pub fn receipts(&self) -> Vec<Receipt> {
        let (newest, older) = self.blocks.split_last().unwrap();
        let first = |sealed: &SealedBlock| {
            let header = sealed.block.header();
            (header.first..header.size).map(|index| sealed.receipt(index)).collect::<Vec<_>>()
        };
        let newest = (0..newest.head.size).map(|index| self.newest_receipt(index));
        older.iter().flat_map(first).chain(newest).collect()
    }

    /// Where the `at`-th document of the batch stands.
    pub fn batched(&self, at: usize) -> DocumentPath {
        let fingerprint = self.batch.list().iter().nth(at).unwrap();
        DocumentPath { fingerprint, index: at as u64, path: self.batch.path(at) }
    }

    pub fn proof(&self, document: DocumentPath, index: u64) -> Proof {
        let proven = |index: u64| ProvenEntry {
            statement: self.entries()[usize::try_from(index).unwrap()].clone(),
            index,
            path: self.path(index),
        };
        let of_entry = |sealed: &&SealedBlock| index < sealed.head.size;
        let first = self.blocks.iter().find(of_entry).unwrap();
        let receipt = self.newest_receipt(index);
        let kid = key(ISSUER_SEED).public().kid();
        let fingerprint = &document.fingerprint;
        let slots =
            [Slot::document(ISSUER, fingerprint), Slot::issuer(ISSUER), Slot::key(ISSUER, &kid)];
        let status = |slot| self.chain.status().prove(&slot, &self.nodes).unwrap();
        Proof {
            attested: Attested::default(),
            statement: proven(index).statement,
            document,
            sealed: proven(first.head.size - 1),
            head: proven(receipt.size - 1),
            registry: vec![proven(0), proven(2)],
            first_receipt: first.receipt(index),
            receipt,
            statuses: slots.map(status).into(),
        }
    }
}
