//! The account of a certification: which slots decide what became of it, asked in one order, so
//! that who proves, who verifies and who looks up cannot differ (format.md 9.4, 11.3 step 9).

use std::collections::HashMap;

use crate::{Fingerprint, Hash, Rejected, key::Kid};

use super::{
    Fall, IssuerStatus, KeyState, KeyStatus, Map, Nodes, Slot, Standing, Status, StatusPath,
};

/// What is asked about: a document that a key of an issuer certified.
#[derive(Clone, Copy, Debug)]
pub struct Certification<'a> {
    /// The issuer's id.
    pub issuer: &'a str,
    /// The document.
    pub document: &'a Fingerprint,
    /// The key that signed.
    pub kid: Kid,
    /// The key that the issuer's enrollment brought.
    pub enrolled: Kid,
}

/// What became of a certification, as of one block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Account {
    /// The fall of the document that stands.
    pub fall: Option<Fall>,
    /// What became of the issuer.
    pub issuer: Option<IssuerStatus>,
    /// What became of the key that signed.
    pub key: Option<KeyStatus>,
    /// What became of the key that the issuer's enrollment brought: void if the enrollment is.
    pub enrolled: Option<KeyStatus>,
    /// The newest entry that says anything of it.
    pub newest: Option<u64>,
}

/// Where statuses come from.
trait Source {
    /// What a slot holds; `of` names it in refusals.
    fn status(&mut self, of: &'static str, slot: Slot) -> Result<Option<Status>, Rejected>;
}

impl Account {
    /// Reads the account from a map.
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    pub fn read(map: &Map, nodes: &dyn Nodes, of: &Certification<'_>) -> Result<Self, Rejected> {
        let mut nothing_kept = |_| {};
        Asking::new(Read { map, nodes, keep: &mut nothing_kept }).account(of)
    }

    /// The paths that prove the account to whoever knows the map's root; the inverse of
    /// [`Account::verify`].
    ///
    /// # Errors
    /// [`Rejected::Unreadable`].
    pub fn prove(
        map: &Map,
        nodes: &dyn Nodes,
        of: &Certification<'_>,
    ) -> Result<Vec<StatusPath>, Rejected> {
        let mut paths = Vec::new();
        let mut keep = |path| paths.push(path);
        Asking::new(Read { map, nodes, keep: &mut keep }).account(of)?;
        Ok(paths)
    }

    /// Takes the account from a stranger's paths under `root`.
    ///
    /// # Errors
    /// [`Rejected::Status`] and [`Rejected::PathRoot`] for a path; [`Rejected::Proof`] where one is
    /// missing or one too many, or the enrollment counts as never said and the key does not.
    pub fn verify(
        paths: &[StatusPath],
        root: Hash,
        of: &Certification<'_>,
    ) -> Result<Self, Rejected> {
        let mut asking = Asking::new(Shown { rest: paths.iter(), root });
        let account = asking.account(of)?;
        if asking.source.rest.next().is_some() {
            return Err(Rejected::Proof { what: "statuses", why: "there is one too many".into() });
        }
        let is_void = |key: Option<KeyStatus>| key.is_some_and(|key| key.state == KeyState::Void);
        if is_void(account.enrolled) && !is_void(account.key) {
            let why = "it counts as never said, and another enrolled the issuer".into();
            return Err(Rejected::Proof { what: "enrollment", why });
        }
        Ok(account)
    }

    /// Whether the certification, which was sealed at this time, stands.
    pub fn standing(&self, sealed_ms: u64) -> Standing {
        Standing::of(sealed_ms, self.key.as_ref(), self.fall)
    }
}

/// A map that is read, each path kept by whoever proves.
struct Read<'a> {
    map: &'a Map,
    nodes: &'a dyn Nodes,
    keep: &'a mut dyn FnMut(StatusPath),
}

