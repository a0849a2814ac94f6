//! One ledger in a database, and many nodes: real processes, and handles behind a proxy where a cut must
//! be exact. Whatever fails, what was acknowledged is there once, with the receipt that was given.

// It waits for a minute: first by name, so that the others run meanwhile.
mod asleep;
#[path = "../cluster/mod.rs"]
mod cluster;
mod cuts;
mod failover;
mod follower;
#[path = "../harness/mod.rs"]
mod harness;
mod keys;
mod known;
mod load;
mod moving;
mod nodes;
mod outages;
#[path = "../cluster/proxy.rs"]
mod proxy;
mod refused;
mod restored;
mod shares;
mod skew;
mod truth;
mod upgrade;
#[path = "../world/mod.rs"]
mod world;
