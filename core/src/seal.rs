//! The seal: the ledger's signature over the tree after a block; with a path it is the RFC 9942
//! receipt of an entry (format.md 8).

mod consistency;

use coset::{Label, cbor::value::Value};

use crate::{
    Hash, Origin, Rejected,
    cbor::{self, Reader, Writer},
    cose::{Claims, Headers, LABEL_VDP, Payload, Signed},
    key::{Kid, PublicKey, SigningKey},
    tree::{PATH_MAX, root_from_path},
};

pub use consistency::ConsistencyReceipt;

/// vdp label of inclusion proofs.
const INCLUSION: i64 = -1;

/// COSE_Sign1 by the seal key over the detached 32-byte root.
#[derive(Clone, Debug)]
pub struct Seal {
    signed: Signed,
    height: u64,
}

impl Seal {
    /// Seals block `height`, whose tree has this root.
    pub fn sign(key: &SigningKey, origin: &Origin, height: u64, time_ms: u64, root: Hash) -> Self {
        let claims = Claims {
            issuer: origin.to_string(),
            subject: format!("block:{height}"),
            audience: None,
            issued_at_s: time_ms / 1000,
        };
        let signed = Signed::sign(key, Headers::Seal { claims }, Payload::Detached(&root.0));
        Self { signed, height }
    }

    /// Reads a seal: no path, empty unprotected header.
    ///
    /// # Errors
    /// The refusals of bytes and headers.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejected> {
        match Self::decode_open(bytes)? {
            (seal, unprotected) if unprotected.is_empty() => Ok(seal),
            _ => Err(Rejected::Header("the unprotected header of a seal is empty".into())),
        }
    }

    fn decode_open(bytes: &[u8]) -> Result<(Self, Vec<(Label, Value)>), Rejected> {
        let (signed, unprotected) = Signed::decode(bytes, "seal")?;
        let refuse = |why: &str| Err(Rejected::Header(why.into()));
        let Headers::Seal { claims } = &signed.headers else {
            return refuse("a seal has 395 = 1 and no content type");
        };
        if claims.audience.is_some() {
            return refuse("a seal has no audience");
        }
        if signed.payload().is_some() {
            return refuse("the payload of a seal is nil: the root is computed");
        }
        let height = claims.subject.strip_prefix("block:").and_then(|text| text.parse().ok());
        let height = height.filter(|height| claims.subject == format!("block:{height}"));
        let height: u64 = height.ok_or_else(|| Rejected::Subject {
            found: claims.subject.clone(),
            expected: "block:<height>".into(),
        })?;
        Ok((Self { signed, height }, unprotected))
    }

    /// The bytes; the inverse of [`Seal::decode`].
    pub fn encode(&self) -> Vec<u8> {
        self.signed.encode(Vec::new())
    }

    /// Checks that the ledger `origin` sealed this root with this key, at this time.
    ///
    /// # Errors
    /// [`Rejected::Issuer`], [`Rejected::Chain`], [`Rejected::Signature`].
    pub fn verify(
        &self,
        key: &PublicKey,
        origin: &Origin,
        time_ms: u64,
        root: Hash,
    ) -> Result<(), Rejected> {
        let claims = self.claims();
        if claims.issuer != origin.as_str() || self.signed.kid != key.kid() {
            let owner = format!("{origin} with key {}", key.kid());
            return Err(Rejected::Issuer { claimed: claims.issuer.clone(), owner });
        }
        if claims.issued_at_s != time_ms / 1000 {
            let (found, expected) = (claims.issued_at_s.to_string(), (time_ms / 1000).to_string());
            return Err(Rejected::Chain { what: "iat of the seal", found, expected });
        }
        self.signed.verify_detached("seal", key, &root.0)
    }

    /// The block that it seals.
    pub fn height(&self) -> u64 {
        self.height
    }

    /// The key that signed it.
    pub fn kid(&self) -> Kid {
        self.signed.kid
    }

    fn claims(&self) -> &Claims {
        let Headers::Seal { claims } = &self.signed.headers else {
            unreachable!("decode and sign make seals only")
        };
        claims
    }
}

/// A seal with the path of one entry: that entry is in the ledger.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The seal of the block whose tree it speaks of.
    pub seal: Seal,
    /// Number of entries in that tree. Not signed: held to the block statement at `size - 1`.
    pub size: u64,
    /// Index of the entry.
    pub index: u64,
    /// From leaf to root.
    pub path: Vec<Hash>,
}

impl Receipt {
    /// The RFC 9942 bytes: the seal with {396: {-1: [<<[size, index, path]>>]}}.
    pub fn encode(&self) -> Vec<u8> {
        let inclusion = Writer::with_capacity(40 + 34 * self.path.len());
        let inclusion = inclusion.array(3).uint(self.size).uint(self.index).hashes(&self.path);
        let proofs = Value::Array(vec![Value::Bytes(inclusion.finish())]);
        let vdp = Value::Map(vec![(Value::from(INCLUSION), proofs)]);
        self.seal.signed.encode(vec![(LABEL_VDP, vdp)])
    }

    /// The inverse of [`Receipt::encode`].
    ///
    /// # Errors
    /// The refusals of bytes and headers.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejected> {
        let (seal, unprotected) = Seal::decode_open(bytes)?;
        let shape =
            || Rejected::Header("a receipt holds {396: {-1: [one inclusion proof]}}".into());
        let [(Label::Int(LABEL_VDP), Value::Map(vdp))] = unprotected.as_slice() else {
            return Err(shape());
        };
        let [(label, Value::Array(proofs))] = vdp.as_slice() else { return Err(shape()) };
        let [Value::Bytes(inclusion)] = proofs.as_slice() else { return Err(shape()) };
        if *label != Value::from(INCLUSION) {
            return Err(shape());
        }
        cbor::check(inclusion, "inclusion proof")?;
        let mut reader = Reader::new(inclusion, "inclusion proof");
        reader.array_len(3)?;
        let (size, index) = (reader.uint()?, reader.uint()?);
        let path = reader.hashes(PATH_MAX)?;
        if path.is_empty() {
            return Err(reader.malformed("an empty path: RFC 9942 has one hash or more"));
        }
        reader.finish()?;
        Ok(Self { seal, size, index, path })
    }

    /// Root to which the path leads from an entry's leaf.
    ///
    /// # Errors
    /// [`Rejected::PathIndex`], [`Rejected::PathLength`].
    pub fn root(&self, leaf: Hash) -> Result<Hash, Rejected> {
        root_from_path("receipt", leaf, self.index, self.size, &self.path)
    }
}
