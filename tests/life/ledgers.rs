//! A history through the ledger, its door and its store: answers, blocks, look-ups and proofs, and
//! all of it again after a restart.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use probant::{
    Error,
    clock::Clock as _,
    keyring::Keyring,
    ledger::{Accepted, Ledger, Sealing},
    lookup::{Certification, Lookup},
    prove::Prover,
    store::{Store, StoredBlock, embedded::settings::Settings, memory::Memory},
    verdict::Verdict,
};
use probant_core::{
    Fingerprint, Hash, List, Statement, Verifier,
    block::Block,
    chain::Chain,
    key::{SigningKey, Use},
    statement::{Body, KeyAct},
    status::{Kept, Standing},
};

use crate::{
    agree::assert_agreed,
    cast::{self, SEED_NOT_HELD},
    model::Model,
    rules::Code,
    said::Said,
    says::{Round, Say, What},
    speaker::Speech,
    world::{Dirs, TestClock, found_in},
};

/// What a submission must be answered with.
enum Expected {
    Accepted,
    /// It is an entry already.
    Before(u64),
    /// By a rule or at the door: which is asked first is nobody's business.
    Refused(Vec<Code>),
}

pub struct Life {
    store: Arc<dyn Store>,
    clock: Arc<TestClock>,
    keys: Arc<Keyring>,
    ledger: Arc<Ledger>,
    model: Model,
    heard: Vec<Speech>,
    /// Every entry that was sealed but the ledger's own, and how many blocks.
    entries: BTreeMap<[u8; 32], u64>,
    blocks: u64,
}

pub async fn live_in_memory(rounds: &[Round]) {
    let store = Arc::new(Memory::default());
    let life = Life::new(store.clone(), rounds).await;
    life.end(|| Arc::new(store.reopen())).await;
}

pub async fn live_embedded(rounds: &[Round]) {
    let dirs = Dirs::new();
    let life = Life::new(Arc::new(dirs.create(Settings::default())), rounds).await;
    life.end(|| Arc::new(dirs.open().unwrap())).await;
}

impl Life {
    async fn new(store: Arc<dyn Store>, rounds: &[Round]) -> Self {
        let (clock, keys) = (TestClock::new(), Arc::new(keyring()));
        found_in(&*store);
        caught_up(&*store).await;
        let founding = Block::decode(&store.block(0).unwrap().unwrap()).unwrap();
        let model = Model::of(founding.entries[0].clone(), founding.header().time_ms);
        let sealing = Sealing { interval: Duration::from_millis(2), ..Sealing::default() };
        let ledger = Ledger::start(Arc::clone(&store), keys.clone(), clock.clone(), sealing);
        let ledger = Arc::new(ledger.unwrap());
        let (heard, entries) = (vec![(founding.entries[0].clone(), None)], BTreeMap::new());
        let mut life = Self { store, clock, keys, ledger, model, heard, entries, blocks: 1 };
        life.keep(&founding);
        for round in rounds {
            life.clock.advance(round.after_ms);
            let are_certify = |one: &Say, next: &Say| one.certifies() && next.certifies();
            for says in round.says.chunk_by(are_certify) {
                life.say(says).await;
            }
        }
        life
    }

    /// Submits statements that do not depend on each other, at once.
    async fn say(&mut self, says: &[Say]) {
        self.model.open(self.clock.now_ms());
        let mut asked = Vec::new();
        for say in says {
            let (statement, list) = say.utter(&self.model, &self.heard);
            let expected = self.expect(&statement, list.as_ref());
            let (ledger, bytes) = (self.ledger.clone(), statement.to_submission(list.as_ref()));
            let answer = tokio::spawn(async move { ledger.submit(bytes).await });
            asked.push((say, statement.leaf(), expected, answer));
            self.heard.push((statement, list));
        }
        let mut answered = Vec::new();
        for (say, leaf, expected, answer) in asked {
            answered.push((say, leaf, expected, answer.await.unwrap()));
        }
        self.follow().await;
        for (say, leaf, expected, answer) in answered {
            self.assert_answer(say, leaf, &expected, answer);
        }
        assert_agreed(&self.ledger.registry(), &self.model);
    }

