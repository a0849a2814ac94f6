//! A signed head: what the seal of one block says of all entries up to it. Two of one ledger at one
//! height with different roots are two histories, and anybody who has them can check that.

use probant_core::{Hash, Identity, Rejected, key::PublicKey, seal::Seal};
use serde::Serialize;

use crate::clock::utc;

/// Bytes before the seal: height, size and time, root and key.
const FIXED_BYTES: usize = 3 * 8 + 2 * 32;

/// A head, and the ledger's signature over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// Number of the block, from 0.
    pub height: u64,
    /// Entries in the tree.
    pub size: u64,
    /// When it was sealed.
    pub time_ms: u64,
    /// Root of the tree: what the seal signs.
    pub root: Hash,
    /// The seal key that was in force, 32 bytes of RFC 8032.
    pub key: [u8; 32],
    /// The seal as it stands in the block: COSE_Sign1 over the detached root.
    pub seal: Vec<u8>,
}

/// A signed head as reports and evidence show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeadReport {
    /// Number of the block, from 0.
    pub height: u64,
    /// Entries in the tree.
    pub size: u64,
    /// When it was sealed.
    pub sealed: String,
    /// Root of the tree, in hex: the detached payload of the seal.
    pub root: String,
    /// The seal key, 32 bytes in hex.
    pub seal_key: String,
    /// The seal, COSE_Sign1 in hex (docs/format.md 8.1).
    pub seal: String,
}

impl SignedHead {
    /// Checks that the ledger of this name signed it with the key that it names. Whether that was
    /// the ledger's key, the replay of the day answered for.
    ///
    /// # Errors
    /// The refusals of seals; [`Rejected::Chain`] for a seal of another height.
    pub fn verify(&self, identity: &Identity) -> Result<(), Rejected> {
        let (seal, key) = (Seal::decode(&self.seal)?, PublicKey::from_bytes(&self.key)?);
        if seal.height() != self.height {
            let (found, expected) = (seal.height().to_string(), self.height.to_string());
            return Err(Rejected::Chain { what: "height of the seal", found, expected });
        }
        seal.verify(&key, &identity.origin, self.time_ms, self.root)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FIXED_BYTES + self.seal.len());
        for number in [self.height, self.size, self.time_ms] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.root.0);
        bytes.extend_from_slice(&self.key);
        bytes.extend_from_slice(&self.seal);
        bytes
    }

    /// The inverse of [`Self::encode`]; none for what is too short.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (fixed, seal) = bytes.split_at_checked(FIXED_BYTES)?;
        let number = |at: usize| {
            let bytes = fixed[8 * at..][..8].try_into().expect("eight bytes");
            u64::from_le_bytes(bytes)
        };
        let hash = |at: usize| -> [u8; 32] { fixed[at..][..32].try_into().expect("32 bytes") };
        let (height, size, time_ms) = (number(0), number(1), number(2));
        let (root, key) = (Hash(hash(24)), hash(56));
        Some(Self { height, size, time_ms, root, key, seal: seal.to_vec() })
    }

    pub(crate) fn report(&self) -> HeadReport {
        HeadReport {
            height: self.height,
            size: self.size,
            sealed: utc(self.time_ms),
            root: self.root.to_string(),
            seal_key: hex::encode(self.key),
            seal: hex::encode(&self.seal),
        }
    }
}
