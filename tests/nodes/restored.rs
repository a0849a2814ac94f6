//! A database that was restored from a backup, a standby that is followed, and what else must not be
//! taken for the ledger.

use super::{Receipts, SERVE, check, mark_height, send};
use crate::{
    cluster::Cluster,
    harness::{Home, Issuer, bounded},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_is_refused_by_who_saw_more_and_by_who_asks_them() {
    bounded(120, async {
        let mut cluster = Cluster::start();
        let name = cluster.database();
        let first = Home::init_in(&cluster.url(&name));
        let sleeper = first.another_node();
        let server = first.serve(&SERVE);
        let issuer = Issuer::enrolled(&first, &server.client()).await;
        let mut receipts = Receipts::new();
        let sent = issuer.certify_made_up("before", 3);
        receipts.insert(sent.leaf, send(&[server.client()], 0, &sent).await);
        assert_eq!(server.stop(), Some(0));
        let backup = cluster.backup();
        let server = first.serve(&SERVE);
        let sent = issuer.certify_made_up("after", 3);
        receipts.insert(sent.leaf, send(&[server.client()], 0, &sent).await);
        assert_eq!(server.stop(), Some(0));
        let newer = cluster.backup();
        cluster.restore(&backup);
        // Who saw more refuses by itself.
        let (code, said) = first.refused(&[]);
        assert_eq!(code, 4, "{said}");
        assert!(said.contains("behind its head mark"), "{said}");
        // With a peer it does not end, for that one asks it.
        let awake = first.start(&["--listen", "127.0.0.1:18471", "--peer", "http://127.0.0.1:1"]);
        // Who was away knows nothing of it, and asks.
        assert!(mark_height(&sleeper) < mark_height(&first));
        let (code, said) = sleeper.refused(&["--peer", "http://127.0.0.1:18471"]);
        assert_eq!(code, 4, "{said}");
        assert!(said.contains("has seen block"), "{said}");
        awake.kill();
        cluster.restore(&newer);
        let server = sleeper.serve(&SERVE);
        let sent = issuer.certify_made_up("again", 3);
        receipts.insert(sent.leaf, send(&[server.client()], 0, &sent).await);
        check(&sleeper.store(), &receipts);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_follows_a_standby_answers_and_takes_nothing() {
    bounded(120, async {
        let cluster = Cluster::start();
        let name = cluster.database();
        let home = Home::init_in(&cluster.url(&name));
        let server = home.serve(&SERVE);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        let standby = cluster.standby(true);
        let reader = Home::reading(&standby.url(&name)).serve(&["--read-only", "--read-rate", "0"]);
        let reader = reader.client();
        let sent = issuer.certify_made_up("seen", 3);
        let receipt = send(&[server.client()], 0, &sent).await;
        let document = sent.documents.iter().next().unwrap();
        let path = format!("/documents/{document}");
        reader.wait_for(&path, |reply| reply.json()["verdict"] == "certified").await;
        let proof = reader.get(&format!("{path}/proof")).await;
        assert_eq!(proof.status, 200, "{proof:?}");
        let mut verifier = probant_core::Verifier::new(home.identity());
        assert!(verifier.verify(&[document], &proof.body).is_ok());
        let refused = reader.post("/entries", issuer.certify_made_up("no", 1).bytes).await;
        assert!(refused.concise(403).contains("takes no statements"));
        assert!(reader.get("/checkpoint").await.problem(404).contains("no note key"));
        assert!(reader.get("/mark").await.problem(404).contains("no head mark"));
        check(&home.store(), &Receipts::from([(sent.leaf, receipt.clone())]));
        // The primary is lost: what was acknowledged is on the standby, which goes on.
        server.kill();
        drop(cluster);
        standby.promote();
        let home = home.in_database(&standby.url(&name));
        let server = home.serve(&SERVE);
        assert_eq!(send(&[server.client()], 0, &sent).await, receipt);
        let after = issuer.certify_made_up("after", 2);
        let after = [(after.leaf, send(&[server.client()], 0, &after).await)];
        check(&home.store(), &after.into_iter().chain([(sent.leaf, receipt)]).collect());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_ledger_of_this_node_is_refused_in_one_line() {
    bounded(60, async {
        let cluster = Cluster::start();
        let (one, other) = (cluster.database(), cluster.database());
        let home = Home::init_in(&cluster.url(&one));
        Home::init_in(&cluster.url(&other));
        let refused = |home: &Home, words: &str| {
            let (code, said) = home.refused(&[]);
            assert_eq!(code, 2, "{said}");
            assert!(said.lines().count() == 1 && said.contains(words), "{said}");
        };
        let home = home.in_database(&cluster.url(&other));
        refused(&home, "and the head mark beside the keys is of");
        let empty = cluster.database();
        let home = home.in_database(&cluster.url(&empty));
        refused(&home, "`probant init --store` makes one");
        let home = home.in_database(&cluster.url(&one));
        cluster.sql(&one, "UPDATE head SET version = 99");
        refused(&home, "upgrade probant");
        cluster.sql(&one, "UPDATE head SET version = 0");
        refused(&home, "`probant migrate schema`");
        cluster.sql(&one, "UPDATE head SET version = 1; CREATE ROLE reader LOGIN");
        cluster.sql(&one, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
        let home = home.in_database(&cluster.url_of("reader", &one));
        refused(&home, "does not let reader");
    })
    .await;
}