    fn expect(&self, statement: &Statement, list: Option<&List>) -> Expected {
        if let Some(index) = self.entries.get(&statement.leaf().0) {
            return Expected::Before(*index);
        }
        let by_rule = self.model.refusal(statement, list);
        let codes: Vec<_> = by_rule.into_iter().chain(self.at_the_door(statement, list)).collect();
        if codes.is_empty() { Expected::Accepted } else { Expected::Refused(codes) }
    }

    fn at_the_door(&self, statement: &Statement, list: Option<&List>) -> Option<Code> {
        if let Body::Key(about) = statement.body()
            && matches!(
                about.act,
                KeyAct::Replace { r#use: Use::Seal | Use::Note | Use::NoteMlDsa, .. }
            )
            && !held().any(|key| key.public().kid() == about.kid)
            && !cast::ml_dsa_held().any(|key| key.public().kid() == about.kid)
        {
            return Some("key-not-held");
        }
        statement.as_revoke()?;
        let named = list?.pairs().flat_map(|(old, new)| [Some(old), new]).flatten();
        let is_own = |document: &_| self.model.has_certified(statement.issuer(), document);
        named.into_iter().any(|document| !is_own(&document)).then_some("not-certified")
    }

    fn assert_answer(
        &self,
        say: &Say,
        leaf: Hash,
        expected: &Expected,
        answer: Result<Accepted, Error>,
    ) {
        match (expected, answer) {
            (Expected::Accepted, Ok(accepted)) => {
                assert_eq!(Some(&accepted.index), self.entries.get(&leaf.0), "{say:?}");
            }
            (Expected::Before(index), Ok(accepted)) => assert_eq!(accepted.index, *index),
            (Expected::Refused(codes), Err(Error::Refused { code, why })) => {
                assert!(codes.contains(&&*code), "{codes:?} expected: {code}: {why}\n{say:?}");
            }
            (Expected::Refused(codes), answer) => panic!("{codes:?}: {answer:?}\n{say:?}"),
            (_, answer) => panic!("{answer:?}\n{say:?}"),
        }
    }

    /// Takes what was sealed, in the order that the ledger gave it.
    async fn follow(&mut self) {
        caught_up(&*self.store).await;
        while let Some(bytes) = self.store.block(self.blocks).unwrap() {
            let block = Block::decode(&bytes).unwrap();
            self.model.open(block.header().time_ms);
            for (statement, list) in block.entries.iter().zip(&block.lists) {
                if statement.as_block().is_some() {
                    break;
                }
                assert_eq!(self.model.refusal(statement, list.as_ref()), None);
                self.model.accept(statement.clone(), list.clone());
            }
            self.model.seal();
            assert_eq!(block.header().status, self.model.status_root());
            self.keep(&block);
            self.blocks += 1;
        }
    }

    fn keep(&mut self, block: &Block) {
        for (statement, entry) in block.entries.iter().zip(block.header().first..) {
            if statement.as_block().is_none() {
                self.entries.insert(statement.leaf().0, entry);
            }
        }
        self.heard.push((block.statement().clone(), None));
    }

    /// Everybody asks, before a restart and after it.
    async fn end(self, reopen: impl FnOnce() -> Arc<dyn Store>) {
        self.clock.advance(2000);
        ask(&self.store, &self.keys, &self.clock, &self.model).await;
        replay(&*self.store, &self.model);
        let Self { store, clock, keys, ledger, model, .. } = self;
        drop(ledger);
        drop(store);
        let store = reopen();
        let chain = store.chain().unwrap().unwrap();
        assert_agreed(chain.registry(), &model);
        assert_eq!(chain.status().root_hash(), model.status_root());
        ask(&store, &keys, &clock, &model).await;
    }
}

impl Say {
    fn certifies(&self) -> bool {
        matches!(self.what, What::Certify { .. })
    }
}

/// The keys that the node holds.
fn held() -> impl Iterator<Item = &'static SigningKey> {
    let seeds = cast::seeds(Use::Seal).iter().chain(cast::seeds(Use::Note));
    seeds.filter(|seed| **seed != SEED_NOT_HELD).map(|seed| cast::key(*seed))
}

