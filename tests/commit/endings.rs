//! Every run ends. Stateright's own `eventually` gives up where two paths meet, so it is shown in two
//! parts: no state is reached twice in one run (here), and a state from which nothing more happens is
//! one in which everybody has an answer (the property `ANSWERED`). Together: however steps and faults
//! are scheduled, after a bounded number of steps everybody has an answer.

use std::collections::HashMap;

use stateright::Model;

use crate::{protocol::Commit, state::State};

/// Counts the states, all of which are in no circle: they can be taken away one by one, each when
/// nothing leads to it any more.
pub fn assert_every_run_ends<const N: usize>(model: &Commit<N>) -> usize {
    let mut found: Vec<State<N>> = model.init_states();
    let mut numbers: HashMap<State<N>, usize> = found.iter().copied().zip(0..).collect();
    let mut next: Vec<Vec<usize>> = Vec::new();
    while let Some(state) = found.get(next.len()).copied() {
        let number_of = |after: State<N>| {
            *numbers.entry(after).or_insert_with(|| {
                found.push(after);
                found.len() - 1
            })
        };
        next.push(model.next_states(&state).into_iter().map(number_of).collect());
    }
    let mut leading_to = vec![0; found.len()];
    for after in next.iter().flatten() {
        leading_to[*after] += 1;
    }
    let mut free: Vec<usize> = (0..found.len()).filter(|number| leading_to[*number] == 0).collect();
    let mut taken = 0;
    while let Some(number) = free.pop() {
        taken += 1;
        for after in &next[number] {
            leading_to[*after] -= 1;
            if leading_to[*after] == 0 {
                free.push(*after);
            }
        }
    }
    let circle = (0..found.len()).find(|number| leading_to[*number] > 0);
    assert_eq!(taken, found.len(), "a run without an end: {:#?}", circle.map(|n| found[n]));
    taken
}
