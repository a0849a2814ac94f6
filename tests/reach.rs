//! How a node reaches its database: what it refuses, what passes, and that no password is seen.

#[path = "cluster/mod.rs"]
mod cluster;

use std::{fs, path::Path, process::Command, time::Duration};

use cluster::{Cluster, connect};
use probant::store::{
    StoreError,
    postgres::{
        Postgres,
        server::{Access, Server, address::Address},
    },
};
use zeroize::Zeroizing;

const SECRET: &str = "correct horse";
/// Cuts short what waits for the standby.
const CANCEL: &str = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
     WHERE wait_event = 'SyncRep'";

fn ask(server: &Server) -> Result<i32, StoreError> {
    server.wait(async {
        let client = server.writer().await?;
        let row = client.query_one("SELECT 7", &[]).await;
        row.map(|row| row.get(0)).map_err(|error| StoreError::Unavailable(error.to_string()))
    })
}

fn refused(server: &Server) -> String {
    match ask(server) {
        Err(StoreError::Input(why)) => {
            assert!(!why.contains(SECRET), "{why}");
            why
        }
        other => panic!("it is to be mended: {other:?}"),
    }
}

#[test]
fn a_database_that_would_forget_is_refused_whenever_it_is_set_so() {
    let mut cluster = Cluster::start();
    let server = cluster.connect("postgres");
    assert_eq!(ask(&server).unwrap(), 7);
    for setting in ["fsync=off", "full_page_writes=off", "synchronous_commit=off"] {
        // The node goes on, and looks again at the connection that it makes then.
        cluster.stop();
        cluster.set(setting);
        cluster.start_again();
        let (name, value) = setting.split_once('=').unwrap();
        // A connection that has ended says so once.
        let why = (0..5).find_map(|_| ask(&server).err().filter(|e| !e.passes())).unwrap();
        let StoreError::Input(why) = why else { panic!("{why}") };
        assert!(
            why.contains(&format!("{name} = {value}")) && why.contains("set it to on"),
            "{why}"
        );
        cluster.set(&format!("{name}=on"));
    }
    // Whoever only reads acknowledges nothing.
    assert_eq!(ask(&connect(&cluster.url("postgres"), Access::Read)).unwrap(), 7);
    cluster.stop();
    cluster.set("synchronous_commit=local");
    cluster.start_again();
    assert_eq!(ask(&cluster.connect("postgres")).unwrap(), 7);
    cluster.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'other'");
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    std::thread::sleep(Duration::from_millis(300));
    assert!(refused(&cluster.connect("postgres")).contains("synchronous_commit = local"));
}

#[test]
fn a_standby_is_only_read() {
    let cluster = Cluster::start();
    let standby = cluster.standby(false);
    assert!(refused(&standby.connect("postgres")).contains("--read-only"));
    assert_eq!(ask(&connect(&standby.url("postgres"), Access::Read)).unwrap(), 7);
}

#[test]
fn a_database_that_is_away_is_so_for_a_bounded_time_and_comes_back_by_itself() {
    let mut cluster = Cluster::start();
    let server = cluster.connect("postgres");
    for _ in 0..2 {
        assert_eq!(ask(&server).unwrap(), 7);
        cluster.kill();
        let away = ask(&server).unwrap_err();
        assert!(matches!(away, StoreError::Unavailable(_)), "{away}");
        cluster.start_again();
        assert!((0..5).any(|_| ask(&server).is_ok()), "it comes back");
    }
    drop(server);
    cluster.pause(true);
    let paused = ask(&cluster.connect("postgres")).unwrap_err();
    assert!(matches!(paused, StoreError::Unavailable(_)), "{paused}");
    cluster.pause(false);
    assert_eq!(ask(&cluster.connect("postgres")).unwrap(), 7);
    let gone = connect("postgres://postgres@127.0.0.1:1/postgres", Access::Write);
    assert!(matches!(ask(&gone), Err(StoreError::Unavailable(_))));
}

