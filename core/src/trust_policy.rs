//! The trust policy of a verifier: which logs and witnesses it knows, and how many of them make a
//! quorum (format.md 8.6; c2sp.org/tlog-policy). What a cosigned head is worth by it: see
//! [`Judged`].
//!
//! Not the policy of a ledger, which its operator states ([`crate::statement::Policy`]).

mod judged;
mod line;

use crate::{Rejected, verifier_key::VerifierKey};

pub use judged::{Judged, Witnessed};
use line::{Line, Lines};

/// Longest policy that is read.
pub const POLICY_BYTES_MAX: usize = 1 << 20;

/// A log that the policy accepts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// Its key, named as its origin.
    pub key: VerifierKey,
    /// Where it is reached; opaque here.
    pub url: Option<String>,
}

/// A witness that the policy knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// What this policy calls it.
    pub name: String,
    /// What it cosigns with.
    pub key: VerifierKey,
    /// Where it is reached; opaque here.
    pub url: Option<String>,
}

/// What a name stands for; members and the quorum are places in [`TrustPolicy::parties`].
#[derive(Clone, PartialEq, Eq, Debug)]
enum Party {
    /// A place among the witnesses.
    Witness(usize),
    /// So many of these, each defined before.
    Group { threshold: usize, members: Vec<usize> },
}

/// Who has to cosign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Quorum {
    /// Nobody: `quorum none`.
    None,
    /// This party.
    Of(usize),
}

/// A policy in its one reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustPolicy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    parties: Vec<Party>,
    quorum: Quorum,
}

