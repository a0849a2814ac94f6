//! What is measured: a ledger as deep as one of a million entries, with proofs from it. Between the
//! statements that matter stand leaves without any, so that it is made in a second.

use std::iter;

use probant_core::{
    Fingerprint, Fingerprints, Hash, Identity, List, Statement,
    chain::{Chain, Head},
    checkpoint::Checkpoint,
    cosignature::Cosigner,
    draft::{Draft, SealedBlock, founding_block},
    key::{SigningKey, Use},
    list::Batch,
    ml_dsa,
    proof::{Attested, DocumentPath, Proof, ProvenEntry},
    seal::Receipt,
    statement::{
        Body, Certify, Enroll, Genesis, IssuerRecord, LedgerKey, Policy, prove_possession,
    },
    status::{Found, Kept, StatusPath},
    tree,
};

pub const TIME_MS: u64 = 1_790_000_000_000;
pub const ORIGIN: &str = "ledger.example/fr";
pub const ISSUER: &str = "energie.example";
/// Seeds of keys.
pub const SEAL: u8 = 1;
pub const NOTE: u8 = 2;
pub const OPERATOR: u8 = 3;
pub const ISSUING: u8 = 9;

/// Entries of the ledger that the proofs are of.
pub const ENTRIES: u64 = 1_000_000;
/// Documents in a batch that is certified, and batches, each in a block of its own.
pub const BATCH: u64 = 10_000;
pub const BATCHES: u64 = 32;

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// `count` documents, other ones for each `first`.
pub fn list(first: u64, count: u64) -> List {
    let document = |i: u64| Fingerprints::of(&i.to_be_bytes()).blake3;
    List::new((first..first + count).map(document).collect()).unwrap()
}

/// A ledger that grows, and the leaves of its whole tree.
pub struct Ledger {
    pub chain: Chain,
    pub nodes: Kept,
    pub leaves: Vec<Hash>,
}

