//! The ledger as C2SP clients read it: tiles and bundles of a server, followed with the Go checksum
//! database's own packages (tests/interop/note/tiles).
//!
//! tests/setup installs them. Nothing is skipped where they are missing: the test fails.

mod followed;
#[path = "../harness/mod.rs"]
mod harness;
