//! A checkpoint that somebody has seen: today's ledger must begin with that tree. No path is needed:
//! the audit has all entries, and takes the root at that size on its way.

use probant_core::{Hash, checkpoint::Checkpoint, key::Use, registry::Registry};
use serde::Serialize;

/// A signed note, as it came (docs/format.md 8.3).
#[derive(Clone, Debug)]
pub struct Since {
    note: String,
    size: u64,
}

/// How today's ledger stands to the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extends {
    /// It begins with that tree.
    Yes,
    /// It begins with another one: two histories.
    No,
    /// It has fewer entries: a copy that lags, or a ledger that was rolled back.
    Behind,
    /// The audit did not come so far, or the part that it goes on from lies beyond.
    NotReached,
    /// No note key of this ledger has signed the checkpoint: nothing follows from it.
    NotSigned,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct SinceReport {
    /// Entries in the tree that was seen.
    pub size: u64,
    /// Its root, in hex; none if no key of the ledger signed it.
    pub root: Option<String>,
    /// Root of the first so many entries of today's ledger, in hex.
    pub today: Option<String>,
    /// Whether today's ledger begins with it.
    pub extends: Extends,
    /// The signed note.
    pub note: String,
}

impl Since {
    /// A note; none for what is not of its form: origin, size, root.
    pub fn of(note: String) -> Option<Self> {
        let size = Checkpoint::unverified(&note).ok()?.size;
        Some(Self { note, size })
    }

    /// Entries in the tree that was seen.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Holds today's ledger to it. `today` is the root at its size, where the audit took it; `size`
    /// how many entries passed; `whole` whether these are all that the ledger showed.
    pub(super) fn judge(
        &self,
        registry: Option<&Registry>,
        today: Option<Hash>,
        size: u64,
        whole: bool,
    ) -> SinceReport {
        let signed = registry.and_then(|registry| self.open(registry));
        let today = today.filter(|_| self.size <= size);
        let extends = match (&signed, today) {
            (None, _) if registry.is_some() && whole => Extends::NotSigned,
            (Some(seen), Some(today)) if seen.root == today => Extends::Yes,
            (Some(_), Some(_)) => Extends::No,
            (Some(_), None) if whole && size < self.size => Extends::Behind,
            _ => Extends::NotReached,
        };
        let (root, today) =
            (signed.map(|seen| seen.root.to_string()), today.map(|r| r.to_string()));
        SinceReport { size: self.size, root, today, extends, note: self.note.clone() }
    }

    /// By any note key that the ledger ever had: the checkpoint may be older than its newest.
    fn open(&self, registry: &Registry) -> Option<Checkpoint> {
        let origin = registry.origin();
        let mut keys = registry.ledger_keys(Use::Note);
        keys.find_map(|(_, key)| Checkpoint::open(&self.note, origin, key).ok())
    }
}

impl SinceReport {
    /// Whether the ledger has signed both.
    pub fn is_contradicted(&self) -> bool {
        self.extends == Extends::No
    }
}
