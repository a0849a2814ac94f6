//! The ledger as C2SP clients read it: tiles and bundles of a server and of an export, followed with
//! the Go checksum database's own packages (tests/interop/note/tiles); and exports that are made again,
//! interrupted, killed, and made from what they must not be made from.
//!
//! tests/setup installs what they need. Nothing is skipped where it is missing: the test fails.

#[path = "../cluster/mod.rs"]
mod cluster;
mod followed;
#[path = "../harness/mod.rs"]
mod harness;
mod hostile;
mod objects;
mod site;
mod written;
