//! What Probant writes, checked by implementations that are not Probant's, and the reverse:
//! pycose and scitt-cose for statements, receipts and proofs (tests/interop/check.py), the Go
//! checksum database's packages for checkpoints and the tree (tests/interop/note).
//!
//! tests/interop/setup.sh installs them. Nothing is skipped where they are missing: the test fails.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use ed25519_dalek::{VerifyingKey, pkcs8::EncodePublicKey as _, pkcs8::spki::der::pem::LineEnding};
use probant_core::{
    Fingerprint, Fingerprints, Hash, LedgerId, List, Statement, Verifier,
    block::Block,
    chain::Chain,
    checkpoint::{Checkpoint, verifier_key},
    draft::{Draft, SealedBlock, founding_block},
    key::{SigningKey, Use, key_set},
    list::Batch,
    proof::{DocumentPath, Proof, ProvenEntry},
    seal::Receipt,
    statement::{
        Body, Certify, Enroll, Genesis, IssuerRecord, IssuerStatement, LedgerKey, Policy, Revoke,
        prove_possession,
    },
    status::{IssuerState, Kept, Reason, Slot},
    tree,
};
use serde_json::{Value, json};

const TIME_MS: u64 = 1_790_000_000_000;
const ORIGIN: &str = "ledger.example/fr";
const ISSUER: &str = "energie.example";
const ISSUER_SEED: u8 = 9;
const KEYS: [(&str, u8); 3] = [("seal", 1), ("operator", 3), ("issuer", ISSUER_SEED)];
const NOTE_SEED: u8 = 2;
/// Entry of the batch.
const BATCH: u64 = 4;

#[test]
fn pycose_and_scitt_cose_verify_every_statement_receipt_and_proof() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::new();
    let document = b"%PDF-1.7 a bill";
    let order = json!({
        "seed": hex::encode([ISSUER_SEED; 32]),
        "x": hex::encode(key(ISSUER_SEED).public().as_bytes()),
        "iss": ISSUER,
        "aud": ledger.id().audience(),
        "iat": TIME_MS / 1000,
    });
    fs::write(folder.path().join("document"), document).unwrap();
    fs::write(folder.path().join("order.json"), order.to_string()).unwrap();
    python("envelope", folder.path());

    let theirs = fs::read(folder.path().join("envelope.cose")).unwrap();
    let (envelope, list) = Statement::decode_submission(&theirs).unwrap();
    assert!(list.is_none());
    assert_eq!(envelope.entry(), theirs);
    let fingerprint = Fingerprints::of(document).sha256;
    assert_eq!(envelope.enveloped(), Some(fingerprint));
    ledger.fill(Some(envelope));

    let envelope_at = BATCH + 2;
    let path = DocumentPath { fingerprint, index: 0, path: vec![] };
    let proofs = [
        (ledger.proof(ledger.batched(17), BATCH), Some(40)),
        (ledger.proof(path, envelope_at), None),
    ];
    for (proof, _) in &proofs {
        let mut verifier = Verifier::new(ledger.chain.identity());
        verifier.verify(&[proof.document.fingerprint], &proof.encode()).unwrap();
    }
    ledger.write(folder.path(), &proofs);
    python("verify", folder.path());
}

#[test]
fn sumdb_opens_every_checkpoint_and_recomputes_every_tree() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::new();
    ledger.fill(None);
    ledger.write(folder.path(), &[]);
    let mut go = Command::new("go");
    go.args(["run", "."]).arg(folder.path()).current_dir(here().join("note"));
    // Only what setup.sh put there: no other toolchain, workspace, flags or download.
    go.envs([("GOTOOLCHAIN", "local"), ("GOWORK", "off"), ("GOFLAGS", ""), ("GOPROXY", "off")]);
    run(go);

    // Theirs read by us: the witness's line is ignored, any other change refused.
    let cosigned = fs::read(folder.path().join("cosigned")).unwrap();
    let (origin, note_key) = (ORIGIN.parse().unwrap(), key(NOTE_SEED));
    let open = |note: &[u8]| {
        let note = str::from_utf8(note).ok()?;
        Checkpoint::open(note, &origin, note_key.public()).ok()
    };
    let newest = ledger.checkpoints().pop().unwrap();
    let ours = newest.sign(&note_key).len();
    assert_eq!(open(&cosigned), Some(newest));
    for bit in 0..ours * 8 {
        let mut bad = cosigned[..ours].to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&bad), None, "bit {bit}");
    }
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is in target")
}

