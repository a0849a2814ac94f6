//! A witness that is not ours: `litewitness` of filippo.io/torchwood, built by tests/setup.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use probant::clock::SystemClock;
use probant_core::{checkpoint::verifier_key, key::Use, verifier_key::VerifierKey};
use tempfile::TempDir;

use crate::{
    cosigned,
    harness::{Home, Issuer, ORIGIN, bounded},
    opened, policy, texts, with_policy, witnesses,
};

const NAME: &str = "lite.example/witness";

/// It and the agent that holds its key: ended by their ids.
struct LiteWitness {
    _folder: TempDir,
    children: Vec<Child>,
    url: String,
    key: VerifierKey,
}

impl Drop for LiteWitness {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn tool() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("target/tmp is in target");
    let tool = target.join("tools/litewitness");
    assert!(tool.is_file(), "{} is missing: `make test-setup` builds it", tool.display());
    tool
}

fn run(command: &mut Command) -> String {
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Looks until there is something.
fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let clock = SystemClock::shared();
    while clock.elapsed() < Duration::from_secs(60) {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("{what} never came");
}

/// What `witnessctl add-log` and `add-key` do to the database; that one is not to be had.
const ADD_LOG: &str = "import base64, hashlib, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript('''
CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL);
CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin));
''')
empty = base64.b64encode(hashlib.sha256().digest()).decode()
db.execute('INSERT INTO log VALUES (?, 0, ?)', (sys.argv[2], empty))
db.execute('INSERT INTO key VALUES (?, ?)', (sys.argv[2], sys.argv[3]))
db.commit()";

impl LiteWitness {
    /// One that knows the ledger by its note key.
    fn start(log: &VerifierKey) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let key = at("key");
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
        let mut agent = Command::new("ssh-agent");
        agent.args(["-D", "-a"]).arg(at("agent")).stdin(Stdio::null()).stdout(Stdio::null());
        let mut children = vec![agent.spawn().unwrap()];
        until("the agent", || at("agent").exists().then_some(()));
        run(Command::new("ssh-add").arg("-q").arg(&key).env("SSH_AUTH_SOCK", at("agent")));
        let print = run(Command::new("ssh-keygen").arg("-l").arg("-f").arg(&key));
        let print = print.split(' ').nth(1).unwrap();
        run(Command::new("python3")
            .args(["-I", "-c", ADD_LOG])
            .arg(at("db"))
            .arg(ORIGIN)
            .arg(log.to_string()));
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut witness = Command::new(tool());
        witness.args(["-name", NAME, "-key", print, "-listen", &free]);
        witness.arg("-db").arg(at("db")).arg("-ssh-agent").arg(at("agent"));
        let said = fs::File::create(at("said")).unwrap();
        children
            .push(witness.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said).spawn().unwrap());
        let key = until("its verifier key", || {
            let said = fs::read_to_string(at("said")).unwrap();
            let key = said.split_once("vkey=")?.1.split_whitespace().next()?;
            said.contains("listening").then(|| key.trim_matches('"').parse().unwrap())
        });
        Self { url: format!("http://{free}"), key, children, _folder: folder }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn litewitness_cosigns_our_checkpoints_and_refuses_to_follow_a_restored_backup() {
    bounded(90, async {
        let home = Home::init();
        let note = verifier_key(&ORIGIN.parse().unwrap(), home.key(Use::Note).public());
        let lite = LiteWitness::start(&note);
        assert_eq!(lite.key.name(), NAME);
        let args = with_policy(&policy(&home, 1, &[(&lite.key, &lite.url)]));
        let server = home.serve(&texts(&args));
        let client = server.client();
        let issuer = Issuer::enrolled(&home, &client).await;
        assert_eq!(server.stop(), Some(0));
        let [data, keys] = ["data", "keys"].map(|name| home.folder().join(format!("old-{name}")));
        for (from, to) in [(home.data(), &data), (home.keys(), &keys)] {
            run(Command::new("cp").arg("-a").arg(from).arg(to));
        }

        let server = home.serve(&texts(&args));
        let client = server.client();
        for round in 0..3 {
            let sent = issuer.certify_made_up(&format!("bill {round}"), 2);
            assert_eq!(client.post("/entries", sent.bytes).await.status, 201);
            let (_, size) = client.head().await;
            let (checkpoint, names) = opened(&home, &cosigned(&client, size).await, &[&lite.key]);
            assert_eq!((checkpoint.size, names), (size, vec![NAME.to_owned()]));
        }
        let report = witnesses(&client).await;
        assert_eq!(report["witnesses"][0]["standing"], "cosigns", "{report}");
        assert_eq!(server.stop(), Some(0));

        for (from, to) in [(&data, home.data()), (&keys, home.keys())] {
            fs::remove_dir_all(to).unwrap();
            run(Command::new("cp").arg("-a").arg(from).arg(to));
        }
        let (code, said) = home.refused(&texts(&args));
        assert!(code == 4 && said.contains("more than this store holds"), "{code} {said}");
    })
    .await;
}
