//! The ledger that all vectors are of: fixed keys, fixed times, sealed by hand and without rules,
//! so that it can also be made to hold what no ledger may.

use std::sync::LazyLock;

use probant_core::{
    Fingerprint, Fingerprints, Hash, Identity, LedgerId, List, Statement,
    block::Block,
    key::{SigningKey, Use},
    list::Batch,
    proof::{Attested, DocumentPath, Proof, ProvenEntry},
    seal::{Receipt, Seal},
    statement::{BlockStatement, Body, Certify, Enroll, Genesis, IssuerRecord, LedgerKey, Policy},
    status::{Found, StatusPath},
    tree,
};

use crate::raw::{Sign1, bytes, claims, int, text};

pub const TIME_S: i64 = 1_790_000_000;
pub const TIME_MS: u64 = 1_790_000_000_000;
pub const ORIGIN: &str = "ledger.example/fr";
pub const ISSUER: &str = "energie.example";
pub const OTHER: &str = "telecom.example";
pub const PDF: &str = "application/pdf";

/// The keys of every vector: the seed is 32 times this byte.
pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}
pub const SEAL: u8 = 1;
pub const NOTE: u8 = 2;
pub const OPERATOR: u8 = 3;
pub const RECOVERY: u8 = 4;
pub const ISSUER_KEY: u8 = 9;
pub const OTHER_KEY: u8 = 10;
/// More keys of the first issuer.
pub const SECOND: u8 = 11;
pub const THIRD: u8 = 12;
/// Keys of an issuer that the operator enrolls later.
pub const GAS: &str = "gaz.example";
pub const GAS_KEY: u8 = 13;
pub const GAS_SECOND: u8 = 14;
/// What replaces the ledger's own keys.
pub const NEW_SEAL: u8 = 21;
pub const NEW_NOTE: u8 = 22;
pub const NEW_OPERATOR: u8 = 23;
pub const NEW_RECOVERY: u8 = 24;
pub const STRANGER: u8 = 77;

pub type Entry = (Statement, Option<List>);

#[derive(Clone)]
pub struct Ledger {
    pub origin: String,
    pub id: LedgerId,
    pub blocks: Vec<Block>,
    /// The key that seals the next block.
    pub sealer: u8,
}

/// The document whose bytes are `facture <number>`.
pub fn document(number: u32) -> Fingerprints {
    Fingerprints::of(format!("facture {number}").as_bytes())
}

/// The first so many documents by BLAKE3.
pub fn list(count: u32) -> List {
    List::new((1..=count).map(|number| document(number).blake3).collect()).unwrap()
}

/// Entries 0 and 1 genesis; 2 to 4 two issuers; 5 to 8 a batch of 40, a single document, a hash
/// envelope; 9 a heartbeat; 10 and 11 a batch of 1000.
pub static LEDGER: LazyLock<Ledger> = LazyLock::new(|| {
    let mut ledger = Ledger::new(ORIGIN, 65_536);
    ledger.seal(vec![ledger.enroll(ISSUER, ISSUER_KEY), ledger.enroll(OTHER, OTHER_KEY)]);
    let envelope = (Statement::decode(&ledger.envelope().sign(&key(ISSUER_KEY))).unwrap(), None);
    ledger.seal(vec![ledger.certify(&list(40)), ledger.certify(&list(1)), envelope]);
    ledger.seal(vec![]);
    ledger.seal(vec![ledger.certify(&list(1000))]);
    ledger
});
pub const BATCH_OF_40: u64 = 5;
pub const SINGLE: u64 = 6;
pub const ENVELOPE: u64 = 7;
pub const BATCH_OF_1000: u64 = 10;

impl Ledger {
    pub fn new(origin: &str, list_count_max: u64) -> Self {
        let entry = (Self::genesis(origin, list_count_max, TIME_S as u64), None);
        let id = LedgerId(entry.0.leaf());
        let mut ledger = Self { origin: origin.into(), id, blocks: Vec::new(), sealer: SEAL };
        ledger.seal(vec![entry]);
        ledger
    }

