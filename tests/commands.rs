//! The commands that need a ledger, run as a user runs them, against a fake one.

mod fake_ledger;
mod sample_world;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes, spki::der::pem::LineEnding};
use fake_ledger::FakeLedger;
use probant_core::{Fingerprints, List, Verifier};
use sample_world::{ISSUER, World};
use tempfile::TempDir;

const CERTIFY: [&str; 6] = ["certify", "bills", "--issuer", ISSUER, "--key", "issuer.pem"];

struct Desk {
    dir: TempDir,
    ledger: FakeLedger,
}

impl Desk {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_key(&dir.path().join("issuer.pem"), 9);
        write_key(&dir.path().join("operator.pem"), 3);
        Self { dir, ledger: FakeLedger::start(World::with_issuer()).await }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), content).unwrap();
    }

    fn run(&self, args: &[&str]) -> Ran {
        Ran(tokio::task::block_in_place(|| self.command(args).output()).unwrap())
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
        command.args(args).current_dir(self.dir.path()).env_clear();
        command.env("PROBANT_LEDGER", &self.ledger.url);
        command.env("PROBANT_IDENTITY", self.ledger.world().identity().to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn certify(&self, more: &[&str]) -> Ran {
        self.run(&[&CERTIFY, more].concat())
    }

    /// Begins to certify, and signals the process once there are so many proofs.
    fn certify_until(&self, proofs: usize, signal: &str) -> Ran {
        let mut child = self.command(&[&CERTIFY[..], &["--batch", "20"]].concat()).spawn().unwrap();
        tokio::task::block_in_place(|| {
            while self.proofs() < proofs && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let pid = child.id().to_string();
            Command::new("kill").args([signal, &pid]).status().unwrap();
            Ran(child.wait_with_output().unwrap())
        })
    }

    fn proofs(&self) -> usize {
        let names = fs::read_dir(self.at("bills")).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.extension().is_some_and(|e| e == "proof")).count()
    }

    /// Whether the proof beside a document verifies.
    fn is_proven(&self, name: &str) -> bool {
        let document = fs::read(self.at(name)).unwrap();
        let Ok(proof) = fs::read(self.at(&format!("{name}.proof"))) else { return false };
        let Fingerprints { blake3, sha256 } = Fingerprints::of(&document);
        let identity = self.ledger.world().identity();
        Verifier::new(identity).verify(&[blake3, sha256], &proof).is_ok()
    }
}

struct Ran(Output);

impl Ran {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    fn text(&self) -> String {
        let [out, err] = [&self.0.stdout, &self.0.stderr].map(|b| String::from_utf8_lossy(b));
        format!("{out}{err}")
    }

    fn expect(self, code: i32, words: &str) -> Self {
        assert!(
            self.code() == code && self.text().contains(words),
            "{}: {}",
            self.code(),
            self.text()
        );
        self
    }
}