/// How to install what is missing.
fn setup() -> String {
    let script = here().join("setup.sh");
    format!(
        "`make test-setup`, that is: CARGO_TARGET_DIR={} {}",
        target().display(),
        script.display()
    )
}

fn python(command: &str, folder: &Path) {
    let venv = target().join("interop-venv");
    let (wanted, there) = (here().join("requirements.txt"), venv.join("requirements.txt"));
    assert!(
        fs::read(&there).ok() == Some(fs::read(&wanted).unwrap()),
        "{} is missing or not what {} asks for; run {}",
        venv.display(),
        wanted.display(),
        setup(),
    );
    let mut python = Command::new(venv.join("bin/python3"));
    python.arg("-I").arg(here().join("check.py")).arg(command).arg(folder);
    run(python);
}

fn run(mut command: Command) {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; run {}", setup()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{out}{err}\nWhere a module is missing: {}",
        output.status,
        setup(),
    );
    print!("{out}");
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// A ledger in memory: genesis, the enrollment, and what [`Ledger::fill`] adds.
struct Ledger {
    chain: Chain,
    nodes: Kept,
    blocks: Vec<SealedBlock>,
    batch: Batch,
}

impl Ledger {
    fn new() -> Self {
        let random = [42; 32];
        let uses = [(Use::Seal, 1), (Use::Note, NOTE_SEED), (Use::Operator, 3), (Use::Recovery, 4)];
        let listed = |(r#use, seed)| LedgerKey {
            r#use,
            key: key(seed).public().clone(),
            possession: prove_possession(&key(seed), r#use, ORIGIN, 1, &random),
        };
        let keys = uses.map(listed).into();
        let genesis = Body::Genesis(Genesis { random, keys, policy: Policy::default() });
        let genesis = Statement::sign(&key(3), ORIGIN, None, TIME_MS / 1000, genesis);
        let sealed = founding_block(genesis, TIME_MS, &key(1)).unwrap();
        let (chain, extension) = Chain::found(&sealed.block).unwrap();
        extension.signatures.check(&sealed.block).unwrap();
        // SHA-256, which Python has without a package; the singles are BLAKE3.
        let documents = (0..40_u32).map(|i| Fingerprints::of(&i.to_be_bytes()).sha256);
        let batch = Batch::new(List::new(documents.collect()).unwrap());
        let mut ledger = Self { chain, nodes: Kept::all(), blocks: vec![sealed], batch };
        let enroll = ledger.enroll();
        ledger.seal(vec![(enroll, None)]);
        ledger
    }

    /// A batch, a single and perhaps an envelope; two singles; a document that falls, and an issuer
    /// that is suspended; a heartbeat. No size is the same shape of tree as another.
    fn fill(&mut self, envelope: Option<Statement>) {
        let single = |i: u8| List::new(vec![Fingerprints::of(&[i]).blake3]).unwrap();
        let batch = self.batch.list().clone();
        let mut entries = vec![self.certify(batch), self.certify(single(1))];
        entries.extend(envelope.map(|envelope| (envelope, None)));
        self.seal(entries);
        self.seal(vec![self.certify(single(2)), self.certify(single(3))]);
        let (id, state) = (ISSUER.parse().unwrap(), IssuerState::Suspended);
        let suspend = Body::Issuer(IssuerStatement { seq: 2, id, state });
        let suspend = Statement::sign(&key(3), ORIGIN, Some(self.id()), TIME_MS / 1000, suspend);
        self.seal(vec![self.revoke(single(3)), (suspend, None)]);
        self.seal(vec![]);
    }

    fn id(&self) -> LedgerId {
        self.chain.identity().ledger
    }

    fn enroll(&self) -> Statement {
        let issuer = key(ISSUER_SEED);
        let possession = prove_possession(&issuer, Use::Issuer, ISSUER, 1, &self.id().0.0);
        let record = IssuerRecord {
            legal_name: "Énergie du Ponant".into(),
            country: "FR".into(),
            registration: "123456789".into(),
        };
        let (id, key_) = (ISSUER.parse().unwrap(), issuer.public().clone());
        let body = Body::Enroll(Enroll { seq: 1, id, record, key: key_, possession });
        Statement::sign(&key(3), ORIGIN, Some(self.id()), TIME_MS / 1000, body)
    }

    fn certify(&self, list: List) -> (Statement, Option<List>) {
        let body = Body::Certify(Certify::new(&list, "application/pdf").unwrap());
        let issuer = key(ISSUER_SEED);
        let statement = Statement::sign(&issuer, ISSUER, Some(self.id()), TIME_MS / 1000, body);
        (statement, Some(list))
    }

    fn revoke(&self, list: List) -> (Statement, Option<List>) {
        let body = Body::Revoke(Revoke::new(&list, Reason::Withdrawn).unwrap());
        let issuer = key(ISSUER_SEED);
        let statement = Statement::sign(&issuer, ISSUER, Some(self.id()), TIME_MS / 1000, body);
        (statement, Some(list))
    }

    fn seal(&mut self, entries: Vec<(Statement, Option<List>)>) {
        let mut draft = Draft::new(&self.chain, self.chain.head().time_ms + 1000, &self.nodes);
        for (statement, list) in entries {
            draft.add(statement, list).unwrap();
        }
        let sealed = draft.seal(&key(1)).unwrap();
        let replayed = Block::decode(&sealed.block.encode()).unwrap();
        let extension = self.chain.extend(&replayed, &self.nodes).unwrap();
        extension.signatures.check(&replayed).unwrap();
        self.nodes.grow(&extension.growth);
        self.blocks.push(sealed);
    }

    fn entries(&self) -> Vec<&Statement> {
        self.blocks.iter().flat_map(|sealed| &sealed.block.entries).collect()
    }

    fn checkpoints(&self) -> Vec<Checkpoint> {
        let checkpoint = |sealed: &SealedBlock| {
            let (size, root) = (sealed.head.size, sealed.growth.root().unwrap());
            Checkpoint { origin: ORIGIN.parse().unwrap(), size, root }
        };
        self.blocks.iter().map(checkpoint).collect()
    }

    /// The path of any entry in the newest tree.
    fn path(&self, index: u64) -> Vec<Hash> {
        let leaves: Vec<_> = self.entries().iter().map(|entry| entry.leaf()).collect();
        let subtree = |node: &tree::Node| {
            let start = usize::try_from(node.index << node.level).unwrap();
            tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
        };
        let size = leaves.len() as u64;
        tree::prove(index, size, |nodes| Ok::<_, ()>(nodes.iter().map(subtree).collect())).unwrap()
    }

    fn newest_receipt(&self, index: u64) -> Receipt {
        let newest = self.blocks.last().unwrap();
        let (seal, size) = (newest.block.seal.clone(), newest.head.size);
        Receipt { seal, size, index, path: self.path(index) }
    }

    /// Of each entry: the newest receipt, and the one of its own block where that is another.
    fn receipts(&self) -> Vec<Receipt> {
        let (newest, older) = self.blocks.split_last().unwrap();
        let first = |sealed: &SealedBlock| {
            let header = sealed.block.header();
            (header.first..header.size).map(|index| sealed.receipt(index)).collect::<Vec<_>>()
        };
        let newest = (0..newest.head.size).map(|index| self.newest_receipt(index));
        older.iter().flat_map(first).chain(newest).collect()
    }

    /// Where the `at`-th document of the batch stands.
    fn batched(&self, at: usize) -> DocumentPath {
        let fingerprint = self.batch.list().iter().nth(at).unwrap();
        DocumentPath { fingerprint, index: at as u64, path: self.batch.path(at) }
    }

    fn proof(&self, document: DocumentPath, index: u64) -> Proof {
        let proven = |index: u64| ProvenEntry {
            statement: self.entries()[usize::try_from(index).unwrap()].clone(),
            index,
            path: self.path(index),
        };
        let of_entry = |sealed: &&SealedBlock| index < sealed.head.size;
        let first = self.blocks.iter().find(of_entry).unwrap();
        let receipt = self.newest_receipt(index);
        let kid = key(ISSUER_SEED).public().kid();
        let fingerprint = &document.fingerprint;
        let slots =
            [Slot::document(ISSUER, fingerprint), Slot::issuer(ISSUER), Slot::key(ISSUER, &kid)];
        let status = |slot| self.chain.status().prove(&slot, &self.nodes).unwrap();
        Proof {
            statement: proven(index).statement,
            document,
            sealed: proven(first.head.size - 1),
            head: proven(receipt.size - 1),
            registry: vec![proven(0), proven(2)],
            first_receipt: first.receipt(index),
            receipt,
            statuses: slots.map(status).into(),
        }
    }

    /// The files, and in world.json what each must be.
    fn write(&self, folder: &Path, proofs: &[(Proof, Option<u64>)]) {
        let put = |name: String, bytes: &[u8]| {
            fs::write(folder.join(&name), bytes).unwrap();
            name
        };
        for (name, seed) in KEYS {
            let public = VerifyingKey::from_bytes(key(seed).public().as_bytes()).unwrap();
            let pem = public.to_public_key_pem(LineEnding::LF).unwrap();
            put(format!("{name}.pem"), pem.as_bytes());
        }
        let keys = KEYS.map(|(_, seed)| key(seed).public().clone());
        put("keys.cbor".into(), &key_set(keys.iter()));
        let lists: Vec<_> = self.blocks.iter().flat_map(|sealed| &sealed.block.lists).collect();
        let entries =
            self.entries().into_iter().zip(lists).enumerate().map(|(at, (entry, list))| {
                let mut world = world_of(entry, list.as_ref());
                world["every_bit"] = (at as u64 == BATCH || entry.enveloped().is_some()).into();
                world["file"] = put(format!("entry-{at}.cose"), entry.entry()).into();
                world
            });
        let newest = self.chain.head().size;
        let receipts = self.receipts().into_iter().map(|receipt| {
            let Receipt { size, index, .. } = receipt;
            let file = put(format!("receipt-{index}-{size}.cose"), &receipt.encode());
            let sealed = self.blocks.iter().find(|sealed| sealed.head.size == size).unwrap();
            json!({
                "file": file, "size": size, "index": index, "path": hexes(&receipt.path),
                "height": receipt.seal.height(), "iat": sealed.head.time_ms / 1000,
                "every_bit": size == newest && (index == BATCH || index + 1 == newest),
            })
        });
        let heads = self.checkpoints().into_iter().map(|checkpoint| {
            json!({
                "size": checkpoint.size, "root": checkpoint.root.to_string(),
                "checkpoint": checkpoint.sign(&key(NOTE_SEED)),
            })
        });
        let proofs = proofs.iter().map(|(proof, count)| {
            let Receipt { index, .. } = proof.receipt;
            let file = put(format!("document-{index}.proof"), &proof.encode());
            let fingerprint = hex::encode(proof.document.fingerprint.as_bytes());
            json!({ "file": file, "index": index, "fingerprint": fingerprint, "count": count })
        });
        let world = json!({
            "origin": ORIGIN,
            "vkey": verifier_key(&ORIGIN.parse().unwrap(), key(NOTE_SEED).public()),
            "keys": KEYS.map(|(name, _)| name),
            "entries": entries.collect::<Vec<_>>(),
            "receipts": receipts.collect::<Vec<_>>(),
            "heads": heads.collect::<Vec<_>>(),
            "proofs": proofs.collect::<Vec<_>>(),
        });
        put("world.json".into(), world.to_string().as_bytes());
    }
}

/// What an entry must be.
fn world_of(entry: &Statement, list: Option<&List>) -> Value {
    let (name, kind) = match entry.body() {
        Body::Genesis(_) | Body::Enroll(_) | Body::Issuer(_) | Body::Policy(_) => {
            ("operator", entry.body().kind())
        }
        Body::Certify(_) if entry.enveloped().is_some() => ("issuer", "envelope"),
        Body::Certify(_) | Body::Revoke(_) | Body::Key(_) => ("issuer", entry.body().kind()),
        Body::Block(_) => ("seal", entry.body().kind()),
    };
    let mut world = json!({
        "key": name, "kind": kind, "iss": entry.issuer(), "sub": entry.subject(),
        "aud": entry.audience(), "iat": entry.issued_at_s(),
    });
    if let Some(list) = list {
        let hex_of = |fingerprint: Fingerprint| hex::encode(fingerprint.as_bytes());
        world["list"] = list.iter().map(hex_of).collect();
    }
    world
}

fn hexes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_string).collect()
}
