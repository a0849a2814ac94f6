//! A whole small ledger in memory: from documents to verified proofs, and every bit of them
//! flipped. The writer's and the checker's side meet here.

use probant_core::{
    Fingerprint, Fingerprints, Hash, Identity, LedgerId, List, Rejected, Statement, Verifier,
    block::Block,
    chain::Chain,
    draft::{Draft, SealedBlock, founding_block},
    key::{SigningKey, Use},
    list::Batch,
    proof::{Attested, DocumentPath, Proof, ProvenEntry},
    seal::Receipt,
    statement::{
        Body, Certify, Enroll, Genesis, IssuerRecord, LedgerKey, Policy, prove_possession,
    },
    status::{Account, Certification, Kept, StatusPath},
    tree,
};

const TIME_MS: u64 = 1_790_000_000_000;
const ORIGIN: &str = "ledger.example/fr";
const ISSUER: &str = "energie.example";

struct World {
    seal: SigningKey,
    issuer: SigningKey,
    operator: SigningKey,
    chain: Chain,
    nodes: Kept,
    blocks: Vec<SealedBlock>,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

impl World {
    fn new() -> Self {
        let keys = [(Use::Seal, 1), (Use::Note, 2), (Use::Operator, 3), (Use::Recovery, 4)];
        let random = [42; 32];
        let listed = |(r#use, seed)| LedgerKey::prove(&key(seed), r#use, ORIGIN, &random);
        let keys = keys.map(listed).into();
        let genesis = Body::Genesis(Genesis { random, keys, policy: Policy::default() });
        let genesis = Statement::sign(&key(3), ORIGIN, None, TIME_MS / 1000, genesis);
        let sealed = founding_block(genesis, TIME_MS, &key(1)).unwrap();
        let (chain, extension) = Chain::found(&sealed.block).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        let (nodes, blocks) = (Kept::all(), vec![sealed]);
        Self { seal: key(1), issuer: key(9), operator: key(3), chain, nodes, blocks }
    }

    fn ledger(&self) -> LedgerId {
        self.chain.identity().ledger
    }

    fn enroll(&self) -> Statement {
        let possession = prove_possession(&self.issuer, Use::Issuer, ISSUER, 1, &self.ledger().0.0);
        let record = IssuerRecord {
            legal_name: "Énergie du Ponant".into(),
            country: "FR".into(),
            registration: "123456789".into(),
        };
        let id = ISSUER.parse().unwrap();
        let key = self.issuer.public().clone();
        let body = Body::Enroll(Enroll { seq: 1, id, record, key, possession });
        Statement::sign(&self.operator, ORIGIN, Some(self.ledger()), TIME_MS / 1000, body)
    }

    fn certify(&self, list: &List) -> Statement {
        let body = Body::Certify(Certify::new(list, "application/pdf").unwrap());
        Statement::sign(&self.issuer, ISSUER, Some(self.ledger()), TIME_MS / 1000, body)
    }

    fn seal(&mut self, entries: Vec<(Statement, Option<List>)>) {
        let time_ms = self.chain.head().time_ms + 100;
        let mut draft = Draft::new(&self.chain, time_ms, &self.nodes);
        for (statement, list) in entries {
            draft.add(statement, list).unwrap();
        }
        let sealed = draft.seal(&self.seal).unwrap();
        let bytes = sealed.block.encode();
        let replayed = Block::decode(&bytes).unwrap();
        assert_eq!(replayed.encode(), bytes);
        let extension = self.chain.extend(&replayed, &self.nodes).unwrap();
        extension.signatures.check(&replayed).unwrap();
        self.nodes.grow(&extension.growth);
        assert_eq!(*self.chain.head(), sealed.head);
        self.blocks.push(sealed);
    }

    fn entries(&self) -> Vec<&Statement> {
        self.blocks.iter().flat_map(|sealed| &sealed.block.entries).collect()
    }

    fn path(&self, index: u64) -> Vec<Hash> {
        let leaves: Vec<_> = self.entries().iter().map(|entry| entry.leaf()).collect();
        let subtree = |node: &tree::Node| {
            let start = (node.index << node.level) as usize;
            tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
        };
        let size = leaves.len() as u64;
        tree::prove(index, size, |nodes| Ok::<_, ()>(nodes.iter().map(subtree).collect())).unwrap()
    }

    fn proven(&self, index: u64) -> ProvenEntry {
        let statement = self.entries()[index as usize].clone();
        ProvenEntry { statement, index, path: self.path(index) }
    }

    fn proof(&self, batch: &Batch, fingerprint: Fingerprint, index: u64, block: usize) -> Proof {
        let at = batch.list().position(&fingerprint).unwrap();
        let (path, first) = (batch.path(at), &self.blocks[block]);
        let newest = self.blocks.last().unwrap();
        let (seal, size) = (newest.block.seal.clone(), newest.head.size);
        Proof {
            attested: Attested::default(),
            statement: self.entries()[index as usize].clone(),
            receipt: Receipt { seal, size, index, path: self.path(index) },
            document: DocumentPath { fingerprint, index: at as u64, path },
            sealed: self.proven(first.head.size - 1),
            head: self.proven(size - 1),
            registry: vec![self.proven(0), self.proven(2)],
            first_receipt: first.receipt(index),
            statuses: self.statuses(ISSUER, fingerprint, self.issuer.public().kid()),
        }
    }

    fn statuses(&self, issuer: &str, document: Fingerprint, kid: Hash) -> Vec<StatusPath> {
        let of = Certification { issuer, document: &document, kid, enrolled: kid };
        Account::prove(&self.chain.status(), &self.nodes, &of).unwrap()
    }
}

fn fingerprints(count: u32) -> Vec<Fingerprint> {
    (0..count).map(|i| Fingerprints::of(&i.to_be_bytes()).blake3).collect()
}

/// Blocks: genesis; the enrollment; a batch of 40 and a single document; a heartbeat.
fn world() -> (World, Batch, Proof) {
    let mut world = World::new();
    world.seal(vec![(world.enroll(), None)]);
    let batch = Batch::new(List::new(fingerprints(40)).unwrap());
    let single = List::new(fingerprints(1)).unwrap();
    let entries = vec![
        (world.certify(batch.list()), Some(batch.list().clone())),
        (world.certify(&single), Some(single)),
    ];
    world.seal(entries);
    world.seal(vec![]);
    let proof = world.proof(&batch, fingerprints(8)[7], 4, 2);
    (world, batch, proof)
}

#[test]
fn a_stranger_verifies_every_document_of_a_batch() {
    let (world, batch, _) = world();
    let identity = world.chain.identity();
    let mut verifier = Verifier::new(identity.clone());
    for fingerprint in batch.list().iter() {
        let proof = world.proof(&batch, fingerprint, 4, 2).encode();
        let verified = verifier.verify(&[fingerprint], &proof).unwrap();
        assert_eq!(
            Verifier::new(identity.clone()).verify(&[fingerprint], &proof).unwrap().entry(),
            4
        );
        assert_eq!(verified.issuer(), ISSUER);
        assert_eq!(verified.record().country, "FR");
        assert_eq!(verified.sealed().time_ms, TIME_MS + 200);
        assert_eq!(verified.head().height, 3);
        assert_eq!(verified.list_count(), 40);
    }
}

#[test]
fn no_flipped_bit_of_a_proof_passes() {
    let (world, _, proof) = world();
    let (document, bytes) = ([proof.document.fingerprint], proof.encode());
    assert_eq!(Proof::decode(&bytes).unwrap().encode(), bytes);
    let mut verifier = Verifier::new(world.chain.identity());
    verifier.verify(&document, &bytes).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut bad = bytes.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(verifier.verify(&document, &bad).is_err(), "bit {bit}");
    }
    for cut in 0..bytes.len() {
        assert!(verifier.verify(&document, &bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_proof_is_of_one_document_and_one_ledger() {
    let (world, batch, proof) = world();
    let verify = |identity: Identity, fingerprint: Fingerprint, proof: &Proof| {
        Verifier::new(identity).verify(&[fingerprint], &proof.encode()).map_err(|r| r.code())
    };
    let identity = world.chain.identity();
    let other_document = fingerprints(9)[8];
    assert_eq!(verify(identity.clone(), other_document, &proof).unwrap_err(), "document");
    let other = Identity { ledger: LedgerId(Hash([1; 32])), ..identity.clone() };
    assert_eq!(verify(other, proof.document.fingerprint, &proof).unwrap_err(), "ledger");
    let mut swapped = proof.clone();
    swapped.document.fingerprint = other_document;
    assert_eq!(verify(identity.clone(), other_document, &swapped).unwrap_err(), "path-root");
    let mut long = proof.clone();
    long.document.path.push(batch.root());
    let document = proof.document.fingerprint;
    assert_eq!(verify(identity.clone(), document, &long).unwrap_err(), "path-length");
    let mut sealed = proof.clone();
    sealed.sealed = proof.head.clone();
    assert_eq!(verify(identity.clone(), document, &sealed).unwrap_err(), "proof");
    let mut forgetful = proof;
    forgetful.registry.pop();
    assert_eq!(verify(identity, document, &forgetful).unwrap_err(), "unknown-key");
}

#[test]
fn a_block_with_any_flipped_bit_is_a_fault() {
    let (world, ..) = world();
    let blocks: Vec<_> = world.blocks.iter().map(|sealed| sealed.block.encode()).collect();
    let nodes = Kept::all();
    let check = |chain: &mut Chain, bytes: &[u8]| {
        let block = Block::decode(bytes)?;
        chain.extend(&block, &nodes)?.signatures.check(&block)
    };
    let (mut chain, extension) = Chain::found(&Block::decode(&blocks[0]).unwrap()).unwrap();
    extension.signatures.check(&world.blocks[0].block).unwrap();
    for bytes in &blocks[1..] {
        for bit in 0..bytes.len() * 8 {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&mut chain.clone(), &bad).is_err(), "bit {bit}");
        }
        check(&mut chain, bytes).unwrap();
    }
}

#[test]
fn the_rules_refuse_with_a_code_and_change_nothing() {
    let (world, batch, _) = world();
    let list = batch.list();
    let ledger = Some(world.ledger());
    let certify = || Body::Certify(Certify::new(list, "application/pdf").unwrap());
    let now = world.chain.head().time_ms / 1000;
    let sign = |key: &SigningKey, issuer: &str, ledger, iat, body| {
        Statement::sign(key, issuer, ledger, iat, body)
    };
    let late = TIME_MS + 31 * 24 * 3600 * 1000;
    let refused = |statement: Statement, time_ms| {
        Draft::new(&world.chain, time_ms, &world.nodes).add(statement, None).unwrap_err().code()
    };
    let at = world.chain.head().time_ms;
    let issuer = &world.issuer;
    assert_eq!(refused(sign(&key(77), ISSUER, ledger, now, certify()), at), "unknown-key");
    assert_eq!(refused(sign(issuer, "other.example", ledger, now, certify()), at), "issuer");
    assert_eq!(refused(sign(&key(3), ORIGIN, ledger, now, certify()), at), "key-use");
    assert_eq!(refused(sign(issuer, ISSUER, ledger, now + 301, certify()), at), "future");
    let elsewhere = Some(LedgerId(Hash([1; 32])));
    assert_eq!(refused(sign(issuer, ISSUER, elsewhere, now, certify()), at), "audience");
    assert_eq!(refused(world.enroll(), at), "issuer-exists");
    assert_eq!(refused(world.blocks[2].block.statement().clone(), at), "misplaced");
    assert_eq!(refused(world.entries()[0].clone(), at), "misplaced");
    let fresh = World::new();
    let stale = Draft::new(&fresh.chain, late, &fresh.nodes).add(fresh.enroll(), None).unwrap_err();
    assert_eq!(stale.code(), "stale");
}

#[test]
fn a_submission_travels_with_exactly_its_list() {
    let (world, batch, _) = world();
    let statement = world.certify(batch.list());
    let bytes = statement.to_submission(Some(batch.list()));
    let (read, list) = Statement::decode_submission(&bytes).unwrap();
    assert_eq!((read.leaf(), list.as_ref()), (statement.leaf(), Some(batch.list())));
    let refused = |bytes: &[u8]| Statement::decode_submission(bytes).unwrap_err();
    assert_eq!(refused(&statement.to_submission(None)), Rejected::ListMissing);
    let other = List::new(fingerprints(39)).unwrap();
    assert_eq!(refused(&statement.to_submission(Some(&other))).code(), "list-mismatch");
    assert_eq!(refused(&world.enroll().to_submission(Some(&other))), Rejected::ListUnexpected);
    assert_eq!(Statement::decode(&bytes).unwrap_err().code(), "header");
}
