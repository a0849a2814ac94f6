//! A statement in parts, each of which may be wrong, signed by `coset` and a key: our own code
//! makes right ones only.

use coset::{
    CoseSign1Builder, Header, HeaderBuilder, Label, TaggedCborSerializable as _,
    cbor::value::Value, iana::Algorithm,
};
use probant_core::{Hash, key::SigningKey};

use crate::harness::now_ms;

/// What `coset` is asked to sign.
pub struct Parts {
    pub key: SigningKey,
    pub algorithm: Algorithm,
    pub content_type: Option<String>,
    pub issuer: String,
    pub subject: String,
    pub audience: String,
    /// Protected ones beyond those of a statement.
    pub labels: Vec<(i64, Value)>,
    pub payload: Option<Vec<u8>>,
    pub unprotected: Vec<(i64, Value)>,
}

impl Parts {
    pub fn sign(self) -> Vec<u8> {
        let claims = Value::Map(vec![
            (1.into(), self.issuer.into()),
            (2.into(), self.subject.into()),
            (3.into(), self.audience.into()),
            (6.into(), (now_ms() / 1000).into()),
        ]);
        let kid = self.key.public().kid().0.to_vec();
        let header = HeaderBuilder::new().algorithm(self.algorithm).key_id(kid).value(15, claims);
        let header =
            self.labels.into_iter().fold(header, |h, (label, value)| h.value(label, value));
        let header = match self.content_type {
            Some(content_type) => header.content_type(content_type),
            None => header,
        };
        let rest = self.unprotected.into_iter().map(|(label, value)| (Label::Int(label), value));
        let unprotected = Header { rest: rest.collect(), ..Header::default() };
        let builder = CoseSign1Builder::new().protected(header.build()).unprotected(unprotected);
        let builder = match self.payload {
            Some(payload) => builder.payload(payload),
            None => builder,
        };
        let sign = |message: &[u8]| self.key.sign(message).to_vec();
        builder.create_signature(&[], sign).build().to_tagged_vec().unwrap()
    }
}

fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    coset::cbor::ser::into_writer(value, &mut bytes).unwrap();
    bytes
}

pub fn certify_payload(root: Hash, count: u64, media_type: &str) -> Vec<u8> {
    encode(&Value::Map(vec![
        (1.into(), Value::Bytes(root.0.to_vec())),
        (2.into(), count.into()),
        (3.into(), media_type.into()),
    ]))
}