/// Fails the test where work on the database hangs: whatever it does, the node must be told.
fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || drop(tell.send(work())));
    told.recv_timeout(Duration::from_secs(100)).expect("it ends, and not by a panic")
}

#[test]
fn a_unix_socket_is_reached() {
    let cluster = Cluster::start();
    let data = cluster.data();
    let folder = data.parent().unwrap().display().to_string().replace('/', "%2F");
    let url = format!("postgres://postgres@{folder}:{}/postgres", cluster.port);
    assert_eq!(ask(&connect(&url, Access::Write)).unwrap(), 7);
}

#[test]
fn a_database_that_stands_still_under_a_connection_is_away() {
    let cluster = Cluster::start();
    let server = std::sync::Arc::new(cluster.connect("postgres"));
    assert_eq!(ask(&server).unwrap(), 7);
    cluster.pause(true);
    let asked = std::sync::Arc::clone(&server);
    let away = bounded(move || ask(&asked));
    cluster.pause(false);
    assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    assert!((0..5).any(|_| ask(&server).is_ok()), "it comes back");
}

#[test]
fn a_statement_may_take_its_time_where_the_database_answers_others() {
    let cluster = Cluster::start();
    let server = cluster.connect("postgres");
    let slow = server.wait(async {
        let client = server.reader().await?;
        let slept = client.batch_execute("SELECT pg_sleep(17)").await;
        slept.map_err(|error| StoreError::Unavailable(error.to_string()))
    });
    assert!(slow.is_ok(), "{slow:?}");
}

#[test]
fn a_wait_that_was_cut_short_is_heard_of_whatever_is_silenced() {
    let cluster = Cluster::start();
    cluster.sql("postgres", "ALTER ROLE postgres SET client_min_messages = error");
    cluster.sql("postgres", "CREATE TABLE written (n int)");
    let standby = cluster.standby(true);
    let options = "?options=-cclient_min_messages%3Derror";
    for url in [cluster.url("postgres"), cluster.url("postgres") + options] {
        let server = std::sync::Arc::new(connect(&url, Access::Write));
        assert_eq!(ask(&server).unwrap(), 7);
        standby.pause(true);
        let writes = {
            let server = std::sync::Arc::clone(&server);
            std::thread::spawn(move || {
                server.wait(async {
                    let client = server.writer().await.unwrap();
                    client.batch_execute("INSERT INTO written VALUES (1)").await.unwrap();
                });
            })
        };
        while cluster.sql("postgres", CANCEL) != "1" {
            std::thread::sleep(Duration::from_millis(50));
        }
        writes.join().unwrap();
        standby.pause(false);
        assert_eq!(server.cut_short(), 1, "{url}");
    }
}

#[test]
fn a_ledger_has_not_left_before_the_standby_knows() {
    let cluster = Cluster::start();
    let dir = tempfile::tempdir().unwrap();
    drop(Postgres::create(cluster.connect("postgres"), &dir.path().join("mark")).unwrap());
    // As it is opened to be moved.
    let store = std::sync::Arc::new(Postgres::open_read_only(cluster.connect("postgres")).unwrap());
    let standby = cluster.standby(true);
    // On a connection that has waited already.
    store.settle().unwrap();
    standby.pause(true);
    let leaving = std::sync::Arc::clone(&store);
    let leaves = std::thread::spawn(move || leaving.leave().map(|head| head.height));
    while cluster.sql("postgres", CANCEL) != "1" {
        std::thread::sleep(Duration::from_millis(50));
    }
    let left = leaves.join().unwrap();
    standby.pause(false);
    // A failover now would find it open there.
    assert!(matches!(left, Err(StoreError::Unavailable(_))), "{left:?}");
    let left = store.leave().map(|head| head.height);
    assert!(matches!(left, Err(StoreError::Input(_))), "it says that there is no block: {left:?}");
}

