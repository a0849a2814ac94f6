//! The real binary as strangers meet it: every endpoint, every refusal, whole stories of documents
//! and keys, its limits, its start, its end, and a disk that fills up.

mod delivery;
mod described;
mod endpoints;
mod explorer;
mod full_disk;
mod greedy;
mod grown;
#[path = "../harness/mod.rs"]
mod harness;
mod life;
mod limits;
mod many;
mod metrics;
mod opening;
mod parts;
mod paths;
mod problems;
mod programs;
mod raw;
mod refusals;
mod shares;
mod start;
mod statuses;
mod stop;
mod tiles;
mod tls;
