//! Block statements that begin and end one entry later than they do, so that first and size fit
//! each other: in a block (format.md 10.1 step 3) and in proofs (format.md 11.3 steps 5 to 7).

use probant_core::{Fingerprint, proof::Proof, seal::Receipt, statement::BlockStatement};

use crate::{
    ledger::{BATCH_OF_40, LEDGER, Ledger, document, list},
    proofs::case,
    submissions::AFTER_1,
    vector::{Vector, refused},
};

/// Of three certifications at 5 to 7: its paths are as long, and hash alike, under 9 entries and 10.
const CERTIFIED: u64 = 6;
const STATEMENT: u64 = 8;

pub fn all() -> Vec<Vector> {
    let ledger = shifted();
    let block = ledger.blocks[2].encode();
    let block = refused("block_statement_that_begins_and_ends_one_later", "chain", block);
    [vec![block.with("after", AFTER_1)], heads(&ledger), sealed(ledger)].concat()
}

fn seven() -> Fingerprint {
    document(7).blake3
}

fn shifted() -> Ledger {
    let mut ledger = LEDGER.at(1);
    let entries = [1, 40, 2].map(|count| ledger.certify(&list(count))).to_vec();
    let honest = ledger.header(&entries);
    assert_eq!((honest.first, honest.size), (CERTIFIED - 1, STATEMENT + 1));
    let header = BlockStatement { first: honest.first + 1, size: honest.size + 1, ..honest };
    let block = ledger.block(header, entries);
    ledger.blocks.push(block);
    ledger
}

/// Of the second certification, sealed by what is shifted, under the newest block.
fn proof(ledger: &Ledger, first_receipt: Receipt) -> Proof {
    let last = ledger.blocks.iter().map(|block| block.entries.len() as u64).sum::<u64>() - 1;
    Proof {
        statement: ledger.entry(CERTIFIED).clone(),
        receipt: ledger.receipt(CERTIFIED),
        sealed: ledger.proven(STATEMENT),
        head: ledger.proven(last),
        registry: vec![ledger.proven(0), ledger.proven(2)],
        first_receipt,
        ..LEDGER.at(2).proof(BATCH_OF_40, seven())
    }
}

fn heads(ledger: &Ledger) -> Vec<Vector> {
    let proof = proof(ledger, ledger.receipt(CERTIFIED));
    let mut told = proof.clone();
    told.head.index += 1;
    told.sealed.index += 1;
    let name = "head_that_begins_and_ends_one_later";
    vec![
        case(name, "proof", &proof.encode(), seven()),
        case(&format!("{name}_where_it_says"), "path-length", &told.encode(), seven()),
    ]
}

/// Under an honest head.
fn sealed(mut ledger: Ledger) -> Vec<Vector> {
    let (first, leaf) = (ledger.receipt(CERTIFIED), ledger.entry(CERTIFIED).leaf());
    let honest = Receipt { size: first.size - 1, ..first.clone() };
    assert_eq!(first.root(leaf), honest.root(leaf));
    ledger.seal(vec![]);
    let proof = proof(&ledger, first);
    let mut told = proof.clone();
    told.sealed.index += 1;
    let name = "sealed_that_begins_and_ends_one_later";
    vec![
        case(name, "proof", &proof.encode(), seven())
            .why("all else fits, its first receipt too: no signature covers the size of that"),
        case(&format!("{name}_where_it_says"), "path-root", &told.encode(), seven()),
    ]
}