#[test]
fn a_standby_that_is_waited_for_in_vain_keeps_nobody_for_ever() {
    let cluster = Cluster::start();
    let columns = "issuer text PRIMARY KEY, day int, documents int, full_us int";
    cluster.sql("postgres", &format!("CREATE TABLE usage ({columns})"));
    let standby = cluster.standby(true);
    standby.pause(true);
    let server = std::sync::Arc::new(cluster.connect("postgres"));
    let asked = std::sync::Arc::clone(&server);
    let away = bounded(move || ask(&asked));
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    // It is told to end while the node is answered already.
    let ended = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        cluster.sql("postgres", waiting) == "0"
    });
    standby.pause(false);
    assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
    // Or each try would leave a session, until there are no more to be had.
    assert!(ended, "{}", cluster.said());
    assert!((0..20).any(|_| ask(&server).is_ok()), "it goes on once the standby is back");
}

#[test]
fn of_several_hosts_the_primary_is_found_past_those_that_are_none() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().port();
    let cluster = Cluster::start();
    let standby = cluster.standby(false);
    for first in [standby.port, silent] {
        let port = cluster.port;
        let url = format!("postgres://postgres@127.0.0.1:{first},127.0.0.1:{port}/postgres");
        let server = connect(&url, Access::Write);
        let asked = bounded(move || ask(&server));
        assert_eq!(asked.expect("the second is the primary"), 7, "{first}");
    }
}

#[test]
fn a_primary_that_waits_for_a_standby_in_vain_is_passed_over_for_the_one_that_took_over() {
    let cluster = Cluster::start();
    let dir = tempfile::tempdir().unwrap();
    let standby = cluster.standby(true);
    drop(Postgres::create(cluster.connect("postgres"), &dir.path().join("mark")).unwrap());
    standby.promote();
    let (first, second) = (cluster.port, standby.port);
    let url = format!("postgres://postgres@127.0.0.1:{first},127.0.0.1:{second}/postgres");
    let server = connect(&url, Access::Write);
    let asked = bounded(move || {
        server.wait(async {
            let client = server.writer().await.unwrap();
            client.query_one("SELECT inet_server_port()", &[]).await.unwrap().get::<_, i32>(0)
        })
    });
    assert_eq!(asked, i32::from(second));
    // What was asked of the first in vain waits there no more.
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    assert_eq!(cluster.sql("postgres", waiting), "0");
}

#[tokio::test]
async fn it_can_be_waited_for_on_a_thread_that_serves_others() {
    let cluster = Cluster::start();
    assert_eq!(ask(&cluster.connect("postgres")).unwrap(), 7);
    let server = cluster.connect("postgres");
    let asked = move || std::iter::repeat_with(|| ask(&server).unwrap()).take(3).sum::<i32>();
    assert_eq!(tokio::task::spawn_blocking(asked).await.unwrap(), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_can_be_waited_for_on_one_of_several_such_threads() {
    let cluster = Cluster::start();
    let server = std::sync::Arc::new(cluster.connect("postgres"));
    let ask = |_| {
        let server = std::sync::Arc::clone(&server);
        tokio::spawn(async move { ask(&server).unwrap() })
    };
    for asked in (0..64).map(ask).collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), 7);
    }
}