impl Ledger {
    /// Block 0, and block 1 with the enrollment of the issuer; and both statements. It may have a
    /// second note key.
    pub fn new(second: Option<&ml_dsa::SigningKey>) -> (Self, [Statement; 2]) {
        let random = [42; 32];
        let listed = |(r#use, seed)| LedgerKey::prove(&key(seed), r#use, ORIGIN, &random);
        let seeds = [(Use::Seal, SEAL), (Use::Note, NOTE), (Use::Operator, OPERATOR)];
        let keys = seeds.into_iter().chain([(Use::Recovery, 4)]).map(listed);
        let second = second.map(|key| LedgerKey::prove(key, Use::NoteMlDsa, ORIGIN, &random));
        let keys = keys.chain(second).collect();
        let genesis = Body::Genesis(Genesis { random, keys, policy: Policy::default() });
        let genesis = Statement::sign(&key(OPERATOR), ORIGIN, None, TIME_MS / 1000, genesis);
        let sealed = founding_block(genesis.clone(), TIME_MS, &key(SEAL)).unwrap();
        let leaves = sealed.block.entries.iter().map(Statement::leaf).collect();
        let (chain, extension) = Chain::found(&sealed.block).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        let mut ledger = Self { chain, leaves, nodes: Kept::all() };
        let enroll = ledger.enroll();
        ledger.seal(vec![(enroll.clone(), None)]);
        (ledger, [genesis, enroll])
    }

    pub fn enroll(&self) -> Statement {
        let (issuer, ledger) = (key(ISSUING), self.chain.identity().ledger);
        let body = Body::Enroll(Enroll {
            seq: 1,
            id: ISSUER.parse().unwrap(),
            record: IssuerRecord {
                legal_name: "Énergie du Ponant".into(),
                country: "FR".into(),
                registration: "123456789".into(),
            },
            possession: prove_possession(&issuer, Use::Issuer, ISSUER, 1, &ledger.0.0),
            key: issuer.public().clone(),
        });
        Statement::sign(&key(OPERATOR), ORIGIN, Some(ledger), TIME_MS / 1000, body)
    }

    pub fn certify(&self, list: &List) -> Statement {
        let body = Body::Certify(Certify::new(list, "application/pdf").unwrap());
        let ledger = Some(self.chain.identity().ledger);
        Statement::sign(&key(ISSUING), ISSUER, ledger, TIME_MS / 1000, body)
    }

    /// The next block, which is not added.
    pub fn draft(&self, entries: Vec<(Statement, Option<List>)>) -> SealedBlock {
        let time_ms = self.chain.head().time_ms + 100;
        let mut draft = Draft::new(&self.chain, time_ms, &self.nodes);
        for (statement, list) in entries {
            draft.add(statement, list).unwrap();
        }
        draft.seal(&key(SEAL)).unwrap()
    }

    pub fn seal(&mut self, entries: Vec<(Statement, Option<List>)>) -> SealedBlock {
        let sealed = self.draft(entries);
        let extension = self.chain.extend(&sealed.block, &self.nodes).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        self.leaves.extend(sealed.block.entries.iter().map(Statement::leaf));
        sealed
    }

    /// Grows to `size` by leaves without a statement, as if another block held them.
    pub fn pad(&mut self, size: u64) {
        let mut frontier = self.chain.frontier().clone();
        for index in frontier.size()..size {
            let leaf = tree::leaf_hash(&index.to_be_bytes());
            frontier.push(leaf);
            self.leaves.push(leaf);
        }
        let (root, before) = (frontier.root().unwrap(), self.chain.head().clone());
        let head = Head { height: before.height + 1, size, root, ..before };
        let (registry, status) = (self.chain.registry().as_ref().clone(), self.chain.status());
        self.chain = Chain::resume(registry, status, frontier, head);
    }
}

/// A batch in a ledger, and the block that sealed it alone.
pub struct Certified {
    pub batch: Batch,
    pub sealed: SealedBlock,
}

/// A ledger that has grown, with what its proofs are made of.
pub struct World {
    pub identity: Identity,
    pub registry: [Statement; 2],
    pub certified: Vec<Certified>,
    pub head: SealedBlock,
    /// The complete subtrees of each level, leaves first.
    pub levels: Vec<Vec<Hash>>,
    /// What its proofs carry, where it has a second note key.
    pub attested: Attested,
}

impl World {
    pub fn new(second: Option<ml_dsa::SigningKey>) -> Self {
        let (mut ledger, registry) = Ledger::new(second.as_ref());
        let certify = |number| {
            ledger.pad((number + 1) * (ENTRIES / (BATCHES + 1)));
            let batch = Batch::new(list(number * BATCH, BATCH));
            let entry = (ledger.certify(batch.list()), Some(batch.list().clone()));
            Certified { batch, sealed: ledger.seal(vec![entry]) }
        };
        let certified = (0..BATCHES).map(certify).collect();
        ledger.pad(ENTRIES - 1);
        let head = ledger.seal(vec![]);
        let above = |row: &Vec<Hash>| {
            let pairs = row.chunks_exact(2).map(|pair| tree::node_hash(&pair[0], &pair[1]));
            Some(pairs.collect::<Vec<_>>()).filter(|row| !row.is_empty())
        };
        let levels = iter::successors(Some(ledger.leaves), above).collect();
        let identity = ledger.chain.identity();
        let checkpoint = second.map(|second| {
            let (size, root) = (head.head.size, head.growth.root().unwrap());
            let checkpoint = Checkpoint { origin: ORIGIN.parse().unwrap(), size, root };
            let own = Cosigner::ml_dsa(ORIGIN, second).unwrap();
            checkpoint.sign(&key(NOTE)) + &own.cosign(&checkpoint, TIME_MS / 1000)
        });
        let attested = Attested { checkpoint, timestamps: Vec::new() };
        Self { identity, registry, certified, head, levels, attested }
    }

    pub fn path(&self, index: u64) -> Vec<Hash> {
        let node = |node: &tree::Node| self.levels[usize::from(node.level)][node.index as usize];
        let read = |nodes: &[tree::Node]| Ok::<_, ()>(nodes.iter().map(node).collect());
        tree::prove(index, self.head.head.size, read).unwrap()
    }

    pub fn proven(&self, statement: &Statement, index: u64) -> ProvenEntry {
        ProvenEntry { statement: statement.clone(), index, path: self.path(index) }
    }

    pub fn receipt(&self, index: u64) -> Receipt {
        let (seal, size) = (self.head.block.seal.clone(), self.head.head.size);
        Receipt { seal, size, index, path: self.path(index) }
    }

    /// The proof of a document of a batch, as a stranger gets it.
    pub fn proof(&self, batch: usize, at: usize) -> (Fingerprint, Vec<u8>) {
        let Certified { batch, sealed } = &self.certified[batch];
        let index = sealed.block.header().first;
        let fingerprint = batch.list().iter().nth(at).unwrap();
        let document = DocumentPath { fingerprint, index: at as u64, path: batch.path(at) };
        let proof = Proof {
            attested: self.attested.clone(),
            statement: sealed.block.entries[0].clone(),
            receipt: self.receipt(index),
            document,
            sealed: self.proven(sealed.block.statement(), sealed.head.size - 1),
            head: self.proven(self.head.block.statement(), self.head.head.size - 1),
            registry: vec![self.proven(&self.registry[0], 0), self.proven(&self.registry[1], 2)],
            first_receipt: sealed.receipt(index),
            // In an empty map; a path through a full one is measured in benches/status.rs.
            statuses: vec![StatusPath { found: Found::Empty, siblings: Vec::new() }; 3],
        };
        (fingerprint, proof.encode())
    }
}
