//! What a statement says of the list that it is about: root and count, and in `sub` the document of
//! a list of one (format.md 5.6).

use crate::{
    Fingerprint, Hash, List, Rejected,
    cbor::{Reader, Writer},
    list::{Shape, Summary},
};

/// A list as its statement names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Root of the list's tree.
    pub root: Hash,
    /// Number of documents. No path proves it, so it is signed.
    pub count: u32,
    /// The one document of a list of one: stands in `sub`.
    pub(super) single: Option<Fingerprint>,
}

impl Listed {
    pub(super) fn new(list: &List) -> Self {
        let Summary { count, root, first } = list.summary();
        let count = u32::try_from(count).expect("a list has at most 65,536");
        Self { root, count, single: (count == 1).then_some(first) }
    }

    pub(super) fn subject(&self) -> String {
        match self.single {
            Some(document) => document.to_string(),
            None => format!("batch:{}", self.root),
        }
    }

    /// Compares a list with what is said of it.
    pub(super) fn check(&self, list: Summary) -> Result<(), Rejected> {
        if list.count != self.count as usize {
            let (found, stated) = (list.count.to_string(), self.count.to_string());
            return Err(Rejected::ListMismatch { what: "count", found, stated });
        }
        if list.root != self.root {
            let (found, stated) = (list.root.to_string(), self.root.to_string());
            return Err(Rejected::ListMismatch { what: "root", found, stated });
        }
        match self.single.filter(|single| *single != list.first) {
            Some(single) => {
                let (found, stated) = (list.first.to_string(), single.to_string());
                Err(Rejected::ListMismatch { what: "document", found, stated })
            }
            None => Ok(()),
        }
    }

    /// Payload keys 1 and 2.
    pub(super) fn write(&self, writer: Writer) -> Writer {
        writer.uint(1).bytes(&self.root.0).uint(2).uint(self.count.into())
    }

    /// The inverse of [`Listed::write`]; `sub`, which names the document of a list of one, is for
    /// [`Listed::with_subject`].
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        reader.key(1)?;
        let root = reader.hash()?;
        reader.key(2)?;
        let (count, max) = (reader.uint()?, Shape::Documents.count_max());
        if !(1..=max as u64).contains(&count) {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            return Err(Rejected::ListCount(count, max));
        }
        Ok(Self { root, count: count as u32, single: None })
    }

    /// Takes the document of a list of one from `sub`.
    pub(super) fn with_subject(self, subject: &str) -> Result<Self, Rejected> {
        let single = if self.count == 1 { Some(subject.parse()?) } else { None };
        Ok(Self { single, ..self })
    }
}