fn write_key(path: &Path, seed: u8) {
    let pair = KeypairBytes { secret_key: [seed; 32], public_key: None };
    fs::write(path, pair.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_certified_once_and_every_document_proven() {
    let desk = Desk::new().await;
    for i in 0..25 {
        desk.write(&format!("bills/{i}.pdf"), &format!("bill {i}"));
    }
    desk.write("bills/deep/note.txt", "a note");
    desk.write("bills/deep/copy.pdf", "bill 3");
    desk.write("bills/.hidden", "hidden");
    desk.certify(&["--batch", "10"]).expect(0, "27 certified in 4 entries");
    for name in ["0.pdf", "24.pdf", "3.pdf", "deep/note.txt", "deep/copy.pdf"] {
        assert!(desk.is_proven(&format!("bills/{name}")), "{name}");
    }
    assert!(!desk.at("bills/.hidden.proof").exists() && !desk.at("bills/.probant").exists());
    let height = desk.ledger.world().chain.head().height;
    desk.certify(&[]).expect(0, "0 certified in 0 entries, 27 had their proof");
    desk.write("bills/7.pdf", "bill 7, corrected");
    desk.write("bills/new copy.pdf", "bill 8");
    desk.certify(&[]).expect(0, "2 certified in 1 entry, 26 had their proof");
    assert_eq!(desk.ledger.world().chain.head().height, height + 1);
    assert!(desk.is_proven("bills/7.pdf") && desk.is_proven("bills/new copy.pdf"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_is_gone_on_with_and_nothing_is_certified_twice() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.write("bills/b.pdf", "b");
    desk.write("bills/gone.pdf", "gone");
    desk.ledger.faults().no_proofs = true;
    desk.certify(&[]).expect(3, "run the same command again to go on");
    assert_eq!(desk.ledger.world().chain.head().height, 2);
    assert_eq!(fs::read_dir(desk.at("bills/.probant")).unwrap().count(), 2);
    assert!(!desk.at("bills/a.pdf.proof").exists());
    desk.ledger.faults().no_proofs = false;
    desk.write("bills/b.pdf", "b, changed meanwhile");
    fs::remove_file(desk.at("bills/gone.pdf")).unwrap();
    desk.certify(&[]).expect(0, "2 certified in 2 entries, 1 had their proof");
    assert!(desk.is_proven("bills/a.pdf") && desk.is_proven("bills/b.pdf"));
    let a = Fingerprints::of(b"a").blake3;
    assert_eq!(desk.ledger.world().certifying(&a).len(), 1);
    assert!(!desk.at("bills/.probant").exists() && !desk.at("bills/gone.pdf.proof").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_at_any_time_is_gone_on_with_and_nothing_is_certified_twice() {
    const COUNT: usize = 400;
    let desk = Desk::new().await;
    for i in 0..COUNT {
        desk.write(&format!("bills/{i}.pdf"), &format!("bill {i}"));
    }
    let ended = [1, 100, 101, 250].map(|proofs| desk.certify_until(proofs, "-KILL").code());
    assert!(ended.contains(&-1), "none was killed in time: {ended:?}");
    let interrupted = desk.certify_until(300, "-INT");
    assert!([0, 130].contains(&interrupted.code()), "{}", interrupted.text());
    desk.certify(&[]).expect(0, "certified in");
    for i in 0..COUNT {
        let document = Fingerprints::of(format!("bill {i}").as_bytes()).blake3;
        assert_eq!(desk.ledger.world().certifying(&document).len(), 1, "bill {i}");
        assert!(desk.is_proven(&format!("bills/{i}.pdf")), "bill {i}");
    }
    assert!(!desk.at("bills/.probant").exists());
    assert_eq!(fs::read_dir(desk.at("bills")).unwrap().count(), 2 * COUNT, "nothing is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_ledger_is_waited_for_and_a_lost_answer_asked_for_again() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    (desk.ledger.faults().busy, desk.ledger.faults().forget_answer) = (1, 0);
    desk.ledger.faults().forget_answer = 1;
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
    assert_eq!(desk.ledger.faults().submissions, 3);
    assert_eq!(desk.ledger.world().chain.head().height, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_certified_is_named_and_the_rest_goes_on() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.write("bills/b.pdf", "b");
    desk.write("bills/b.pdf.proof", "my own notes");
    std::os::unix::fs::symlink("nowhere", desk.at("bills/broken.pdf")).unwrap();
    let ran = desk.certify(&[]).expect(2, "1 certified in 1 entry, 2 failed");
    assert!(ran.text().contains("b.pdf.proof is left alone"), "{}", ran.text());
    assert_eq!(fs::read(desk.at("bills/b.pdf.proof")).unwrap(), b"my own notes");
    write_key(&desk.at("issuer.pem"), 77);
    desk.write("bills/c.pdf", "c");
    desk.certify(&[]).expect(2, "probant: unknown-key: ");
    let left: Vec<_> = fs::read_dir(desk.at("bills/.probant")).unwrap().flatten().collect();
    let ends =
        |with: &str| left.iter().filter(|e| e.path().to_string_lossy().ends_with(with)).count();
    assert_eq!((ends(".refused"), ends(".batch")), (1, 0), "refused: put aside, and not waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateways_word_is_no_refusal_and_nothing_is_certified_twice() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    for status in [308, 400, 403, 413] {
        desk.ledger.faults().gateway = Some(axum::http::StatusCode::from_u16(status).unwrap());
        desk.certify(&[]).expect(3, "");
    }
    desk.ledger.faults().gateway = None;
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
    assert_eq!(desk.ledger.world().chain.head().height, 2, "sealed once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_link_in_a_folder_of_documents_leads_nowhere() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.write("precious", "my key");
    fs::create_dir(desk.at("bills/.probant")).unwrap();
    std::os::unix::fs::symlink("../../precious", desk.at("bills/.probant/lock")).unwrap();
    desk.certify(&[]).expect(2, "is a link");
    assert_eq!(fs::read(desk.at("precious")).unwrap(), b"my key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lying_ledger_gets_no_proof_written_and_no_document_called_certified() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.ledger.faults().lie = true;
    desk.certify(&[]).expect(4, "the ledger's proof does not hold");
    assert!(!desk.at("bills/a.pdf.proof").exists());
    desk.run(&["verify", "bills/a.pdf"]).expect(4, "not verified  bills/a.pdf");
    let json = desk.run(&["verify", "bills/a.pdf", "--json"]).expect(4, "not verified");
    let json: serde_json::Value = serde_json::from_slice(&json.0.stdout).unwrap();
    assert_eq!(json["verdict"], "not verified");
    assert_eq!(json["certifications"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_asks_both_ways_and_offline_needs_no_ledger() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.write("b.pdf", "b");
    desk.certify(&["--hash", "sha-256"]).expect(0, "1 certified");
    desk.run(&["verify", "b.pdf"]).expect(1, "unknown  b.pdf");
    desk.run(&["verify", "bills/a.pdf", "--ledger", &desk.ledger.url.clone()])
        .expect(0, "Énergie du Ponant (FR 123456789), energie.example");
    fs::remove_file(desk.at("bills/a.pdf.proof")).unwrap();
    desk.run(&["verify", "bills/a.pdf", "--save"]).expect(0, "certified  bills/a.pdf");
    desk.run(&["verify", "bills/a.pdf", "--save"]).expect(2, "a.pdf.proof");
    let nowhere = ["--ledger", "http://127.0.0.1:9"];
    desk.run(&[&["verify", "b.pdf"], &nowhere[..]].concat()).expect(3, "out of reach");
    desk.ledger.faults().no_proofs = true;
    desk.run(&["verify", "bills/a.pdf"]).expect(0, "certified  bills/a.pdf");
    desk.run(&["verify", "b.pdf", "--proof", "bills/a.pdf.proof"]).expect(1, "document: ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_is_enrolled_by_an_operator_who_is_offline() {
    let desk = Desk::new().await;
    desk.run(&["key", "new", "tel.pem"]).expect(0, "kid");
    let id = "telecom.example";
    desk.run(&["issuer", "request", "--id", id, "--key", "tel.pem", "--out", "tel.request"])
        .expect(0, "wrote tel.request");
    let who = ["--legal-name", "Korrigan Télécom", "--country", "FR", "--registration", "987"];
    let how = ["--request", "tel.request", "--operator-key", "operator.pem"];
    let enroll = |id| [&["issuer", "enroll", "--id", id], &who[..], &how].concat();
    desk.run(&enroll("other.example")).expect(2, "the request is for issuer");
    let signed = [&enroll(id), &["--out", "tel.cose"][..]].concat();
    desk.run(&signed).expect(0, "probant submit tel.cose");
    desk.run(&["submit", "tel.cose"]).expect(0, "tel.cose: entry 4, receipt in");
    desk.run(&["submit", "tel.cose"]).expect(0, "tel.cose: entry 4");
    assert!(desk.at("tel.cose.receipt").exists());
    desk.run(&["issuer", "list"]).expect(0, "Korrigan Télécom");
    desk.run(&["issuer", "list", "--json"]).expect(0, "\"kid\"");
    // Within the same second it would be the same statement, which is answered with its receipt.
    let again = [&enroll(id)[..9], &["988"], &how[..]].concat();
    desk.run(&again).expect(2, "issuer-exists: ");
    let identity = desk.ledger.world().identity().to_string();
    desk.run(&["identity"]).expect(0, &identity);
    desk.run(&["identity", "--json"]).expect(0, "\"verifier_key\"");
    let other = format!("ledger.example/fr+{}", "0".repeat(64));
    desk.run(&["identity", "--identity", &other]).expect(4, "which you trust");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_signed_offline_is_submitted_elsewhere() {
    let desk = Desk::new().await;
    for name in ["bills/a.pdf", "bills/b.pdf", "bills/c.txt"] {
        desk.write(name, name);
    }
    desk.certify(&["--out", "signed.cose"]).expect(0, "wrote signed.cose.2: 1 documents");
    desk.certify(&["--out", "signed.cose"]).expect(2, "signed.cose");
    desk.run(&["submit", "signed.cose", "signed.cose.2"]).expect(0, "signed.cose.2: entry 6");
    desk.run(&["verify", "bills/c.txt"]).expect(0, "as           text/plain");
    let other = format!("ledger.example/fr+{}", "0".repeat(64));
    desk.run(&["submit", "signed.cose", "--identity", &other]).expect(2, "was signed for");
    let list = List::new(vec![Fingerprints::of(b"bills/c.txt").blake3]).unwrap();
    assert_eq!(desk.ledger.world().certifying(&list.iter().next().unwrap()), [6]);
}
