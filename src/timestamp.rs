//! Timestamps (RFC 3161, RFC 5816): what an authority is asked, and what its answer has to be to be
//! believed, offline, by whoever trusts a root certificate of theirs.
//!
//! How an authority is reached, and what is stamped, is not here: see [`crate::anchor`]. Whether a
//! certificate was revoked is not asked: nothing is fetched.
//!
//! A token is refused unless all of this holds: it is CMS `SignedData` in DER, of one signer, over a
//! `TSTInfo` whose imprint is the SHA-256 of the bytes; the signed attributes name its type, its
//! digest, and the certificate of the signer; that certificate has the one critical purpose
//! timeStamping, and leads to a root that was given, each certificate being valid at the time that
//! the token states; the signature is RSA (PKCS #1 v1.5 or PSS, from 2,048 bits) or ECDSA (P-256,
//! P-384), with SHA-256, SHA-384 or, for RSA, SHA-512.

mod attributes;
mod certificate;
mod chain;
mod der;
mod info;
mod refused;
mod reply;
mod request;
mod signed;

use ring::digest::{SHA256, digest};

use info::Info;
use signed::Signed;

pub use chain::{ROOTS_BYTES_MAX, Roots};
pub use refused::Refused;
pub use reply::token;
pub use request::Request;

/// Longest token or reply that is read: a few certificates are a few thousand bytes.
pub const REPLY_BYTES_MAX: usize = 64 << 10;

/// What an authority states, once it is verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timestamp {
    /// When, in milliseconds since 1970, by the authority's clock.
    pub time_ms: u64,
    /// By how much that clock may be wrong, in milliseconds, as the authority states; 0 where it
    /// does not.
    pub accuracy_ms: u64,
    /// Who: the subject of the certificate that signed, for people to read.
    pub authority: String,
    /// The policy that it was given under: an object identifier.
    pub policy: String,
    /// The authority's number for it, in hex.
    pub serial: String,
}

impl Timestamp {
    /// The stamped bytes existed no later than this, in milliseconds since 1970.
    pub fn no_later_than_ms(&self) -> u64 {
        self.time_ms.saturating_add(self.accuracy_ms)
    }
}

/// Verifies a token, or a whole reply, over `stamped`.
///
/// # Errors
/// [`Refused`] says which condition does not hold.
pub fn verify(file: &[u8], stamped: &[u8], roots: &Roots) -> Result<Timestamp, Refused> {
    open(token(file)?, stamped, roots).map(|(timestamp, _)| timestamp)
}

/// With the nonce, as the token has it: the contents of an INTEGER.
fn open<'a>(
    token: &'a [u8],
    stamped: &[u8],
    roots: &Roots,
) -> Result<(Timestamp, Option<&'a [u8]>), Refused> {
    let signed = Signed::decode(token)?;
    let info = Info::decode(signed.info)?;
    if info.imprint != digest(&SHA256, stamped).as_ref() {
        return Err(Refused::Imprint);
    }
    let signer = signed.signer()?;
    signed.verify(&signer, info.time_ms, roots)?;
    info.check_authority(&signer)?;
    let Info { time_ms, accuracy_ms, nonce, .. } = info;
    let authority = signer.subject_text();
    let (policy, serial) = (info.policy.to_string(), hex::encode(info.serial));
    Ok((Timestamp { time_ms, accuracy_ms, authority, policy, serial }, nonce))
}
