//! A history through the core alone: drafts that are sealed, and the chain that replays them.

use std::collections::BTreeSet;

use probant_core::{
    Rejected, Statement,
    block::Block,
    chain::Chain,
    draft::{Draft, founding_block},
    key::Use,
    statement::{Body, Genesis, LedgerKey, Policy},
    status::{Kept, Slot, Status},
};

use crate::{
    agree::assert_agreed,
    cast::{self, ORIGIN, RANDOM, START_MS},
    model::Model,
    rules::Code,
    says::{Round, Say},
    speaker::Speech,
};

pub struct Play {
    pub model: Model,
    chain: Chain,
    nodes: Kept,
    blocks: Vec<Vec<u8>>,
    heard: Vec<Speech>,
    /// The refusals that were met, and the reasons and states that something ended in.
    pub met: BTreeSet<Code>,
}

impl Play {
    pub fn new() -> Self {
        let sealed = founding_block(genesis(), START_MS, cast::key(1)).unwrap();
        let (chain, extension) = Chain::found(&sealed.block).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        let model = Model::of(genesis(), START_MS);
        assert_agreed(chain.registry(), &model);
        let heard = sealed.block.entries.iter().map(|entry| (entry.clone(), None)).collect();
        let (nodes, blocks) = (Kept::all(), vec![sealed.block.encode()]);
        Self { model, chain, nodes, blocks, heard, met: BTreeSet::new() }
    }

    /// All of a history, then its replay.
    pub fn history(mut self, rounds: &[Round]) -> Self {
        for round in rounds {
            self.round(round);
        }
        self.met.extend(self.model.slots().values().map(name));
        self.assert_slots();
        self.replay();
        self
    }

    fn round(&mut self, round: &Round) {
        let (chain, nodes) = (self.chain.clone(), self.nodes.clone());
        let time_ms = chain.head().time_ms + round.after_ms;
        self.model.open(time_ms);
        let mut draft = Draft::new(&chain, time_ms, &nodes);
        for say in &round.says {
            self.say(say, &mut draft);
        }
        let sealed = draft.seal(cast::secret(&self.model.own_key(Use::Seal))).unwrap();
        self.model.seal();
        self.extend(&sealed.block);
        assert_eq!(*self.chain.head(), sealed.head);
    }

    fn say(&mut self, say: &Say, draft: &mut Draft<'_>) {
        let (statement, list) = say.utter(&self.model, &self.heard);
        let expected = self.model.refusal(&statement, list.as_ref());
        let told = draft.add(statement.clone(), list.clone());
        let code = told.as_ref().err().map(Rejected::code);
        assert_eq!(code, expected, "{say:?}\n{told:?}");
        self.met.extend(expected);
        self.heard.push((statement.clone(), list.clone()));
        if let Ok(entry) = told {
            assert_eq!(self.model.accept(statement, list), entry);
        }
    }

    fn extend(&mut self, block: &Block) {
        let bytes = block.encode();
        let block = Block::decode(&bytes).unwrap();
        let extension = self.chain.extend(&block, &self.nodes).unwrap();
        extension.signatures.check(&block).unwrap();
        self.nodes.grow(&extension.growth);
        assert_eq!(block.header().status, self.model.status_root());
        assert_eq!(block.header().documents, self.model.documents_certified());
        assert_agreed(self.chain.registry(), &self.model);
        self.heard.push((block.statement().clone(), None));
        self.blocks.push(bytes);
    }

    /// Every slot of this world is proven to hold what it does for the model.
    fn assert_slots(&self) {
        let (slots, map) = (self.model.slots(), self.chain.status());
        for slot in every_slot() {
            let path = map.prove(&slot, &self.nodes).unwrap();
            assert_eq!(path.verify(&slot, map.root_hash()).unwrap(), slots.get(&slot));
        }
    }

    /// An auditor who keeps no more than is needed comes to the same.
    fn replay(&self) {
        let mut nodes = Kept::newest();
        let mut blocks = self.blocks.iter().map(|bytes| Block::decode(bytes).unwrap());
        let (mut chain, founding) = Chain::found(&blocks.next().unwrap()).unwrap();
        nodes.grow(&founding.growth);
        for block in blocks {
            let extension = chain.extend(&block, &nodes).unwrap();
            extension.signatures.check(&block).unwrap();
            nodes.grow(&extension.growth);
        }
        assert_eq!(chain.head(), self.chain.head());
        assert_eq!(chain.status(), self.chain.status());
        assert_agreed(chain.registry(), &self.model);
    }
}

fn name(status: &Status) -> Code {
    match status {
        Status::Document(fall) => fall.reason.name(),
        Status::Key(value) => value.state.name(),
        Status::Issuer(value) => value.state.name(),
    }
}

fn genesis() -> Statement {
    let listed = |r#use| {
        let key = cast::key(cast::seeds(r#use)[0]);
        LedgerKey::prove(key, r#use, ORIGIN, &RANDOM)
    };
    let keys = Use::LEDGER.map(listed).into();
    let body = Body::Genesis(Genesis { random: RANDOM, keys, policy: Policy::default() });
    Statement::sign(cast::key(3), ORIGIN, None, START_MS / 1000, body)
}

fn every_slot() -> Vec<Slot> {
    let owners = [&cast::ISSUERS[..], &[ORIGIN]].concat();
    let mut slots: Vec<_> = owners.iter().map(|id| Slot::issuer(id)).collect();
    for owner in owners {
        slots.extend(cast::every_kid().iter().map(|kid| Slot::key(owner, kid)));
        for document in cast::documents() {
            slots.extend((0..3).map(|nth| Slot::fall(owner, &document, nth)));
        }
    }
    slots
}