#[test]
fn a_password_is_asked_for_and_seen_nowhere() {
    let mut cluster = Cluster::start();
    cluster.sql("postgres", &format!("CREATE ROLE node LOGIN PASSWORD '{SECRET}'"));
    fs::write(
        cluster.data().join("pg_hba.conf"),
        "host all node 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n",
    )
    .unwrap();
    cluster.stop();
    cluster.start_again();
    let url = cluster.url_of("node", "postgres");
    let with = |password: Option<&str>| {
        let password = password.map(|password| Zeroizing::new(password.to_owned()));
        let address = Address::new(&url, password.as_ref(), None).unwrap();
        assert!(!format!("{address:?}").contains(SECRET));
        Server::connect(&address, Access::Write).unwrap()
    };
    assert_eq!(ask(&with(Some(SECRET))).unwrap(), 7);
    assert!(refused(&with(Some("wrong"))).contains("password authentication failed"));
    let said = refused(&with(None));
    assert!(said.contains("password missing: --store-password-file"), "{said}");
    assert!(said.contains("PROBANT_STORE_PASSWORD"), "{said}");
    let inside = url.replace("node@", &format!("node:{}@", SECRET.replace(' ', "%20")));
    assert_eq!(ask(&connect(&inside, Access::Write)).unwrap(), 7);
    let nobody = cluster.url_of("nobody", "postgres");
    cluster.sql("postgres", "SELECT 1");
    assert!(refused(&connect(&nobody, Access::Write)).contains("nobody"));
    assert!(refused(&connect(&cluster.url("nothing"), Access::Write)).contains("nothing"));
    cluster.sql("postgres", "REVOKE CONNECT ON DATABASE postgres FROM public");
    assert!(refused(&with(Some(SECRET))).contains("permission denied for database"));
}

#[test]
fn the_database_must_show_a_certificate_for_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, _) = certificate(dir.path(), "authority", "DNS:authority", None);
    let (stranger, _) = certificate(dir.path(), "stranger", "DNS:stranger", None);
    let (good, good_key) = certificate(dir.path(), "good", "DNS:localhost", Some("authority"));
    let (bad, bad_key) = certificate(dir.path(), "bad", "DNS:db.example", Some("authority"));
    let mut cluster = Cluster::start();
    let url = |cluster: &Cluster| {
        format!("postgres://postgres@localhost:{}/postgres?sslmode=require", cluster.port)
    };
    let mut asked = |certificate: &Path, key: &Path, ca: &Path| {
        cluster.stop();
        let path = cluster.give("server.crt", &fs::read(certificate).unwrap());
        cluster.set(&format!("ssl_cert_file={}", path.display()));
        let path = cluster.give("server.key", &fs::read(key).unwrap());
        cluster.set(&format!("ssl_key_file={}", path.display()));
        cluster.set("ssl=on");
        cluster.start_again();
        let address = Address::new(&url(&cluster), None, Some(ca)).unwrap();
        Server::connect(&address, Access::Write).unwrap()
    };
    assert_eq!(ask(&asked(&good, &good_key, &ca)).unwrap(), 7);
    let why = refused(&asked(&good, &good_key, &stranger));
    assert!(why.contains("certificate"), "{why}");
    let why = refused(&asked(&bad, &bad_key, &ca));
    assert!(why.contains("certificate") && why.contains("name"), "{why}");
    // One that speaks no TLS is not spoken to.
    let plain = Cluster::start();
    let address = Address::new(&url(&plain), None, Some(&ca)).unwrap();
    let why = refused(&Server::connect(&address, Access::Write).unwrap());
    assert!(why.contains("TLS"), "{why}");
    let none = Address::new(&url(&plain), None, Some(Path::new("/dev/null"))).unwrap_err();
    assert!(none.to_string().contains("no PEM file with certificates"), "{none}");
}

/// A certificate and its key, signed by itself, as an authority, or by one.
fn certificate(
    dir: &Path,
    name: &str,
    subject: &str,
    by: Option<&str>,
) -> (std::path::PathBuf, std::path::PathBuf) {
    let file = |name: &str, end: &str| dir.join(format!("{name}.{end}"));
    let (certificate, key) = (file(name, "crt"), file(name, "key"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    openssl.args(["-nodes", "-days", "2", "-subj", &format!("/CN={name}")]);
    openssl.args(["-addext", &format!("subjectAltName={subject}"), "-keyout"]).arg(&key);
    openssl.arg("-out").arg(&certificate);
    match by {
        Some(by) => {
            openssl.arg("-CA").arg(file(by, "crt")).arg("-CAkey").arg(file(by, "key"));
            openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        }
        None => {
            openssl.args(["-addext", "basicConstraints=critical,CA:TRUE"]);
        }
    }
    let made = openssl.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (certificate, key)
}
