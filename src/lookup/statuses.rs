//! What became of certifications, as of one block: read from the map that proofs are made from, so
//! that an answer and its proofs cannot differ. The registry is of the newest block, which may be
//! another.

use std::collections::{BTreeSet, HashMap};

use probant_core::{
    Fingerprint,
    key::Kid,
    status::{Fall, IssuerStatus, KeyStatus, Map, Slot, Standing, Status},
};

use crate::{Error, lag, store::Store};

/// Statuses of one document, its issuers and their keys.
pub(super) struct Statuses(HashMap<Slot, Status>);

/// What became of one certification.
pub(super) struct Fate {
    pub standing: Standing,
    /// The same but for its own key: what is distrusted may have fallen too, and whoever would fell
    /// it has to know.
    pub of_document: Standing,
    pub key: Option<KeyStatus>,
    pub issuer: Option<IssuerStatus>,
    /// Newest entry that says anything of this: a proof that knows it shows the same.
    pub newest: Option<u64>,
}

impl Statuses {
    /// Of a document that these keys of these issuers certified, as of the block at `height`.
    pub fn read<'a>(
        store: &dyn Store,
        height: u64,
        document: &Fingerprint,
        signers: impl Iterator<Item = (&'a str, Kid)>,
    ) -> Result<Self, Error> {
        let map = store.status(height)?.ok_or_else(lag::behind)?;
        let signers: BTreeSet<_> = signers.collect();
        let slots = signers.iter().flat_map(|(issuer, kid)| {
            [Slot::document(issuer, document), Slot::issuer(issuer), Slot::key(issuer, kid)]
        });
        let mut statuses = Self(find(store, &map, slots.collect())?);
        let felled_by = signers.iter().filter_map(|(issuer, _)| {
            statuses.fall(document, issuer).map(|fall| Slot::key(issuer, &fall.kid))
        });
        let felled_by = find(store, &map, felled_by.collect())?;
        statuses.0.extend(felled_by);
        Ok(statuses)
    }

    /// Of a certification that was sealed at `sealed_ms`.
    pub fn of(&self, document: &Fingerprint, issuer: &str, kid: &Kid, sealed_ms: u64) -> Fate {
        let fall = self.fall(document, issuer);
        let (key, felled_by) = (self.key(issuer, kid), fall.and_then(|f| self.key(issuer, &f.kid)));
        let issuer = match self.0.get(&Slot::issuer(issuer)) {
            Some(Status::Issuer(status)) => Some(*status),
            _ => None,
        };
        let keys = [key, felled_by].map(|status| status.map(|status| status.entry));
        let others = [fall.map(|fall| fall.entry), issuer.map(|status| status.entry)];
        Fate {
            standing: Standing::of(sealed_ms, key.as_ref(), fall, felled_by.as_ref()),
            of_document: Standing::of(sealed_ms, None, fall, felled_by.as_ref()),
            newest: keys.into_iter().chain(others).flatten().max(),
            key,
            issuer,
        }
    }

    fn fall(&self, document: &Fingerprint, issuer: &str) -> Option<Fall> {
        match self.0.get(&Slot::document(issuer, document)) {
            Some(Status::Document(fall)) => Some(*fall),
            _ => None,
        }
    }

    fn key(&self, issuer: &str, kid: &Kid) -> Option<KeyStatus> {
        match self.0.get(&Slot::key(issuer, kid)) {
            Some(Status::Key(status)) => Some(*status),
            _ => None,
        }
    }
}

fn find(
    store: &dyn Store,
    map: &Map,
    slots: BTreeSet<Slot>,
) -> Result<HashMap<Slot, Status>, Error> {
    let slots: Vec<_> = slots.into_iter().collect();
    let found = lag::trusted(store, map.find(&slots, store))?;
    Ok(slots.into_iter().zip(found).filter_map(|(slot, status)| Some((slot, status?))).collect())
}
