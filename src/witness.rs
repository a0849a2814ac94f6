//! A witness: it follows ledgers, replays them, and cosigns the heads that it has computed itself, by
//! c2sp.org/tlog-witness. The ledger's side of that is [`crate::witnesses`].
//!
//! ```text
//! ledger -> blocks -> follower.rs: an audit that goes on -> view.rs: what it came to
//!                                                             |
//! POST add-checkpoint -> server.rs -> followed.rs: is it the ledger's head, does it
//!                                                      follow on, was it replayed?
//!                                   -> cosigned.rs: durable -> the cosignatures
//! ```
//! It decides nothing that an audit does not: what breaks the rules, forks or goes back is never
//! cosigned, and what was caught is saved as evidence.

mod alarm;
mod contradiction;
mod cosigned;
mod figures;
mod followed;
mod follower;
mod ledgers;
mod server;
#[cfg(test)]
mod tests;
mod view;

pub use follower::Times;
pub use ledgers::Ledger;
pub use server::{Server, Witness};
