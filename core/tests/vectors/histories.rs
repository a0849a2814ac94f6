//! Proofs through histories that only a ledger without scruples seals: every signature is true, and
//! every path leads where it should.

use probant_core::{
    Hash, Statement,
    proof::Proof,
    seal::Receipt,
    statement::{BlockStatement, Body},
};

use crate::{
    ledger::{
        ISSUER, ISSUER_KEY, LEDGER, Ledger, ORIGIN, SEAL, SINGLE, TIME_MS, document, key, list,
    },
    proofs::case,
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    let more = vec![sealed_by_an_issuer(), sealed_by_an_earlier_block()];
    [geneses(), sealing_blocks(), heads(), statements(), more].concat()
}

/// The identity names a genesis that is forged.
fn geneses() -> Vec<Vector> {
    let mut bytes = LEDGER.entry(0).entry().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let forged = Statement::decode(&bytes).unwrap();
    let mut proof = LEDGER.proof(SINGLE, document(1).blake3);
    proof.registry[0].statement = forged.clone();
    let of = |name: &str, origin: &str| {
        refused(format!("proof_of_a_forged_genesis{name}"), "signature", proof.encode())
            .with("identity", format!("{origin}+{}", forged.leaf()))
            .with("document", document(1).blake3)
    };
    vec![
        of("", ORIGIN),
        of("_of_another_origin", "other.example")
            .why("the rules of genesis come before the origin of the identity"),
    ]
}

/// The block that seals the statement lies.
fn sealing_blocks() -> Vec<Vector> {
    let refuse = |name: &str, lie: fn(&mut BlockStatement), more: fn(&mut Ledger)| {
        let mut ledger = LEDGER.at(1);
        let entries = vec![ledger.certify(&list(1))];
        let mut header = ledger.header(&entries);
        let (index, size) = (header.first, header.size);
        lie(&mut header);
        let block = ledger.block(header, entries);
        ledger.blocks.push(block);
        more(&mut ledger);
        let newest = ledger.blocks.last().unwrap().header().size;
        let mut proof = ledger.at(1).proof(2, document(1).blake3);
        proof = Proof {
            statement: ledger.entry(index).clone(),
            receipt: ledger.receipt(index),
            sealed: ledger.proven(size - 1),
            head: ledger.proven(newest - 1),
            registry: vec![ledger.proven(0), ledger.proven(2)],
            first_receipt: ledger.at(2).receipt(index),
            ..proof
        };
        case(name, "proof", &proof.encode(), document(1).blake3)
    };
    let heartbeat = |ledger: &mut Ledger| ledger.seal(vec![]);
    vec![
        refuse("where_time_went_back", |header| header.time_ms += 10_000, heartbeat),
        refuse(
            "where_the_sealing_block_counts_one_entry_more",
            |header| header.size += 1,
            heartbeat,
        )
        .why("it is not the last entry of the block that it describes"),
        refuse("where_the_height_went_back", |header| header.height += 7, heartbeat),
        refuse("where_the_block_begins_after_the_statement", |header| header.first += 1, heartbeat),
    ]
}

/// The newest block lies, and the receipt agrees with it.
fn heads() -> Vec<Vector> {
    let refuse = |name: &str, lie: fn(&mut BlockStatement)| {
        let mut ledger = LEDGER.at(2);
        let mut header = ledger.header(&[]);
        let head = header.first;
        lie(&mut header);
        let size = header.size;
        let block = ledger.block(header, vec![]);
        ledger.blocks.push(block);
        let mut proof = LEDGER.at(2).proof(SINGLE, document(1).blake3);
        proof.receipt = Receipt { size, ..ledger.receipt(SINGLE) };
        proof.sealed = ledger.proven(8);
        proof.head = ledger.proven(head);
        proof.registry = vec![ledger.proven(0), ledger.proven(2)];
        case(name, "proof", &proof.encode(), document(1).blake3)
    };
    vec![
        refuse("where_the_head_counts_one_entry_more", |header| header.size += 1),
        refuse("where_the_head_begins_after_itself", |header| header.first += 1),
    ]
}

