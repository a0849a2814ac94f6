//! Enroll: the operator says who an issuer is, and which key speaks for it (format.md 5.5).

use crate::{
    IssuerId, LedgerId, Rejected,
    cbor::{Reader, Writer},
    cose_key::CoseKey,
    key::{PublicKey, Use},
};

use super::possession;

/// Longest legal name, the only free text on the ledger.
const LEGAL_NAME_BYTES_MAX: usize = 200;
/// Longest registration number.
const REGISTRATION_BYTES_MAX: usize = 32;

/// Who an issuer is, in the operator's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuerRecord {
    /// The name in the register of companies.
    pub legal_name: String,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// The number there (SIREN and the like): upper-case letters, digits, `.` and `-`.
    pub registration: String,
}

impl IssuerRecord {
    /// Checks lengths and characters.
    ///
    /// # Errors
    /// [`Rejected::Field`].
    pub fn check(&self) -> Result<(), Rejected> {
        let refuse = |field, why: &str| Err(Rejected::field("enroll", field, why));
        let name = &self.legal_name;
        if name.is_empty() || name.len() > LEGAL_NAME_BYTES_MAX {
            return refuse("legal_name", "1 to 200 bytes are allowed");
        }
        if name.trim() != name || name.chars().any(is_invisible) {
            return refuse("legal_name", "no blank at its ends and no invisible character");
        }
        if self.country.len() != 2 || !self.country.bytes().all(|b| b.is_ascii_uppercase()) {
            return refuse("country", "two upper-case letters (ISO 3166-1), such as FR");
        }
        let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-.".contains(&b);
        let length = self.registration.len();
        if length == 0 || length > REGISTRATION_BYTES_MAX || !self.registration.bytes().all(plain) {
            return refuse("registration", "1 to 32 of A-Z, 0-9, '-' and '.'");
        }
        Ok(())
    }
}

/// Characters that let one name look like another: controls, joiners and direction marks.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// The payload of an enroll statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enroll {
    /// 1; more only where an enrollment before was made with a key that was in other hands.
    pub seq: u64,
    /// The issuer's id; stands in `sub` too.
    pub id: IssuerId,
    /// Who that is.
    pub record: IssuerRecord,
    /// Its first key.
    pub key: PublicKey,
    /// COSE_Sign1 by that key: it is held by the issuer.
    pub possession: Vec<u8>,
}

impl Enroll {
    pub(super) const KIND: &str = "enroll";

    /// Checks that the issuer holds the key, for this ledger: what an operator asks before signing,
    /// and every ledger before admitting.
    ///
    /// # Errors
    /// [`Rejected::Possession`] and [`Rejected::Signature`].
    pub fn check_possession(&self, ledger: LedgerId) -> Result<(), Rejected> {
        let (owner, scope) = (self.id.as_str(), &ledger.0.0);
        let (key, possession) = (&self.key, &self.possession);
        let key = CoseKey::Ed25519(key.clone());
        possession::check_possession(possession, &key, Use::Issuer, owner, self.seq, scope)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = Writer::default().map(6).uint(1).uint(self.seq).uint(2).text(self.id.as_str());
        let writer = writer.uint(3).text(&self.record.legal_name);
        let writer = writer.uint(4).text(&self.record.country);
        let writer = writer.uint(5).text(&self.record.registration).uint(6).array(2);
        writer.raw(&self.key.to_cose()).bytes(&self.possession).finish()
    }

    pub(super) fn decode(payload: &[u8]) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "enroll");
        reader.map_len(6)?;
        reader.key(1)?;
        let seq = reader.uint()?;
        reader.key(2)?;
        let id: IssuerId = reader.text()?.parse()?;
        reader.key(3)?;
        let legal_name = reader.text()?.to_owned();
        reader.key(4)?;
        let country = reader.text()?.to_owned();
        reader.key(5)?;
        let registration = reader.text()?.to_owned();
        reader.key(6)?;
        reader.array_len(2)?;
        let (key, possession) = (PublicKey::read(&mut reader)?, reader.bytes()?.to_vec());
        reader.finish()?;
        let record = IssuerRecord { legal_name, country, registration };
        record.check()?;
        Ok(Self { seq, id, record, key, possession })
    }
}
