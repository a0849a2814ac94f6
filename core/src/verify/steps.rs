//! The steps of a verification that no key decides: the document, the paths, what became of it
//! (format.md 11.3: 2, 6 and 9).

use crate::{
    Fingerprint, Hash, Rejected,
    key::Kid,
    proof::Proof,
    statement::BlockStatement,
    status::{Slot, Standing, Status},
    tree::{leaf_hash, root_from_path},
};

use super::Statuses;

/// Steps of the document itself; gives its media type.
pub(super) fn check_document(
    document: &[Fingerprint],
    proof: &Proof,
) -> Result<&'static str, Rejected> {
    let part = &proof.document;
    if !document.contains(&part.fingerprint) {
        let found = part.fingerprint.to_string();
        let algorithm = part.fingerprint.algorithm();
        let same = document.iter().find(|f| f.algorithm() == algorithm).or(document.first());
        let expected = same.map_or_else(|| "none".into(), ToString::to_string);
        return Err(Rejected::Document { found, expected });
    }
    let certify = proof.statement.as_certify().ok_or_else(|| Rejected::Proof {
        what: "statement",
        why: format!("one of kind {} certifies nothing", proof.statement.body().kind()),
    })?;
    let leaf = leaf_hash(part.fingerprint.as_bytes());
    let count = u64::from(certify.listed.count);
    let root = root_from_path("document", leaf, part.index, count, &part.path)?;
    expect_root("document", root, certify.listed.root)?;
    Ok(certify.media_type)
}

pub(super) fn check_paths(proof: &Proof, root: Hash) -> Result<(), Rejected> {
    let named = [("sealed", &proof.sealed), ("head", &proof.head)];
    let registry = proof.registry.iter().map(|entry| ("registry", entry));
    for (what, entry) in named.into_iter().chain(registry) {
        let leaf = entry.statement.leaf();
        let found = root_from_path(what, leaf, entry.index, proof.receipt.size, &entry.path)?;
        expect_root(what, found, root)?;
    }
    Ok(())
}

/// Document, issuer, key, and the key that felled the document if that is another.
pub(super) fn check_statuses(
    proof: &Proof,
    sealed: &BlockStatement,
    head: &BlockStatement,
) -> Result<Statuses, Rejected> {
    let (issuer, kid) = (proof.statement.issuer(), proof.statement.kid());
    let mut paths = proof.statuses.iter();
    let mut next = |what, slot: Slot| {
        let path = paths.next().ok_or_else(|| Rejected::Proof {
            what,
            why: "the key that felled the document has no status in it".into(),
        })?;
        Ok(path.verify(&slot, head.status)?.copied())
    };
    let other = |what| Rejected::status(format!("{what}: it is that of something else"));
    let fall = match next("document status", Slot::document(issuer, &proof.document.fingerprint))? {
        None => None,
        Some(Status::Document(fall)) => Some(fall),
        Some(_) => return Err(other("document status")),
    };
    let issuer_status = match next("issuer status", Slot::issuer(issuer))? {
        None => None,
        Some(Status::Issuer(status)) => Some(status),
        Some(_) => return Err(other("issuer status")),
    };
    let mut key_status = |kid: &Kid| match next("key status", Slot::key(issuer, kid))? {
        None => Ok(None),
        Some(Status::Key(status)) => Ok(Some(status)),
        Some(_) => Err(other("key status")),
    };
    let key = key_status(&kid)?;
    let felled_by = match fall.as_ref().filter(|fall| fall.kid != kid) {
        Some(fall) => key_status(&fall.kid)?,
        None => key,
    };
    if paths.next().is_some() {
        let why = "there is one too many".into();
        return Err(Rejected::Proof { what: "statuses", why });
    }
    let standing = Standing::of(sealed.time_ms, key.as_ref(), fall, felled_by.as_ref());
    Ok(Statuses { standing, issuer: issuer_status, key })
}

fn expect_root(what: &'static str, found: Hash, expected: Hash) -> Result<(), Rejected> {
    if found == expected {
        return Ok(());
    }
    Err(Rejected::PathRoot { what, found: found.to_string(), expected: expected.to_string() })
}
