//! The life of everything that a ledger knows: any random history, through the ledger and through
//! replay, ends in the same registry, statuses and roots as a naive model written from the table of
//! docs/format.md 9, which shares no rule with the core.

mod agree;
mod cast;
mod drafts;
mod judged;
mod ledgers;
mod map;
mod model;
mod regressions;
mod rules;
mod said;
mod says;
mod speaker;
#[path = "../world/mod.rs"]
mod world;

use std::collections::BTreeSet;

use drafts::Play;
use ledgers::{live_embedded, live_in_memory};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use says::history;
use tokio::runtime::Runtime;

/// So many, unless `PROPTEST_CASES` says otherwise.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_history_ends_as_the_table_says(rounds in history(0..24)) {
        Play::new().history(&rounds);
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn so_does_any_life_of_a_ledger_in_memory(rounds in history(0..12)) {
        Runtime::new().unwrap().block_on(live_in_memory(&rounds));
    }

    #[test]
    fn so_does_any_life_of_an_embedded_ledger(rounds in history(0..12)) {
        Runtime::new().unwrap().block_on(live_embedded(&rounds));
    }
}

/// Every refusal of the table, and every word that the map holds.
const ALL: &str = "audience future stale sequence possession misplaced \
                   unknown-key key-use key-state key-in-use last-key since field \
                   issuer issuer-exists issuer-unknown issuer-state issuer-reserved \
                   list-count fallen \
                   current retired stopped compromised void suspended reinstated \
                   unspecified issued-in-error withdrawn obtained-by-fraud superseded";

#[test]
fn such_histories_meet_every_refusal_and_every_status() {
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..64 {
        let rounds = history(0..24).new_tree(&mut runner).unwrap().current();
        met.extend(Play::new().history(&rounds).met);
    }
    let missed: Vec<_> = ALL.split_whitespace().filter(|word| !met.contains(word)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}
