//! What core says of a vector: every kind of vector goes through one public function.

use std::path::Path;

use probant_core::{
    Fingerprint, Hash, Identity, List, Rejected, Statement, Verifier,
    block::{Block, Fault},
    chain::Chain,
    checkpoint::Checkpoint,
    draft::Draft,
    key::PublicKey,
    list::Shape,
    note::{Note, Signed},
    seal::Receipt,
    status::{Kept, Slot, StatusPath},
    tlog_proof::TlogProof,
    tree::check_consistency,
    trust_policy::{Judged, TrustPolicy},
    verifier_key::VerifierKey,
};

use crate::vector::Vector;

pub fn read(folder: &Path, name: &str) -> Vector {
    let text = std::fs::read_to_string(folder.join(name)).expect(name);
    Vector::parse(name, &text)
}

/// `ok` or the code of the refusal.
pub fn verdict(vector: &Vector, folder: &Path) -> &'static str {
    let judged = match vector.what() {
        "entry" => entry(vector),
        "submission" => submission(vector, folder),
        "block" => block(vector, folder).map_err(|fault| fault.rejected),
        "receipt" => receipt(vector),
        "checkpoint" => checkpoint(vector),
        "vkey" => vkey(vector),
        "note" => note(vector),
        "policy" => policy(vector),
        "cosigned" => cosigned(vector, folder),
        "tlogproof" => tlog_proof(vector, folder),
        "identity" => identity(vector),
        "list" => list(vector),
        "consistency" => consistency(vector),
        "status" => status(vector),
        "key" => key(&vector.bytes).map(|key| expect_input(vector, "kid", key.kid())),
        "signature" => signature(vector),
        "proof" => proof(vector, folder),
        other => panic!("{}: unknown kind of vector {other}", vector.name),
    };
    judged.map_or_else(|rejected| rejected.code(), |()| "ok")
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(vector: &Vector, input: &str) -> T {
    vector.input(input).expect(input).parse().expect(input)
}

fn hex_input(vector: &Vector, input: &str) -> Vec<u8> {
    hex::decode(vector.input(input).expect(input)).expect(input)
}

fn expect_input(vector: &Vector, input: &str, found: impl ToString) {
    if let Some(expected) = vector.input(input) {
        assert_eq!(found.to_string(), expected, "{}: {input}", vector.name);
    }
}

fn key(bytes: &[u8]) -> Result<PublicKey, Rejected> {
    PublicKey::from_bytes(bytes.try_into().expect("a key has 32 bytes"))
}

/// Of whoever signed: a weak key is for vectors of kind key and signature.
fn signer(vector: &Vector) -> PublicKey {
    key(&hex_input(vector, "key")).expect("a good key")
}

fn entry(vector: &Vector) -> Result<(), Rejected> {
    let signer = vector.input("key").map(|_| signer(vector));
    let statement = Statement::decode(&vector.bytes)?;
    expect_input(vector, "leaf", statement.leaf());
    signer.map_or(Ok(()), |key| statement.verify(&key))
}

/// A chain with the nodes of its status map.
struct Replayed {
    chain: Chain,
    nodes: Kept,
}

/// The chain that the blocks named in `after` make.
fn replayed(vector: &Vector, folder: &Path) -> Option<Replayed> {
    let mut names = vector.input("after")?.split(' ').map(|name| read(folder, name));
    let first = Block::decode(&names.next()?.bytes).expect("a good block");
    let (chain, extension) = Chain::found(&first).expect("a good block");
    extension.signatures.check(&first).expect("a good block");
    let mut replayed = Replayed { chain, nodes: Kept::newest() };
    for next in names {
        replayed.extend(&next.bytes).expect("a good block");
    }
    Some(replayed)
}

impl Replayed {
    fn extend(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let block = Block::decode(bytes)?;
        let extension = self.chain.extend(&block, &self.nodes)?;
        self.nodes.grow(&extension.growth);
        extension.signatures.check(&block)
    }
}

fn submission(vector: &Vector, folder: &Path) -> Result<(), Rejected> {
    let (statement, list) = Statement::decode_submission(&vector.bytes)?;
    let Some(Replayed { chain, nodes }) = replayed(vector, folder) else { return Ok(()) };
    let key = chain.registry().key(&statement.kid()).map(|signer| signer.key.clone());
    let time_ms = parsed(vector, "time");
    Draft::new(&chain, time_ms, &nodes).add(statement.clone(), list)?;
    statement.verify(&key.expect("what is admitted has a known key"))
}

