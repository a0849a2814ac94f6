//! A private PostgreSQL cluster: made, started on a free port of this machine, and stopped by its own
//! id, with Debian's programs. It syncs as a true one does, unless a test says otherwise.
#![allow(dead_code)] // Each test file uses what it needs.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
    thread::sleep,
    time::Duration,
};

use probant::store::postgres::server::{Access, Server, address::Address};
use tempfile::TempDir;

/// Who runs it, where the tests run as root: PostgreSQL refuses to.
const USER: &str = "postgres";
const PAUSE: Duration = Duration::from_millis(20);
/// The longest that it may take to start or to stop, on a machine that does other things.
const PATIENCE: u32 = 60_000 / 20;

pub struct Cluster {
    dir: TempDir,
    pub port: u16,
    settings: Vec<String>,
    server: Option<Child>,
    databases: AtomicU32,
}

impl Cluster {
    /// Running, with everybody of this machine trusted.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same, with lines for its configuration.
    pub fn with(settings: &[&str]) -> Self {
        let cluster = Self::at(TempDir::new().unwrap(), settings);
        let mut made = cluster.command("initdb");
        made.args(["--no-sync", "--no-locale", "-A", "trust", "-E", "UTF8", "-U", USER, "-D"]);
        expect(made.arg(cluster.data()));
        cluster.started()
    }

