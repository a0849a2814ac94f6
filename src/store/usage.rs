//! What issuers have had sealed lately: kept beside the blocks, and written with them, so that a quota
//! holds whichever node is asked. It is no part of the ledger, and no audit knows it.

use std::collections::HashMap;

/// What one issuer has had.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Usage {
    /// The day that is counted, since 1970 in UTC.
    pub day: u64,
    /// Documents on that day, certified and withdrawn ones.
    pub documents: u64,
    /// When it may have as many statements at once again as ever: microseconds since 1970, by block time.
    pub full_us: u64,
}

/// What issuers have had, by their ids.
pub type Usages = HashMap<String, Usage>;

/// What some of all have had; those that have had nothing are left out.
pub(super) fn of(all: &Usages, issuers: &[&str]) -> Usages {
    let usage = |issuer: &&str| Some(((*issuer).to_owned(), *all.get(*issuer)?));
    issuers.iter().filter_map(usage).collect()
}
