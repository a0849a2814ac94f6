//! What is refused at the door and is no rule, since no audit could replay it: it needs the index of
//! documents, or the keys of this node (format.md 9).

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use probant_core::{
    Fingerprint, List, Rejected, Statement,
    key::Use,
    registry::Registry,
    statement::{Body, KeyAct, KeyStatement},
    status::{Slot, Status},
};

use crate::{
    Error,
    keyring::Keyring,
    lag,
    store::{Location, Store},
};

/// Places of one document that are asked for at once.
const PAGE: usize = 1024;
/// Questions to look-ups, about, after which others have their turn.
const TURN: usize = 4 * PAGE;
/// Entries of which it is remembered whose they are.
const REMEMBERED_MAX: usize = 65_536;

/// What has fallen by the newest block that look-ups reach need not be drafted to be refused. The
/// rule itself is of the fold, which knows what has fallen since.
///
/// # Errors
/// [`Error::Refused`] naming a document that has fallen; [`Error::Busy`] while look-ups are rebuilt.
pub fn check_stands(
    store: &dyn Store,
    registry: &Registry,
    issuer: &str,
    list: &List,
) -> Result<(), Error> {
    let newest = store.derived().checked_sub(1).ok_or_else(lag::behind)?;
    let map = store.status(newest)?.ok_or_else(lag::behind)?;
    let slot = |(document, _): (Fingerprint, _)| (Slot::document(issuer, &document), document);
    let documents: BTreeMap<_, _> = list.pairs().map(slot).collect();
    let slots: Vec<_> = documents.keys().copied().collect();
    let found = lag::trusted(store, map.find(&slots, store))?;
    for (document, found) in documents.into_values().zip(found) {
        if let Some(Status::Document(fall)) = found
            && registry.stands(&fall)
        {
            let (document, entry) = (document.to_string(), fall.entry);
            return Err(Rejected::Fallen { document, entry }.into());
        }
    }
    Ok(())
}

/// Whether an issuer certified all that it revokes, and all that it puts in its place: asked in
/// turns, for a stranger may have certified any document any number of times.
pub struct Inquiry {
    issuer: String,
    list: List,
    /// Documents that were found.
    done: usize,
    search: Search,
}

/// How far the search for one document has come.
struct Search {
    /// Height that look-ups must have reached before a document is called unknown.
    acknowledged: u64,
    /// Number of blocks that they reached when it began.
    reached: u64,
    /// The oldest place that was looked at, but for the first.
    before: Option<Location>,
    /// Of entries, whether they are the issuer's: a batch answers for thousands.
    own: HashMap<u64, bool>,
    /// Questions left in this turn.
    left: usize,
}

impl Inquiry {
    /// About what was acknowledged up to a block.
    pub fn new(statement: &Statement, list: List, acknowledged: u64) -> Self {
        let search =
            Search { acknowledged, reached: 0, before: None, own: HashMap::new(), left: 0 };
        Self { issuer: statement.issuer().to_owned(), list, done: 0, search }
    }

    /// Goes on from where it was, and says whether it has come to its end.
    ///
    /// # Errors
    /// [`Error::Refused`] naming the first document that the issuer did not certify; [`Error::Busy`]
    /// while look-ups lag.
    pub fn go_on(&mut self, store: &dyn Store) -> Result<bool, Error> {
        let Self { issuer, list, done, search } = self;
        search.left = TURN;
        let documents = list.pairs().flat_map(|(document, other)| [Some(document), other]);
        for document in documents.flatten().skip(*done) {
            if search.left == 0 {
                return Ok(false);
            }
            match search.go_on(store, issuer, &document)? {
                Some(true) => (search.before, *done) = (None, *done + 1),
                Some(false) => {
                    let (document, issuer) = (document.to_string(), issuer.clone());
                    return Err(Rejected::NotCertified { document, issuer }.into());
                }
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

impl Search {
    /// Whether the issuer certified it; `None` at the end of the turn. Nearly every document is
    /// certified once, or first by its issuer: that is a point read.
    fn go_on(
        &mut self,
        store: &dyn Store,
        issuer: &str,
        document: &Fingerprint,
    ) -> Result<Option<bool>, Error> {
        if self.before.is_none() {
            self.reached = store.derived();
            self.left -= 1;
            match store.first(document)? {
                None => return Ok(Some(false)),
                Some(first) if self.is_own(store, issuer, first)? => return Ok(Some(true)),
                Some(_) => {}
            }
        }
        while self.left > 0 {
            let page = store.documents(document, self.before, PAGE)?;
            self.left = self.left.saturating_sub(PAGE);
            for location in &page {
                if self.is_own(store, issuer, *location)? {
                    return Ok(Some(true));
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => self.before = Some(*last),
                _ if self.reached > self.acknowledged => return Ok(Some(false)),
                _ => {
                    self.before = None;
                    return Err(lag::behind());
                }
            }
        }
        Ok(None)
    }

    fn is_own(
        &mut self,
        store: &dyn Store,
        issuer: &str,
        location: Location,
    ) -> Result<bool, Error> {
        if self.own.len() >= REMEMBERED_MAX {
            self.own.clear();
        }
        Ok(match self.own.entry(location.entry) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let (entry, _) = store.entry(location.entry)?.ok_or_else(lag::behind)?;
                let statement = lag::trusted(store, Statement::decode(&entry))?;
                *unknown.insert(statement.issuer() == issuer)
            }
        })
    }
}

/// A key that is to seal blocks or sign checkpoints must be held: otherwise the ledger would end
/// with this block.
///
/// # Errors
/// [`Error::Refused`].
pub fn check_held(keys: &Keyring, statement: &Statement) -> Result<(), Error> {
    match statement.body() {
        Body::Key(KeyStatement {
            kid,
            act: KeyAct::Replace { r#use: r#use @ (Use::Seal | Use::Note | Use::NoteMlDsa), .. },
            ..
        }) => match keys.check_file(*r#use, *kid) {
            Ok(()) => Ok(()),
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
