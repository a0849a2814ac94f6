//! What is refused at the door and is no rule, since no audit could replay it: it needs the index of
//! documents, or the keys of this node (format.md 9).

use std::collections::{HashMap, hash_map::Entry};

use probant_core::{
    Fingerprint, List, Rejected, Statement,
    key::Use,
    statement::{Body, KeyAct, KeyStatement},
};

use crate::{Error, keyring::Keyring, lag, store::Store};

/// Most certifications of one document that are looked through.
const PLACES_MAX: usize = 65_536;

/// An issuer revokes what it certified, and replaces it by what it certified.
///
/// # Errors
/// [`Error::Input`] naming the first document that it did not certify; [`Error::Busy`] while
/// look-ups lag.
pub fn check_certified(store: &dyn Store, statement: &Statement, list: &List) -> Result<(), Error> {
    let issuer = statement.issuer();
    let mut issued = HashMap::new();
    for (document, replacement) in list.pairs() {
        for document in [Some(document), replacement].into_iter().flatten() {
            if !is_certified(store, issuer, &document, &mut issued)? {
                let (document, issuer) = (document.to_string(), issuer.to_owned());
                return Err(Rejected::NotCertified { document, issuer }.into());
            }
        }
    }
    Ok(())
}

/// `issued` remembers of entries whether they are the issuer's: a batch answers for thousands.
fn is_certified(
    store: &dyn Store,
    issuer: &str,
    document: &Fingerprint,
    issued: &mut HashMap<u64, bool>,
) -> Result<bool, Error> {
    for location in store.documents(document, PLACES_MAX)? {
        let is_own = match issued.entry(location.entry) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let (entry, _) = store.entry(location.entry)?.ok_or_else(lag::behind)?;
                *unknown.insert(Statement::decode(&entry)?.issuer() == issuer)
            }
        };
        if is_own {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A key that is to seal blocks or sign checkpoints must be held: otherwise the ledger would end
/// with this block.
///
/// # Errors
/// [`Error::Input`].
pub fn check_held(keys: &Keyring, statement: &Statement) -> Result<(), Error> {
    match statement.body() {
        Body::Key(KeyStatement {
            kid,
            act: KeyAct::Replace { r#use: r#use @ (Use::Seal | Use::Note), .. },
            ..
        }) => match keys.get(*r#use, *kid) {
            Ok(_) => Ok(()),
            Err(why) => {
                // Where this node has its files is for whoever runs it.
                tracing::warn!("a replacement is refused: {why}");
                let name = r#use.name();
                let why = format!(
                    "this node does not hold the {name} key {kid}: put it into its directory of \
                     keys, as {name}*.pem, and send this again"
                );
                Err(Rejected::KeyNotHeld { why }.into())
            }
        },
        _ => Ok(()),
    }
}
