//! `probant verify --save`: the best proof, kept beside its document. One that is there gives way to a
//! better one of the same document, and never before the ledger has shown that it only grew since.

use std::{io::ErrorKind, path::Path};

use probant_core::{
    Fingerprints, Identity, Verified, Verifier, proof::PROOF_BYTES_MAX, trust_policy::TrustPolicy,
};

use crate::{
    Error,
    cli::beside,
    client::{Client, Held, Refreshed, Refresher},
    durable, planted,
    verdict::Verdict,
};

const MODE: u32 = 0o644;

/// Keeps the best of what the ledger showed at `path`.
///
/// # Errors
/// [`Error::Input`] for what is there and is no proof of the document, which is left alone;
/// [`Error::Stop`] where the ledger contradicts the proof that is there.
pub async fn save(
    path: &Path,
    (best, bytes): (&Verified, &[u8]),
    document: &Fingerprints,
    (client, identity): (&Client, &Identity),
    policy: Option<TrustPolicy>,
) -> Result<(), Error> {
    let old = match planted::read(path, PROOF_BYTES_MAX) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => return place(path, bytes),
        Err(error) => return Err(left_alone(path, &error.to_string())),
    };
    let refresher = Refresher::new(client.clone(), Verifier::new(identity.clone()));
    let mut refresher = refresher.by_policy(policy);
    let old = refresher.hold(&old).map_err(|why| left_alone(path, &why.to_string()))?;
    if ![document.blake3, document.sha256].contains(&old.verified.fingerprint()) {
        return Err(left_alone(path, "it is of another document"));
    }
    let verdict = |held: &Held| Verdict::of(held.verified.standing());
    let is_better = |held: &Held| Verdict::of(best.standing()) < verdict(held);
    match refresher.refresh(&old).await? {
        Refreshed::Moved(new, ..) if is_better(&new) => place(path, bytes),
        Refreshed::Moved(new, moved, stamps) => {
            beside::keep_stamps(path, &stamps)?;
            place(path, &moved)?;
            beside::restamp(path, &refresher, &new).await
        }
        Refreshed::Newest if is_better(&old) => place(path, bytes),
        Refreshed::Newest => Ok(()),
        Refreshed::Contradicts(_, why) => {
            let (path, code) = (path.display(), why.code());
            Err(Error::Stop(format!(
                "the ledger contradicts {path}, which stays: {code}: {why}; `probant proof refresh \
                 {path}` keeps both"
            )))
        }
    }
}

/// The same, asking the ledger nothing: whether it only grew since the proof that is there would have
/// to be asked by that proof's own block, which may be known as that of the document.
///
/// # Errors
/// [`Error::Input`] for whatever is there, which is left alone.
pub fn save_new(path: &Path, proof: &[u8]) -> Result<(), Error> {
    match planted::read(path, PROOF_BYTES_MAX) {
        Err(error) if error.kind() == ErrorKind::NotFound => place(path, proof),
        Err(error) => Err(left_alone(path, &error.to_string())),
        Ok(_) => Err(left_alone(
            path,
            "whether the new one may take its place is for the ledger to show, which would learn by \
             it which document this is",
        )),
    }
}

fn place(path: &Path, proof: &[u8]) -> Result<(), Error> {
    durable::replace_file(path, proof, MODE).map_err(|error| Error::input(error.to_string()))
}

fn left_alone(path: &Path, why: &str) -> Error {
    Error::input(format!("not saved: {} is left alone: {why}; move it away", path.display()))
}