fn keyring() -> Keyring {
    let keys = Keyring::of(held().cloned());
    cast::ml_dsa_held().cloned().fold(keys, Keyring::and_ml_dsa)
}

/// Look-ups and proofs about every document, all its certifications.
async fn ask(store: &Arc<dyn Store>, keys: &Arc<Keyring>, clock: &Arc<TestClock>, model: &Model) {
    caught_up(&**store).await;
    let chain = store.chain().unwrap().unwrap();
    let lookup = Lookup::new(Arc::clone(store));
    let prover = Prover::new(Arc::clone(store), Some(Arc::clone(keys)), clock.clone());
    let registry = || Arc::clone(chain.registry());
    let mut verifier = Verifier::new(chain.identity());
    for document in cast::documents() {
        let answer = lookup.answer(&[document], chain.registry()).unwrap();
        let certified: Vec<_> =
            model.said.iter().rev().filter(|said| said.certifies(&document)).collect();
        let verdicts = certified.iter().map(|said| verdict(&model.standing(said, &document)));
        assert_eq!(answer.verdict, verdicts.min().unwrap_or(Verdict::Unknown));
        assert_eq!(answer.certifications.len(), certified.len());
        for (found, said) in answer.certifications.iter().zip(&certified) {
            assert_certification(found, said, &document, model);
        }
        for location in lookup.locations(&document).unwrap() {
            let said = certified.iter().find(|said| said.entry == location.entry).unwrap();
            let head = prover.checkpoint_beyond(location.entry, &registry).await.unwrap();
            let proof = prover.prove(document, location, &head, &registry).await.unwrap();
            let verified = verifier.verify(&[document], &proof).unwrap();
            assert_eq!(*verified.standing(), model.standing(said, &document));
            let (issuer, kid) = (said.statement.issuer(), said.by());
            assert_eq!(verified.issuer(), issuer);
            assert_eq!(verified.issuer_status().copied(), model.issuer_value(issuer));
            assert_eq!(verified.key_status().copied(), model.key_value(issuer, &kid));
        }
    }
}

fn assert_certification(found: &Certification, said: &Said, document: &Fingerprint, model: &Model) {
    let standing = model.standing(said, document);
    assert_eq!((found.entry, found.issuer.as_str()), (said.entry, said.statement.issuer()));
    assert_eq!(found.verdict, verdict(&standing));
    // Of what is distrusted it may be said, too.
    if let Standing::Revoked(fall) | Standing::Superseded(fall) = standing {
        assert_eq!(found.fall.as_ref().map(|fall| fall.entry), Some(fall.entry));
    } else if standing == Standing::Certified {
        assert!(found.fall.is_none());
    }
}

fn verdict(standing: &Standing) -> Verdict {
    match standing {
        Standing::Certified => Verdict::Certified,
        Standing::Superseded(_) => Verdict::Superseded,
        Standing::Revoked(_) => Verdict::Revoked,
        Standing::Distrusted(_) => Verdict::Distrusted,
    }
}

/// Look-ups follow the head by moments.
async fn caught_up(store: &dyn Store) {
    while store.derived() <= store.head().unwrap().height {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// An auditor's replay of what the store holds.
fn replay(store: &dyn Store, model: &Model) {
    let (mut chain, mut nodes): (Option<Chain>, _) = (None, Kept::newest());
    for height in 0..=store.head().unwrap().height {
        let bytes = store.block(height).unwrap().unwrap();
        let stored = StoredBlock::check(bytes, &mut chain, &nodes).unwrap();
        nodes.grow(&stored.growth);
    }
    let chain = chain.unwrap();
    assert_agreed(chain.registry(), model);
    assert_eq!(chain.status().root_hash(), model.status_root());
}
