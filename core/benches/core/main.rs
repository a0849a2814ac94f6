//! How fast the core is: proofs verified, batches built and proven, statements and blocks read.
//!
//! `cargo bench -p probant-core [-- <part of a name>]`
//!
//! Every figure is of one thread. What they are of is in `ledger.rs`.

mod ledger;

use std::{hint::black_box, time::Duration};

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group,
    criterion_main, measurement::WallTime,
};
use probant_core::{
    Fingerprint, List, Statement, Verifier,
    block::Block,
    chain::Chain,
    list::{Batch, LIST_COUNT_MAX, Neighbourhood},
    ml_dsa,
    proof::Proof,
    status::Kept,
};

use ledger::{BATCH, ENTRIES, ISSUING, Ledger, World, key, list};

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
