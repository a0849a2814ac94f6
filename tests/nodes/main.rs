//! One ledger in a database, and many nodes: real processes, and handles behind a proxy where a cut must
//! be exact. Whatever fails, what was acknowledged is there once, with the receipt that was given.

#[path = "../cluster/mod.rs"]
mod cluster;
mod cuts;
mod failover;
#[path = "../harness/mod.rs"]
mod harness;
mod outages;
mod skew;
mod load;
mod nodes;
#[path = "../cluster/proxy.rs"]
mod proxy;
mod truth;
mod upgrade;
#[path = "../world/mod.rs"]
mod world;
