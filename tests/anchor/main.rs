//! Anchors: timestamps of heads, by an authority that openssl plays, and what openssl says of them.

mod authority;
#[path = "../harness/mod.rs"]
mod harness;
mod history;
mod proving;
mod service;
mod signers;
mod stamping;
mod token;
