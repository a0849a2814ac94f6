//! Possession: whoever lists or adds a key shows that its private half agrees (format.md 5.3).

use crate::{
    Rejected,
    cbor::{Reader, Writer},
    cose::{Headers, Payload, Signed},
    cose_key::{CoseKey, SigningHalf},
    key::{Kid, Use},
};

use super::content_type;

const KIND: &str = "possession";

fn payload(kid: Kid, r#use: Use, owner: &str, seq: u64, scope: &[u8; 32]) -> Vec<u8> {
    let writer = Writer::default().map(5).uint(1).bytes(&kid.0);
    let writer = writer.uint(2).text(r#use.name()).uint(3).text(owner);
    writer.uint(4).uint(seq).uint(5).bytes(scope).finish()
}

/// Signs that `key` is held, for this use, owner and sequence number, on the ledger whose id is
/// `scope` (in genesis, which has no id yet: its random bytes).
pub fn prove_possession(
    key: &(impl SigningHalf + ?Sized),
    r#use: Use,
    owner: &str,
    seq: u64,
    scope: &[u8; 32],
) -> Vec<u8> {
    let headers = Headers::Possession { content_type: content_type(KIND) };
    let payload = payload(key.cose_key().kid(), r#use, owner, seq, scope);
    Signed::sign(key, headers, Payload::Inline(payload)).encode(Vec::new())
}

/// The inverse of [`prove_possession`].
pub(crate) fn check_possession(
    bytes: &[u8],
    key: &CoseKey,
    r#use: Use,
    owner: &str,
    seq: u64,
    scope: &[u8; 32],
) -> Result<(), Rejected> {
    let kid = key.kid();
    let refuse = |why| Rejected::Possession { kid: kid.to_string(), why };
    let headers = "its headers are not those of a possession";
    let decoded = Signed::decode_by(key.algorithm(), bytes, KIND);
    let (signed, unprotected) = decoded.map_err(|rejected| match rejected {
        Rejected::Header(_) => refuse(headers),
        other => other,
    })?;
    let expected = Headers::Possession { content_type: content_type(KIND) };
    if signed.headers != expected || !unprotected.is_empty() {
        return Err(refuse(headers));
    }
    if signed.kid != kid {
        return Err(refuse("it is by another key"));
    }
    if signed.payload() != Some(&payload(kid, r#use, owner, seq, scope)) {
        return Err(refuse("it is for another use, owner, sequence number or ledger"));
    }
    signed.verify(KIND, key)
}

/// A key as payloads list it: the COSE_Key, then its possession.
pub(crate) fn write_key(writer: Writer, key: &CoseKey, possession: &[u8]) -> Writer {
    writer.raw(&key.to_cose()).bytes(possession)
}

/// The inverse of [`write_key`], of a key for this use.
pub(crate) fn read_key(
    reader: &mut Reader<'_>,
    r#use: Use,
) -> Result<(CoseKey, Vec<u8>), Rejected> {
    Ok((CoseKey::read(reader, r#use)?, reader.bytes()?.to_vec()))
}
