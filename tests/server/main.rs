//! The real binary as strangers meet it: every endpoint, every refusal, its start, its end, and a
//! disk that fills up.

mod endpoints;
mod full_disk;
#[path = "../harness/mod.rs"]
mod harness;
mod parts;
mod paths;
mod refusals;
mod start;
mod statuses;
mod stop;
