//! Lineage: the few entries that lead from genesis to a key, as proofs carry them (format.md 11.3).
//! From them alone follow who a key belongs to and which of the ledger's own keys was in force when.
//! What became of keys since, they do not tell: that is in the map of [`crate::status`].

use std::collections::BTreeSet;

use crate::{
    Identity, Rejected,
    cbor::{self, Reader, Writer},
    key::{Kid, Use},
    statement::{Body, Statement},
};

use super::Registry;

/// Most entries of one lineage.
pub(crate) const LINEAGE_COUNT_MAX: usize = 1024;

impl Registry {
    /// The entries that lead from genesis to a key, in order: what a proof carries of the registry,
    /// with the replacements of the ledger's own keys up to `size`.
    pub fn lineage(&self, kid: &Kid, size: u64) -> Vec<u64> {
        let mut entries = BTreeSet::from([0]);
        let mut next = self.signers.get(kid);
        while let Some(signer) = next.filter(|signer| signer.r#use == Use::Issuer) {
            entries.extend([signer.added.entry, signer.enrollment]);
            next = self.signers.get(&signer.added.by);
        }
        for r#use in Use::LEDGER_ALL {
            entries.extend(self.own_entries(r#use));
        }
        entries.into_iter().filter(|entry| *entry < size).collect()
    }

    /// The registry that a lineage makes, of the ledger that is trusted; each entry with its index.
    ///
    /// # Errors
    /// [`Rejected::Proof`] and [`Rejected::Ledger`]; the refusals of keys, possessions and
    /// signatures.
    pub fn from_lineage(
        identity: &Identity,
        entries: &[(u64, &Statement)],
    ) -> Result<Self, Rejected> {
        let ordered = entries.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let Some((0, genesis)) = entries.first().filter(|_| ordered) else {
            let why = "genesis is entry 0, and indexes ascend".into();
            return Err(Rejected::Proof { what: "registry", why });
        };
        if genesis.leaf() != identity.ledger.0 {
            let (found, expected) = (genesis.leaf().to_string(), identity.ledger.to_string());
            return Err(Rejected::Ledger { found, expected });
        }
        let mut registry = Self::found(genesis, 0)?;
        if *registry.origin() != identity.origin {
            let (found, expected) = (genesis.issuer().into(), identity.origin.to_string());
            return Err(Rejected::Ledger { found, expected });
        }
        for (entry, statement) in &entries[1..] {
            registry.follow(statement, *entry)?;
        }
        Ok(registry)
    }

    /// Takes an entry of a proof that leads to a key: an enrollment, an addition or a replacement,
    /// in the order of the ledger. Of what became of keys a proof does not tell here.
    ///
    /// # Errors
    /// The refusals of keys, possessions and signatures; [`Rejected::Proof`] for another kind.
    fn follow(&mut self, statement: &Statement, entry: u64) -> Result<(), Rejected> {
        let by = self.speaker(statement)?;
        statement.verify(&by.key)?;
        match statement.body() {
            // All but its sequence number, which counts what the proof leaves out.
            Body::Enroll(enroll) => {
                self.check_reserved(&enroll.id)?;
                self.check_new(enroll.key.kid())?;
                enroll.check_possession(self.ledger)?;
            }
            Body::Key(about) if about.act.held().is_some() => self.check_key(about, by, 0)?,
            body => {
                let why = format!("a statement of kind {} brings no key", body.kind());
                return Err(Rejected::Proof { what: "registry", why });
            }
        }
        self.apply(statement, entry, 0);
        self.end_block(0);
        Ok(())
    }
}

/// A lineage as bytes: CBOR `[[entry, index], …]`.
pub fn write_lineage(entries: &[(u64, &Statement)]) -> Vec<u8> {
    let writer = Writer::default().array(entries.len());
    let write = |writer: Writer, (index, statement): &(u64, &Statement)| {
        writer.array(2).bytes(statement.entry()).uint(*index)
    };
    entries.iter().fold(writer, write).finish()
}

/// The inverse of [`write_lineage`], of which nothing has been verified.
///
/// # Errors
/// The refusals of bytes and headers.
pub fn read_lineage(bytes: &[u8]) -> Result<Vec<(u64, Statement)>, Rejected> {
    cbor::check(bytes, "lineage")?;
    let mut reader = Reader::new(bytes, "lineage");
    let count = reader.array()?;
    if count > LINEAGE_COUNT_MAX {
        return Err(reader.malformed("1,024 entries at most"));
    }
    let read = |_| {
        reader.array_len(2)?;
        let statement = Statement::decode(reader.bytes()?)?;
        Ok((reader.uint()?, statement))
    };
    (0..count).map(read).collect()
}
