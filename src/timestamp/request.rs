//! What an authority is asked: `TimeStampReq`.

use der::Encode as _;
use ring::digest::{SHA256, digest};

use super::{Refused, Roots, Timestamp, open, token};

/// `version` 1, then `messageImprint` up to the digest: SHA-256, without a surprise.
const BEFORE_DIGEST: [u8; 22] = [
    0x02, 0x01, 0x01, // version
    0x30, 0x31, // messageImprint
    0x30, 0x0d, // hashAlgorithm
    0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, // id-sha256
    0x05, 0x00, // NULL
    0x04, 0x20, // hashedMessage
];
/// `certReq`: the token has to hold what verifies it, for ever.
const WITH_CERTIFICATES: [u8; 3] = [0x01, 0x01, 0xff];

/// A question, and what its answer has to fit.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    stamped: &'a [u8],
    nonce: u64,
}

impl<'a> Request<'a> {
    /// For a timestamp over these bytes; nobody can guess `nonce`, and it is used once.
    pub fn new(stamped: &'a [u8], nonce: u64) -> Self {
        Self { stamped, nonce }
    }

    /// As it is sent: the digest leaves, the bytes do not.
    pub fn to_der(&self) -> Vec<u8> {
        let digest = digest(&SHA256, self.stamped);
        let nonce = self.nonce.to_der().expect("a number has an encoding");
        let body = [&BEFORE_DIGEST, digest.as_ref(), &nonce, &WITH_CERTIFICATES].concat();
        let length = u8::try_from(body.len()).expect("it has 70 bytes or so");
        [&[0x30, length], body.as_slice()].concat()
    }

    /// Verifies the answer, and that it is the answer to this.
    ///
    /// # Errors
    /// [`Refused::Status`] where the authority says no, and all that [`super::verify`] has.
    pub fn verify(&self, reply: &[u8], roots: &Roots) -> Result<Timestamp, Refused> {
        let (timestamp, nonce) = open(token(reply)?, self.stamped, roots)?;
        let sent = self.nonce.to_der().expect("a number has an encoding");
        // After the tag and the length.
        if nonce != Some(&sent[2..]) {
            return Err(Refused::Nonce);
        }
        Ok(timestamp)
    }
}
