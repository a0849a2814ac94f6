//! The life of everything that a ledger knows: any random history, through the ledger and through
//! replay, ends in the same registry, statuses and roots as a naive model written from the table of
//! docs/format.md 9, which shares no rule with the core.

mod agree;
mod cast;
mod drafts;
mod judged;
mod map;
mod model;
mod rules;
mod said;
mod says;
mod speaker;

use drafts::Play;
use proptest::prelude::*;
use says::history;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_history_ends_as_the_table_says(rounds in history(0..20)) {
        let play = Play::new().history(&rounds);
        println!("{:?}", play.met);
    }
}
