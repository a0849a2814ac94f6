//! The steps of a verification that no key decides: the document, the paths, what became of it
//! (format.md 11.3: 2, 6 and 9).

use crate::{
    Fingerprint, Hash, Rejected,
    key::Kid,
    proof::Proof,
    statement::BlockStatement,
    status::{Fall, IssuerStatus, KeyState, KeyStatus, Slot, Standing, Status, StatusPath},
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

/// What became of it, under the root of the head: of the document, the issuer, the key, the key
/// `enrolled` that the enrollment brought, and the key that felled the document; each once.
pub(super) fn check_statuses(
    proof: &Proof,
    enrolled: Kid,
    sealed: &BlockStatement,
    head: &BlockStatement,
) -> Result<Statuses, Rejected> {
    let (issuer, kid) = (proof.statement.issuer(), proof.statement.kid());
    let mut paths = Paths { rest: proof.statuses.iter(), issuer, root: head.status };
    let fall = paths.document(&proof.document.fingerprint)?;
    let issuer_status = paths.issuer()?;
    let key = paths.key(&kid)?;
    let brought = if enrolled == kid { key } else { paths.key(&enrolled)? };
    let felled_by = match fall.as_ref().map(|fall| fall.kid) {
        None => None,
        Some(by) if by == kid => key,
        Some(by) if by == enrolled => brought,
        Some(by) => paths.key(&by)?,
    };
    paths.end()?;
    let is_void = |key: Option<KeyStatus>| key.is_some_and(|key| key.state == KeyState::Void);
    if is_void(brought) && !is_void(key) {
        let why = "it counts as never said, and another enrolled the issuer".into();
        return Err(Rejected::Proof { what: "enrollment", why });
    }
    let standing = Standing::of(sealed.time_ms, key.as_ref(), fall, felled_by.as_ref());
    Ok(Statuses { standing, issuer: issuer_status, key })
}

/// The status paths of a proof, taken one after the other.
struct Paths<'a> {
    rest: std::slice::Iter<'a, StatusPath>,
    issuer: &'a str,
    root: Hash,
}

impl Paths<'_> {
    fn document(&mut self, document: &Fingerprint) -> Result<Option<Fall>, Rejected> {
        match self.next("document", Slot::document(self.issuer, document))? {
            None => Ok(None),
            Some(Status::Document(fall)) => Ok(Some(fall)),
            Some(_) => Err(of_something_else("document")),
        }
    }

    fn issuer(&mut self) -> Result<Option<IssuerStatus>, Rejected> {
        match self.next("issuer", Slot::issuer(self.issuer))? {
            None => Ok(None),
            Some(Status::Issuer(status)) => Ok(Some(status)),
            Some(_) => Err(of_something_else("issuer")),
        }
    }

    fn key(&mut self, kid: &Kid) -> Result<Option<KeyStatus>, Rejected> {
        match self.next("key", Slot::key(self.issuer, kid))? {
            None => Ok(None),
            Some(Status::Key(status)) => Ok(Some(status)),
            Some(_) => Err(of_something_else("key")),
        }
    }

    fn next(&mut self, of: &str, slot: Slot) -> Result<Option<Status>, Rejected> {
        let path =
            self.rest.next().ok_or_else(|| too("few", &format!("that of a {of} is missing")))?;
        Ok(path.verify(&slot, self.root)?.copied())
    }

    fn end(mut self) -> Result<(), Rejected> {
        match self.rest.next() {
            None => Ok(()),
            Some(_) => Err(too("many", "one is of nothing")),
        }
    }
}

fn too(many: &str, why: &str) -> Rejected {
    Rejected::Proof { what: "statuses", why: format!("too {many}: {why}") }
}

fn of_something_else(of: &str) -> Rejected {
    Rejected::status(format!("that of a {of} is of something else"))
}

fn expect_root(what: &'static str, found: Hash, expected: Hash) -> Result<(), Rejected> {
    if found == expected {
        return Ok(());
    }
    Err(Rejected::PathRoot { what, found: found.to_string(), expected: expected.to_string() })
}
