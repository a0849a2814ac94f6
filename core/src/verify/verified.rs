//! What a proof says once it has been verified. How it comes about is in the steps of
//! [`super::Verifier`].

use crate::{
    Fingerprint, Identity, Rejected,
    checkpoint::Checkpoint,
    key::Kid,
    proof::Attested,
    statement::{BlockStatement, IssuerRecord},
    status::{Account, IssuerStatus, KeyStatus, Standing},
    trust_policy::{Judged, TrustPolicy},
    verifier_key::VerifierKey,
};

/// A document that was certified: by whom, when, in which block, and whether that stood as of the
/// proof's head. Only [`Verifier::verify`](super::Verifier::verify) makes it.
#[derive(Clone, Debug)]
pub struct Verified {
    pub(super) fingerprint: Fingerprint,
    pub(super) identity: Identity,
    pub(super) issuer: String,
    pub(super) record: IssuerRecord,
    pub(super) media_type: &'static str,
    pub(super) entry: u64,
    pub(super) list_count: u64,
    pub(super) sealed: BlockStatement,
    pub(super) head: BlockStatement,
    pub(super) kid: Kid,
    pub(super) account: Account,
    pub(super) standing: Standing,
    pub(super) signed_head: Box<SignedHead>,
}

/// The head as a checkpoint, and what the proof carries of others on it.
#[derive(Clone, Debug)]
pub(super) struct SignedHead {
    pub(super) checkpoint: Checkpoint,
    pub(super) note_key: VerifierKey,
    pub(super) ml_dsa_note_key: Option<VerifierKey>,
    pub(super) ml_dsa: bool,
    pub(super) attested: Attested,
}

impl Verified {
    /// The document.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The ledger that says so.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The issuer's id.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Who the issuer is, in the words of the ledger's operator.
    pub fn record(&self) -> &IssuerRecord {
        &self.record
    }

    /// What kind of document the issuer said it is.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// Index of the certifying entry.
    pub fn entry(&self) -> u64 {
        self.entry
    }

    /// Documents certified by the same statement, this one included.
    pub fn list_count(&self) -> u64 {
        self.list_count
    }

    /// The block that sealed it; its `time_ms` is the time of certification.
    pub fn sealed(&self) -> &BlockStatement {
        &self.sealed
    }

    /// The newest block that the proof knows; its `time_ms` is how fresh the proof is.
    pub fn head(&self) -> &BlockStatement {
        &self.head
    }

    /// Whether the certification stood as of the head: whoever relies on it asks this first.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether its issuer was ever suspended, and whether it is: what was sealed before stands.
    pub fn issuer_status(&self) -> Option<&IssuerStatus> {
        self.account.issuer.as_ref()
    }

    /// The key that signed it.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// What became of that key.
    pub fn key_status(&self) -> Option<&KeyStatus> {
        self.account.key.as_ref()
    }

    /// Size and root of the tree at the head. Its [`Checkpoint::text`] is what witnesses sign and,
    /// byte for byte, what each of [`Verified::timestamps`] has to be over.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.signed_head.checkpoint
    }

    /// The key that signs checkpoints at the head.
    pub fn note_key(&self) -> &VerifierKey {
        &self.signed_head.note_key
    }

    /// The key that signs them with ML-DSA-44, if the ledger had one by then.
    pub fn ml_dsa_note_key(&self) -> Option<&VerifierKey> {
        self.signed_head.ml_dsa_note_key.as_ref()
    }

    /// Whether the proof carries a signature of that key on its head: one that holds where those of
    /// Ed25519 have come to be forged, for whoever knows the key from elsewhere.
    pub fn is_signed_by_ml_dsa(&self) -> bool {
        self.signed_head.ml_dsa
    }

    /// The note of that checkpoint, if the proof carries it. The ledger signed it; of other lines
    /// nothing was verified: [`Verified::judge`].
    pub fn note(&self) -> Option<&str> {
        self.signed_head.attested.checkpoint.as_deref()
    }

    /// The RFC 3161 tokens that the proof carries, as they came: nothing of them was verified.
    pub fn timestamps(&self) -> &[Vec<u8>] {
        &self.signed_head.attested.timestamps
    }

    /// What the signatures that the proof carries on its head are worth by a policy; `None` where it
    /// carries no checkpoint, which is enough only for a policy that wants none
    /// ([`TrustPolicy::wants_checkpoint`]).
    ///
    /// # Errors
    /// Those of [`TrustPolicy::judge`].
    pub fn judge<'p>(&self, policy: &'p TrustPolicy) -> Result<Option<Judged<'p>>, Rejected> {
        self.note().map(|note| policy.judge(note, Some(self.note_key()))).transpose()
    }
}
