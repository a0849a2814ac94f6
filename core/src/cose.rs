//! COSE_Sign1 as Probant speaks it: tag 18, deterministic, closed header sets (format.md 5).
//!
//! `coset` parses, and builds headers; this file decides what is allowed. It knows no kind of statement.

use coset::{
    CborSerializable as _, ContentType, CoseSign1, Header, HeaderBuilder, Label,
    TaggedCborSerializable as _, cbor::value::Value, iana,
};

use crate::{
    Hash, Rejected,
    cbor::{self, Reader, Writer},
    cose_key::{Algorithm, SigningHalf, VerifyingHalf},
    key::{Kid, PublicKey},
};

/// Unprotected label under which a list travels with its statement; "PRO" 1, private use.
pub const LABEL_LIST: i64 = -0x5052_4f01;
/// Unprotected label of the parts of a proof; "PRO" 2, private use.
pub const LABEL_PROOF: i64 = -0x5052_4f02;
/// RFC 9942: an array of receipts, each as a byte string.
pub(crate) const LABEL_RECEIPTS: i64 = 394;
/// RFC 9942: the proofs of a receipt.
pub(crate) const LABEL_VDP: i64 = 396;

/// Longest protected header: what is longer fits into no entry.
const PROTECTED_BYTES_MAX: usize = 65_535;
/// Most unprotected labels: a proof has its receipt and its parts.
const UNPROTECTED_MAX: usize = 2;
/// Label 1 and its values, -8 and -48, as CBOR.
const ALG: [u8; 1] = [0x01];
const EDDSA: &[u8] = &[0x27];
const ML_DSA_44: &[u8] = &[0x38, 0x2f];
const LABEL_CLAIMS: i64 = 15;
const LABEL_HASH_ALG: i64 = 258;
const LABEL_PREIMAGE_TYPE: i64 = 259;
const LABEL_VDS: i64 = 395;
const VDS_RFC9162_SHA256: i64 = 1;
const SHA_256: i64 = -16;
const CLAIM_ISS: i64 = 1;
const CLAIM_SUB: i64 = 2;
const CLAIM_AUD: i64 = 3;
const CLAIM_IAT: i64 = 6;

/// CWT claims (RFC 8392): who says it, about what, to whom, when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Claims {
    pub issuer: String,
    pub subject: String,
    pub audience: Option<String>,
    /// Seconds since 1970.
    pub issued_at_s: u64,
}

/// The four closed sets of protected headers; alg (1) and kid (4) are in all of them. alg is -8, but
/// in the possession of an ML-DSA-44 key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Headers {
    /// {1, 3, 4, 15}
    Statement { content_type: String, claims: Claims },
    /// {1, 4, 15, 258 = -16, 259}: an RFC 9995 hash envelope.
    HashEnvelope { claims: Claims, media_type: String },
    /// {1, 4, 15, 395 = 1}: an RFC 9942 seal or receipt.
    Seal { claims: Claims },
    /// {1, 3, 4}: the possession of a key, never an entry.
    Possession { content_type: String },
}

/// A COSE_Sign1 whose shape has been checked and whose signature has not.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub headers: Headers,
    pub kid: Kid,
    /// The header set as it was signed: a byte string, of which `headers` is what it says.
    protected: Vec<u8>,
    payload: Option<Vec<u8>>,
    signature: Vec<u8>,
}

impl Signed {
    /// Parses, checks the header set, and hands back the unprotected header for the caller to
    /// judge: it is not part of what was signed, and never stays.
    pub fn decode(
        bytes: &[u8],
        what: &'static str,
    ) -> Result<(Self, Vec<(Label, Value)>), Rejected> {
        Self::decode_by(Algorithm::EdDsa, bytes, what)
    }

    /// The same where it may be by another algorithm.
    pub fn decode_by(
        algorithm: Algorithm,
        bytes: &[u8],
        what: &'static str,
    ) -> Result<(Self, Vec<(Label, Value)>), Rejected> {
        cbor::check(bytes, what)?;
        let (protected, unprotected) = Reader::new(bytes, what).sign1()?;
        let (limit, value) = (PROTECTED_BYTES_MAX, protected.len());
        if value > limit {
            return Err(Rejected::TooLarge { what: "protected header", limit, value });
        }
        check_algorithm(algorithm, protected, what)?;
        if !Reader::new(unprotected, what).is_lean_map(UNPROTECTED_MAX)? {
            return Err(Rejected::Header(
                "the unprotected one has two labels at most, each with one byte string".into(),
            ));
        }
        // Only now, for coset takes 50 times the memory of what is made of many small items. The
        // shape is right: what it refuses is a label or the type of its value.
        let sign1 = CoseSign1::from_tagged_slice(bytes)
            .map_err(|error| Rejected::Header(error.to_string()))?;
        let CoseSign1 { protected, mut unprotected, payload, signature } = sign1;
        let bytes = protected.original_data.unwrap_or_default();
        let rest = std::mem::take(&mut unprotected.rest);
        if !unprotected.is_empty() {
            return Err(Rejected::Header(
                "a registered label stands in the unprotected one".into(),
            ));
        }
        let (headers, kid) = headers(protected.header)?;
        Ok((Self { headers, kid, protected: bytes, payload, signature }, rest))
    }

