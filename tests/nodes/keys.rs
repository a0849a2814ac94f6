//! A seal or a note key that is replaced while one of the nodes does not hold the new one.

use std::{fs, process::Command};

use probant::keyfile;

use crate::{
    cluster::Database,
    harness::{Client, Home, bounded},
    load::attempt,
    nodes::Nodes,
    truth::Acknowledged,
};

/// `probant key replace`, sent to one node: whether it ended well, and what it said.
fn replace(nodes: &Nodes, node: usize, name: &str) -> (bool, String) {
    let operator: &Home = &nodes.homes[0];
    let address = nodes.servers[node].as_ref().unwrap().address;
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(["key", "replace", "--use", name, "--new"]);
    command.arg(operator.keys().join(format!("{name}-2.pem")));
    command.arg("--operator-key").arg(operator.keys().join("operator.pem"));
    command.args(["--ledger", &format!("http://{address}")]);
    let output = command.args(["--identity", &operator.identity().to_string()]).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Whoever lacks the key refuses its replacement; whoever holds it cannot know of the other.
fn replace_where_it_is_held(nodes: &Nodes, name: &str) {
    let path = nodes.homes[0].keys().join(format!("{name}-2.pem"));
    if name == "note-ml-dsa" {
        keyfile::ml_dsa::create(&path).unwrap();
    } else {
        keyfile::create(&path).unwrap();
    }
    let (done, said) = replace(nodes, 1, name);
    assert!(!done && said.contains("key-not-held"), "{said}");
    let (done, said) = replace(nodes, 0, name);
    assert!(done, "{said}");
}

fn give(nodes: &Nodes, name: &str) {
    let file = format!("{name}-2.pem");
    fs::copy(nodes.homes[0].keys().join(&file), nodes.homes[1].keys().join(&file)).unwrap();
}

/// It says so to everybody, and where its keys are to nobody.
async fn not_ready_without(lacking: &Client, name: &str) {
    let words = format!("does not hold the {name} key");
    let lacks = |alarm: &str| alarm.contains(&words) && !alarm.contains(".pem");
    lacking
        .wait_for("/readyz", |reply| {
            reply.status == 503 && reply.json()["alarm"].as_str().is_some_and(lacks)
        })
        .await;
}

/// The second node takes and answers a statement of its own.
async fn seals(nodes: &Nodes, acknowledged: &Acknowledged) {
    let sent = nodes.issuer.certify_made_up("another", 3);
    let told = attempt(&nodes.addresses.client(1), &sent.bytes).await.unwrap();
    assert_eq!(told.status, 201, "{told:?}");
    acknowledged.add(sent.leaf, &told.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_lacks_a_new_seal_key_seals_nothing_and_others_go_on() {
    bounded(120, async {
        let database = Database::new();
        let mut nodes = Nodes::start(&database.url_of("postgres"), 2).await;
        let acknowledged = Acknowledged::default();
        replace_where_it_is_held(&nodes, "seal");

        let sent = nodes.issuer.certify_made_up("bill", 3);
        let lacking = nodes.addresses.client(1);
        not_ready_without(&lacking, "seal").await;
        let told = attempt(&lacking, &sent.bytes).await.unwrap();
        assert_eq!(told.status, 503, "{told:?}");
        // The same statement has one receipt, from whoever can seal it; and the other knows of it.
        acknowledged.add(sent.leaf, &nodes.addresses.send(0, &sent.bytes).await);
        let document = sent.documents.iter().next().unwrap();
        let known = lacking.get(&format!("/documents/{document}")).await;
        assert_eq!(known.json()["verdict"], "certified", "{known:?}");

        assert_eq!(nodes.take(1).stop(), Some(0));
        let (code, said) = nodes.homes[1].refused(&[]);
        assert!(code == 2 && said.contains("holds the seal key"), "{code}: {said}");
        give(&nodes, "seal");
        nodes.start_again(1);
        seals(&nodes, &acknowledged).await;
        nodes.check(&acknowledged);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_is_given_its_key_seals_without_a_restart() {
    bounded(120, async {
        let database = Database::new();
        let nodes = Nodes::start(&database.url_of("postgres"), 2).await;
        let acknowledged = Acknowledged::default();
        replace_where_it_is_held(&nodes, "seal");
        let lacking = nodes.addresses.client(1);
        not_ready_without(&lacking, "seal").await;
        // The alarm of a block that it could not make, too, ends by itself.
        let refused = nodes.issuer.certify_made_up("bill", 3);
        let told = attempt(&lacking, &refused.bytes).await.unwrap();
        assert_eq!(told.status, 503, "{told:?}");
        give(&nodes, "seal");
        lacking.wait_for("/readyz", |reply| reply.status == 200).await;
        acknowledged.add(refused.leaf, &attempt(&lacking, &refused.bytes).await.unwrap().body);
        seals(&nodes, &acknowledged).await;
        nodes.check(&acknowledged);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_lacks_a_new_note_key_seals_and_signs_no_checkpoint() {
    bounded(120, async {
        let database = Database::new();
        let nodes = Nodes::start(&database.url_of("postgres"), 2).await;
        let acknowledged = Acknowledged::default();
        for name in ["note", "note-ml-dsa"] {
            replace_where_it_is_held(&nodes, name);
            lacks_and_is_given(&nodes, &acknowledged, name).await;
        }
        nodes.check(&acknowledged);
    })
    .await;
}

/// What the second node does without a note key, and once it has it.
async fn lacks_and_is_given(nodes: &Nodes, acknowledged: &Acknowledged, name: &str) {
    let lacking = nodes.addresses.client(1);
    not_ready_without(&lacking, name).await;
    let sent = nodes.issuer.certify_made_up(name, 3);
    let told = attempt(&lacking, &sent.bytes).await.unwrap();
    assert_eq!(told.status, 201, "{told:?}");
    acknowledged.add(sent.leaf, &told.body);
    let document = sent.documents.iter().next().unwrap();
    let proof = format!("/documents/{document}/proof");
    for path in ["/checkpoint", &proof] {
        // The checkpoint of before is given out for a second.
        lacking.wait_for(path, |reply| reply.status.is_server_error()).await;
    }
    let known = lacking.get(&format!("/documents/{document}")).await;
    assert_eq!(known.json()["verdict"], "certified", "{known:?}");

    // Without a restart.
    give(nodes, name);
    for path in ["/checkpoint", &proof] {
        assert_eq!(lacking.get(path).await.status, 200, "{path}");
    }
    lacking.wait_for("/readyz", |reply| reply.status == 200).await;
}
