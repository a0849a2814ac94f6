//! The steps of a verification that no key of the registry part decides: the document and the paths (format.md 11.3:
//! 2 and 6), and what others signed (10).

use crate::{
    Fingerprint, Hash, Rejected,
    checkpoint::Checkpoint,
    proof::Proof,
    tree::{leaf_hash, root_from_path},
};

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

/// The checkpoint that a proof carries is that of its head.
pub(super) fn check_checkpoint(found: &Checkpoint, head: &Checkpoint) -> Result<(), Rejected> {
    if found == head {
        return Ok(());
    }
    let why = format!("it is of {} entries, or of another root", found.size);
    Err(Rejected::Proof { what: "checkpoint", why })
}

fn expect_root(what: &'static str, found: Hash, expected: Hash) -> Result<(), Rejected> {
    if found == expected {
        return Ok(());
    }
    Err(Rejected::PathRoot { what, found: found.to_string(), expected: expected.to_string() })
}
