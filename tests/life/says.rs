//! Random histories, in the abstract: what is said in each block, by whom, and where it goes wrong.
//! Numbers choose among what there is by then, so that a history stays one when it is shrunk.

use std::fmt;

use probant_core::{key::Use, status::Reason};
use proptest::{collection::vec, prelude::*};

/// One of those that fit or, if it is wild, of all that there are.
#[derive(Clone, Copy)]
pub struct Pick {
    pub number: u8,
    pub wild: bool,
}

impl fmt::Debug for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", if self.wild { "wild" } else { "tame" }, self.number)
    }
}

pub fn tame(number: u8) -> Pick {
    Pick { number, wild: false }
}

pub fn wild(number: u8) -> Pick {
    Pick { number, wild: true }
}

/// When a key is said to be in other hands: beside some time at which something was sealed.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    pub time: Pick,
    pub beside_ms: i64,
}

#[derive(Clone, Debug)]
pub enum What {
    Enroll {
        issuer: Pick,
        key: Pick,
    },
    Certify {
        documents: Vec<Pick>,
    },
    Revoke {
        documents: Vec<Pick>,
        reason: Reason,
    },
    Supersede {
        pairs: Vec<(Pick, Pick)>,
    },
    Add {
        issuer: Pick,
        key: Pick,
    },
    Replace {
        r#use: Use,
        key: Pick,
    },
    Retire {
        key: Pick,
    },
    Stop {
        key: Pick,
    },
    Compromise {
        of: Use,
        key: Pick,
        since: Since,
    },
    Suspend {
        issuer: Pick,
    },
    Reinstate {
        issuer: Pick,
    },
    Policy {
        list_count_max: u64,
    },
    /// What was said before, accepted or not, by the ledger too.
    Again {
        number: u8,
    },
}

/// What is wrong with it besides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Slip {
    None,
    Seq { by: i64 },
    Iat { by_s: i64 },
    Audience,
    Issuer { number: u8 },
    Possession,
}

#[derive(Clone, Debug)]
pub struct Say {
    pub what: What,
    pub by: Pick,
    pub slip: Slip,
}

/// A block, and how long after the one before.
#[derive(Clone, Debug)]
pub struct Round {
    pub after_ms: u64,
    pub says: Vec<Say>,
}

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Two issuers are there at first; then anything.
pub fn history(rounds: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Round>> {
    let scene = prop_oneof![7 => round().prop_map(|round| vec![round]), 1 => undone()];
    vec(scene, rounds).prop_map(|scenes| [vec![vec![beginning()]], scenes].concat().concat())
}

pub fn beginning() -> Round {
    let enroll = |number| What::Enroll { issuer: tame(number), key: tame(number) };
    Round { after_ms: 1000, says: vec![enroll(0).plainly(), enroll(1).plainly()] }
}

impl What {
    /// As it should be said.
    pub fn plainly(self) -> Say {
        Say { what: self, by: tame(0), slip: Slip::None }
    }
}

fn round() -> impl Strategy<Value = Round> {
    (after(), vec(say(), 0..8)).prop_map(|(after_ms, says)| Round { after_ms, says })
}

/// What anything rarely comes to: a fall is void, the document falls again, and the first fall
/// stands after all, since whoever reported its key was in other hands.
fn undone() -> impl Strategy<Value = Vec<Round>> {
    let numbers = (any::<u8>(), any::<u8>(), any::<u8>());
    numbers.prop_map(|(issuer, signer, document)| {
        let documents = || vec![tame(document)];
        let revoke = || What::Revoke { documents: documents(), reason: Reason::Withdrawn };
        let report = |of| {
            let since = Since { time: tame(0), beside_ms: 0 };
            What::Compromise { of, key: tame(0), since }
        };
        let round = |says: Vec<What>| {
            let by = tame(signer);
            let says = says.into_iter().map(|what| Say { by, ..what.plainly() }).collect();
            Round { after_ms: 1000, says }
        };
        let add = || What::Add { issuer: tame(issuer), key: tame(0) };
        let certify = What::Certify { documents: documents() };
        let replace = What::Replace { r#use: Use::Operator, key: tame(0) };
        let first = vec![add(), add(), certify, revoke(), report(Use::Issuer), revoke(), replace];
        vec![round(first), round(vec![report(Use::Operator)])]
    })
}

fn after() -> impl Strategy<Value = u64> {
    prop_oneof![
        2 => Just(0),
        6 => 1..3000u64,
        2 => (1..5u64).prop_map(|hours| hours * HOUR_MS),
        1 => prop_oneof![Just(29 * DAY_MS), Just(30 * DAY_MS), Just(30 * DAY_MS + 1000)],
    ]
}

fn say() -> impl Strategy<Value = Say> {
    (what(), pick(), slip()).prop_map(|(what, by, slip)| Say { what, by, slip })
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        3 => (pick(), pick()).prop_map(|(issuer, key)| What::Enroll { issuer, key }),
        7 => documents().prop_map(|documents| What::Certify { documents }),
        4 => (documents(), reason())
            .prop_map(|(documents, reason)| What::Revoke { documents, reason }),
        2 => vec((pick(), pick()), 1..3).prop_map(|pairs| What::Supersede { pairs }),
        6 => (pick(), pick()).prop_map(|(issuer, key)| What::Add { issuer, key }),
        5 => (own_use(), pick()).prop_map(|(r#use, key)| What::Replace { r#use, key }),
        2 => pick().prop_map(|key| What::Retire { key }),
        2 => pick().prop_map(|key| What::Stop { key }),
        5 => reported(Use::Issuer),
        3 => reported(Use::Operator),
        2 => pick().prop_map(|issuer| What::Suspend { issuer }),
        2 => pick().prop_map(|issuer| What::Reinstate { issuer }),
        1 => prop_oneof![1..4u64, Just(65_536)]
            .prop_map(|list_count_max| What::Policy { list_count_max }),
        1 => any::<u8>().prop_map(|number| What::Again { number }),
    ]
}

fn pick() -> impl Strategy<Value = Pick> {
    (any::<u8>(), prop::bool::weighted(0.07))
        .prop_map(|(number, is_wild)| if is_wild { wild(number) } else { tame(number) })
}

fn documents() -> impl Strategy<Value = Vec<Pick>> {
    vec(pick(), 1..4)
}

fn reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(&Reason::ALL[..4])
}

fn own_use() -> impl Strategy<Value = Use> {
    prop_oneof![
        1 => Just(Use::Seal),
        1 => Just(Use::Note),
        3 => Just(Use::Operator),
        1 => Just(Use::Recovery),
        1 => Just(Use::NoteMlDsa),
    ]
}

/// Mostly of the key that spoke last, and from the first on: so that much is void, and void no more.
fn reported(of: Use) -> impl Strategy<Value = What> {
    let first = || prop_oneof![Just(tame(0)), pick()];
    let since = (first(), -1..=1i64).prop_map(|(time, beside_ms)| Since { time, beside_ms });
    (first(), since).prop_map(move |(key, since)| What::Compromise { of, key, since })
}

fn slip() -> impl Strategy<Value = Slip> {
    prop_oneof![
        40 => Just(Slip::None),
        1 => prop_oneof![Just(-1), Just(1)].prop_map(|by| Slip::Seq { by }),
        2 => prop::sample::select(&[300, 301, -2_592_000, -2_592_001][..])
            .prop_map(|by_s| Slip::Iat { by_s }),
        1 => Just(Slip::Audience),
        1 => any::<u8>().prop_map(|number| Slip::Issuer { number }),
        1 => Just(Slip::Possession),
    ]
}