fn block(vector: &Vector, folder: &Path) -> Result<(), Fault> {
    if let Some(mut replayed) = replayed(vector, folder) {
        return replayed.extend(&vector.bytes);
    }
    let block = Block::decode(&vector.bytes)?;
    assert_eq!(block.encode(), vector.bytes);
    let (chain, extension) = Chain::found(&block)?;
    extension.signatures.check(&block)?;
    expect_input(vector, "identity", chain.identity());
    Ok(())
}

fn receipt(vector: &Vector) -> Result<(), Rejected> {
    let key = signer(vector);
    let receipt = Receipt::decode(&vector.bytes)?;
    let leaf = Hash::from_hex(vector.input("leaf").expect("leaf")).expect("leaf");
    let root = receipt.root(leaf)?;
    receipt.seal.verify(&key, &parsed(vector, "origin"), parsed(vector, "time"), root)
}

fn checkpoint(vector: &Vector) -> Result<(), Rejected> {
    let key = signer(vector);
    let note = std::str::from_utf8(&vector.bytes)
        .map_err(|_| Rejected::Checkpoint("a note is UTF-8".into()))?;
    let checkpoint = Checkpoint::open(note, &parsed(vector, "origin"), &key)?;
    expect_input(vector, "size", checkpoint.size);
    expect_input(vector, "root", checkpoint.root);
    Ok(())
}

fn vkey(vector: &Vector) -> Result<(), Rejected> {
    let key: VerifierKey = text(vector).parse()?;
    expect_input(vector, "name", key.name());
    expect_input(vector, "id", hex::encode(key.id()));
    Ok(())
}

fn text(vector: &Vector) -> &str {
    str::from_utf8(&vector.bytes).expect("UTF-8")
}

/// Seconds, or the word none.
fn seconds(time_s: Option<u64>) -> String {
    time_s.map_or("none".into(), |time_s| time_s.to_string())
}

fn note(vector: &Vector) -> Result<(), Rejected> {
    let keys: Vec<VerifierKey> =
        vector.all("vkey").map(|key| key.parse().expect("a good key")).collect();
    let signed = Note::split(text(vector))?.signatures(&keys.iter().collect::<Vec<_>>())?;
    if signed.is_empty() {
        return Err(Rejected::Signature("note"));
    }
    let line = |one: &Signed<'_>| format!("{} {}", one.key().name(), seconds(one.time_s()));
    let expected: Vec<_> = vector.all("signed").collect();
    assert_eq!(signed.iter().map(line).collect::<Vec<_>>(), expected, "{}", vector.name);
    Ok(())
}

fn policy(vector: &Vector) -> Result<(), Rejected> {
    let policy = TrustPolicy::parse(&vector.bytes).inspect_err(|rejected| {
        let Rejected::TrustPolicy { line, .. } = rejected else { panic!("{}", vector.name) };
        expect_input(vector, "line", line);
    })?;
    expect_input(vector, "logs", policy.logs().len());
    expect_input(vector, "witnesses", policy.witnesses().len());
    Ok(())
}

fn cosigned(vector: &Vector, folder: &Path) -> Result<(), Rejected> {
    let policy = read(folder, vector.input("policy").expect("policy")).bytes;
    let policy = TrustPolicy::parse(&policy).expect("a good policy");
    let judged = policy.judge(text(vector), None)?;
    expect_input(vector, "quorum", if judged.quorum() { "reached" } else { "missing" });
    expect_input(vector, "notafter", seconds(judged.not_after_s()));
    let size = judged.checkpoint().size;
    expect_input(vector, "notbefore", seconds(judged.not_shown_before_s(size)));
    assert_eq!(judged.not_shown_before_s(size - 1), None, "{}", vector.name);
    Ok(())
}

