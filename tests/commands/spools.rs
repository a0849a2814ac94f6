//! Runs that end before their time, beside others, or among what somebody planted: nothing is
//! certified twice, and nothing of a stranger is obeyed.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    process::Command,
};

use probant_core::Fingerprints;

use super::{CERTIFY, Desk, sample_world::ISSUER, write_key};

/// Entries that certify these bytes.
fn entries(desk: &Desk, content: &str) -> usize {
    let document = Fingerprints::of(content.as_bytes()).blake3;
    desk.ledger.world().certifying(&document).len()
}

/// Certifies other paths than `bills`.
fn certify<'a>(paths: &[&'a str]) -> Vec<&'a str> {
    [&["certify"], paths, &CERTIFY[2..]].concat()
}

fn pipe(desk: &Desk, name: &str) {
    assert!(Command::new("mkfifo").arg(desk.at(name)).status().unwrap().success());
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
    let left = fs::read_dir(desk.at("bills/.probant"))
        .map(|left| left.map(|file| file.unwrap().file_name()).collect::<Vec<_>>());
    assert!(left.is_err(), "{left:?} is left over");
    assert_eq!(fs::read_dir(desk.at("bills")).unwrap().count(), 2 * COUNT, "nothing is left over");
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
async fn what_waits_in_a_sub_folder_is_left_to_its_own_run() {
    let desk = Desk::new().await;
    desk.write("bills/sub/a.pdf", "a");
    desk.write("bills/b.pdf", "b");
    desk.ledger.faults().no_proofs = true;
    desk.run(&certify(&["bills/sub"])).expect(3, "run the same command again");
    desk.ledger.faults().no_proofs = false;
    let refused = "run that `probant certify` again, word by word, or delete the file";
    desk.certify(&["--out", "signed.cose"]).expect(2, refused);
    desk.certify(&["--spool", "elsewhere"]).expect(2, refused);
    desk.certify(&[]).expect(2, "0 certified in 0 entries, 1 had their proof, 1 failed");
    desk.run(&certify(&["bills/sub/a.pdf", "bills/b.pdf"])).expect(2, "waits in");
    assert!(desk.is_proven("bills/b.pdf") && !desk.at("bills/sub/a.pdf.proof").exists());
    desk.run(&certify(&["bills/sub"])).expect(0, "1 certified in 1 entry");
    desk.certify(&[]).expect(0, "2 had their proof");
    assert_eq!((entries(&desk, "a"), entries(&desk, "b")), (1, 1));
    assert!(!desk.at("bills/sub/.probant").exists() && !desk.at("bills/.probant").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_document_is_one_of_the_folder_that_names_it() {
    let desk = Desk::new().await;
    desk.write("real/a.pdf", "a");
    fs::create_dir(desk.at("bills")).unwrap();
    std::os::unix::fs::symlink("../real/a.pdf", desk.at("bills/link.pdf")).unwrap();
    desk.ledger.faults().no_proofs = true;
    desk.certify(&[]).expect(3, "run the same command again");
    desk.ledger.faults().no_proofs = false;
    desk.write("c.pdf", "c");
    desk.run(&certify(&["bills/link.pdf", "c.pdf"])).expect(2, "waits in");
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
    assert_eq!(entries(&desk, "a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_among_the_documents_is_none_of_them() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    let spool = ["--spool", "bills/spool"];
    desk.ledger.faults().no_proofs = true;
    desk.certify(&spool).expect(3, "run the same command again");
    desk.ledger.faults().no_proofs = false;
    desk.certify(&spool).expect(0, "1 certified in 1 entry, 1 had their proof");
    assert_eq!(fs::read_dir(desk.at("bills")).unwrap().count(), 2, "a.pdf and its proof");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_get_no_proof_or_was_moved_is_not_certified_again() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.write("bills/b.pdf", "b");
    // Where the proof is written first: no file can be made there.
    fs::create_dir(desk.at("bills/a.pdf.proof.new")).unwrap();
    desk.certify(&[]).expect(2, "1 certified in 1 entry, 1 failed");
    desk.certify(&[]).expect(2, "a.pdf.proof.new");
    assert_eq!((entries(&desk, "a"), entries(&desk, "b")), (1, 1));
    desk.write("bills/a.pdf.proof", "came meanwhile");
    desk.certify(&[]).expect(2, "a.pdf.proof is left alone");
    assert_eq!(fs::read(desk.at("bills/a.pdf.proof")).unwrap(), b"came meanwhile");
    fs::remove_file(desk.at("bills/a.pdf.proof")).unwrap();
    fs::rename(desk.at("bills/a.pdf"), desk.at("bills/moved.pdf")).unwrap();
    desk.certify(&[]).expect(0, "certified in 1 entry, 1 had their proof");
    assert!(desk.is_proven("bills/moved.pdf") && !desk.at("bills/.probant").exists());
    assert_eq!(entries(&desk, "a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_document_is_remembered_until_it_has_its_proof() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.ledger.faults().no_proofs = true;
    desk.certify(&[]).expect(3, "run the same command again");
    fs::rename(desk.at("bills/a.pdf"), desk.at("bills/moved.pdf")).unwrap();
    // The batch that waited gets its proof, the copy gets none.
    desk.ledger.faults().proofs_left = Some(1);
    desk.certify(&[]).expect(3, "run the same command again");
    desk.ledger.faults().no_proofs = false;
    // Another list, which within the same second would be the same statement otherwise.
    desk.write("bills/b.pdf", "b");
    desk.certify(&[]).expect(0, "certified in");
    assert!(desk.is_proven("bills/moved.pdf") && !desk.at("bills/.probant").exists());
    assert_eq!(entries(&desk, "a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_refusal_for_good_puts_a_batch_aside() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    let left = |extension: &str| {
        let files = fs::read_dir(desk.at("bills/.probant")).unwrap();
        let ends = |path: &std::path::Path| path.extension().is_some_and(|e| e == extension);
        files.filter(|file| ends(&file.as_ref().unwrap().path())).count()
    };
    for words in ["future: it is early", "unknown-key: key 00"] {
        desk.ledger.faults().refusal = Some(words);
        desk.certify(&[]).expect(2, words);
        assert_eq!((left("batch"), left("refused")), (1, 0), "{words}");
    }
    desk.ledger.faults().refusal = None;
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
    desk.write("bills/b.pdf", "b");
    desk.ledger.faults().refusal = Some("list-count: 9 are too many");
    desk.certify(&[]).expect(2, "list-count: ");
    assert_eq!((left("batch"), left("refused")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_by_another_key_is_not_sent_nor_in_the_way() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    write_key(&desk.at("other.pem"), 77);
    let other = ["certify", "bills", "--issuer", ISSUER, "--key", "other.pem"];
    desk.run(&other).expect(2, "unknown-key: ");
    desk.certify(&[]).expect(0, "waits for another ledger, issuer or key: left alone");
    assert!(desk.is_proven("bills/a.pdf"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_batch_is_only_in_the_way_of_taking_back_what_it_holds() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
    desk.write("w.pdf", "w");
    write_key(&desk.at("other.pem"), 77);
    let other = ["certify", "w.pdf", "--issuer", ISSUER, "--key", "other.pem"];
    desk.run(&other).expect(2, "unknown-key: ");
    let how = ["--reason", "withdrawn", "--issuer", ISSUER, "--key", "issuer.pem"];
    let revoke = |name, out| {
        let out = ["--out", out, "--hash", "blake3"];
        desk.run(&[&["revoke", name], &how[..], &out].concat())
    };
    revoke("w.pdf", "w.cose").expect(2, "w.pdf: a signed batch that holds it waits in ");
    revoke("bills/a.pdf", "a.cose").expect(0, "wrote a.cose: 1 document");
    fs::remove_dir_all(desk.at(".probant")).unwrap();
    revoke("w.pdf", "w.cose").expect(0, "wrote w.cose: 1 document");
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_pipes_are_not_waited_for() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    pipe(&desk, "bills/a.pdf.proof");
    desk.certify(&[]).expect(2, "a.pdf.proof is left alone: it is no file");
    fs::remove_file(desk.at("bills/a.pdf.proof")).unwrap();
    fs::create_dir_all(desk.at("bills/.probant")).unwrap();
    fs::set_permissions(desk.at("bills/.probant"), PermissionsExt::from_mode(0o700)).unwrap();
    for name in ["bills/.probant/lock", "bills/.probant/00.batch"] {
        pipe(&desk, name);
        desk.certify(&[]).expect(2, "it is no file");
        fs::remove_file(desk.at(name)).unwrap();
    }
    desk.write("bills/.probant/\u{1b}[2J.batch", "cut short");
    let ran = desk.certify(&[]).expect(4, "this signed batch is damaged");
    assert!(!ran.text().contains('\u{1b}'), "its name reaches no terminal: {:?}", ran.text());
    fs::remove_file(desk.at("bills/.probant/\u{1b}[2J.batch")).unwrap();
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_others_may_write_to_is_refused() {
    let desk = Desk::new().await;
    desk.write("bills/a.pdf", "a");
    let spool = desk.at("bills/.probant");
    fs::create_dir(&spool).unwrap();
    for mode in [0o720, 0o702] {
        fs::set_permissions(&spool, PermissionsExt::from_mode(mode)).unwrap();
        desk.certify(&[]).expect(2, "may be written to by others");
    }
    fs::set_permissions(&spool, PermissionsExt::from_mode(0o755)).unwrap();
    // Only root can give a folder away.
    if chown(&spool, Some(12345), None).is_ok() {
        desk.certify(&[]).expect(2, "belongs to another user");
        chown(&spool, Some(0), None).unwrap();
    }
    desk.certify(&[]).expect(0, "1 certified in 1 entry");
}
