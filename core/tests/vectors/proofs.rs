//! Proofs (format.md 11): good ones, and good ones of which one part was changed. What takes
//! signatures over hostile contents is in `tampered`.

use probant_core::{
    Fingerprint, Hash, Identity, LedgerId, Rejected, Verifier,
    proof::{Proof, ProvenEntry},
    seal::Seal,
};

use crate::{
    ledger::{
        BATCH_OF_40, BATCH_OF_1000, ENVELOPE, ISSUER, LEDGER, ORIGIN, SEAL, SINGLE, document, key,
        list,
    },
    submissions::SMALL,
    vector::{Vector, good, refused},
};

pub fn all() -> Vec<Vector> {
    [good_ones(), documents(), receipts(), registries(), block_statements(), first_receipts()]
        .concat()
}

pub fn case(name: &str, code: &str, proof: &[u8], fingerprint: Fingerprint) -> Vector {
    refused(format!("proof_{name}"), code, proof)
        .with("identity", LEDGER.identity())
        .with("document", fingerprint)
}

/// Of document 7 in the batch of 40, under the newest head.
pub fn of_batch() -> Proof {
    LEDGER.proof(BATCH_OF_40, document(7).blake3)
}

/// A good proof with one part changed.
fn change(name: &str, code: &str, change: impl Fn(&mut Proof)) -> Vector {
    let mut proof = of_batch();
    change(&mut proof);
    case(name, code, &proof.encode(), document(7).blake3)
}

fn good_ones() -> Vec<Vector> {
    let of = |name: &str, height: usize, index: u64, fingerprint: Fingerprint| {
        let ledger = LEDGER.at(height);
        let sealed = ledger.blocks.iter().find(|block| block.header().size > index).unwrap();
        case(name, "ok", &ledger.proof(index, fingerprint).encode(), fingerprint)
            .with("issuer", ISSUER)
            .with("entry", index)
            .with("time", sealed.header().time_ms)
            .with("head", height)
    };
    let batch = list(40);
    let single = LEDGER.proof(SINGLE, document(1).blake3).encode();
    vec![
        of("of_a_single_document", 4, SINGLE, document(1).blake3),
        of("of_a_batch_of_40", 4, BATCH_OF_40, document(7).blake3),
        of("of_the_first_of_a_batch", 4, BATCH_OF_40, batch.iter().next().unwrap()),
        of("of_the_last_of_a_batch", 4, BATCH_OF_40, batch.iter().last().unwrap()),
        of("of_a_batch_of_1000", 4, BATCH_OF_1000, document(1000).blake3)
            .why("its head is the block that sealed it"),
        of("of_a_hash_envelope", 4, ENVELOPE, document(7).sha256),
        of("under_a_heartbeat", 3, BATCH_OF_40, document(40).blake3),
        of("under_the_block_that_sealed_it", 2, SINGLE, document(1).blake3)
            .why("sealed and head are one statement, the receipts are one"),
        good("proof_for_a_document_hashed_both_ways", single)
            .with("identity", LEDGER.identity())
            .with("document", document(1).sha256)
            .with("document", document(1).blake3),
        change("with_another_enrollment_beside", "ok", |proof| {
            proof.registry.push(LEDGER.proven(3));
        }),
    ]
}

fn documents() -> Vec<Vector> {
    let batch = of_batch().encode();
    let other = document(8).blake3;
    let index = of_batch().document.index;
    vec![
        case("of_another_document", "document", &batch, other),
        case(
            "of_another_document_by_a_statement_that_certifies_nothing",
            "document",
            &{
                let mut proof = of_batch();
                proof.statement = LEDGER.entry(2).clone();
                proof.encode()
            },
            other,
        ),
        case("of_the_same_document_by_another_hash", "document", &batch, document(7).sha256),
        case(
            "with_another_document_put_in",
            "path-root",
            &{
                let mut proof = of_batch();
                proof.document.fingerprint = other;
                proof.encode()
            },
            other,
        ),
        change("path_one_hash_too_long", "path-length", |proof| {
            proof.document.path.push(LEDGER.id.0);
        }),
        change("path_one_hash_too_short", "path-length", |proof| {
            proof.document.path.pop();
        }),
        change("path_empty", "path-length", |proof| proof.document.path.clear()),
        change("path_of_65_hashes", "malformed", |proof| {
            proof.document.path = vec![Hash([7; 32]); 65];
        }),
        change("path_with_a_wrong_hash", "path-root", |proof| proof.document.path[5].0[31] ^= 1),
        change("path_reversed", "path-root", |proof| proof.document.path.reverse()),
        change("document_index_is_the_count", "path-index", |proof| proof.document.index = 40),
        change("document_index_huge", "path-index", |proof| proof.document.index = u64::MAX),
        change("document_index_of_its_neighbour", "path-root", |proof| {
            proof.document.index = index ^ 1;
        }),
        change("of_an_inner_node_for_a_document", "path-length", |proof| {
            proof.document.index >>= 1;
            proof.document.path.remove(0);
        }),
        change("of_a_statement_that_certifies_nothing", "proof", |proof| {
            proof.statement = LEDGER.entry(2).clone();
        }),
        change("of_another_certification", "path-length", |proof| {
            proof.statement = LEDGER.entry(BATCH_OF_1000).clone();
        }),
    ]
}

