//! The real binary as strangers meet it: every endpoint, every refusal, whole stories of documents
//! and keys, its start, its end, and a disk that fills up.

mod delivery;
mod endpoints;
mod explorer;
mod full_disk;
#[path = "../harness/mod.rs"]
mod harness;
mod life;
mod many;
mod parts;
mod paths;
mod problems;
mod refusals;
mod start;
mod statuses;
mod stop;
