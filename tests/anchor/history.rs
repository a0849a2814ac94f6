//! A timestamp covers what is of one history with the tree that was stamped, and nothing else.

use std::fs;

use probant::{
    anchor::{Anchored, existed},
    timestamp::{Refused, Request, Roots},
};
use probant_core::{
    Hash,
    checkpoint::Checkpoint,
    proof::Proof,
    tree::{check_consistency, node_hash, root_from_path},
};

use crate::{harness::bounded, proving::Scene};

/// How high a tree is that an issuer makes of one entry.
const LEVELS: u32 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_covered_under_an_older_head_the_same_and_a_newer_one_and_never_by_a_made_up_tree()
 {
    bounded(
        60,
        Box::pin(async {
            let scene = Scene::new().await;
            scene.certify("a.pdf").await;
            let older = scene.prove("a.pdf").await;
            // The stamp over the tree that somebody made up is good, and the path leads to its head.
            let made_up = made_up(&scene, &older);
            fs::write(scene.path().join("made-up"), made_up.encode()).unwrap();
            let said = scene.verify("a.pdf", "made-up", "root.pem", 1).await;
            assert!(said.contains("does not show one history with the proof's head"), "{said}");
            let stamped = scene.certify("b.pdf").await;
            scene.anchor().await;
            assert!(older.receipt.size < stamped, "the stamped tree holds the proof's head");
            let first = covered(&scene, &older, stamped).await;
            let same = scene.prove("a.pdf").await;
            refused_until_asked_again(&scene).await;
            assert!(covered(&scene, &same, stamped).await.grown.is_empty());
            scene.certify("c.pdf").await;
            let newer = refreshed(&scene).await;
            assert!(stamped < newer.receipt.size, "the proof's head grew from the stamped tree");
            let last = covered(&scene, &newer, stamped).await;

            for proof in [&older, &same, &newer] {
                for grown in [&first.grown, &last.grown, &made_up.path, &vec![]] {
                    let forged = Anchored { grown: grown.clone(), ..made_up.clone() };
                    assert_eq!(judged(&scene, &forged.encode(), proof), Err(one_history()));
                }
            }
        }),
    )
    .await;
}

fn one_history() -> Refused {
    Refused::Rule(
        "it does not show one history with the proof's head: where the proof has a newer one since, \
         `probant proof refresh` or `probant proof anchor` brings it again",
    )
}

fn judged(scene: &Scene, file: &[u8], proof: &Proof) -> Result<u64, Refused> {
    let roots = Roots::from_pem(&scene.authority.root()).unwrap();
    existed(file, proof, &scene.home.identity().origin, &roots).map(|(_, size)| size)
}

/// What the ledger gives for the proof that lies on the desk holds for that proof, and for no other
/// head of it.
async fn covered(scene: &Scene, proof: &Proof, stamped: u64) -> Anchored {
    scene.anchor_proof("a.pdf.proof", 0).await;
    let file = fs::read(scene.path().join("a.pdf.proof.anchor")).unwrap();
    assert_eq!(judged(scene, &file, proof), Ok(stamped));
    scene.verify("a.pdf", "a.pdf.proof.anchor", "root.pem", 0).await;
    let anchored = Anchored::decode(&file).unwrap();
    let root = |size, path: &[Hash]| {
        let (leaf, index) = (proof.statement.leaf(), proof.receipt.index);
        (size, root_from_path("entry", leaf, index, size, path).unwrap())
    };
    let mut trees = [root(stamped, &anchored.path), root(proof.receipt.size, &proof.receipt.path)];
    trees.sort_unstable_by_key(|(size, _)| *size);
    check_consistency(trees[0], trees[1], &anchored.grown).unwrap();
    let longer = [&anchored.grown[..], &[Hash([7; 32])]].concat();
    let altered = Anchored { grown: longer, ..anchored.clone() };
    assert_eq!(judged(scene, &altered.encode(), proof), Err(one_history()));
    anchored
}

/// What lies beside a proof that was refreshed says what to do.
async fn refused_until_asked_again(scene: &Scene) {
    let said = scene.verify("a.pdf", "a.pdf.proof.anchor", "root.pem", 1).await;
    assert!(said.contains("or `probant proof anchor` brings it again"), "{said}");
}

/// A proof that moves to a newer head takes along what lies beside it; after a crash in between, the next
/// run does.
async fn refreshed(scene: &Scene) -> Proof {
    let at = |name: &str| scene.path().join(name);
    let kept = fs::read(at("a.pdf.proof.anchor")).unwrap();
    let refresh = ["proof", "refresh", "a.pdf.proof", "--ledger", "URL", "--identity", "ID"];
    scene.run(&refresh, 0).await;
    scene.verify("a.pdf", "a.pdf.proof.anchor", "root.pem", 0).await;
    fs::write(at("a.pdf.proof.anchor"), kept).unwrap();
    refused_until_asked_again(scene).await;
    fs::write(at("a.pdf.proof.anchor.7"), "mine").unwrap();
    assert!(scene.run(&refresh, 0).await.contains("nothing newer"));
    scene.verify("a.pdf", "a.pdf.proof.anchor", "root.pem", 0).await;
    assert_eq!(fs::read(at("a.pdf.proof.anchor.7")).unwrap(), b"mine");
    Proof::decode(&fs::read(at("a.pdf.proof")).unwrap()).unwrap()
}

/// A tree in which every leaf is the proof's statement, with a stamp over its head: whoever has signed
/// a statement can have that before it is sent.
fn made_up(scene: &Scene, proof: &Proof) -> Anchored {
    let mut root = proof.statement.leaf();
    let mut path = Vec::new();
    for _ in 0..LEVELS {
        path.push(root);
        root = node_hash(&root, &root);
    }
    let head = Checkpoint { origin: scene.home.identity().origin, size: 1 << LEVELS, root };
    let request = Request::new(head.text().as_bytes(), 9).to_der();
    let reply = scene.authority.reply(&request, "");
    Anchored { size: 1 << LEVELS, path, grown: vec![], reply }
}
