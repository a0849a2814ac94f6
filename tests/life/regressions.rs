//! The smallest histories in which something once differed from the model, or easily would.

use probant_core::{key::Use, status::KeyState};
use tokio::runtime::Runtime;

use crate::{
    cast::{self, ISSUERS},
    drafts::Play,
    ledgers::{live_embedded, live_in_memory},
    says::{Pick, Round, Since, What, beginning, tame, wild},
};

/// Blocks after those that every history begins with.
fn rounds(says: impl IntoIterator<Item = Vec<What>>) -> Vec<Round> {
    let round = |says: Vec<What>| Round {
        after_ms: 1000,
        says: says.into_iter().map(What::plainly).collect(),
    };
    [beginning()].into_iter().chain(says.into_iter().map(round)).collect()
}

/// The key of one seed, whether it fits or not.
fn key_of(seed: u8) -> Pick {
    let kid = cast::key(seed).public().kid();
    wild(cast::all_kids().iter().position(|of| *of == kid).unwrap() as u8)
}

#[test]
fn an_issuer_that_is_enrolled_again_is_as_suspended_as_it_was() {
    let since = Since { time: tame(0), beside_ms: 0 };
    let history = rounds([
        vec![What::Replace { r#use: Use::Operator, key: tame(0) }],
        vec![
            What::Suspend { issuer: tame(0) },
            What::Compromise { of: Use::Operator, key: key_of(3), since },
            What::Enroll { issuer: tame(0), key: tame(0) },
        ],
    ]);
    let play = Play::new().history(&history);
    assert!(play.met.contains("void") && play.model.is_suspended(ISSUERS[0]));
}

#[test]
fn a_key_is_void_by_the_act_that_gave_it_before_its_issuer() {
    let since = Since { time: tame(0), beside_ms: 0 };
    let report = |seed| What::Compromise { of: Use::Operator, key: key_of(seed), since };
    let mut history = rounds([
        vec![What::Replace { r#use: Use::Operator, key: tame(0) }],
        vec![What::Add { issuer: tame(0), key: tame(0) }],
        vec![report(3)],
        vec![report(26)],
    ]);
    // By the new operator, not by the issuer.
    history[2].says[0].by = tame(1);
    let given = cast::key(10).public().kid();
    let why = |rounds| {
        let play = Play::new().history(rounds);
        play.model.key_value(ISSUERS[0], &given).map(|value| (value.state, value.entry))
    };
    let of_issuer = why(&history[..4]).unwrap();
    let of_act = why(&history).unwrap();
    assert_eq!((of_issuer.0, of_act.0), (KeyState::Void, KeyState::Void));
    assert!(of_issuer.1 < of_act.1);
}

#[test]
fn a_block_statement_that_is_sent_back_is_misplaced_over_every_store() {
    let history = rounds([vec![What::Again { number: 0 }, What::Again { number: 1 }]]);
    Runtime::new().unwrap().block_on(async {
        live_in_memory(&history).await;
        live_embedded(&history).await;
    });
}
