//! Revoke: an issuer withdraws documents that it certified, or replaces them by others
//! (format.md 5.7).

use crate::{
    List, Rejected,
    cbor::{Reader, Writer},
    list::Shape,
    status::Reason,
    tree::leaf_hash,
};

use super::Listed;

/// The payload of a revoke statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revoke {
    /// The documents that fall.
    pub listed: Listed,
    /// Why; with [`Reason::Superseded`] each of them has a successor.
    pub reason: Reason,
}

impl Revoke {
    pub(super) const KIND: &str = "revoke";

    /// Withdraws the documents of a list.
    ///
    /// # Errors
    /// [`Rejected::Field`] where the reason does not fit the list's shape.
    pub fn new(list: &List, reason: Reason) -> Result<Self, Rejected> {
        let revoke = Self { listed: Listed::new(list), reason };
        if revoke.shape() != list.shape() {
            let why = "documents are replaced if and only if the reason is superseded";
            return Err(Rejected::field("revoke", "reason", why));
        }
        Ok(revoke)
    }

    /// What the leaves of its list are.
    pub fn shape(&self) -> Shape {
        match self.reason {
            Reason::Superseded => Shape::Replacements,
            _ => Shape::Documents,
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        self.listed.write(Writer::default().map(3)).uint(3).text(self.reason.name()).finish()
    }

    /// `subject` is claim sub: it names the document of a list of one, which the payload does not.
    pub(super) fn decode(payload: &[u8], subject: &str) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "revoke");
        reader.map_len(3)?;
        let listed = Listed::read(&mut reader)?;
        reader.key(3)?;
        let word = reader.text()?;
        let reason = word.parse().map_err(|_| {
            let why = format!("{word:?} is not in the closed list of docs/format.md 6.1");
            Rejected::field("revoke", "reason", why)
        })?;
        reader.finish()?;
        let revoke = Self { listed: listed.with_subject(subject)?, reason };
        let (count, max) = (revoke.listed.count as usize, revoke.shape().count_max());
        if count > max {
            return Err(Rejected::ListCount(count, max));
        }
        // A successor is in the list alone: then its root is held to the document there.
        let single = revoke.listed.single.filter(|_| revoke.shape() == Shape::Documents);
        if single.is_some_and(|document| leaf_hash(document.as_bytes()) != listed.root) {
            let expected = format!("the document under root {}", listed.root);
            return Err(Rejected::Subject { found: subject.to_owned(), expected });
        }
        Ok(revoke)
    }
}
