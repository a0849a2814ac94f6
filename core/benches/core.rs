//! How fast the core is: proofs verified, batches built and proven, statements and blocks read.
//!
//! `cargo bench -p probant-core [-- <part of a name>]`
//!
//! Every figure is of one thread. The ledger of the proofs is as deep as one of a million entries:
//! between the statements that matter stand leaves without any, so that it is made in a second.

use std::{hint::black_box, iter, time::Duration};

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group,
    criterion_main, measurement::WallTime,
};
use probant_core::{
    Fingerprint, Fingerprints, Hash, Identity, List, Statement, Verifier,
    block::Block,
    chain::{Chain, Head},
    checkpoint::Checkpoint,
    cosignature::Cosigner,
    draft::{Draft, SealedBlock, founding_block},
    key::{SigningKey, Use},
    list::{Batch, LIST_COUNT_MAX, Neighbourhood},
    ml_dsa,
    proof::{Attested, DocumentPath, Proof, ProvenEntry},
    seal::Receipt,
    statement::{
        Body, Certify, Enroll, Genesis, IssuerRecord, LedgerKey, Policy, prove_possession,
    },
    status::{Found, Kept, StatusPath},
    tree,
};

const TIME_MS: u64 = 1_790_000_000_000;
const ORIGIN: &str = "ledger.example/fr";
const ISSUER: &str = "energie.example";
/// Seeds of keys.
const SEAL: u8 = 1;
const NOTE: u8 = 2;
const OPERATOR: u8 = 3;
const ISSUING: u8 = 9;

/// Entries of the ledger that the proofs are of.
const ENTRIES: u64 = 1_000_000;
/// Documents in a batch that is certified, and batches, each in a block of its own.
const BATCH: u64 = 10_000;
const BATCHES: u64 = 32;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// `count` documents, other ones for each `first`.
fn list(first: u64, count: u64) -> List {
    let document = |i: u64| Fingerprints::of(&i.to_be_bytes()).blake3;
    List::new((first..first + count).map(document).collect()).unwrap()
}

/// A ledger that grows, and the leaves of its whole tree.
struct Ledger {
    chain: Chain,
    nodes: Kept,
    leaves: Vec<Hash>,
}