fn receipts() -> Vec<Vector> {
    vec![
        change("receipt_path_one_hash_too_long", "path-length", |proof| {
            proof.receipt.path.push(LEDGER.id.0);
        }),
        change("receipt_path_with_a_wrong_hash", "signature", |proof| {
            proof.receipt.path[2].0[0] ^= 1;
        }),
        change("receipt_index_is_the_size", "path-index", |proof| proof.receipt.index = 12),
        change("receipt_of_another_entry", "signature", |proof| {
            proof.receipt = LEDGER.receipt(SINGLE);
        }),
        change("receipt_of_an_older_block", "proof", |proof| {
            proof.receipt = LEDGER.at(3).receipt(BATCH_OF_40);
        }),
        change("receipt_of_another_size", "path-length", |proof| proof.receipt.size += 5),
        change("receipt_of_another_size_and_same_length", "proof", |proof| proof.receipt.size -= 1)
            .why("the receipt alone would pass: no signature covers its size"),
        change("receipt_under_the_seal_of_another_block", "proof", |proof| {
            proof.receipt.seal = LEDGER.blocks[3].seal.clone();
        }),
    ]
}

fn registries() -> Vec<Vector> {
    let elsewhere = |name: &str, identity: Identity| {
        refused(format!("proof_{name}"), "ledger", of_batch().encode())
            .with("identity", identity)
            .with("document", document(7).blake3)
    };
    let identity = LEDGER.identity();
    vec![
        elsewhere("for_another_ledger", SMALL.identity()),
        elsewhere(
            "for_another_origin",
            Identity { origin: "ledger.example".parse().unwrap(), ..identity.clone() },
        ),
        elsewhere(
            "for_another_ledger_of_the_same_origin",
            Identity { ledger: LedgerId(Hash([7; 32])), ..identity },
        ),
        change("with_the_genesis_of_another_ledger", "ledger", |proof| {
            proof.registry[0].statement = SMALL.entry(0).clone();
        }),
        change("registry_without_genesis", "proof", |proof| drop(proof.registry.remove(0))),
        change("registry_without_the_enrollment", "unknown-key", |proof| {
            proof.registry.pop();
        }),
        change("registry_with_the_enrollment_of_another_issuer", "unknown-key", |proof| {
            proof.registry[1] = LEDGER.proven(3);
        }),
        change("registry_out_of_order", "proof", |proof| {
            proof.registry.insert(1, LEDGER.proven(3));
        }),
        change("registry_with_an_entry_twice", "proof", |proof| {
            proof.registry.push(LEDGER.proven(2));
        }),
        change("registry_with_the_enrollment_at_two_indexes", "key-in-use", |proof| {
            let mut again = LEDGER.proven(2);
            again.index = 3;
            proof.registry.push(again);
        }),
        change("registry_with_genesis_twice", "misplaced", |proof| {
            let mut again = LEDGER.proven(0);
            again.index = 3;
            proof.registry.push(again);
        }),
        change("registry_with_a_certification", "proof", |proof| {
            proof.registry.push(LEDGER.proven(BATCH_OF_40));
        }),
        change("path_of_the_enrollment_wrong", "path-root", |proof| {
            proof.registry[1].path[0].0[0] ^= 1;
        }),
        change("path_of_the_enrollment_too_long", "path-length", |proof| {
            proof.registry[1].path.push(LEDGER.id.0);
        }),
        change("enrollment_at_another_index", "path-root", |proof| proof.registry[1].index = 3),
        change("enrollment_at_the_index_of_the_statement", "proof", |proof| {
            proof.registry[1].index = BATCH_OF_40;
        }),
        change("with_another_enrollment_at_the_index_of_the_statement", "path-root", |proof| {
            proof.registry.push(ProvenEntry { index: BATCH_OF_40, ..LEDGER.proven(3) });
        }),
        change("with_another_enrollment_beyond_the_head", "path-index", |proof| {
            proof.registry.push(ProvenEntry { index: 12, ..LEDGER.proven(3) });
        }),
        change("enrollment_beyond_the_head", "proof", |proof| proof.registry[1].index = 12),
    ]
}

