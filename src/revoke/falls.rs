//! What is to fall, each document once, and the lists that say so.

use std::collections::BTreeMap;

use probant_core::{Fingerprint, List, list::Shape, status::Reason};

use crate::Error;

/// Documents in order, each with what takes its place where something does.
#[derive(Debug, Default)]
pub struct Falls(BTreeMap<Fingerprint, Option<Fingerprint>>);

impl Falls {
    /// Adds a document.
    ///
    /// # Errors
    /// In words, for one that replaces itself, or has another replacement already.
    pub(super) fn add(
        &mut self,
        document: Fingerprint,
        replacement: Option<Fingerprint>,
    ) -> Result<(), &'static str> {
        if replacement == Some(document) {
            return Err("replaces itself: a corrected document has other bytes");
        }
        match self.0.insert(document, replacement) {
            Some(other) if other != replacement => Err("is given two replacements"),
            _ => Ok(()),
        }
    }

    /// How many documents.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Most leaves of one list for this reason, where the ledger allows so many documents.
    pub fn list_count_max(reason: Reason, allowed: usize) -> usize {
        let shape = match reason {
            Reason::Superseded => Shape::Replacements,
            _ => Shape::Documents,
        };
        allowed.clamp(1, shape.count_max())
    }

    /// The lists, one statement each.
    ///
    /// # Errors
    /// Those of lists, which these are not to meet.
    pub fn lists(&self, count_max: usize) -> Result<Vec<List>, Error> {
        let falls: Vec<_> = self.0.iter().collect();
        let list = |part: &[(&Fingerprint, &Option<Fingerprint>)]| {
            let pairs: Option<Vec<_>> =
                part.iter().map(|(old, new)| new.map(|new| (**old, new))).collect();
            let list = match pairs {
                Some(pairs) => List::replacements(pairs),
                None => List::new(part.iter().map(|(old, _)| **old).collect()),
            };
            Ok(list?)
        };
        falls.chunks(count_max).map(list).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probant_core::Fingerprints;

    fn named(number: usize) -> Fingerprint {
        Fingerprints::of(number.to_string().as_bytes()).blake3
    }

    #[test]
    fn each_document_falls_once_in_lists_that_are_not_too_long() {
        let mut falls = Falls::default();
        for number in (0..10).chain(0..3) {
            falls.add(named(number), None).unwrap();
        }
        assert_eq!(falls.count(), 10);
        let lists = falls.lists(4).unwrap();
        assert_eq!(lists.iter().map(List::count).collect::<Vec<_>>(), [4, 4, 2]);
        assert_eq!(Falls::list_count_max(Reason::Withdrawn, 65_536), 65_536);
        assert_eq!(Falls::list_count_max(Reason::Superseded, 65_536), 32_768);
        assert!(Falls::default().lists(4).unwrap().is_empty());
    }

    #[test]
    fn a_document_has_one_replacement_which_is_another() {
        let mut falls = Falls::default();
        falls.add(named(0), Some(named(1))).unwrap();
        falls.add(named(0), Some(named(1))).unwrap();
        assert!(falls.add(named(0), Some(named(2))).is_err());
        assert!(falls.add(named(3), Some(named(3))).is_err());
        assert_eq!(falls.lists(9).unwrap()[0].shape(), Shape::Replacements);
    }
}
