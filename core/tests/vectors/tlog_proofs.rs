//! Proofs in C2SP's form (format.md 11.5): of entry 5, a batch of 40, under the ledger's newest head.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use probant_core::tlog_proof::TlogProof;

use crate::{
    attested::cosigned,
    proofs::of_batch,
    vector::{Vector, refused},
};

pub fn all() -> Vec<Vector> {
    [good_ones(), forms(), others()].concat()
}

fn proof() -> TlogProof {
    TlogProof::of(&of_batch(), Some(&cosigned())).unwrap()
}

fn case(name: &str, code: &str, proof: impl ToString) -> Vector {
    refused(format!("tlogproof_{name}"), code, proof.to_string())
        .with("entry", hex::encode(of_batch().statement.entry()))
        .with("policy", "policy_two_of_three")
}

fn good_ones() -> Vec<Vector> {
    let good = |name: &str, proof: TlogProof| {
        case(name, "ok", &proof).with("index", proof.index).with("quorum", "reached")
    };
    let (text, line) =
        proof().note.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let by_the_log = format!("{text}\n\n{}\n", line.lines().next().unwrap());
    vec![
        good("good", proof()),
        good("without_extra", TlogProof { extra: None, ..proof() }),
        good("with_another_extra", TlogProof { extra: Some(vec![7]), ..proof() })
            .why("nobody signs it"),
        case("by_the_log_only", "ok", TlogProof { note: by_the_log, ..proof() })
            .with("quorum", "missing"),
    ]
}

/// As text, with something in it exchanged.
fn forms() -> Vec<Vector> {
    let swap = |name: &str, from: &str, to: &str| {
        let good = proof().to_string();
        assert!(good.contains(from), "{name}");
        case(name, "proof", good.replacen(from, to, 1))
    };
    let index = format!("index {}\n", proof().index);
    let first = STANDARD.encode(proof().path[0].0);
    let more = |index: &str| format!("{index}\n");
    vec![
        case("empty", "proof", ""),
        swap("of_version_2", "@v1", "@v2"),
        swap("with_carriage_returns", "@v1\n", "@v1\r\n"),
        swap("without_header", "c2sp.org/tlog-proof@v1\n", ""),
        swap("without_index", &index, ""),
        swap("with_an_index_with_a_leading_zero", &index, &more("index 05")),
        swap("with_an_index_with_a_plus", &index, &more("index +5")),
        swap("with_a_negative_index", &index, &more("index -5")),
        swap("with_an_index_of_65_bits", &index, &more("index 18446744073709551616")),
        swap("with_two_indexes", &index, &format!("{index}{index}")),
        swap("with_an_empty_extra", "extra ", "extra \nextra "),
        swap("with_two_extras", "extra ", "extra BwcH\nextra "),
        swap("with_extra_after_the_index", &index, &format!("{index}extra BwcH\n")),
        swap("with_a_hash_url_safe", &first, &"-".repeat(44)),
        swap("with_a_hash_of_31_bytes", &first, &STANDARD.encode([7; 31])),
        swap("with_a_hash_without_padding", &first, first.trim_end_matches('=')),
        swap("without_empty_line", "\n\n", "\n"),
        case("of_65_hashes", "proof", TlogProof { path: vec![proof().path[0]; 65], ..proof() }),
    ]
}

fn others() -> Vec<Vector> {
    let path = proof().path;
    let shorter = path[1..].to_vec();
    let turned = path.iter().rev().copied().collect();
    let note = cosigned();
    vec![
        case("of_another_index", "path-root", TlogProof { index: 4, ..proof() }),
        case("of_an_index_beyond_the_tree", "path-index", TlogProof { index: 12, ..proof() }),
        case("of_a_path_cut", "path-length", TlogProof { path: shorter, ..proof() }),
        case("of_a_path_turned", "path-root", TlogProof { path: turned, ..proof() }),
        case("of_a_checkpoint_with_an_empty_line_more", "checkpoint", {
            TlogProof { note: format!("\n{note}"), ..proof() }
        }),
        case(
            "of_a_path_cut_and_a_checkpoint_that_nobody_signed",
            "signature",
            TlogProof {
                note: note.replacen("\n12\n", "\n13\n", 1),
                path: path[1..].to_vec(),
                ..proof()
            },
        )
        .why("the checkpoint is looked at first"),
        case("of_no_checkpoint", "checkpoint", TlogProof { note: String::new(), ..proof() }),
        case("of_a_checkpoint_that_nobody_signed", "signature", {
            TlogProof { note: note.replacen("\n12\n", "\n13\n", 1), ..proof() }
        }),
    ]
}
