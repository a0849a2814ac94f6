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
mod rules;
mod said;
mod says;
mod speaker;
#[path = "../world/mod.rs"]
mod world;

use drafts::Play;
use ledgers::{live_embedded, live_in_memory};
use proptest::prelude::*;
use says::history;
use tokio::runtime::Runtime;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_history_ends_as_the_table_says(rounds in history(0..20)) {
        let play = Play::new().history(&rounds);
        println!("{:?}", play.met);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..Default::default() })]

    #[test]
    fn so_does_any_life_of_a_ledger_in_memory(rounds in history(0..12)) {
        Runtime::new().unwrap().block_on(live_in_memory(&rounds));
    }

    #[test]
    fn so_does_any_life_of_an_embedded_ledger(rounds in history(0..12)) {
        Runtime::new().unwrap().block_on(live_embedded(&rounds));
    }
}
