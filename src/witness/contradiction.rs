//! Two histories, both signed by the ledger: a checkpoint by its note key, and a head by its seal key, or
//! another checkpoint. Whoever is shown the file needs neither this witness nor the ledger to check it.

use probant_core::Identity;
use serde::Serialize;

use crate::{
    Error,
    audit::{Evidence, HeadReport, SignedHead},
    clock::utc,
};

const WHAT: &str = "two histories of one ledger: a checkpoint by its note key, and what else it signed \
                    for a tree of that size, with another root";

/// What was caught.
#[derive(Serialize)]
pub struct Contradiction {
    what: &'static str,
    identity: String,
    found: String,
    /// Entries in both trees.
    size: u64,
    /// A checkpoint, a note signed by the ledger.
    note: String,
    /// The checkpoint that was cosigned before.
    cosigned: Option<String>,
    /// The head that was replayed.
    replayed: Option<HeadReport>,
}

impl Contradiction {
    /// A checkpoint against the head that was replayed.
    pub fn of_head(identity: &Identity, size: u64, note: &str, head: &SignedHead) -> Self {
        Self { replayed: Some(head.report()), ..Self::of(identity, size, note) }
    }

    /// A checkpoint against one that was cosigned.
    pub fn of_cosigned(identity: &Identity, size: u64, note: &str, cosigned: &str) -> Self {
        Self { cosigned: Some(cosigned.to_owned()), ..Self::of(identity, size, note) }
    }

    fn of(identity: &Identity, size: u64, note: &str) -> Self {
        let (identity, note) = (identity.to_string(), note.to_owned());
        let (found, cosigned, replayed) = (String::new(), None, None);
        Self { what: WHAT, identity, found, size, note, cosigned, replayed }
    }

    /// Saves it, and says in a line what it is and where it lies.
    ///
    /// # Errors
    /// `Input` and `Stop` where it cannot be saved.
    pub fn save(mut self, evidence: &Evidence, now_ms: u64) -> Result<String, Error> {
        self.found = utc(now_ms);
        let mut text = serde_json::to_vec_pretty(&self).expect("strings and numbers");
        text.push(b'\n');
        let saved = evidence.write(WHAT, &format!("checkpoint-{}", self.size), "json", &text)?;
        let file = saved.map_or_else(|| "nowhere".to_owned(), |saved| saved.file);
        Ok(format!(
            "FORK: the ledger signed a checkpoint of {} entries with another root than its blocks make, \
             or than was cosigned; both signatures are in {file}",
            self.size
        ))
    }
}
