//! Genesis: entry 0, signed by the operator key that it lists (format.md 5.4).

use crate::{
    Rejected,
    cbor::{Reader, Writer},
    cose_key::{CoseKey, SigningHalf},
    key::{PublicKey, Use},
};

use super::{Policy, VERSION, possession};

/// One of the ledger's own keys, with the proof that it is held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LedgerKey {
    /// What it signs.
    pub r#use: Use,
    /// The key.
    pub key: CoseKey,
    /// COSE_Sign1 by that key over its use, owner and the random bytes.
    pub possession: Vec<u8>,
}

/// The payload of the genesis statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Genesis {
    /// Makes the ledger id unlike any other.
    pub random: [u8; 32],
    /// One key for each of [`Use::LEDGER`], in that order; then maybe one for [`Use::NoteMlDsa`].
    pub keys: Vec<LedgerKey>,
    /// The first policy.
    pub policy: Policy,
}

impl LedgerKey {
    /// Shows that `key` is held, for this use of the ledger `origin` whose genesis has these random
    /// bytes.
    pub fn prove(
        key: &(impl SigningHalf + ?Sized),
        r#use: Use,
        origin: &str,
        random: &[u8; 32],
    ) -> Self {
        let possession = possession::prove_possession(key, r#use, origin, 1, random);
        Self { r#use, key: key.cose_key(), possession }
    }

    fn read(r#use: Use, reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        reader.array_len(3)?;
        let name = reader.text()?;
        if name != r#use.name() {
            let why = format!("{:?} expected, here is {name:?}", r#use.name());
            return Err(Rejected::field("genesis", "use", why));
        }
        let (key, possession) = possession::read_key(reader, r#use)?;
        Ok(Self { r#use, key, possession })
    }
}

impl Genesis {
    pub(super) const KIND: &str = "genesis";

    /// The key of one use that every ledger has.
    ///
    /// # Panics
    /// For a use that is not among [`Use::LEDGER`].
    pub fn key(&self, r#use: Use) -> &PublicKey {
        let at = Use::LEDGER.iter().position(|of| *of == r#use).expect("a use of the ledger");
        self.keys[at].key.as_ed25519().expect("the keys of these uses are Ed25519")
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
        let count = reader.array()?;
        if !(Use::LEDGER.len()..=Use::LEDGER_ALL.len()).contains(&count) {
            return Err(reader.malformed("four or five keys of the ledger"));
        }
        let keys =
            Use::LEDGER_ALL[..count].iter().map(|r#use| LedgerKey::read(*r#use, &mut reader));
        let keys = keys.collect::<Result<_, _>>()?;
        reader.key(4)?;
        let policy = Policy::read("genesis", &mut reader)?;
        reader.finish()?;
        Ok(Self { random, keys, policy })
    }
}
