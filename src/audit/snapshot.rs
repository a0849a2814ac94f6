//! The audit's own state after a block, so that the next audit can go on there. Tree, map and head
//! are held to the ledger's signature over that block; that the registry, the nodes and the figures
//! are those of the audit is as true as the disk that they lie on.
//!
//! ```text
//! <state>/<ledger id>/fold-<n>/   registry, inners, leaves: only ever appended to
//! ```

use std::{collections::BTreeMap, path::Path};

use probant_core::{
    Hash, Identity, Statement,
    chain::{Chain, Head},
    key::{PublicKey, Use},
    status::Map,
    tree::Frontier,
};
use serde::{Deserialize, Serialize};

use super::{
    SignedHead, Tally, changes,
    fallen::{Fallen, Files},
    replay::Replay,
};
use crate::{
    Error,
    store::status_nodes::{LINK_BYTES, decode_link, encode_link},
};

const KINDS: [&str; 8] =
    ["block", "certify", "enroll", "genesis", "issuer", "key", "policy", "revoke"];

/// All but what is in files of its own; hashes and bytes in hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    /// Which of the directories `fold-<n>` it is in.
    pub generation: u64,
    /// When the audit was here.
    pub audited: String,
    /// Bytes of `heads` up to and including this block.
    pub heads_bytes: u64,
    head: String,
    statement: String,
    peaks: Vec<String>,
    map: String,
    inners: u64,
    leaves: u64,
    registry_bytes: u64,
    blocks: u64,
    bytes: u64,
    first_time_ms: u64,
    statements: BTreeMap<String, u64>,
}

impl Snapshot {
    /// Takes the state of a replay whose every folded block has passed, and makes its files durable;
    /// none for one that keeps none.
    ///
    /// # Errors
    /// Where the auditor's disk does not take it.
    pub fn take(
        replay: &mut Replay,
        tally: &Tally,
        (generation, heads_bytes): (u64, u64),
        audited: String,
    ) -> Result<Option<Self>, Error> {
        // What was folded and has not passed is not kept.
        if replay.chain().map(Chain::head) != tally.head.as_ref() {
            return Ok(None);
        }
        let Some(registry_bytes) = replay.sync()? else { return Ok(None) };
        let (Some(chain), Some(head)) = (replay.chain(), &tally.signed_head) else {
            return Ok(None);
        };
        let map = chain.status();
        let statements = tally.statements.iter().map(|(kind, count)| ((*kind).to_owned(), *count));
        Ok(Some(Self {
            generation,
            audited,
            heads_bytes,
            head: hex::encode(head.encode()),
            statement: hex::encode(&tally.statement),
            peaks: chain.frontier().peaks().iter().map(Hash::to_string).collect(),
            map: hex::encode(encode_link(map.root)),
            inners: map.inners,
            leaves: map.leaves,
            registry_bytes,
            blocks: tally.blocks,
            bytes: tally.bytes,
            first_time_ms: tally.first_time_ms,
            statements: statements.collect(),
        }))
    }

    /// Number of blocks before it and with it.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// The replay and its figures as they were then.
    ///
    /// # Errors
    /// `Stop` for what does not fit the ledger's signature, or itself.
    pub fn resume(
        &self,
        dir: &Path,
        identity: &Identity,
        since: Option<u64>,
    ) -> Result<(Replay, Tally), Error> {
        let damaged = |why: &str| {
            let dir = dir.display();
            Error::Stop(format!("{dir} cannot be resumed from: {why}: audit without --resume"))
        };
        let parts = self.parts(identity);
        let (head, signed, map, frontier) = parts.map_err(|why| damaged(&why))?;
        let registry = changes::registry(dir, self.registry_bytes)?;
        if registry.identity() != *identity {
            return Err(damaged("its registry is of another ledger"));
        }
        let first = head.size - self.last().map_err(|why| damaged(&why))?.1;
        if registry.ledger_key_at(Use::Seal, first).as_bytes() != &signed.key {
            return Err(damaged("its seal key is not the one in force there"));
        }
        let tally = self.tally(&head, signed).ok_or_else(|| damaged("a kind that there is not"))?;
        let files = Fallen::Files(Box::new(Files::open(dir, &map)?));
        let changes = changes::Changes::open(dir, self.registry_bytes)?;
        let chain = Chain::resume(registry, map, frontier, head);
        Ok((Replay::resume(chain, (files, changes), since), tally))
    }

    fn signed_head(&self) -> Option<SignedHead> {
        SignedHead::decode(&hex::decode(&self.head).ok()?)
    }

    /// The block statement, and how many entries its block has.
    fn last(&self) -> Result<(Statement, u64), String> {
        let bytes = hex::decode(&self.statement).map_err(|why| why.to_string())?;
        let statement = Statement::decode(&bytes).map_err(|why| why.to_string())?;
        let header = statement.as_block().ok_or("its last entry is no block statement")?;
        let entries = header.size.checked_sub(header.first).ok_or("its block is none")?;
        Ok((statement, entries))
    }

    /// What the ledger's signature answers for.
    fn parts(&self, identity: &Identity) -> Result<(Head, SignedHead, Map, Frontier), String> {
        let signed = self.signed_head().ok_or("its head is not one")?;
        signed.verify(identity).map_err(|why| why.to_string())?;
        let (statement, _) = self.last()?;
        let key = PublicKey::from_bytes(&signed.key).map_err(|why| why.to_string())?;
        statement.verify(&key).map_err(|why| why.to_string())?;
        let header = statement.as_block().expect("just looked at");
        let of_head = (signed.height, signed.size, signed.time_ms);
        if of_head != (header.height, header.size, header.time_ms)
            || signed.height.checked_add(1) != Some(self.blocks)
        {
            return Err("its head and its block statement are of different blocks".into());
        }
        let peaks: Option<Vec<_>> = self.peaks.iter().map(|peak| Hash::from_hex(peak)).collect();
        let peaks = peaks.ok_or("a hash that is none")?;
        let frontier = Frontier::read(signed.size, |nodes| {
            if nodes.len() == peaks.len() { Ok(peaks) } else { Err("its tree has another size") }
        })?;
        let link = hex::decode(&self.map).ok().filter(|link| link.len() == LINK_BYTES);
        let root = decode_link(&link.ok_or("the root of its map is no link")?);
        let map = Map { root, inners: self.inners, leaves: self.leaves };
        if frontier.root() != Some(signed.root) || map.root_hash() != header.status {
            return Err("tree or map are not those that the ledger signed".into());
        }
        let head = Head {
            ledger: identity.ledger,
            height: header.height,
            size: header.size,
            root: signed.root,
            statement: statement.leaf(),
            documents: header.documents,
            time_ms: header.time_ms,
        };
        Ok((head, signed, map, frontier))
    }

    fn tally(&self, head: &Head, signed: SignedHead) -> Option<Tally> {
        let kind = |name: &String| KINDS.into_iter().find(|kind| kind == name);
        let statements = self.statements.iter().map(|(name, count)| Some((kind(name)?, *count)));
        Some(Tally {
            blocks: self.blocks,
            entries: head.size,
            statements: statements.collect::<Option<_>>()?,
            bytes: self.bytes,
            first_time_ms: self.first_time_ms,
            head: Some(head.clone()),
            signed_head: Some(signed),
            statement: hex::decode(&self.statement).ok()?,
        })
    }
}