impl Ledger {
    /// Block 0, and block 1 with the enrollment of the issuer; and both statements. It may have a
    /// second note key.
    fn new(second: Option<&ml_dsa::SigningKey>) -> (Self, [Statement; 2]) {
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

    fn enroll(&self) -> Statement {
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

    fn certify(&self, list: &List) -> Statement {
        let body = Body::Certify(Certify::new(list, "application/pdf").unwrap());
        let ledger = Some(self.chain.identity().ledger);
        Statement::sign(&key(ISSUING), ISSUER, ledger, TIME_MS / 1000, body)
    }

    /// The next block, which is not added.
    fn draft(&self, entries: Vec<(Statement, Option<List>)>) -> SealedBlock {
        let time_ms = self.chain.head().time_ms + 100;
        let mut draft = Draft::new(&self.chain, time_ms, &self.nodes);
        for (statement, list) in entries {
            draft.add(statement, list).unwrap();
        }
        draft.seal(&key(SEAL)).unwrap()
    }

    fn seal(&mut self, entries: Vec<(Statement, Option<List>)>) -> SealedBlock {
        let sealed = self.draft(entries);
        let extension = self.chain.extend(&sealed.block, &self.nodes).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        self.leaves.extend(sealed.block.entries.iter().map(Statement::leaf));
        sealed
    }

    /// Grows to `size` by leaves without a statement, as if another block held them.
    fn pad(&mut self, size: u64) {
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
struct Certified {
    batch: Batch,
    sealed: SealedBlock,
}

/// A ledger that has grown, with what its proofs are made of.
struct World {
    identity: Identity,
    registry: [Statement; 2],
    certified: Vec<Certified>,
    head: SealedBlock,
    /// The complete subtrees of each level, leaves first.
    levels: Vec<Vec<Hash>>,
    /// What its proofs carry, where it has a second note key.
    attested: Attested,
}

impl World {
    fn new(second: Option<ml_dsa::SigningKey>) -> Self {
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

    fn path(&self, index: u64) -> Vec<Hash> {
        let node = |node: &tree::Node| self.levels[usize::from(node.level)][node.index as usize];
        let read = |nodes: &[tree::Node]| Ok::<_, ()>(nodes.iter().map(node).collect());
        tree::prove(index, self.head.head.size, read).unwrap()
    }

    fn proven(&self, statement: &Statement, index: u64) -> ProvenEntry {
        ProvenEntry { statement: statement.clone(), index, path: self.path(index) }
    }

    fn receipt(&self, index: u64) -> Receipt {
        let (seal, size) = (self.head.block.seal.clone(), self.head.head.size);
        Receipt { seal, size, index, path: self.path(index) }
    }

    /// The proof of a document of a batch, as a stranger gets it.
    fn proof(&self, batch: usize, at: usize) -> (Fingerprint, Vec<u8>) {
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

fn verify(criterion: &mut Criterion) {
    let world = World::new(None);
    let same: Vec<_> = (0..256).map(|at| world.proof(0, at * 39)).collect();
    let other: Vec<_> = (0..world.certified.len()).map(|batch| world.proof(batch, 17)).collect();
    let verify = |verifier: &mut Verifier, (fingerprint, proof): &(Fingerprint, Vec<u8>)| {
        verifier.verify(&[*fingerprint], black_box(proof)).unwrap()
    };
    let new = || Verifier::new(world.identity.clone());
    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Elements(1));
    group.bench_function("decode only", |bencher| {
        bencher.iter(|| Proof::decode(black_box(&same[0].1)).unwrap());
    });
    let mut verifier = new();
    let mut turns = same.iter().cycle();
    group.bench_function("cached, same batch", |bencher| {
        bencher.iter(|| verify(&mut verifier, turns.next().unwrap()));
    });
    let mut verifier = new();
    let mut turns = other.iter().cycle();
    for proof in &other {
        verify(&mut verifier, proof);
    }
    group.bench_function("cached, other batch", |bencher| {
        bencher.iter(|| verify(&mut verifier, turns.next().unwrap()));
    });
    // The registry and the head are known; the block and its seal are not.
    let mut verifier = new();
    verify(&mut verifier, &other[0]);
    let mut turns = other[1..].iter().cycle();
    group.bench_function("cached, other batch of a new block", |bencher| {
        let verify = |verifier: &mut Verifier| verify(verifier, turns.next().unwrap());
        bencher.iter_batched_ref(|| verifier.clone(), verify, BatchSize::SmallInput);
    });
    let mut turns = other.iter().cycle();
    group.bench_function("cold", |bencher| {
        bencher.iter(|| verify(&mut new(), turns.next().unwrap()));
    });
    group.finish();
    let receipt = world.receipt(ENTRIES / 3);
    let mut group = criterion.benchmark_group("receipt");
    group.throughput(Throughput::Elements(1));
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(&receipt).encode()));
    group.finish();
}

/// Of a ledger that signs its checkpoints by ML-DSA-44, too.
fn second_key(criterion: &mut Criterion) {
    let second = ml_dsa::SigningKey::from_seed(&[5; 32]);
    let world = World::new(Some(second.clone()));
    let proofs: Vec<_> = (0..256).map(|at| world.proof(0, at * 39)).collect();
    let verify = |verifier: &mut Verifier, (fingerprint, proof): &(Fingerprint, Vec<u8>)| {
        let verified = verifier.verify(&[*fingerprint], black_box(proof)).unwrap();
        assert!(verified.is_signed_by_ml_dsa());
    };
    let mut group = criterion.benchmark_group("by ML-DSA-44");
    group.throughput(Throughput::Elements(1));
    let mut turns = proofs.iter().cycle();
    let mut verifier = Verifier::new(world.identity.clone());
    group.bench_function("verify, cached, same batch", |bencher| {
        bencher.iter(|| verify(&mut verifier, turns.next().unwrap()));
    });
    group.bench_function("verify, cold", |bencher| {
        let new = || Verifier::new(world.identity.clone());
        bencher.iter(|| verify(&mut new(), turns.next().unwrap()));
    });
    // How often it tries depends on the message.
    let mut number = 0_u64;
    group.bench_function("sign", |bencher| {
        bencher.iter(|| {
            number += 1;
            second.sign(black_box(&number.to_be_bytes()))
        });
    });
    group.finish();
}

fn batch(criterion: &mut Criterion) {
    let list = list(0, LIST_COUNT_MAX as u64);
    let batch = Batch::new(list.clone());
    let (root, nodes) = list.root_and_nodes();
    assert_eq!(root, batch.root());
    let mut group = criterion.benchmark_group("batch of 65,536");
    group.throughput(Throughput::Elements(list.count() as u64)).sampling_mode(SamplingMode::Flat);
    group.bench_function("build with rs_merkle", |bencher| {
        bencher.iter_batched(|| list.clone(), Batch::new, BatchSize::LargeInput);
    });
    group.bench_function("root", |bencher| bencher.iter(|| black_box(&list).root()));
    group.bench_function("root and nodes", |bencher| {
        bencher.iter(|| black_box(&list).root_and_nodes());
    });
    group.bench_function("prove all", |bencher| {
        bencher.iter(|| (0..list.count()).map(|at| batch.path(at).len()).sum::<usize>());
    });
    group.throughput(Throughput::Elements(1)).sampling_mode(SamplingMode::Auto);
    let mut turns = (0..list.count()).step_by(4097).cycle();
    group.bench_function("prove one by its neighbourhood", |bencher| {
        bencher.iter(|| {
            let near = Neighbourhood::new(turns.next().unwrap(), list.count());
            let of = near.fingerprints();
            let bytes =
                &list.as_bytes()[of.start * Fingerprint::BYTES..of.end * Fingerprint::BYTES];
            near.path(bytes, near.nodes().into_iter().map(|at| nodes[at]).collect())
        });
    });
    group.finish();
}

fn statement(criterion: &mut Criterion) {
    let (ledger, _) = Ledger::new(None);
    let single = list(0, 1);
    let statement = ledger.certify(&single);
    let issuer = key(ISSUING).public().clone();
    let mut group = criterion.benchmark_group("statement");
    group.throughput(Throughput::Elements(1));
    group.bench_function("sign", |bencher| bencher.iter(|| ledger.certify(&single)));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| Statement::decode(black_box(statement.entry())).unwrap());
    });
    group.bench_function("decode and verify", |bencher| {
        bencher.iter(|| {
            let statement = Statement::decode(black_box(statement.entry())).unwrap();
            statement.verify(&issuer).unwrap();
            statement
        });
    });
    let batch = list(0, BATCH);
    let submission = ledger.certify(&batch).to_submission(Some(&batch));
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function("decode with its list of 10,000", |bencher| {
        bencher.iter(|| Statement::decode_submission(black_box(&submission)).unwrap());
    });
    group.finish();
}

/// What an audit does with a block, but on one core.
fn replay(criterion: &mut Criterion) {
    let (ledger, _) = Ledger::new(None);
    let block = |count, batch| {
        let entry = |list: List| (ledger.certify(&list), Some(list));
        let entries = (0..count).map(|number| entry(list(number * batch, batch))).collect();
        ledger.draft(entries).block
    };
    let mut group = criterion.benchmark_group("replay 1,000 singles");
    group.throughput(Throughput::Elements(1000));
    replay_block(&mut group, &ledger.chain, &block(1000, 1));
    group.finish();
    let mut group = criterion.benchmark_group("replay 10 batches of 10,000");
    group.throughput(Throughput::Elements(10 * BATCH));
    replay_block(&mut group, &ledger.chain, &block(10, BATCH));
    group.finish();
}

fn replay_block(group: &mut BenchmarkGroup<'_, WallTime>, before: &Chain, block: &Block) {
    let (bytes, nodes) = (block.encode(), Kept::all());
    group.bench_function("decode", |bencher| {
        bencher.iter(|| Block::decode(black_box(&bytes)).unwrap());
    });
    group.bench_function("fold", |bencher| {
        let fold = |chain: &mut Chain| chain.extend(black_box(block), &nodes).unwrap();
        bencher.iter_batched_ref(|| before.clone(), fold, BatchSize::SmallInput);
    });
    let signatures = before.clone().extend(block, &nodes).unwrap().signatures;
    group.bench_function("signatures", |bencher| {
        bencher.iter(|| signatures.check(black_box(block)).unwrap());
    });
    group.bench_function("all", |bencher| {
        bencher.iter(|| {
            let block = Block::decode(black_box(&bytes)).unwrap();
            let extension = before.clone().extend(&block, &nodes).unwrap();
            extension.signatures.check(&block).unwrap();
        });
    });
}

fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(20)
        .nresamples(10_000)
        .without_plots()
}

criterion_group! { name = core; config = short(); targets = verify, second_key, batch, statement, replay }
criterion_main!(core);
