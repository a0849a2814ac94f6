//! A ledger that is moved into a database, and back: the same, and going on in one place.

use super::{Receipts, SERVE, check, send};
use crate::{
    cluster::Cluster,
    harness::{Home, Issuer, bounded},
};

fn migrate(home: &Home, from: &str, to: &str) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(["migrate", "--from", from, "--to", to, "--keys"]).arg(home.keys());
    let output = command.env_remove("PROBANT_STORE").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_moves_into_a_database_and_back_and_goes_on_in_one_place() {
    bounded(120, async {
        let cluster = Cluster::start();
        let name = cluster.database();
        let url = cluster.url(&name);
        let home = Home::init();
        let identity = home.identity();
        let server = home.serve(&SERVE);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        let mut receipts = Receipts::new();
        for number in 0..20 {
            let sent = issuer.certify_made_up(&format!("old {number}"), 1 + number % 5);
            receipts.insert(sent.leaf, send(&[server.client()], 0, &sent).await);
        }
        let data = home.data().display().to_string();
        let (moved, said) = migrate(&home, &data, &url);
        assert!(!moved && said.contains("in use"), "a server has it: {said}");
        assert_eq!(server.stop(), Some(0));
        let (moved, said) = migrate(&home, &data, &url);
        assert!(moved, "{said}");
        let (code, said) = home.refused(&[]);
        assert!(code == 2 && said.contains("has moved to postgres://"), "{said}");
        let (again, said) = migrate(&home, &data, &url);
        assert!(!again && said.contains("goes on in this database"), "{said}");
        let home = home.in_database(&url);
        assert_eq!(home.identity(), identity);
        check(&home.store(), &receipts);
        let server = home.serve(&SERVE);
        let sent = issuer.certify_made_up("new", 3);
        receipts.insert(sent.leaf, send(&[server.client()], 0, &sent).await);
        // Back, while another node is at work: it is told.
        let other = home.another_node();
        assert_eq!(server.stop(), Some(0));
        let server = other.serve(&SERVE);
        let back = home.folder().join("back").display().to_string();
        let (moved, said) = migrate(&home, &url, &back);
        assert!(moved, "{said}");
        let told = server.client().wait_for("/readyz", |reply| reply.status == 503).await;
        assert!(told.json()["alarm"].as_str().unwrap().contains("has moved"), "{told:?}");
        let refused = server.client().post("/entries", issuer.certify_made_up("no", 1).bytes).await;
        assert!(refused.concise(503).contains("has moved"));
        assert_eq!(server.stop(), Some(0));
        let (code, said) = other.refused(&[]);
        assert!(code == 2 && said.contains("has moved"), "{said}");
        let mut home = home.in_directory();
        home.move_data(back.into());
        let server = home.serve(&SERVE);
        for (leaf, receipt) in &receipts {
            let index = probant_core::seal::Receipt::decode(receipt).unwrap().index;
            let first = server.client().get(&format!("/entries/{index}")).await;
            assert_eq!(&first.body.to_vec(), receipt, "{leaf}");
        }
        let sent = issuer.certify_made_up("home", 3);
        send(&[server.client()], 0, &sent).await;
    })
    .await;
}
