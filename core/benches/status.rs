//! How fast the status map is, and how much it writes, when a million documents have fallen.
//!
//! `cargo bench -p probant-core --bench status [-- <part of a name>]`
//!
//! Every figure is of one thread, over nodes in memory: what a store adds is its own.

use std::{collections::BTreeMap, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use probant_core::{
    Fingerprints, Hash,
    status::{Fall, Kept, Map, Reason, Slot, Status, StatusPath},
};

/// Documents that have fallen, and how many fall in each of the updates that the map is made of.
const FALLEN: u64 = 1_000_000;
const BATCH: u64 = 10_000;
/// Paths and updates of which the figures are a mean.
const SAMPLES: u64 = 256;

fn slot(number: u64) -> Slot {
    Slot::document("energie.example", &Fingerprints::of(&number.to_be_bytes()).blake3)
}

fn fall(entry: u64) -> Status {
    let (time_ms, kid) = (1_790_000_000_000 + entry, Hash([9; 32]));
    Status::Document(Fall { entry, time_ms, kid, reason: Reason::Withdrawn, replacement: None })
}

/// `count` falls, other ones for each `first`.
fn falls(first: u64, count: u64) -> BTreeMap<Slot, Status> {
    (first..first + count).map(|number| (slot(number), fall(number))).collect()
}

/// The map of a million, with its nodes.
fn grown() -> (Map, Kept) {
    let (mut map, mut kept) = (Map::EMPTY, Kept::newest());
    for first in (0..FALLEN).step_by(BATCH as usize) {
        let growth = map.update(&falls(first, BATCH), &kept).unwrap();
        kept.grow(&growth);
        map = growth.map;
    }
    (map, kept)
}

fn status(criterion: &mut Criterion) {
    let (map, kept) = grown();
    sizes(&map, &kept);
    let mut group = criterion.benchmark_group("status map of 1,000,000");
    for count in [1, 100, BATCH] {
        let updates: Vec<_> =
            (0..SAMPLES.min(4 * BATCH / count)).map(|n| falls(FALLEN + n * count, count)).collect();
        let mut turns = updates.iter().cycle();
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("update {count}"), |bencher| {
            bencher.iter(|| map.update(black_box(turns.next().unwrap()), &kept).unwrap());
        });
    }
    // Every other one has fallen.
    let asked: Vec<_> = falls(FALLEN - BATCH / 2, BATCH).into_keys().collect();
    group.bench_function(format!("find {BATCH}"), |bencher| {
        bencher.iter(|| map.find(black_box(&asked), &kept).unwrap());
    });
    group.throughput(Throughput::Elements(1));
    let mut turns = asked.iter().cycle();
    group.bench_function("find one", |bencher| {
        bencher.iter(|| map.find(&[*turns.next().unwrap()], &kept).unwrap());
    });
    let mut turns = asked.iter().cycle();
    group.bench_function("prove one", |bencher| {
        bencher.iter(|| map.prove(turns.next().unwrap(), &kept).unwrap());
    });
    let proven = |slot: &Slot| (*slot, map.prove(slot, &kept).unwrap().encode());
    let paths: Vec<_> = asked.iter().take(SAMPLES as usize).map(proven).collect();
    let (mut turns, root) = (paths.iter().cycle(), map.root_hash());
    group.bench_function("decode and verify one", |bencher| {
        bencher.iter(|| {
            let (slot, bytes) = turns.next().unwrap();
            StatusPath::decode(black_box(bytes)).unwrap().verify(slot, root).unwrap().copied()
        });
    });
    group.finish();
}

/// What no clock measures.
fn sizes(map: &Map, kept: &Kept) {
    println!("{} nodes for {FALLEN} slots, of {} made", kept.count(), map.inners + map.leaves);
    for count in [1, 100, BATCH] {
        let samples = if count == BATCH { 1 } else { SAMPLES };
        let written = |n| {
            let growth = map.update(&falls(FALLEN + n * count, count), kept).unwrap();
            growth.inners.len() + growth.leaves.len()
        };
        let tenths = (0..samples).map(written).sum::<usize>() as u64 * 10 / (samples * count);
        println!("update {count}: {}.{} nodes for each change", tenths / 10, tenths % 10);
    }
    for (what, first) in [("a fallen document", 0), ("one that stands", FALLEN)] {
        let path = |number| map.prove(&slot(number), kept).unwrap();
        let paths: Vec<_> = (first..first + SAMPLES).map(path).collect();
        let bytes: Vec<_> = paths.iter().map(|path| path.encode().len()).collect();
        let mean = bytes.iter().sum::<usize>() / bytes.len();
        let most = bytes.iter().max().unwrap();
        println!("path of {what}: {mean} bytes, {most} at most");
    }
}

fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .sample_size(20)
        .nresamples(10_000)
        .without_plots()
}

criterion_group! { name = benches; config = short(); targets = status }
criterion_main!(benches);
