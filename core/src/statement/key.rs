//! Key: what becomes of one key (format.md 5.8): an issuer's is added, retired, stopped or reported
//! compromised; one of the ledger's own is replaced or reported.

use crate::{
    Hash, IssuerId, LedgerId, Rejected,
    cbor::{Reader, Writer},
    cose_key::{CoseKey, SigningHalf},
    key::{Kid, Use},
};

use super::possession;

/// The payload of a key statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyStatement {
    /// 1 + the number of statements about this key that were accepted before.
    pub seq: u64,
    /// The key; stands in `sub`.
    pub kid: Kid,
    /// What becomes of it.
    pub act: KeyAct,
}

/// What becomes of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyAct {
    /// An issuer has one more.
    Add {
        /// Whose it is.
        issuer: IssuerId,
        /// The key.
        held: HeldKey,
    },
    /// It takes the place of the ledger's own key for a use, from the next block on; where there is
    /// none, it is the first.
    Replace {
        /// Which one: one of [`Use::LEDGER_ALL`].
        r#use: Use,
        /// The key.
        held: HeldKey,
    },
    /// It signs nothing more; what was sealed before stands.
    Retire,
    /// The same, because it may be in other hands.
    Stop,
    /// It was in other hands: what it signed that was sealed since then counts as never said.
    Compromise {
        /// Since when, by the ledger's time.
        since_ms: u64,
    },
}

/// A key, with the proof that it is held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeldKey {
    /// The key.
    pub key: CoseKey,
    /// COSE_Sign1 by it over its use, owner, sequence number and the ledger.
    pub possession: Vec<u8>,
}

impl HeldKey {
    /// Shows that `key` is held, for this use, owner and sequence number.
    pub fn prove(
        key: &(impl SigningHalf + ?Sized),
        r#use: Use,
        owner: &str,
        seq: u64,
        ledger: LedgerId,
    ) -> Self {
        let possession = possession::prove_possession(key, r#use, owner, seq, &ledger.0.0);
        Self { key: key.cose_key(), possession }
    }

    /// Checks that the key is held, by whoever it is to belong to.
    ///
    /// # Errors
    /// [`Rejected::Possession`] and [`Rejected::Signature`].
    pub fn check(
        &self,
        r#use: Use,
        owner: &str,
        seq: u64,
        ledger: LedgerId,
    ) -> Result<(), Rejected> {
        let Self { key, possession } = self;
        possession::check_possession(possession, key, r#use, owner, seq, &ledger.0.0)
    }
}

impl KeyAct {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Replace { .. } => "replace",
            Self::Retire => "retire",
            Self::Stop => "stop",
            Self::Compromise { .. } => "compromise",
        }
    }

    /// The key that it brings.
    pub fn held(&self) -> Option<&HeldKey> {
        match self {
            Self::Add { held, .. } | Self::Replace { held, .. } => Some(held),
            _ => None,
        }
    }
}

impl KeyStatement {
    pub(super) const KIND: &str = "key";

    /// About a key that is known.
    pub fn about(kid: Kid, seq: u64, act: KeyAct) -> Self {
        Self { seq, kid, act }
    }

    /// Brings a key: the first statement about it.
    pub fn bringing(act: KeyAct) -> Self {
        let kid = act.held().expect("add and replace bring a key").key.kid();
        Self { seq: 1, kid, act }
    }

    /// What it is about, as in `sub`.
    pub(crate) fn subject(&self) -> String {
        format!("key:{}", self.kid)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = Writer::default().map(3).uint(1).uint(self.seq);
        let writer = writer.uint(2).text(self.act.name()).uint(3);
        let brought = |name: &str, held: &HeldKey, writer: Writer| {
            possession::write_key(writer.array(3).text(name), &held.key, &held.possession)
        };
        match &self.act {
            KeyAct::Add { issuer, held } => brought(issuer.as_str(), held, writer),
            KeyAct::Replace { r#use, held } => brought(r#use.name(), held, writer),
            KeyAct::Retire | KeyAct::Stop => writer.array(0),
            KeyAct::Compromise { since_ms } => writer.array(1).uint(*since_ms),
        }
        .finish()
    }

    /// `subject` is claim sub: it names the key, where the payload does not bring it.
    pub(super) fn decode(payload: &[u8], subject: &str) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "key");
        reader.map_len(3)?;
        reader.key(1)?;
        let seq = reader.uint()?;
        reader.key(2)?;
        let name = reader.text()?;
        reader.key(3)?;
        let act = read_act(name, &mut reader)?;
        reader.finish()?;
        let kid = match act.held() {
            Some(held) => held.key.kid(),
            None => subject.strip_prefix("key:").and_then(Hash::from_hex).ok_or_else(|| {
                Rejected::Subject { found: subject.to_owned(), expected: "key:<kid>".into() }
            })?,
        };
        Ok(Self { seq, kid, act })
    }
}

fn read_act(name: &str, reader: &mut Reader<'_>) -> Result<KeyAct, Rejected> {
    let held = |reader: &mut Reader<'_>, r#use| {
        let (key, possession) = possession::read_key(reader, r#use)?;
        Ok(HeldKey { key, possession })
    };
    match name {
        "add" => {
            reader.array_len(3)?;
            let issuer = reader.text()?.parse()?;
            Ok(KeyAct::Add { issuer, held: held(reader, Use::Issuer)? })
        }
        "replace" => {
            reader.array_len(3)?;
            let name = reader.text()?;
            let r#use = Use::LEDGER_ALL.into_iter().find(|of| of.name() == name);
            let r#use = r#use.ok_or_else(|| {
                let why =
                    format!("seal, note, operator, recovery or note-ml-dsa, here is {name:?}");
                Rejected::field("key", "use", why)
            })?;
            Ok(KeyAct::Replace { r#use, held: held(reader, r#use)? })
        }
        "retire" => reader.array_len(0).map(|()| KeyAct::Retire),
        "stop" => reader.array_len(0).map(|()| KeyAct::Stop),
        "compromise" => {
            reader.array_len(1)?;
            Ok(KeyAct::Compromise { since_ms: reader.uint()? })
        }
        _ => {
            let why = format!("add, replace, retire, stop or compromise, here is {name:?}");
            Err(Rejected::field("key", "act", why))
        }
    }
}
