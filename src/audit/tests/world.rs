//! Ledgers in memory, sealed with the core alone: for the tests of the audit, and its benchmark.

use probant_core::{
    Fingerprint, Fingerprints, List, Statement,
    block::Block,
    chain::Chain,
    draft::founding_block,
    key::{SigningKey, Use},
    seal::Seal,
    statement::{
        BlockStatement, Body, Certify, Enroll, Genesis, IssuerRecord, LedgerKey, Policy,
        prove_possession,
    },
    status::Kept,
    tree::Growth,
};

pub const TIME_MS: u64 = 1_790_000_000_000;
pub const ORIGIN: &str = "ledger.example/fr";
pub const ISSUER: &str = "energie.example";
pub const SEAL_SEED: u8 = 1;
const OPERATOR_SEED: u8 = 3;
const ISSUER_SEED: u8 = 9;

/// What goes into a block.
pub type Entry = (Statement, Option<List>);

/// A ledger that grows.
pub struct World {
    pub chain: Chain,
    pub blocks: Vec<Block>,
}

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// `count` documents, other ones for each `first`.
pub fn list(first: u64, count: u64) -> List {
    let document = |i: u64| -> Fingerprint { Fingerprints::of(&i.to_be_bytes()).blake3 };
    List::new((first..first + count).map(document).collect()).unwrap()
}

impl World {
    /// Block 0, and block 1 with the enrollment of the issuer.
    pub fn new() -> Self {
        Self::with_random([42; 32])
    }

    /// Another ledger for each `random`.
    pub fn with_random(random: [u8; 32]) -> Self {
        let listed = |(r#use, seed)| LedgerKey::prove(&key(seed), r#use, ORIGIN, &random);
        let keys = [(Use::Seal, SEAL_SEED), (Use::Note, 2), (Use::Operator, OPERATOR_SEED)];
        let keys: Vec<_> = keys.into_iter().chain([(Use::Recovery, 4)]).map(listed).collect();
        let genesis = Genesis { random, keys, policy: Policy::default() };
        let body = Body::Genesis(genesis);
        let genesis = Statement::sign(&key(OPERATOR_SEED), ORIGIN, None, TIME_MS / 1000, body);
        let block = founding_block(genesis, TIME_MS, &key(SEAL_SEED)).unwrap().block;
        let (chain, extension) = Chain::found(&block).unwrap();
        extension.signatures.check(&block).unwrap();
        let mut world = Self { chain, blocks: vec![block] };
        let enroll = world.enroll();
        world.seal(vec![enroll]);
        world
    }

    fn enroll(&self) -> Entry {
        let ledger = self.chain.identity().ledger;
        let issuer = key(ISSUER_SEED);
        let record = IssuerRecord {
            legal_name: "Énergie du Ponant".into(),
            country: "FR".into(),
            registration: "123456789".into(),
        };
        let body = Body::Enroll(Enroll {
            seq: 1,
            id: ISSUER.parse().unwrap(),
            record,
            possession: prove_possession(&issuer, Use::Issuer, ISSUER, 1, &ledger.0.0),
            key: issuer.public().clone(),
        });
        let operator = key(OPERATOR_SEED);
        (Statement::sign(&operator, ORIGIN, Some(ledger), TIME_MS / 1000, body), None)
    }

    /// A batch, or a single document, with its list.
    pub fn certify(&self, list: List) -> Entry {
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        let ledger = Some(self.chain.identity().ledger);
        let iat_s = TIME_MS / 1000;
        (Statement::sign(&key(ISSUER_SEED), ISSUER, ledger, iat_s, body), Some(list))
    }

    /// The next block, as the ledger would make it.
    pub fn seal(&mut self, entries: Vec<Entry>) {
        let block = self.forge(entries, &key(SEAL_SEED), &key(SEAL_SEED), |_| {});
        self.push(block);
    }

    /// Takes a block on that may break the rules: what follows builds on it where it can.
    pub fn push(&mut self, block: Block) {
        let mut next = self.chain.clone();
        if next.extend(&block, &Kept::all()).is_ok() {
            self.chain = next;
        }
        self.blocks.push(block);
    }

    /// The next block with a changed header, signed by these keys all the same.
    pub fn forge(
        &self,
        entries: Vec<Entry>,
        statement_key: &SigningKey,
        seal_key: &SigningKey,
        change: impl FnOnce(&mut BlockStatement),
    ) -> Block {
        let (head, identity) = (self.chain.head(), self.chain.identity());
        let (mut entries, mut lists): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let mut header = BlockStatement {
            height: head.height + 1,
            previous: head.statement,
            first: head.size,
            size: head.size + entries.len() as u64 + 1,
            documents: head.documents + entries.iter().map(Statement::documents).sum::<u64>(),
            time_ms: head.time_ms + 100,
            // That of a block in which nothing falls and no key changes.
            status: self.chain.status().root_hash(),
        };
        change(&mut header);
        let (height, time_ms) = (header.height, header.time_ms);
        let body = Body::Block(header);
        let (ledger, iat_s) = (Some(identity.ledger), time_ms / 1000);
        entries.push(Statement::sign(statement_key, ORIGIN, ledger, iat_s, body));
        lists.push(None);
        let leaves: Vec<_> = entries.iter().map(Statement::leaf).collect();
        let root = Growth::new(self.chain.frontier(), &leaves).root().unwrap();
        let seal = Seal::sign(seal_key, &identity.origin, height, time_ms, root);
        Block { seal, entries, lists }
    }

    /// The blocks as they are stored.
    pub fn encode(&self) -> Vec<Vec<u8>> {
        self.blocks.iter().map(Block::encode).collect()
    }
}
