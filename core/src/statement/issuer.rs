//! Issuer: the operator suspends an issuer, or takes it back (format.md 5.9).

use crate::{
    IssuerId, Rejected,
    cbor::{Reader, Writer},
    status::IssuerState,
};

/// The payload of an issuer statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IssuerStatement {
    /// 1 + the number of statements about this issuer that were accepted before, the enrollment
    /// being the first.
    pub seq: u64,
    /// The issuer; stands in `sub`.
    pub id: IssuerId,
    /// What it is from now on.
    pub state: IssuerState,
}

impl IssuerStatement {
    pub(super) const KIND: &str = "issuer";

    pub(super) fn encode(&self) -> Vec<u8> {
        let act = match self.state {
            IssuerState::Suspended => "suspend",
            IssuerState::Reinstated => "reinstate",
        };
        Writer::default().map(2).uint(1).uint(self.seq).uint(2).text(act).finish()
    }

    /// `subject` is claim sub, which alone names the issuer.
    pub(super) fn decode(payload: &[u8], subject: &str) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "issuer");
        reader.map_len(2)?;
        reader.key(1)?;
        let seq = reader.uint()?;
        reader.key(2)?;
        let state = match reader.text()? {
            "suspend" => IssuerState::Suspended,
            "reinstate" => IssuerState::Reinstated,
            act => {
                let why = format!("suspend or reinstate, here is {act:?}");
                return Err(Rejected::field("issuer", "act", why));
            }
        };
        reader.finish()?;
        let id = subject.strip_prefix("issuer:").and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| Rejected::Subject {
            found: subject.to_owned(),
            expected: "issuer:<id>".into(),
        })?;
        Ok(Self { seq, id, state })
    }
}
