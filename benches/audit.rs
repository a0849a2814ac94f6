//! How fast an audit is, from memory, so that no disk has a say: single signed statements, which
//! cost a signature each, and batches, which cost three SHA-256 blocks a document.
//!
//! `cargo bench --bench audit [-- <statements> <batches>]`

use std::{
    sync::{Arc, atomic::AtomicBool},
    vec,
};

use probant::{
    Error,
    audit::{Blocks, Report, Settings, audit},
    clock::SystemClock,
};

#[allow(dead_code)] // The tests forge; the benchmark does not.
#[path = "../src/audit/tests/world.rs"]
mod world;
use world::{World, list};

const BATCH: u64 = 10_000;
const SINGLES_PER_BLOCK: u64 = 500;

struct Memory(vec::IntoIter<Vec<u8>>);

impl Blocks for Memory {
    fn name(&self) -> String {
        "memory".into()
    }

    fn bytes_total(&self) -> Option<u64> {
        None
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.next())
    }

    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Processor seconds of this process so far: they stay the same on a machine that others use too.
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    // utime and stime, in hundredths.
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn measure(name: &str, blocks: Vec<Vec<u8>>) {
    let settings = Settings {
        expected: None,
        clock: SystemClock::shared(),
        stop: Arc::new(AtomicBool::new(false)),
    };
    let begun = processor_s();
    let report: Report = audit(Box::new(Memory(blocks.into_iter())), &settings, &mut |_| {});
    println!(
        "{name:<24} {:>8.0} entries/s {:>9.0} documents/s  {:.2} s, {:.2} processor s, {} bytes: {}",
        report.entries_per_second,
        report.documents_per_second,
        report.seconds,
        processor_s() - begun,
        report.bytes,
        report.headline()
    );
    assert_eq!(report.exit_code(), 0);
}

fn singles(count: u64, per_block: u64) -> Vec<Vec<u8>> {
    let mut world = World::new();
    for first in (0..count).step_by(usize::try_from(per_block).unwrap_or(usize::MAX)) {
        let entries = (first..first + per_block).map(|i| world.certify(list(i, 1))).collect();
        world.seal(entries);
    }
    world.encode()
}

fn batches(count: u64, per_block: u64) -> Vec<Vec<u8>> {
    let mut world = World::new();
    for block in 0..count / per_block {
        let first = block * per_block;
        let batch = |i| world.certify(list(i * BATCH, BATCH));
        let entries = (first..first + per_block).map(batch).collect();
        world.seal(entries);
    }
    world.encode()
}

fn main() {
    // Cargo adds `--bench`, and gives every benchmark the options that are meant for criterion.
    let mut counts = std::env::args().skip(1).map_while(|argument| argument.parse().ok()).fuse();
    let statements = counts.next().unwrap_or(150_000);
    let lists = counts.next().unwrap_or(1_200);
    for round in 0..2 {
        println!("round {round}");
        measure("single statements", singles(statements, SINGLES_PER_BLOCK));
        measure("the same, in one block", singles(statements, statements));
        measure("batches of 10,000", batches(lists, 4));
        measure("the same, in one block", batches(lists / 2, lists / 2));
    }
}
