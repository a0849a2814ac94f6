//! One ledger on 1, 2 and 3 nodes over one private PostgreSQL, beside a plain table that the same
//! database fills: `cargo bench --bench nodes -- 1000000 20000` (documents in batches; singles).

#[path = "../tests/cluster/mod.rs"]
mod cluster;

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use cluster::Cluster;
use futures_util::future::join_all;
use probant::clock::SystemClock;
use tokio_postgres::NoTls;

const PROBANT: &str = env!("CARGO_BIN_EXE_probant");
const BATCH: u64 = 10_000;
/// As much memory as it has in the measurements of limits, and no checkpoint under way.
const SETTINGS: [&str; 3] = ["shared_buffers=2GB", "max_wal_size=8GB", "wal_compression=on"];
const LOOKUP_S: &str = "5";

struct Node {
    process: Child,
    address: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn main() {
    let mut numbers = env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let documents = numbers.next().unwrap_or(200_000);
    let singles = numbers.next().unwrap_or(10_000);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("# {documents} documents in batches of {BATCH}, {singles} singles; load {load}");
    let cluster = Cluster::with(&SETTINGS);
    plain(&cluster, documents, singles);
    for nodes in 1..=3 {
        ledger(&cluster, nodes, documents, singles);
    }
}

/// What the database does without a ledger: the same fingerprints into a table with the same key.
fn plain(cluster: &Cluster, documents: u64, singles: u64) {
    let database = cluster.database();
    let table = "CREATE TABLE plain (place bigint NOT NULL, fingerprint bytea NOT NULL, \
                 PRIMARY KEY (fingerprint, place))";
    cluster.sql(&database, table);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let batches = documents / BATCH;
    let clock = SystemClock::shared();
    let rate = |count: u64, begun: Duration| {
        let ms = clock.elapsed().saturating_sub(begun).as_millis().max(1) as u64;
        count * 1000 / ms
    };
    runtime.block_on(async {
        let insert = "INSERT INTO plain SELECT * FROM unnest($1::bigint[], $2::bytea[])";
        let client = connect(&cluster.url(&database)).await;
        let statement = client.prepare(insert).await.unwrap();
        let begun = clock.elapsed();
        for batch in 0..batches {
            let places: Vec<_> = (0..BATCH.cast_signed()).collect();
            let mut prints: Vec<_> = (0..BATCH).map(|at| print(batch * BATCH + at)).collect();
            prints.sort_unstable();
            client.execute(&statement, &[&places, &prints]).await.unwrap();
        }
        println!("plain table  batches {}/s", rate(batches * BATCH, begun));
        let begun = clock.elapsed();
        let each = singles / 32;
        let connections = (0..32).map(|connection| {
            let url = cluster.url(&database);
            async move {
                let client = connect(&url).await;
                let insert = client.prepare("INSERT INTO plain VALUES ($1, $2)").await.unwrap();
                for at in 0..each {
                    let number = 1 << 40 | connection << 32 | at;
                    client.execute(&insert, &[&at.cast_signed(), &print(number)]).await.unwrap();
                }
            }
        });
        join_all(connections).await;
        println!("plain table  singles, 32 connections {}/s", rate(each * 32, begun));
    });
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn print(number: u64) -> Vec<u8> {
    let digest = blake3::hash(&number.to_be_bytes());
    [&[0x1e, 0x20][..], digest.as_bytes()].concat()
}

fn ledger(cluster: &Cluster, count: usize, documents: u64, singles: u64) {
    let (database, dir) = (cluster.database(), tempfile::tempdir().unwrap());
    let url = cluster.url(&database);
    let run = |arguments: &[&str]| {
        let output =
            Command::new(PROBANT).args(arguments).current_dir(dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["init", "--origin", "bench.example", "--store", &url, "--keys", "keys0"]);
    let nodes: Vec<_> = (0..count).map(|number| serve(dir.path(), number, &url)).collect();
    let bench = |batch: &str, documents: &str, connections: &str, lookups: &str| {
        let mut arguments = vec!["bench", "--operator-key", "keys0/operator.pem"];
        for node in &nodes {
            arguments.extend(["--address", node.address.as_str()]);
        }
        arguments.extend(["--batch", batch, "--documents", documents]);
        arguments.extend(["--connections", connections, "--lookups", lookups]);
        for line in run(&arguments).lines() {
            println!("{count} node(s)    {line}");
        }
    };
    let lookups = if count == 1 { LOOKUP_S } else { "0" };
    bench(&BATCH.to_string(), &documents.to_string(), "12", lookups);
    bench("1", &singles.to_string(), "1024", "0");
    let sizes = "SELECT string_agg(relname || ' ' || pg_table_size(oid) || ' + ' || \
                 pg_indexes_size(oid), ', ' ORDER BY relname) FROM pg_class \
                 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    println!("{count} node(s)    bytes, and of indexes: {}", cluster.sql(&database, sizes));
    // Whether each has its turn: nobody hands out the head.
    let seals: Vec<_> = nodes.iter().map(|node| sealed(&node.address)).collect();
    println!("{count} node(s)    blocks sealed by each: {}", seals.join(", "));
    let made = "SELECT max(height) FROM blocks";
    println!("{count} node(s)    blocks: {}", cluster.sql(&database, made));
}

fn sealed(address: &str) -> String {
    let url = format!("http://{address}/metrics");
    let figures = Command::new("curl").args(["--silent", "--fail", &url]).output().unwrap().stdout;
    let figures = String::from_utf8(figures).unwrap();
    let count = figures.lines().find_map(|line| line.strip_prefix("probant_seal_seconds_count "));
    count.expect("a figure of the seals").to_owned()
}

fn serve(dir: &Path, number: usize, url: &str) -> Node {
    let keys = format!("keys{number}");
    if number > 0 {
        let copied = Command::new("cp").args(["-r", "keys0", &keys]).current_dir(dir).status();
        assert!(copied.unwrap().success());
    }
    let mut serve = Command::new(PROBANT);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--store", url, "--keys", &keys]);
    serve.args(["--read-rate", "0", "--client-share", "1"]).env("PROBANT_LOG", "warn");
    let mut process = serve.current_dir(dir).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let address = said.trim().rsplit("http://").next().unwrap().to_owned();
    thread::sleep(Duration::from_millis(200));
    Node { process, address }
}
