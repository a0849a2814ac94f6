//! A ledger that is moved into a database, and back: the same, and going on in one place.

use std::{process::Command, sync::Arc};

use probant::store::Store;

use crate::{
    cluster::Cluster,
    harness::{Home, Issuer, bounded},
    load::Addresses,
    nodes::ARGS,
    truth::{Acknowledged, Truth},
};

fn migrate(home: &Home, from: &str, to: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(["migrate", "--from", from, "--to", to, "--keys"]).arg(home.keys());
    let output = command.env_remove("PROBANT_STORE").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// A node that is served, and what is sent to it alone.
async fn certify(home: &Home, issuer: &Issuer, acknowledged: &Acknowledged, names: &[&str]) {
    let server = home.serve(&ARGS);
    let addresses = Addresses::of(vec![server.address]);
    for name in names {
        let sent = issuer.certify_made_up(name, 3);
        acknowledged.add(sent.leaf, &addresses.send(0, &sent.bytes).await);
    }
    assert_eq!(server.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_moves_into_a_database_and_back_and_goes_on_in_one_place() {
    bounded(120, async {
        let cluster = Cluster::start();
        let url = cluster.url(&cluster.database());
        let (mut home, acknowledged) = (Home::init(), Acknowledged::default());
        let (identity, data) = (home.identity(), home.data().display().to_string());
        let server = home.serve(&ARGS);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        let (moved, said) = migrate(&home, &data, &url);
        assert!(!moved && said.contains("in use"), "a server has it: {said}");
        assert_eq!(server.stop(), Some(0));
        certify(&home, &issuer, &acknowledged, &["a", "b", "c", "d"]).await;

        let (moved, said) = migrate(&home, &data, &url);
        assert!(moved, "{said}");
        let (code, said) = home.refused(&[]);
        assert!(code == 2 && said.contains("has moved to postgres://"), "{said}");
        let (again, said) = migrate(&home, &data, &url);
        assert!(!again && said.contains("goes on in this database"), "{said}");
        home.move_store(&url);
        assert_eq!(home.identity(), identity);
        Truth::of(&url).holds(&acknowledged);
        certify(&home, &issuer, &acknowledged, &["a", "in the database"]).await;

        // Back, while another node is at work: it is told.
        let other = home.another();
        let server = other.serve(&ARGS);
        let back = home.folder().join("back");
        let (moved, said) = migrate(&home, &url, &back.display().to_string());
        assert!(moved, "{said}");
        let told = server.client().wait_for("/readyz", |reply| reply.status == 503).await;
        assert!(told.json()["alarm"].as_str().unwrap().contains("has moved"), "{told:?}");
        let late = issuer.certify_made_up("too late", 1).bytes;
        assert!(server.client().post("/entries", late).await.concise(503).contains("has moved"));
        assert_eq!(server.stop(), Some(0));
        let (code, said) = other.refused(&[]);
        assert!(code == 2 && said.contains("has moved"), "{said}");
        home.move_data(back.clone());
        certify(&home, &issuer, &acknowledged, &["b", "at home"]).await;
        let mark = home.mark_path();
        let store: Arc<dyn Store> = Arc::new(crate::world::opening(&back, &mark).open().unwrap());
        Truth::in_store(store).holds(&acknowledged);
    })
    .await;
}