impl Source for Read<'_> {
    fn status(&mut self, _: &'static str, slot: Slot) -> Result<Option<Status>, Rejected> {
        let path = self.map.prove(&slot, self.nodes)?;
        let status = path.status().copied();
        (self.keep)(path);
        Ok(status)
    }
}

/// Paths that a stranger shows, in the order in which they are asked for.
struct Shown<'a> {
    rest: std::slice::Iter<'a, StatusPath>,
    root: Hash,
}

impl Source for Shown<'_> {
    fn status(&mut self, of: &'static str, slot: Slot) -> Result<Option<Status>, Rejected> {
        let missing = || format!("that of a {of} is missing");
        let path =
            self.rest.next().ok_or_else(|| Rejected::Proof { what: "statuses", why: missing() })?;
        Ok(path.verify(&slot, self.root)?.copied())
    }
}

/// Asks for each slot once.
struct Asking<S> {
    source: S,
    keys: HashMap<Kid, Option<KeyStatus>>,
    newest: Option<u64>,
}

impl<S: Source> Asking<S> {
    fn new(source: S) -> Self {
        Self { source, keys: HashMap::new(), newest: None }
    }

    fn account(&mut self, of: &Certification<'_>) -> Result<Account, Rejected> {
        let first = self.fall(of, 0)?;
        let issuer = self.issuer(of.issuer)?;
        let key = self.key(of.issuer, of.kid)?;
        let enrolled = self.key(of.issuer, of.enrolled)?;
        let fall = self.standing_fall(of, first)?;
        Ok(Account { fall, issuer, key, enrolled, newest: self.newest })
    }

    /// A fall that counts as never said is followed by the next, if there was one.
    fn standing_fall(
        &mut self,
        of: &Certification<'_>,
        first: Option<Fall>,
    ) -> Result<Option<Fall>, Rejected> {
        let mut fall = first;
        for nth in 1..=Slot::FALLS_MAX {
            let Some(found) = fall else { return Ok(None) };
            let felled_by = self.key(of.issuer, found.kid)?;
            if !felled_by.is_some_and(|key| key.voids(found.time_ms)) {
                return Ok(Some(found));
            }
            fall = if nth < Slot::FALLS_MAX { self.fall(of, nth)? } else { None };
        }
        Ok(None)
    }

    fn fall(&mut self, of: &Certification<'_>, nth: u8) -> Result<Option<Fall>, Rejected> {
        match self.ask("document", Slot::fall(of.issuer, of.document, nth))? {
            None => Ok(None),
            Some(Status::Document(fall)) => {
                self.newest = self.newest.max(Some(fall.entry));
                Ok(Some(fall))
            }
            Some(_) => Err(of_something_else("document")),
        }
    }

    fn issuer(&mut self, id: &str) -> Result<Option<IssuerStatus>, Rejected> {
        match self.ask("issuer", Slot::issuer(id))? {
            None => Ok(None),
            Some(Status::Issuer(status)) => {
                self.newest = self.newest.max(Some(status.entry));
                Ok(Some(status))
            }
            Some(_) => Err(of_something_else("issuer")),
        }
    }

    fn key(&mut self, owner: &str, kid: Kid) -> Result<Option<KeyStatus>, Rejected> {
        if let Some(known) = self.keys.get(&kid) {
            return Ok(*known);
        }
        let status = match self.ask("key", Slot::key(owner, &kid))? {
            None => None,
            Some(Status::Key(status)) => Some(status),
            Some(_) => return Err(of_something_else("key")),
        };
        self.newest = self.newest.max(status.map(|status| status.entry));
        self.keys.insert(kid, status);
        Ok(status)
    }

    fn ask(&mut self, of: &'static str, slot: Slot) -> Result<Option<Status>, Rejected> {
        self.source.status(of, slot)
    }
}

fn of_something_else(of: &str) -> Rejected {
    Rejected::status(format!("that of a {of} is of something else"))
}