    pub fn genesis(origin: &str, list_count_max: u64, iat_s: u64) -> Statement {
        let random = [42; 32];
        let keys = Use::LEDGER.into_iter().zip([SEAL, NOTE, OPERATOR, RECOVERY]);
        let listed = keys.map(|(r#use, seed)| LedgerKey::prove(&key(seed), r#use, origin, &random));
        let policy = Policy { list_count_max };
        let body = Body::Genesis(Genesis { random, keys: listed.collect(), policy });
        Statement::sign(&key(OPERATOR), origin, None, iat_s, body)
    }

    /// What the operator says of an issuer; only the possession and the signature are missing.
    pub fn enrollment(&self, id: &str, seed: u8) -> Enroll {
        let record = IssuerRecord {
            legal_name: "Énergie du Ponant".into(),
            country: "FR".into(),
            registration: "123456789".into(),
        };
        let id = id.parse().unwrap();
        let possession = self.possession(seed, "issuer", &id, 1).sign(&key(seed));
        Enroll { seq: 1, id, record, key: key(seed).public().clone(), possession }
    }

    pub fn enroll(&self, id: &str, seed: u8) -> Entry {
        (self.sign(OPERATOR, &self.origin, Body::Enroll(self.enrollment(id, seed))), None)
    }

    pub fn possession(&self, seed: u8, r#use: &str, owner: &impl ToString, seq: i64) -> Sign1 {
        let parts = [
            bytes(&key(seed).public().kid().0),
            text(r#use),
            text(&owner.to_string()),
            int(seq),
            bytes(&self.id.0.0),
        ];
        Sign1::new(&key(seed), crate::raw::payload(&parts)).with(3, text(&content("possession")))
    }

    pub fn certify(&self, list: &List) -> Entry {
        let body = Body::Certify(Certify::new(list, PDF).unwrap());
        (self.sign(ISSUER_KEY, ISSUER, body), Some(list.clone()))
    }

    /// Document 7 by SHA-256, as a SCITT client certifies it.
    pub fn envelope(&self) -> Sign1 {
        let document = document(7).sha256;
        let aud = self.id.audience();
        Sign1::new(&key(ISSUER_KEY), document.digest().to_vec())
            .with(15, claims(ISSUER, &document.to_string(), Some(&aud), TIME_S))
            .with(258, int(-16))
            .with(259, text(PDF))
    }

    pub fn sign(&self, seed: u8, issuer: &str, body: Body) -> Statement {
        Statement::sign(&key(seed), issuer, Some(self.id), TIME_S as u64, body)
    }

    /// A statement by hand.
    pub fn say(&self, kind: &str, seed: u8, iss: &str, sub: &str, payload: &[u8]) -> Sign1 {
        let claims = claims(iss, sub, Some(&self.id.audience()), TIME_S);
        Sign1::new(&key(seed), payload.to_vec()).with(3, text(&content(kind))).with(15, claims)
    }

    pub fn identity(&self) -> Identity {
        Identity { origin: self.origin.parse().unwrap(), ledger: self.id }
    }

    pub fn entry(&self, index: u64) -> &Statement {
        self.blocks.iter().flat_map(|block| &block.entries).nth(index as usize).unwrap()
    }

    /// The block statement that the chain demands after these entries, if they fell nothing.
    pub fn header(&self, entries: &[Entry]) -> BlockStatement {
        let last = self.blocks.last();
        let size = self.blocks.iter().map(|block| block.entries.len() as u64).sum();
        let documents: u64 = entries.iter().map(|(entry, _)| entry.documents()).sum();
        BlockStatement {
            height: self.blocks.len() as u64,
            previous: last.map_or(self.id.0, |block| block.statement().leaf()),
            first: size,
            size: size + entries.len() as u64 + 1,
            documents: last.map_or(0, |block| block.header().documents) + documents,
            time_ms: TIME_MS + 100 * self.blocks.len() as u64,
            status: last.map_or(Hash::ZERO, |block| block.header().status),
        }
    }

    pub fn block(&self, header: BlockStatement, entries: Vec<Entry>) -> Block {
        let iat_s = header.time_ms / 1000;
        let (origin, body) = (&self.origin, Body::Block(header));
        let statement = Statement::sign(&key(self.sealer), origin, Some(self.id), iat_s, body);
        self.block_with(statement, entries)
    }

    /// A block that ends with this statement, sealed by what it says.
    pub fn block_with(&self, statement: Statement, entries: Vec<Entry>) -> Block {
        let header = statement.as_block().unwrap().clone();
        let (mut entries, mut lists): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        entries.push(statement);
        lists.push(None);
        let before = self.blocks.iter().flat_map(|block| &block.entries);
        let root = tree::root(before.chain(&entries).map(Statement::leaf).collect()).unwrap();
        let origin = self.origin.parse().unwrap();
        let seal = Seal::sign(&key(self.sealer), &origin, header.height, header.time_ms, root);
        Block { seal, entries, lists }
    }

    pub fn seal(&mut self, entries: Vec<Entry>) {
        let block = self.block(self.header(&entries), entries);
        self.blocks.push(block);
    }

    /// The ledger as it was after block `height`.
    pub fn at(&self, height: usize) -> Self {
        Self { blocks: self.blocks[..=height].to_vec(), ..self.clone() }
    }

    pub fn path(&self, index: u64) -> Vec<Hash> {
        let leaves: Vec<_> =
            self.blocks.iter().flat_map(|block| &block.entries).map(Statement::leaf).collect();
        let subtree = |node: &tree::Node| {
            let start = (node.index << node.level) as usize;
            tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
        };
        let read = |nodes: &[tree::Node]| Ok::<_, ()>(nodes.iter().map(subtree).collect());
        tree::prove(index, leaves.len() as u64, read).unwrap()
    }

    pub fn proven(&self, index: u64) -> ProvenEntry {
        ProvenEntry { statement: self.entry(index).clone(), index, path: self.path(index) }
    }

    /// Under the newest block.
    pub fn receipt(&self, index: u64) -> Receipt {
        let newest = self.blocks.last().unwrap();
        let (seal, size) = (newest.seal.clone(), newest.header().size);
        Receipt { seal, size, index, path: self.path(index) }
    }

    /// That entry `index` certifies the document, under the newest block.
    pub fn proof(&self, index: u64, fingerprint: Fingerprint) -> Proof {
        let sealed = self.blocks.iter().position(|block| block.header().size > index).unwrap();
        let block = &self.blocks[sealed];
        let list = &block.lists[(index - block.header().first) as usize];
        let batch = Batch::new(list.clone().unwrap_or(List::new(vec![fingerprint]).unwrap()));
        let at = batch.list().position(&fingerprint).unwrap();
        let size = self.blocks.last().unwrap().header().size;
        Proof {
            attested: Attested::default(),
            statement: self.entry(index).clone(),
            receipt: self.receipt(index),
            document: DocumentPath { fingerprint, index: at as u64, path: batch.path(at) },
            sealed: self.proven(block.header().size - 1),
            head: self.proven(size - 1),
            registry: vec![self.proven(0), self.proven(2)],
            first_receipt: self.at(sealed).receipt(index),
            statuses: nothing_fell(),
        }
    }
}

/// Of document, issuer and key, in an empty map.
pub fn nothing_fell() -> Vec<StatusPath> {
    vec![StatusPath { found: Found::Empty, siblings: Vec::new() }; 3]
}

/// The content type of a kind.
pub fn content(kind: &str) -> String {
    format!("application/vnd.probant.{kind}+cbor")
}