    /// Builds and signs, deterministically.
    pub fn sign(key: &(impl SigningHalf + ?Sized), headers: Headers, payload: Payload<'_>) -> Self {
        let public = key.cose_key();
        let kid = public.kid();
        let protected = headers.to_cose(public.algorithm(), kid).to_vec();
        let protected = protected.expect("own headers encode");
        let sign = |message: &[u8]| key.signature(&to_be_signed(&protected, message));
        let (signature, payload) = match payload {
            Payload::Inline(bytes) => (sign(&bytes), Some(bytes)),
            Payload::Detached(bytes) => (sign(bytes), None),
        };
        Self { headers, kid, protected, payload, signature }
    }

    /// The bytes, with `unprotected` as the unprotected header, its labels given in ascending
    /// order of their encoding.
    pub fn encode(&self, unprotected: Vec<(i64, Value)>) -> Vec<u8> {
        let unprotected = unprotected.into_iter().map(|(label, value)| (label.into(), value));
        let payload = self.payload.as_deref();
        let bytes = self.protected.len() + payload.map_or(0, <[u8]>::len) + 96;
        let writer = Writer::with_capacity(bytes).sign1().array(4).bytes(&self.protected);
        let writer = writer.value(&Value::Map(unprotected.collect()));
        let writer = match payload {
            Some(payload) => writer.bytes(payload),
            None => writer.null(),
        };
        writer.bytes(&self.signature).finish()
    }

    /// The payload, where it is inside.
    pub fn payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// Checks the signature over the payload inside.
    pub fn verify(&self, what: &'static str, key: &impl VerifyingHalf) -> Result<(), Rejected> {
        let payload = self.payload().ok_or(Rejected::Signature(what))?;
        key.check(what, &to_be_signed(&self.protected, payload), &self.signature)
    }

    /// Checks the signature over a payload that is not inside.
    pub fn verify_detached(
        &self,
        what: &'static str,
        key: &PublicKey,
        payload: &[u8],
    ) -> Result<(), Rejected> {
        key.verify(what, &to_be_signed(&self.protected, payload), &self.signature)
    }
}

/// The `Sig_structure` of RFC 9052 section 4.4, without external data.
fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let writer = Writer::with_capacity(protected.len() + payload.len() + 32).array(4);
    writer.text("Signature1").bytes(protected).bytes(&[]).bytes(payload).finish()
}

/// Where the signed bytes stand.
pub(crate) enum Payload<'a> {
    Inline(Vec<u8>),
    Detached(&'a [u8]),
}

impl Headers {
    fn to_cose(&self, algorithm: Algorithm, kid: Kid) -> Header {
        let algorithm = match algorithm {
            Algorithm::EdDsa => iana::Algorithm::EdDSA,
            Algorithm::MlDsa44 => iana::Algorithm::ML_DSA_44,
        };
        let builder = HeaderBuilder::new().algorithm(algorithm).key_id(kid.0.to_vec());
        let claims = |claims: &Claims| claims.to_value();
        match self {
            Self::Statement { content_type, claims: c } => {
                builder.content_type(content_type.clone()).value(LABEL_CLAIMS, claims(c)).build()
            }
            Self::HashEnvelope { claims: c, media_type } => builder
                .value(LABEL_CLAIMS, claims(c))
                .value(LABEL_HASH_ALG, SHA_256.into())
                .value(LABEL_PREIMAGE_TYPE, media_type.as_str().into())
                .build(),
            Self::Seal { claims: c } => builder
                .value(LABEL_CLAIMS, claims(c))
                .value(LABEL_VDS, VDS_RFC9162_SHA256.into())
                .build(),
            Self::Possession { content_type } => builder.content_type(content_type.clone()).build(),
        }
    }
}

impl Claims {
    fn to_value(&self) -> Value {
        let mut claims: Vec<(Value, Value)> = vec![
            (CLAIM_ISS.into(), self.issuer.as_str().into()),
            (CLAIM_SUB.into(), self.subject.as_str().into()),
        ];
        claims.extend(self.audience.as_deref().map(|aud| (CLAIM_AUD.into(), aud.into())));
        claims.push((CLAIM_IAT.into(), self.issued_at_s.into()));
        Value::Map(claims)
    }