fn block_statements() -> Vec<Vector> {
    let (sealed, older, head) = (8, 9, 11);
    vec![
        change("sealed_and_head_swapped", "proof", |proof| {
            std::mem::swap(&mut proof.sealed, &mut proof.head);
        }),
        change("head_is_no_block_statement", "proof", |proof| proof.head = LEDGER.proven(10)),
        change("head_is_older_than_the_receipt", "proof", |proof| {
            proof.head = LEDGER.proven(older);
        }),
        change("head_at_another_index", "proof", |proof| proof.head.index = older),
        change("head_path_with_a_wrong_hash", "path-root", |proof| proof.head.path[0].0[0] ^= 1),
        change("head_path_too_short", "path-length", |proof| {
            proof.head.path.pop();
        }),
        change("sealed_is_no_block_statement", "proof", |proof| proof.sealed = LEDGER.proven(7)),
        change("sealed_by_a_later_block", "proof", |proof| proof.sealed = LEDGER.proven(older)),
        change("sealed_by_an_earlier_block", "proof", |proof| proof.sealed = LEDGER.proven(4)),
        change("sealed_by_the_head", "proof", |proof| proof.sealed = LEDGER.proven(head)),
        change("sealed_at_another_index", "path-root", |proof| proof.sealed.index = older),
        change("sealed_path_with_a_wrong_hash", "path-root", |proof| {
            proof.sealed.path[0].0[0] ^= 1;
        }),
        change("sealed_path_under_an_older_head", "path-length", |proof| {
            proof.sealed = LEDGER.at(2).proven(sealed);
        }),
    ]
}

fn first_receipts() -> Vec<Vector> {
    vec![
        change("first_receipt_of_another_block", "proof", |proof| {
            proof.first_receipt = LEDGER.at(3).receipt(BATCH_OF_40);
        }),
        change("first_receipt_of_another_entry", "proof", |proof| {
            proof.first_receipt = LEDGER.at(2).receipt(SINGLE);
        }),
        change("first_receipt_with_a_wrong_hash", "signature", |proof| {
            proof.first_receipt.path[0].0[0] ^= 1;
        }),
        change("first_receipt_path_too_long", "path-length", |proof| {
            proof.first_receipt.path.push(LEDGER.id.0);
        }),
        change("first_receipt_of_the_newest_block", "proof", |proof| {
            proof.first_receipt = proof.receipt.clone();
        }),
        change("first_receipt_of_another_size_and_same_length", "proof", |proof| {
            proof.first_receipt.size += 1;
        })
        .why("its seal verifies: no signature covers its size"),
        change("first_receipt_of_another_height", "proof", |proof| {
            let root = proof.first_receipt.root(proof.statement.leaf()).unwrap();
            let (origin, time_ms) = (ORIGIN.parse().unwrap(), LEDGER.blocks[2].header().time_ms);
            proof.first_receipt.seal = Seal::sign(&key(SEAL), &origin, 3, time_ms, root);
        }),
        change("first_receipt_by_another_ledger", "proof", |proof| {
            proof.first_receipt = SMALL.receipt(2);
        }),
    ]
}

/// Verifies a proof with so many entries of the registry: too long to store.
pub fn with_registry_of(count: usize) -> Result<(), Rejected> {
    let mut proof = of_batch();
    let entry = ProvenEntry { path: vec![], ..LEDGER.proven(9) };
    proof.registry = vec![entry; count];
    Verifier::new(LEDGER.identity()).verify(&[document(7).blake3], &proof.encode()).map(drop)
}

/// Verifies a proof of so many bytes: too long to store.
pub fn padded(length: usize) -> Result<(), Rejected> {
    let mut proof = of_batch().encode();
    proof.resize(length, 0);
    let verified = Verifier::new(LEDGER.identity()).verify(&[document(7).blake3], &proof);
    verified.map(drop)
}