/// The statement of the sealing block, and of the newest, is in the tree, and is wrong.
fn statements() -> Vec<Vector> {
    let proof = |at: usize, change: &dyn Fn(BlockStatement) -> Statement| {
        let mut ledger = LEDGER.at(1);
        for (height, entries) in [(2, vec![ledger.certify(&list(1))]), (3, vec![])] {
            let header = BlockStatement { status: Hash::ZERO, ..ledger.header(&entries) };
            let block = ledger.block(header, entries.clone());
            let statement = block.header().clone();
            ledger.blocks.push(if height == at {
                ledger.block_with(change(statement), entries)
            } else {
                block
            });
        }
        ledger.proof(5, document(1).blake3)
    };
    let one = |name: &str, code: &str, at, change: &dyn Fn(BlockStatement) -> Statement| {
        case(name, code, &proof(at, change).encode(), document(1).blake3)
    };
    let both = |name: &str, code: &str, change: &dyn Fn(BlockStatement) -> Statement| {
        [("sealed", 2), ("head", 3)]
            .map(|(what, at)| one(&format!("{what}_{name}"), code, at, change))
    };
    let sign = |header: BlockStatement, iat_s: u64| {
        Statement::sign(&key(SEAL), ORIGIN, Some(LEDGER.id), iat_s, Body::Block(header))
    };
    let flip = |statement: &Statement| {
        let mut bytes = statement.entry().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        Statement::decode(&bytes).unwrap()
    };
    let other_root = |header: BlockStatement| {
        let iat_s = header.time_ms / 1000;
        sign(BlockStatement { status: Hash([7; 32]), ..header }, iat_s)
    };
    let roots = vec![
        one("sealed_has_another_status_root", "ok", 2, &other_root)
            .why("only that of the head counts"),
        one("head_has_another_status_root", "path-root", 3, &other_root),
    ];
    let others = [
        both("with_another_iat", "chain", &|header| {
            let iat_s = header.time_ms / 1000 + 1;
            sign(header, iat_s)
        }),
        both("with_another_previous_and_documents", "ok", &|header| {
            let iat_s = header.time_ms / 1000;
            sign(BlockStatement { previous: Hash([7; 32]), documents: 7, ..header }, iat_s)
        }),
        both("with_its_signature_flipped_in_the_tree", "signature", &|header| {
            let iat_s = header.time_ms / 1000;
            flip(&sign(header, iat_s))
        }),
    ];
    [roots, others.concat(), heights()].concat()
}

/// The head says another height or size than the receipt's seal, and is forged or not.
fn heights() -> Vec<Vector> {
    let of = |name: &str, code: &str, receipt: Receipt, forged: bool| {
        let mut proof = LEDGER.proof(SINGLE, document(1).blake3);
        proof.receipt = receipt;
        if forged {
            let mut bytes = proof.head.statement.entry().to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            proof.head.statement = Statement::decode(&bytes).unwrap();
        }
        case(&format!("head_{name}"), code, &proof.encode(), document(1).blake3)
    };
    let other = LEDGER.at(3).receipt(SINGLE);
    let newest = LEDGER.receipt(SINGLE);
    let other_seal = Receipt { seal: other.seal.clone(), ..newest };
    vec![
        of("of_another_size_and_height", "proof", other.clone(), false),
        of("of_another_size_and_height_and_forged", "signature", other, true),
        of("of_another_height", "proof", other_seal.clone(), false)
            .why("size and height are compared after the signature, and before the seal"),
        of("of_another_height_and_forged", "signature", other_seal, true),
    ]
}

/// An issuer has a block statement of its own making sealed, just after what it certified.
fn sealed_by_an_issuer() -> Vector {
    let mut ledger = LEDGER.at(1);
    let certify = ledger.certify(&list(1));
    let earlier = BlockStatement { time_ms: TIME_MS, ..ledger.header(&[certify.clone()]) };
    let (index, false_index) = (earlier.first, earlier.first + 1);
    let forged = LEDGER.sign(ISSUER_KEY, ISSUER, Body::Block(earlier));
    ledger.seal(vec![certify, (forged, None)]);
    let mut proof = ledger.proof(index, document(1).blake3);
    proof.sealed = ledger.proven(false_index);
    case("sealed_by_an_issuer", "key-use", &proof.encode(), document(1).blake3)
}

/// The block before is said to have sealed it, by a first receipt of that block.
fn sealed_by_an_earlier_block() -> Vector {
    let mut proof = LEDGER.proof(SINGLE, document(1).blake3);
    let earlier = LEDGER.at(1);
    let (seal, size) = (earlier.blocks[1].seal.clone(), earlier.blocks[1].header().size);
    proof.sealed = LEDGER.proven(size - 1);
    proof.first_receipt = Receipt { seal, size, ..proof.first_receipt };
    case("sealed_by_an_earlier_block_with_its_seal", "proof", &proof.encode(), document(1).blake3)
}