fn tlog_proof(vector: &Vector, folder: &Path) -> Result<(), Rejected> {
    let policy = read(folder, vector.input("policy").expect("policy")).bytes;
    let policy = TrustPolicy::parse(&policy).expect("a good policy");
    let proof: TlogProof = text(vector).parse()?;
    assert_eq!(proof.to_string(), text(vector));
    let judged = proof.verify(&hex_input(vector, "entry"), &policy, None)?;
    expect_input(vector, "index", proof.index);
    expect_input(vector, "quorum", if judged.quorum() { "reached" } else { "missing" });
    Ok(())
}

fn identity(vector: &Vector) -> Result<(), Rejected> {
    let text = std::str::from_utf8(&vector.bytes).expect("an identity is text");
    let identity: Identity = text.parse()?;
    expect_input(vector, "origin", &identity.origin);
    expect_input(vector, "ledger", identity.ledger);
    Ok(())
}

fn list(vector: &Vector) -> Result<(), Rejected> {
    let shape = match vector.input("shape") {
        Some("replacements") => Shape::Replacements,
        _ => Shape::Documents,
    };
    let list = List::decode(vector.bytes.clone(), shape)?;
    expect_input(vector, "count", list.count());
    expect_input(vector, "root", list.root());
    Ok(())
}

fn status(vector: &Vector) -> Result<(), Rejected> {
    let path = StatusPath::decode(&vector.bytes)?;
    assert_eq!(path.encode(), vector.bytes);
    let [root, slot] = ["root", "slot"]
        .map(|input| Hash::from_hex(vector.input(input).expect(input)).expect(input));
    let status = path.verify(&Slot(slot), root)?;
    let value = status.map_or("none".into(), |status| hex::encode(status.encode()));
    expect_input(vector, "value", value);
    if let Some(owner) = vector.input("owner") {
        assert_eq!(slot, slot_of(vector, owner).0, "{}", vector.name);
    }
    Ok(())
}

/// The slot of what the inputs name.
fn slot_of(vector: &Vector, owner: &str) -> Slot {
    match (vector.input("document"), vector.input("kid")) {
        (Some(document), _) => Slot::document(owner, &document.parse().expect("document")),
        (_, Some(kid)) => Slot::key(owner, &Hash::from_hex(kid).expect("kid")),
        _ => Slot::issuer(owner),
    }
}

fn consistency(vector: &Vector) -> Result<(), Rejected> {
    let root = |input| Hash::from_hex(vector.input(input).expect(input)).expect(input);
    let (hashes, rest) = vector.bytes.as_chunks::<32>();
    assert!(rest.is_empty(), "{}: hashes have 32 bytes", vector.name);
    let path: Vec<_> = hashes.iter().map(|hash| Hash(*hash)).collect();
    let older = (parsed(vector, "from"), root("older"));
    check_consistency(older, (parsed(vector, "to"), root("newer")), &path)
}

fn signature(vector: &Vector) -> Result<(), Rejected> {
    let message = hex_input(vector, "message");
    key(&hex_input(vector, "key"))?.verify("vector", &message, &vector.bytes)
}

fn proof(vector: &Vector, folder: &Path) -> Result<(), Rejected> {
    let documents: Vec<Fingerprint> =
        vector.all("document").map(|text| text.parse().expect("document")).collect();
    let mut verifier = Verifier::new(parsed(vector, "identity"));
    let verified = verifier.verify(&documents, &vector.bytes)?;
    expect_input(vector, "issuer", verified.issuer());
    expect_input(vector, "entry", verified.entry());
    expect_input(vector, "time", verified.sealed().time_ms);
    expect_input(vector, "head", verified.head().height);
    expect_input(vector, "standing", verified.standing().name());
    expect_input(vector, "timestamps", verified.timestamps().len());
    expect_input(vector, "mldsa", if verified.is_signed_by_ml_dsa() { "yes" } else { "no" });
    if let Some(policy) = vector.input("policy") {
        let policy = TrustPolicy::parse(&read(folder, policy).bytes).expect("a good policy");
        let judged = verified.judge(&policy)?;
        let reached = judged.as_ref().map_or(!policy.wants_checkpoint(), Judged::quorum);
        expect_input(vector, "quorum", if reached { "reached" } else { "missing" });
        let not_after_s = judged.and_then(|judged| judged.not_after_s());
        expect_input(vector, "notafter", seconds(not_after_s));
    }
    // A second time, with everything remembered.
    verifier.verify(&documents, &vector.bytes).map(drop)
}