impl TrustPolicy {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Rejected::TrustPolicy`] with the number of the line.
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejected> {
        let mut reader = Reader::default();
        let mut last = 0;
        for line in Lines::of(bytes)? {
            let line = line?;
            last = line.number;
            reader.take(&line)?;
        }
        let quorum = reader.quorum.ok_or_else(|| {
            refuse(
                last.max(1),
                "the file ends without a quorum line: add 'quorum <name>' or 'quorum none'",
            )
        })?;
        let Reader { logs, witnesses, parties, .. } = reader;
        let parties = parties.into_iter().map(|named| named.party).collect();
        Ok(Self { logs, witnesses, parties, quorum })
    }

    /// The logs, in their order; maybe none: then whoever asks knows which it is.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses, in their order.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether a proof without a checkpoint does not do: somebody is named who has to have signed it,
    /// a log or a witness. Otherwise leaving it out would be a way around those.
    pub fn wants_checkpoint(&self) -> bool {
        self.wants_witnesses() || !self.logs.is_empty()
    }

    /// Whether any witness is wanted at all.
    pub fn wants_witnesses(&self) -> bool {
        self.quorum != Quorum::None
    }

    /// Whether a set of witnesses, by their places, is a quorum. Without one, any set is.
    pub fn reached(&self, cosigned: impl Fn(usize) -> bool) -> bool {
        let Quorum::Of(quorum) = self.quorum else { return true };
        let mut reached: Vec<bool> = Vec::with_capacity(self.parties.len());
        // Members are defined before their group.
        for party in &self.parties {
            reached.push(match party {
                Party::Witness(at) => cosigned(*at),
                Party::Group { threshold, members } => {
                    members.iter().filter(|member| reached[**member]).count() >= *threshold
                }
            });
        }
        reached[quorum]
    }
}

/// A name of the policy: octets, compared as such.
struct Named {
    name: Vec<u8>,
    party: Party,
    /// In a group already.
    member: bool,
}

/// What has been read so far.
#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    parties: Vec<Named>,
    quorum: Option<Quorum>,
}

impl Reader {
    fn take(&mut self, line: &Line<'_>) -> Result<(), Rejected> {
        match line.items.as_slice() {
            [b"log", key] => self.log(line, key, None),
            [b"log", key, url] => self.log(line, key, Some(url)),
            [b"witness", name, key] => self.witness(line, name, key, None),
            [b"witness", name, key, url] => self.witness(line, name, key, Some(url)),
            [b"group", name, threshold, members @ ..] => self.group(line, name, threshold, members),
            [b"quorum", name] => self.quorum(line, name),
            _ => Err(line.refuse(
                "it is not 'log <vkey> [<url>]', 'witness <name> <vkey> [<url>]', \
                 'group <name> all|any|<k> <member>...' or 'quorum <name>|none'",
            )),
        }
    }

    fn log(&mut self, line: &Line<'_>, key: &[u8], url: Option<&&[u8]>) -> Result<(), Rejected> {
        let key = line.key(key)?;
        if !key.material().may_sign_as_log() {
            return Err(line.refuse("a log signs with types 0x01 and 0x06, this key is of 0x04"));
        }
        self.check_new_key(line, &key)?;
        self.logs.push(Log { key, url: url.map(|url| text(url)) });
        Ok(())
    }

    fn witness(
        &mut self,
        line: &Line<'_>,
        name: &[u8],
        key: &[u8],
        url: Option<&&[u8]>,
    ) -> Result<(), Rejected> {
        let key = line.key(key)?;
        if !key.material().may_cosign() {
            return Err(
                line.refuse("a witness signs with types 0x04 and 0x06, this key is of 0x01")
            );
        }
        self.check_new_key(line, &key)?;
        self.name(line, name, Party::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { name: text(name), key, url: url.map(|url| text(url)) });
        Ok(())
    }

    fn group(
        &mut self,
        line: &Line<'_>,
        name: &[u8],
        threshold: &[u8],
        members: &[&[u8]],
    ) -> Result<(), Rejected> {
        let count = members.len();
        let number = || {
            let text = str::from_utf8(threshold).ok()?;
            let number: usize = text.parse().ok()?;
            ((1..=count).contains(&number) && number.to_string() == text).then_some(number)
        };
        let threshold = match threshold {
            b"all" => Some(count).filter(|count| *count > 0),
            b"any" => Some(1).filter(|_| count > 0),
            _ => number(),
        };
        let threshold = threshold.ok_or_else(|| {
            line.refuse("a group has one member or more, of which 'all', 'any' or 1 to all count")
        })?;
        let mut places = Vec::with_capacity(count);
        for member in members {
            let at = self.find(line, member)?;
            if std::mem::replace(&mut self.parties[at].member, true) {
                let why = format!("{:?} is a member of a group already", text(member));
                return Err(line.refuse(&why));
            }
            places.push(at);
        }
        self.name(line, name, Party::Group { threshold, members: places })
    }

    fn quorum(&mut self, line: &Line<'_>, name: &[u8]) -> Result<(), Rejected> {
        let quorum = if name == NONE { Quorum::None } else { Quorum::Of(self.find(line, name)?) };
        match self.quorum.replace(quorum) {
            None => Ok(()),
            Some(_) => Err(line.refuse("it is the second quorum line")),
        }
    }

    fn name(&mut self, line: &Line<'_>, name: &[u8], party: Party) -> Result<(), Rejected> {
        if name == NONE || self.parties.iter().any(|named| named.name == name) {
            return Err(line.refuse(&format!("the name {:?} is taken", text(name))));
        }
        self.parties.push(Named { name: name.to_vec(), party, member: false });
        Ok(())
    }

    fn find(&self, line: &Line<'_>, name: &[u8]) -> Result<usize, Rejected> {
        let found = self.parties.iter().position(|named| named.name == name);
        let why = || format!("{:?} is no witness or group of a line before", text(name));
        found.ok_or_else(|| line.refuse(&why()))
    }

    /// One key is one party: under two names it would count twice, and a log is no witness of
    /// itself.
    fn check_new_key(&self, line: &Line<'_>, key: &VerifierKey) -> Result<(), Rejected> {
        let logs = self.logs.iter().map(|log| &log.key);
        let mut known = logs.chain(self.witnesses.iter().map(|witness| &witness.key));
        let bytes = key.material().as_bytes();
        match known.find(|known| known.material().as_bytes() == bytes) {
            None => Ok(()),
            Some(known) => {
                Err(line.refuse(&format!("its public key is also that of {}", known.name())))
            }
        }
    }
}

/// The name that stands for no quorum.
const NONE: &[u8] = b"none";

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn refuse(line: usize, why: &str) -> Rejected {
    Rejected::TrustPolicy { line, why: why.into() }
}
