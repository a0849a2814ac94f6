//! A ledger that keeps the rules, block after block: each is a vector, and so is what somebody
//! tries to say after it.

use probant_core::{
    Fingerprint, Hash, Rejected,
    block::Block,
    chain::Chain,
    draft::Draft,
    key::Use,
    proof::Proof,
    statement::{BlockStatement, Body},
    status::{Account, Certification, Kept, Slot, StatusPath},
};

use crate::{
    ledger::{Entry, LEDGER, Ledger, NEW_SEAL, SEAL, TIME_MS, key},
    vector::{Vector, good, refused},
};

/// The blocks of the ledger of all vectors, with which stories begin.
const BEGINNING: [&str; 3] = ["block_0_genesis", "block_1_enroll", "block_2_certify"];

#[derive(Clone)]
pub struct Story {
    pub ledger: Ledger,
    chain: Chain,
    nodes: Kept,
    after: Vec<String>,
    vectors: Vec<Vector>,
}

/// When a block of this height is sealed.
pub fn time(height: u64) -> u64 {
    TIME_MS + 100 * height
}

impl Story {
    /// Begins after block `height` of the ledger of all vectors.
    pub fn after_block(height: usize) -> Self {
        let ledger = LEDGER.at(height);
        let (chain, _) = Chain::found(&ledger.blocks[0]).unwrap();
        let after = BEGINNING[..=height].iter().map(ToString::to_string).collect();
        let nodes = Kept::all();
        let mut story = Self { ledger, chain, nodes, after, vectors: Vec::new() };
        for block in story.ledger.blocks.clone().split_off(1) {
            story.replay(&block);
        }
        story
    }

    /// The same so far, to be told another way.
    pub fn fork(&self) -> Self {
        Self { vectors: Vec::new(), ..self.clone() }
    }

    pub fn vectors(self) -> Vec<Vector> {
        self.vectors
    }

    fn after(&self) -> String {
        self.after.join(" ")
    }

    /// When the next block is sealed.
    pub fn now(&self) -> u64 {
        time(self.ledger.blocks.len() as u64)
    }

    fn replay(&mut self, block: &Block) {
        let extension = self.chain.extend(block, &self.nodes).unwrap();
        extension.signatures.check(block).unwrap();
        self.nodes.grow(&extension.growth);
    }

    /// The block statement that the chain demands after these entries, which the rules let pass.
    pub fn header(&self, entries: &[Entry]) -> BlockStatement {
        let mut draft = Draft::new(&self.chain, self.now(), &self.nodes);
        for (statement, list) in entries.iter().cloned() {
            draft.add(statement, list).unwrap();
        }
        let header = draft.seal(&key(self.ledger.sealer)).unwrap().block.header().clone();
        assert_eq!(BlockStatement { status: header.status, ..self.ledger.header(entries) }, header);
        header
    }

    /// Whether the rules let pass what somebody says next.
    pub fn admit(&self, (statement, list): Entry) -> Result<(), Rejected> {
        Draft::new(&self.chain, self.now(), &self.nodes).add(statement, list).map(drop)
    }

    /// What happens next.
    pub fn block(&mut self, name: &str, entries: Vec<Entry>) {
        let block = self.ledger.block(self.header(&entries), entries);
        let name = format!("block_{}_{name}", block.header().height);
        self.vectors.push(good(&name, block.encode()).with("after", self.after()));
        self.replay(&block);
        self.ledger.blocks.push(block);
        self.after.push(name);
        let in_force = self.chain.registry().ledger_key(Use::Seal).kid();
        let sealer =
            [SEAL, NEW_SEAL].into_iter().find(|seed| key(*seed).public().kid() == in_force);
        self.ledger.sealer = sealer.unwrap();
    }

    /// A block in its place that is sealed without rules, all but its status root as it has to be.
    pub fn block_case(&mut self, name: &str, code: &str, entries: Vec<Entry>) {
        let block = self.ledger.block(self.ledger.header(&entries), entries);
        self.push_block(name, code, &block);
    }

    pub fn push_block(&mut self, name: &str, code: &str, block: &Block) {
        let vector = refused(format!("block_{name}"), code, block.encode());
        self.vectors.push(vector.with("after", self.after()));
    }

    /// What somebody tries to say next.
    pub fn case(&mut self, name: &str, code: &str, entry: Entry) {
        self.push_case(name, code, entry.0.to_submission(entry.1.as_ref()));
    }

    pub fn push_case(&mut self, name: &str, code: &str, submission: Vec<u8>) {
        let vector = refused(format!("submission_{name}"), code, submission);
        self.vectors.push(vector.with("after", self.after()).with("time", self.now()));
    }

    /// Says why of the newest vector.
    pub fn why(&mut self, comment: &str) {
        let vector = self.vectors.pop().unwrap();
        self.vectors.push(vector.why(comment));
    }

    /// Index of the newest block's entry `at`.
    pub fn index(&self, at: u64) -> u64 {
        self.ledger.blocks.last().unwrap().header().first + at
    }

    pub fn status_root(&self) -> Hash {
        self.chain.status().root_hash()
    }

    pub fn status(&self, slot: Slot) -> StatusPath {
        self.chain.status().prove(&slot, &self.nodes).unwrap()
    }

    /// That entry `index` certifies the document, under the newest block; the registry's entries
    /// are genesis and these.
    pub fn proof(&self, index: u64, document: Fingerprint, registry: &[u64]) -> Proof {
        let proof = self.ledger.proof(index, document);
        let (issuer, kid) = (proof.statement.issuer(), proof.statement.kid());
        let enrolled =
            registry.iter().rev().find_map(|entry| match self.ledger.entry(*entry).body() {
                Body::Enroll(enroll) if enroll.id.as_str() == issuer => Some(enroll.key.kid()),
                _ => None,
            });
        let enrolled = enrolled.unwrap_or(kid);
        let of = Certification { issuer, document: &document, kid, enrolled };
        let statuses = Account::prove(&self.chain.status(), &self.nodes, &of).unwrap();
        let registry = [0].iter().chain(registry).map(|entry| self.ledger.proven(*entry));
        Proof { registry: registry.collect(), statuses, ..proof }
    }
}