    fn at(dir: TempDir, settings: &[&str]) -> Self {
        if let Some((user, group)) = stranger() {
            chown(dir.path(), Some(user), Some(group)).unwrap();
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        let settings = settings.iter().map(|line| (*line).to_owned()).collect();
        Self { dir, port, settings, server: None, databases: AtomicU32::new(0) }
    }

    fn started(mut self) -> Self {
        self.start_again();
        self
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A file beside the data that the server can read.
    pub fn give(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        expect(Command::new("chmod").arg("600").arg(&path));
        if let Some((user, group)) = stranger() {
            chown(&path, Some(user), Some(group)).unwrap();
        }
        path
    }

    fn command(&self, program: &str) -> Command {
        let path = program_path(program);
        let mut command = if stranger().is_some() {
            let mut command = Command::new("setpriv");
            let of = |what: &str| format!("--{what}={USER}");
            command.args([of("reuid"), of("regid"), "--init-groups".into(), "--".into()]);
            command.arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(self.dir.path()).env_remove("PGOPTIONS").stdin(Stdio::null());
        command
    }

    /// Starts it where it has stopped, or was killed.
    pub fn start_again(&mut self) {
        assert!(self.server.is_none(), "it runs");
        let log = fs::File::options().create(true).append(true).open(self.log()).unwrap();
        let mut server = self.command("postgres");
        server.arg("-D").arg(self.data());
        server.args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"]);
        server.arg("-c").arg(format!("unix_socket_directories={}", self.dir.path().display()));
        server.args(["-c", "max_connections=60", "-c", "shared_buffers=32MB"]);
        for setting in &self.settings {
            server.args(["-c", setting]);
        }
        self.server = Some(server.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        for _ in 0..PATIENCE {
            let ended = self.server.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "it did not start: {}", self.said());
            if self.psql("postgres", "SELECT 1").status.success() {
                return;
            }
            sleep(PAUSE);
        }
        panic!("it does not start: {}", self.said());
    }

    /// Sets a line of its configuration for the next start.
    pub fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// What its log says.
    pub fn said(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Stops it, ending its connections.
    pub fn stop(&mut self) {
        self.end("INT");
    }

    /// As a power cut does, but that what was written may be there without a sync.
    pub fn kill(&mut self) {
        self.end("QUIT");
    }

    fn end(&mut self, signal: &str) {
        let Some(mut server) = self.server.take() else { return };
        signal_to(signal, server.id());
        for _ in 0..PATIENCE {
            if server.try_wait().unwrap().is_some() {
                return;
            }
            sleep(PAUSE);
        }
        server.kill().unwrap();
        server.wait().unwrap();
    }

    /// Stops all of its processes where they are, or lets them go on.
    pub fn pause(&self, paused: bool) {
        let (signal, server) = (if paused { "STOP" } else { "CONT" }, self.server.as_ref());
        let server = server.expect("it runs").id();
        let children = Command::new("pgrep").args(["-P", &server.to_string()]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        let pids = children.lines().map(|pid| pid.parse().unwrap());
        for pid in std::iter::once(server).chain(pids) {
            signal_to(signal, pid);
        }
    }

    /// The URL of a database in it, for a role.
    pub fn url_of(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn url(&self, database: &str) -> String {
        self.url_of(USER, database)
    }

    /// Makes an empty database, and gives its name.
    pub fn database(&self) -> String {
        let name = format!("ledger{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// What psql prints of a statement, row by row.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql);
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn psql(&self, database: &str, sql: &str) -> Output {
        let url = format!("{}?connect_timeout=5", self.url(database));
        let mut psql = self.command("psql");
        psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", &url, "-c", sql]).output().unwrap()
    }

    /// Connections to a database, as a node has them.
    pub fn connect(&self, database: &str) -> Server {
        connect(&self.url(database), Access::Write)
    }

    /// A standby, which follows from now on; a synchronous one is waited for by every COMMIT.
    pub fn standby(&self, synchronous: bool) -> Self {
        let standby = Self::at(TempDir::new().unwrap(), &["hot_standby=on"]);
        let mut copy = standby.command("pg_basebackup");
        copy.args(["-h", "127.0.0.1", "-U", USER, "-R"]);
        copy.args(["-p", &self.port.to_string(), "-c", "fast", "--no-sync", "-D"]);
        expect(copy.arg(standby.data()));
        let from = format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user={USER} application_name=standby'\n",
            self.port
        );
        let settings = standby.data().join("postgresql.auto.conf");
        let written = fs::read_to_string(&settings).unwrap();
        fs::write(&settings, written + &from).unwrap();
        let standby = standby.started();
        if synchronous {
            self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
            self.sql("postgres", "SELECT pg_reload_conf()");
        }
        for _ in 0..PATIENCE {
            let states = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' \
                          AND ($1 OR sync_state = 'sync')";
            let asked = states.replace("$1", if synchronous { "false" } else { "true" });
            if self.sql("postgres", &asked) != "0" {
                return standby;
            }
            sleep(PAUSE);
        }
        panic!("the standby does not follow: {}", standby.said());
    }

    /// Makes a standby the primary.
    pub fn promote(&self) {
        self.sql("postgres", "SELECT pg_promote()");
        // It waits for no standby that it does not have.
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = ''");
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// A copy of all of it, as a backup; it is stopped meanwhile.
    pub fn backup(&mut self) -> TempDir {
        self.stop();
        let copy = TempDir::new().unwrap();
        expect(Command::new("cp").arg("-a").arg(self.data()).arg(copy.path()));
        self.start_again();
        copy
    }

    /// Puts a backup in its place.
    pub fn restore(&mut self, backup: &TempDir) {
        self.stop();
        fs::remove_dir_all(self.data()).unwrap();
        let from = backup.path().join("data");
        expect(Command::new("cp").arg("-a").arg(from).arg(self.dir.path()));
        self.start_again();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            signal_to("CONT", server.id());
        }
        self.kill();
    }
}

/// A schema of its own, in a cluster that all who have one at the time share.
pub struct Database {
    pub cluster: Arc<Cluster>,
    pub schema: String,
}

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

impl Database {
    pub fn new() -> Self {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let cluster = shared.upgrade().unwrap_or_else(|| Arc::new(Cluster::start()));
        *shared = Arc::downgrade(&cluster);
        drop(shared);
        let schema = format!("s{}", cluster.databases.fetch_add(1, Ordering::Relaxed));
        cluster.sql("postgres", &format!("CREATE SCHEMA {schema}"));
        Self { cluster, schema }
    }

    pub fn url_of(&self, role: &str) -> String {
        let url = self.cluster.url_of(role, "postgres");
        format!("{url}?options=-csearch_path%3D{}", self.schema)
    }

    pub fn connect(&self) -> Server {
        self.connect_as(USER, Access::Write)
    }

    pub fn connect_as(&self, role: &str, access: Access) -> Server {
        connect(&self.url_of(role), access)
    }

    pub fn sql(&self, sql: &str) -> String {
        self.cluster.sql("postgres", &format!("SET search_path = {}; {sql}", self.schema))
    }
}

/// Connections to the database at a URL.
pub fn connect(url: &str, access: Access) -> Server {
    Server::connect(&Address::new(url, None, None).unwrap(), access).unwrap()
}

fn signal_to(signal: &str, pid: u32) {
    let _ = Command::new("kill").args(["-s", signal, &pid.to_string()]).output().unwrap();
}

fn expect(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// User and group of [`USER`], where the tests run as root.
fn stranger() -> Option<(u32, u32)> {
    let id = |args: &[&str]| expect(Command::new("id").args(args)).trim().parse::<u32>().unwrap();
    (id(&["-u"]) == 0).then(|| (id(&["-u", USER]), id(&["-g", USER])))
}

/// Debian keeps them beside each other, by version: the newest is taken.
fn program_path(program: &str) -> PathBuf {
    let versions = fs::read_dir(Path::new("/usr/lib/postgresql")).into_iter().flatten().flatten();
    let mut versions: Vec<u32> =
        versions.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    versions.sort_unstable();
    let found = versions.iter().rev().map(|version| {
        Path::new("/usr/lib/postgresql").join(version.to_string()).join("bin").join(program)
    });
    let found = found.into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{program} of PostgreSQL is missing: `make test-setup`"))
}
