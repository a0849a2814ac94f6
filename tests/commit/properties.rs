//! What must hold in every state, and what must be reachable, so that it does not hold in vain.

use stateright::{Model, Property};

use crate::{
    chain::Chain,
    protocol::{Commit, Disaster},
    state::{Node, Phase, State, Transaction},
};

/// In the database, and among all that anybody was told of, a height has one block.
pub const NO_FORK: &str = "never two blocks at a height";
/// Of the signatures that may still come to be committed no two are for one height, and none is for
/// a height that is taken. All others are for blocks that never come to be: they die with the
/// transaction under which they were made, because no step shows or stores them elsewhere.
pub const ONE_SIGNATURE: &str = "never two signatures for a height that may both come to be";
/// Not asked after a restore, which is the loss.
pub const NOTHING_LOST: &str = "what was told is in the chain";
pub const ONCE: &str = "a statement is in one entry";
pub const MARK_RISES: &str = "no mark is to go down or aside";
pub const MARKED: &str = "nothing is told above the mark of who tells it";
pub const TRUE_DENIAL: &str = "nothing was appended is said only where nothing can be";
pub const ANSWERED: &str = "where nothing more happens everybody has an answer";
/// Not asked after a restore, where refusing is right.
pub const NO_REFUSAL: &str = "no node finds the database behind its mark";

pub fn all<const N: usize>(model: &Commit<N>) -> Vec<Property<Commit<N>>> {
    let mut all = safety();
    if model.without.is_empty() {
        all.push(Property::sometimes(
            "all are answered, and all nodes know it",
            |model: &Commit<N>, state: &State<N>| {
                let knows = |node: &Node| node.head == state.told && node.phase == Phase::Idle;
                state.answered == model.all_statements() && state.nodes.iter().all(knows)
            },
        ));
        if model.faults > 0 {
            all.extend(reached());
        }
    }
    all
}

fn safety<const N: usize>() -> Vec<Property<Commit<N>>> {
    fn restored<const N: usize>(model: &Commit<N>) -> bool {
        matches!(model.disaster, Disaster::Restore | Disaster::RestoreAtRest)
    }
    vec![
        Property::always(NO_FORK, |_, state: &State<N>| !state.wrongs.fork),
        Property::always(ONE_SIGNATURE, |_, state: &State<N>| one_signature(state)),
        Property::always(NOTHING_LOST, |model: &Commit<N>, state: &State<N>| {
            restored(model) || state.told.begins(state.database.chain)
        }),
        Property::always(ONCE, |_, state: &State<N>| !state.database.chain.repeats()),
        Property::always(MARK_RISES, |_, state: &State<N>| !state.wrongs.mark_fell),
        Property::always(MARKED, |_, state: &State<N>| {
            state.nodes.iter().all(|node| node.head.begins(node.mark))
        }),
        Property::always(TRUE_DENIAL, |_, state: &State<N>| !state.wrongs.denied),
        Property::always(ANSWERED, |model: &Commit<N>, state: &State<N>| {
            is_settled(model, state) || may_go_on(model, state)
        }),
        Property::always(NO_REFUSAL, |model: &Commit<N>, state: &State<N>| {
            restored(model) || state.nodes.iter().all(|node| node.phase != Phase::Refusing)
        }),
    ]
}

/// What a fault may bring about. Were one of these out of reach, the rest would hold in vain.
fn reached<const N: usize>() -> Vec<Property<Commit<N>>> {
    fn in_doubt<const N: usize>(state: &State<N>) -> impl Iterator<Item = Chain> {
        let doubts = state.nodes.iter().filter(|node| matches!(node.phase, Phase::Doubt(_)));
        doubts.filter_map(Node::signed)
    }
    vec![
        Property::sometimes("a COMMIT in doubt was carried out", |_, state: &State<N>| {
            in_doubt(state).any(|block| block.begins(state.database.chain))
        }),
        Property::sometimes("a COMMIT in doubt is still under way", |_, state: &State<N>| {
            let left = || state.database.left_behind.iter().flatten();
            in_doubt(state).any(|block| left().any(|t| t.committing && t.makes() == Some(block)))
        }),
        Property::sometimes("a COMMIT in doubt was for nothing", |_, state: &State<N>| {
            in_doubt(state).any(|block| !block.agrees(state.database.chain))
        }),
        Property::sometimes("a paused node wakes after others went on", |_, state: &State<N>| {
            let woken = |node: &Node| matches!(node.phase, Phase::Inserted(_));
            let passed = |node: &Node| node.signed().is_some_and(|c| !c.agrees(state.told));
            state.nodes.iter().any(|node| woken(node) && passed(node))
        }),
        Property::sometimes("what was sent to two nodes is durable", |_, state: &State<N>| {
            let durable = state.database.chain.statements();
            let waits = state.nodes.iter().filter(|node| node.pending & durable != 0);
            waits.count() > 1
        }),
    ]
}

fn one_signature<const N: usize>(state: &State<N>) -> bool {
    let in_memory = state.nodes.iter().filter_map(|node| match node.phase {
        Phase::Signed(_) if node.transaction().is_some() => node.signed(),
        Phase::Early(_) => node.signed(),
        _ => None,
    });
    let of_nodes = state.nodes.iter().filter_map(|node| node.transaction()?.makes());
    let left = state.database.left_behind.iter().flatten().filter(|left| left.committing);
    let left = left.copied().filter_map(Transaction::makes);
    let possible: Vec<Chain> = in_memory.chain(of_nodes).chain(left).collect();
    possible.iter().enumerate().all(|(i, one)| {
        one.agrees(state.told)
            && state.database.chain.begins(*one)
            && possible[..i].iter().all(|other| one.height() != other.height())
    })
}

/// Whether all have an answer, of an entry or that the ledger has stopped; or all is lost anyway.
fn is_settled<const N: usize>(model: &Commit<N>, state: &State<N>) -> bool {
    state.answered == model.all_statements()
        || state.nodes.iter().all(|node| node.phase == Phase::Refusing)
        || state.wrongs.fork
        || state.database.chain.repeats()
}

fn may_go_on<const N: usize>(model: &Commit<N>, state: &State<N>) -> bool {
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    // What only may go wrong does not count: it need not.
    actions.iter().any(|action| !action.is_fault())
}
