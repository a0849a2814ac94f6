//! Genesis: entry 0, signed by the operator key that it lists (format.md 5.4).

use crate::{
    Rejected,
    cbor::{Reader, Writer},
    key::{PublicKey, Use},
};

use super::{Policy, VERSION, possession};

/// One of the ledger's own keys, with the proof that it is held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LedgerKey {
    /// What it signs.
    pub r#use: Use,
    /// The key.
    pub key: PublicKey,
    /// COSE_Sign1 by that key over its use, owner and the random bytes.
    pub possession: Vec<u8>,
}

/// The payload of the genesis statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Genesis {
    /// Makes the ledger id unlike any other.
    pub random: [u8; 32],
    /// One key for each of [`Use::LEDGER`], in that order.
    pub keys: Vec<LedgerKey>,
    /// The first policy.
    pub policy: Policy,
}

impl Genesis {
    pub(super) const KIND: &str = "genesis";

    /// The key of one use.
    pub fn key(&self, r#use: Use) -> &PublicKey {
        let at = Use::LEDGER.iter().position(|of| *of == r#use).expect("a use of the ledger");
        &self.keys[at].key
    }

    /// Checks that each key is held by whoever wrote this for `origin`.
    ///
    /// # Errors
    /// [`Rejected::Possession`] and [`Rejected::Signature`].
    pub(crate) fn check_possessions(&self, origin: &str) -> Result<(), Rejected> {
        self.keys.iter().try_for_each(|LedgerKey { r#use, key, possession }| {
            possession::check_possession(possession, key, *r#use, origin, 1, &self.random)
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = Writer::default().map(4).uint(1).bytes(&self.random);
        let writer = writer.uint(2).uint(VERSION).uint(3).array(self.keys.len());
        let writer = self.keys.iter().fold(writer, |writer, key| {
            let writer = writer.array(3).text(key.r#use.name());
            possession::write_key(writer, &key.key, &key.possession)
        });
        self.policy.write(writer.uint(4)).finish()
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "genesis");
        reader.map_len(4)?;
        reader.key(1)?;
        let random = reader.array_of()?;
        reader.key(2)?;
        let version = reader.uint()?;
        if version != VERSION {
            return Err(Rejected::Version(version));
        }
        reader.key(3)?;
        reader.array_len(Use::LEDGER.len())?;
        let keys = Use::LEDGER.map(|r#use| {
            reader.array_len(3)?;
            let name = reader.text()?;
            if name != r#use.name() {
                let why = format!("{:?} expected, here is {name:?}", r#use.name());
                return Err(Rejected::field("genesis", "use", why));
            }
            let (key, possession) = possession::read_key(&mut reader)?;
            Ok(LedgerKey { r#use, key, possession })
        });
        let keys = keys.into_iter().collect::<Result<_, _>>()?;
        reader.key(4)?;
        let policy = Policy::read("genesis", &mut reader)?;
        reader.finish()?;
        Ok(Self { random, keys, policy })
    }
}