    fn from_value(value: &Value) -> Option<Self> {
        let map = value.as_map()?;
        let label = |at: usize| i64::try_from(map.get(at)?.0.as_integer()?).ok();
        let text = |at: usize| Some(map.get(at)?.1.as_text()?.to_owned());
        let has_audience = map.len() == 4;
        let iat = map.len().checked_sub(1)?;
        let closed = label(0)? == CLAIM_ISS
            && label(1)? == CLAIM_SUB
            && (!has_audience || label(2)? == CLAIM_AUD)
            && label(iat)? == CLAIM_IAT
            && (3..=4).contains(&map.len());
        closed.then_some(Self {
            issuer: text(0)?,
            subject: text(1)?,
            audience: if has_audience { Some(text(2)?) } else { None },
            issued_at_s: map[iat].1.as_integer()?.try_into().ok()?,
        })
    }
}

/// Before anything else is sought in a protected header: coset reads registered algorithms only.
fn check_algorithm(
    expected: Algorithm,
    protected: &[u8],
    what: &'static str,
) -> Result<(), Rejected> {
    let expected = match expected {
        Algorithm::EdDsa => EDDSA,
        Algorithm::MlDsa44 => ML_DSA_44,
    };
    cbor::check(protected, what)?;
    let mut reader = Reader::new(protected, what);
    for _ in 0..reader.map()? {
        let (label, value) = (reader.item()?, reader.item()?);
        if label == ALG {
            return match value {
                found if found == expected => Ok(()),
                [0..0x40 | 0x60..0x80, ..] => Err(Rejected::Algorithm(hex::encode(value))),
                _ => break,
            };
        }
    }
    Err(Rejected::Header("alg (1) is missing, or neither number nor text".into()))
}

/// Which of the closed sets this is, alg apart; anything else is refused.
fn headers(header: Header) -> Result<(Headers, Kid), Rejected> {
    let refuse = |why: &str| Rejected::Header(why.to_owned());
    let Header { crit, content_type, key_id, iv, partial_iv, counter_signatures, rest, .. } =
        header;
    let kid = key_id.as_slice().try_into().map(Hash);
    let kid = kid.map_err(|_| refuse("kid (4) must be a 32-byte thumbprint"))?;
    let others = crit.len() + iv.len() + partial_iv.len() + counter_signatures.len();
    if others > 0 {
        return Err(refuse("crit (2), iv (5, 6) and countersignatures (7) are not allowed"));
    }
    let content_type = match content_type {
        Some(ContentType::Text(text)) => Some(text),
        Some(ContentType::Assigned(_)) => return Err(refuse("content type (3) must be text")),
        None => None,
    };
    let rest: Vec<(i64, &Value)> = rest
        .iter()
        .map(|(label, value)| match label {
            Label::Int(label) => Ok((*label, value)),
            Label::Text(_) => Err(refuse("labels are numbers")),
        })
        .collect::<Result<_, _>>()?;
    let claims = |value| {
        Claims::from_value(value)
            .ok_or_else(|| refuse("claims (15) are {1: iss, 2: sub, 3: aud, 6: iat}"))
    };
    let has_content_type = content_type.is_some();
    let headers = match (content_type, rest.as_slice()) {
        (Some(content_type), []) => Headers::Possession { content_type },
        (Some(content_type), [(LABEL_CLAIMS, c)]) => {
            Headers::Statement { content_type, claims: claims(c)? }
        }
        (None, [(LABEL_CLAIMS, c), (LABEL_HASH_ALG, alg), (LABEL_PREIMAGE_TYPE, media)])
            if **alg == Value::from(SHA_256) =>
        {
            let media = media.as_text().ok_or_else(|| refuse("259 must be text"))?;
            Headers::HashEnvelope { claims: claims(c)?, media_type: media.to_owned() }
        }
        (None, [(LABEL_CLAIMS, c), (LABEL_VDS, vds)])
            if **vds == Value::from(VDS_RFC9162_SHA256) =>
        {
            Headers::Seal { claims: claims(c)? }
        }
        _ => {
            let mut labels: Vec<_> = rest.iter().map(|(label, _)| label.to_string()).collect();
            labels.extend(has_content_type.then(|| "3".to_owned()));
            return Err(Rejected::Header(format!(
                "1, 4 and {} are not {{3, 15}}, {{15, 258 = -16, 259}} or {{15, 395 = 1}}",
                labels.join(", ")
            )));
        }
    };
    Ok((headers, kid))
}
