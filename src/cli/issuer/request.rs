//! The enrollment request: what an issuer sends to a ledger's operator. Nothing in it is secret,
//! and nothing but the possession is signed: who the issuer is, the operator finds out otherwise.
//!
//! ```json
//! {
//!   "format": "probant enrollment request 1",
//!   "issuer": "energie.example",
//!   "ledger": "ledger.example+<64 hex>",
//!   "key": "<64 hex>",
//!   "possession": "<hex of a COSE_Sign1 by that key>"
//! }
//! ```

use std::{fs::File, io::Read as _, path::Path};

use probant_core::{
    Identity, IssuerId,
    key::{PublicKey, SigningKey, Use},
    statement::HeldKey,
};
use serde::{Deserialize, Serialize};

use crate::{Error, cli::json, keyfile};

const FORMAT: &str = "probant enrollment request 1";
const FILE_BYTES_MAX: u64 = 16 << 10;

/// Who asks, of which ledger, with which key.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrollmentRequest {
    format: String,
    issuer: String,
    ledger: String,
    key: String,
    possession: String,
}

impl EnrollmentRequest {
    /// The issuer's part: shows that it holds the key, for the statement of that number.
    pub fn sign(key: &SigningKey, id: &IssuerId, seq: u64, identity: &Identity) -> Self {
        let held = HeldKey::prove(key, Use::Issuer, id.as_str(), seq, identity.ledger);
        Self {
            format: FORMAT.into(),
            issuer: id.to_string(),
            ledger: identity.to_string(),
            key: hex::encode(held.key.as_bytes()),
            possession: hex::encode(held.possession),
        }
    }

    /// Key and possession for the statement of that number: from a request, or, where one machine
    /// holds both, from the key itself.
    ///
    /// # Errors
    /// Those of [`Self::read`] and [`Self::opened_for`].
    pub fn obtain(
        request: Option<&Path>,
        key: Option<&Path>,
        (id, seq): (&IssuerId, u64),
        identity: &Identity,
    ) -> Result<HeldKey, Error> {
        match (request, key) {
            (Some(path), _) => Self::read(path)?.opened_for(id, identity),
            (None, Some(path)) => {
                let (key, ledger) = (keyfile::read_new(path)?, identity.ledger);
                Ok(HeldKey::prove(&key, Use::Issuer, id.as_str(), seq, ledger))
            }
            (None, None) => Err(Error::input("give the request, or the new private key")),
        }
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        json(self)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Input`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut text = String::new();
        let file = File::open(path).map_err(Error::file(path))?;
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(Error::file(path))?;
        let request: Self = serde_json::from_str(&text).map_err(|error| {
            Error::input(format!("{} is no enrollment request: {error}", path.display()))
        })?;
        if request.format != FORMAT {
            let name = path.display();
            return Err(Error::input(format!("{name}: the format is not {FORMAT:?}")));
        }
        Ok(request)
    }

    /// The operator's part: key and possession, if they are for this issuer and ledger. The
    /// possession itself is checked when the enrollment is put together.
    ///
    /// # Errors
    /// [`Error::Input`] that names what differs.
    pub fn opened_for(&self, id: &IssuerId, identity: &Identity) -> Result<HeldKey, Error> {
        let same = |what: &str, found: &str, wanted: String| {
            if found == wanted {
                return Ok(());
            }
            Err(Error::input(format!("the request is for {what} {found:?}, not {wanted:?}")))
        };
        same("issuer", &self.issuer, id.to_string())?;
        same("ledger", &self.ledger, identity.to_string())?;
        let mut key = [0; 32];
        hex::decode_to_slice(&self.key, &mut key)
            .map_err(|_| Error::input("the key in the request is not 64 hex digits"))?;
        let possession = hex::decode(&self.possession)
            .map_err(|_| Error::input("the possession in the request is not hex"))?;
        Ok(HeldKey { key: PublicKey::from_bytes(&key)?.into(), possession })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probant_core::statement::Enroll;
    use probant_core::{Hash, LedgerId, statement::IssuerRecord};

    #[test]
    fn a_request_opens_for_its_issuer_and_ledger_only() {
        let identity = |byte| Identity {
            origin: "ledger.example".parse().unwrap(),
            ledger: LedgerId(Hash([byte; 32])),
        };
        let id: IssuerId = "energie.example".parse().unwrap();
        let key = SigningKey::from_seed(&[9; 32]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("request");
        std::fs::write(&path, EnrollmentRequest::sign(&key, &id, 1, &identity(1)).to_json())
            .unwrap();
        let request = EnrollmentRequest::read(&path).unwrap();
        assert!(request.opened_for(&id, &identity(2)).is_err());
        assert!(request.opened_for(&"other.example".parse().unwrap(), &identity(1)).is_err());
        let HeldKey { key: public, possession } = request.opened_for(&id, &identity(1)).unwrap();
        assert_eq!(public, key.public().clone().into());
        let record =
            IssuerRecord {
                legal_name: "É".into(), country: "FR".into(), registration: "1".into()
            };
        let enroll = Enroll { seq: 1, id, record, key: key.public().clone(), possession };
        assert!(enroll.check_possession(identity(1).ledger).is_ok());
        assert!(enroll.check_possession(identity(2).ledger).is_err());
        std::fs::write(&path, "{}").unwrap();
        assert!(EnrollmentRequest::read(&path).is_err());
    }
}
