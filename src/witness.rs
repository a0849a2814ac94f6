//! What witnesses and ledgers say to each other (c2sp.org/tlog-witness), in its one form for both. The
//! ledger's side is [`crate::witnesses`].

pub mod submission;
