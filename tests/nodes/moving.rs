//! A ledger that is moved into a database, and back: the same, and going on in one place.

use std::{
    fs,
    io::Read as _,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use probant::store::Store;

use crate::{
    cluster::Cluster,
    harness::{Home, Issuer, bounded},
    load::Addresses,
    nodes::ARGS,
    truth::{Acknowledged, Truth},
};

/// So much later than the time before.
const KILL_LATER: Duration = Duration::from_millis(20);

fn moving(home: &Home, from: &str, to: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(["migrate", "--from", from, "--to", to, "--keys"]).arg(home.keys());
    command.env_remove("PROBANT_STORE");
    command
}

fn migrate(home: &Home, from: &str, to: &str) -> (bool, String) {
    let output = moving(home, from, to).output().unwrap();
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
        // Whoever was killed before it could say so asks again.
        let (again, said) = migrate(&home, &data, &url);
        assert!(again && said.contains("the ledger is in postgres://"), "{said}");
        // Another schema of the same database is another place.
        cluster.sql(url.rsplit('/').next().unwrap(), "CREATE SCHEMA other");
        let (other, said) = migrate(&home, &data, &format!("{url}?options=-csearch_path%3Dother"));
        assert!(!other && said.contains("has moved to postgres://"), "{said}");
        home.move_store(&url);
        assert_eq!(home.identity(), identity);
        Truth::of(&url).holds(&acknowledged);
        certify(&home, &issuer, &acknowledged, &["a", "in the database"]).await;

        // Whoever has no mark could take an old copy for the ledger.
        let unmarked = home.another();
        fs::remove_file(unmarked.mark_path()).unwrap();
        let (moved, said) =
            migrate(&unmarked, &url, &home.folder().join("no").display().to_string());
        assert!(!moved && said.contains("mark set"), "{said}");
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

/// Runs the command again and again, and each time kills it a little later, until it ends first; after each
/// kill, `closed` must hold. How often it was killed.
async fn kill_until_moved(mut command: Command, mut closed: impl FnMut()) -> u32 {
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    for kills in 0..200 {
        let mut running = command.spawn().unwrap();
        tokio::time::sleep(KILL_LATER * kills).await;
        if let Some(status) = running.try_wait().unwrap() {
            let mut said = String::new();
            running.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert!(status.success(), "{status}: {said}");
            return kills;
        }
        running.kill().unwrap();
        running.wait().unwrap();
        closed();
    }
    panic!("it never ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_that_is_killed_at_any_moment_goes_on_and_arrives_whole() {
    bounded(300, async {
        let cluster = Cluster::start();
        let url = cluster.url(&cluster.database());
        let (mut home, acknowledged) = (Home::init(), Acknowledged::default());
        let data = home.data().display().to_string();
        let server = home.serve(&ARGS);
        let issuer = Issuer::enrolled(&home, &server.client()).await;
        assert_eq!(server.stop(), Some(0));
        let names: Vec<_> = (0..40).map(|number| format!("bill {number}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        certify(&home, &issuer, &acknowledged, &names).await;

        // What is half there is open to nobody.
        home.move_store(&url);
        let half = |code: i32, said: &str| match code {
            2 => said.contains("is still being moved") || said.contains("holds no ledger"),
            // The tables are there, and nothing else.
            4 => said.contains("the store ends at no block"),
            _ => false,
        };
        let database = url.rsplit('/').next().unwrap();
        let made = "SELECT to_regclass('head') IS NOT NULL";
        let done = "SELECT count(*) FROM head WHERE state = 'open' AND height IS NOT NULL";
        let kills = kill_until_moved(moving(&home, &data, &url), || {
            if cluster.sql(database, made) == "t" && cluster.sql(database, done) == "1" {
                return;
            }
            let (code, said) = home.refused(&[]);
            assert!(half(code, &said), "{code}: {said}");
        });
        assert!(kills.await > 4, "it was killed in its midst");
        Truth::of(&url).holds(&acknowledged);
        certify(&home, &issuer, &acknowledged, &["in the database"]).await;

        let back = home.folder().join("back");
        let target = back.display().to_string();
        let kills = kill_until_moved(moving(&home, &url, &target), || {});
        assert!(kills.await > 4, "it was killed in its midst");
        let (code, said) = home.refused(&[]);
        assert!(code == 2 && said.contains("has moved"), "{said}");
        home.move_data(back.clone());
        certify(&home, &issuer, &acknowledged, &["at home"]).await;
        let store = crate::world::opening(&back, &home.mark_path()).open().unwrap();
        Truth::in_store(Arc::new(store)).holds(&acknowledged);
    })
    .await;
}
