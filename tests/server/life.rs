//! Whole stories of keys and documents, told by the commands of the binary to a real server. What is
//! refused has an exit code, one line, and changes nothing; after each story the audit passes.

mod issuers;
mod operators;

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use probant_core::Fingerprints;
use serde_json::Value as Json;

use crate::harness::{Client, Home, Server, issuer::ISSUER, now_ms};

/// A served ledger, with an issuer and a folder where commands are run.
struct Story {
    home: Home,
    server: Server,
    client: Client,
    identity: String,
}

/// What a command said.
struct Ran(Output);

impl Story {
    /// With [`ISSUER`] enrolled, whose key is in `energie.pem`; the operator's in `operator.pem`.
    fn new() -> Self {
        let home = Home::init();
        for name in ["operator.pem", "recovery.pem"] {
            fs::rename(home.keys().join(name), home.folder().join(name)).unwrap();
        }
        let server = home.serve(&["--interval-ms", "5"]);
        let (client, identity) = (server.client(), home.identity().to_string());
        let story = Self { home, server, client, identity };
        story.run(&["key", "new", "energie.pem"]).done("made energie.pem");
        story.run(&Self::enroll("energie.pem")).done("enrolled energie.example in entry 2");
        story
    }

    fn enroll(key: &str) -> Vec<&str> {
        let who = ["--legal-name", "Énergie du Ponant", "--country", "FR", "--registration", "1"];
        let how = ["--issuer-key", key, "--operator-key", "operator.pem"];
        [&["issuer", "enroll", "--id", ISSUER], &who[..], &how].concat()
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.folder().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), content).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
        command.args(args).current_dir(self.home.folder()).env_clear();
        command.env("PROBANT_IDENTITY", &self.identity);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A command with the ledger in reach, under way.
    fn spawn(&self, args: &[&str]) -> Child {
        let url = format!("http://{}", self.server.address);
        self.command(args).env("PROBANT_LEDGER", url).stdin(Stdio::piped()).spawn().unwrap()
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.read(args, "")
    }

    /// A command that reads this.
    fn read(&self, args: &[&str], input: &str) -> Ran {
        let mut child = self.spawn(args);
        let mut stdin = child.stdin.take().unwrap();
        if !input.is_empty() {
            stdin.write_all(input.as_bytes()).unwrap();
        }
        drop(stdin);
        Ran(child.wait_with_output().unwrap())
    }

    /// A command on a machine that knows the ledger's identity and has no network.
    fn offline(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).output().unwrap())
    }

    /// Refused with one line, and the head stays where it is.
    async fn refused(&self, args: &[&str], code: i32, words: &str) {
        let before = self.client.head().await;
        let ran = self.run(args);
        assert!(ran.code() == code && ran.text().contains(words), "{args:?}: {}", ran.text());
        assert_eq!(ran.text().lines().count(), 1, "{args:?}: {}", ran.text());
        assert_eq!(self.client.head().await, before, "{args:?}");
    }

    /// Until the same words are another statement: within a second they are the same, which is
    /// answered with its first receipt.
    async fn next_second() {
        let left_ms = 1000 - now_ms() % 1000;
        tokio::time::sleep(Duration::from_millis(left_ms)).await;
    }

    /// Certifies a file or folder with a key.
    fn certify(&self, path: &str, key: &str) -> Ran {
        self.run(&["certify", path, "--issuer", ISSUER, "--key", key])
    }

    /// What the ledger says of a document.
    async fn answer(&self, content: &str) -> Json {
        let fingerprint = Fingerprints::of(content.as_bytes()).blake3;
        self.client.get(&format!("/documents/{fingerprint}")).await.json()
    }

    async fn verdict(&self, content: &str) -> String {
        self.answer(content).await["verdict"].as_str().unwrap().to_owned()
    }

    /// Stops the server, and starts it again.
    fn restarted(self) -> Self {
        assert_eq!(self.server.stop(), Some(0));
        let server = self.home.serve(&["--interval-ms", "5"]);
        Self { client: server.client(), server, ..self }
    }

    /// Ends the story: all of it replays.
    fn end(self) {
        assert_eq!(self.server.stop(), Some(0), "{}", self.home.log());
        let data = self.home.data().display().to_string();
        let audited = Self::audit(&self.identity, &data);
        assert!(audited.text().contains("WHOLE"), "{}", audited.text());
        assert_eq!(audited.code(), 0, "{}", audited.text());
    }

    fn audit(identity: &str, data: &str) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
        Ran(command.args(["audit", data, "--identity", identity]).output().unwrap())
    }
}

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    fn text(&self) -> String {
        let [out, err] = [&self.0.stdout, &self.0.stderr].map(|b| String::from_utf8_lossy(b));
        format!("{out}{err}")
    }

    #[track_caller]
    fn done(&self, words: &str) {
        self.ended(0, words);
    }

    #[track_caller]
    fn ended(&self, code: i32, words: &str) {
        assert!(
            self.code() == code && self.text().contains(words),
            "{}: {}",
            self.code(),
            self.text()
        );
    }

    /// The line of its answer that begins with a word.
    fn line(&self, word: &str) -> String {
        let text = self.text();
        let line = text.lines().find_map(|line| line.strip_prefix(word));
        line.unwrap_or_else(|| panic!("no {word:?} in {text}")).trim().to_owned()
    }
}
