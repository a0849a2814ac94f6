//! `probant anchor` on a running ledger, and what becomes of it when somebody does not play fair.

use std::{fs, path::Path, process::Stdio, sync::Arc, time::Duration};

use axum::http::StatusCode;
use probant::{
    Error,
    anchor::Authority as Client,
    timestamp::{Request, Roots},
};
use probant_core::{checkpoint::Checkpoint, key::Use};
use tokio::process::Command;

use crate::{
    authority::{Authority, Keys},
    harness::{Home, Issuer, Reply, bounded},
    service::{Manner, Service},
};

/// The command, its exit code, and what it said on both streams.
pub async fn probant(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probant"));
    command.args(words).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.env_remove("PROBANT_IDENTITY").env_remove("PROBANT_LEDGER");
    let output = command.output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> =
        entries.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_head_is_stamped_kept_and_openssl_agrees() {
    bounded(60, async {
        let authority = Arc::new(Authority::new(Keys::P256));
        let service = Service::start(Arc::clone(&authority)).await;
        let home = Home::init();
        let server = home.serve(&["--heartbeat-s", "3600"]);
        let (url, identity) = (format!("http://{}", server.address), home.identity().to_string());
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("root.pem"), authority.root()).unwrap();
        let words = ["anchor", &url, "--authority", &service.url, "--root", "root.pem"];
        let words = [&words[..], &["--identity", &identity]].concat();

        service.is(Manner::Good("accuracy=secs:1"));
        let (code, said, complained) = probant(folder.path(), &words).await;
        assert_eq!((code, complained.as_str()), (0, ""), "{said}");
        assert!(said.starts_with("anchored  ledger.example/fr: 2 entries, root "), "{said}");
        assert!(said.contains("good, Example Authority; policy 1.2.3.4.1, number 0a02"), "{said}");
        assert!(said.contains("give or take 1s") && said.contains("anchors/2.tsr"), "{said}");
        let anchors = folder.path().join("anchors");
        assert_eq!(files(&anchors), ["2.note", "2.tsr"]);

        // The note is the ledger's, and openssl agrees on what was stamped.
        let note = fs::read_to_string(anchors.join("2.note")).unwrap();
        let key = home.key(Use::Note);
        let head = Checkpoint::open(&note, &home.identity().origin, key.public()).unwrap();
        assert_eq!(head.size, 2);
        let reply = fs::read(anchors.join("2.tsr")).unwrap();
        assert!(note.starts_with(&head.text()));
        assert!(authority.agrees(&reply, false, head.text().as_bytes()));
        assert!(!authority.agrees(&reply, false, note.as_bytes()));

        // Again there is nothing to ask for, and nothing is asked.
        let (code, said, _) = probant(folder.path(), &words).await;
        assert!(code == 0 && said.starts_with("anchored before  "), "{said}");
        assert_eq!(service.asked.lock().unwrap().len(), 1);
        // What was kept is verified again.
        fs::write(anchors.join("2.tsr"), &reply[..reply.len() - 1]).unwrap();
        assert_eq!(probant(folder.path(), &words).await.0, 4);
        fs::write(anchors.join("2.tsr"), &reply).unwrap();

        // A new head has a timestamp of its own; the note key may have been replaced meanwhile.
        let (client, keys) = (server.client(), home.keys().to_str().unwrap().to_owned());
        let [note_key, operator] =
            ["note-2.pem", "operator.pem"].map(|key| format!("{keys}/{key}"));
        assert_eq!(probant(folder.path(), &["key", "new", &note_key]).await.0, 0);
        let replace = ["key", "replace", "--use", "note", "--new", &note_key];
        let replace = [&replace[..], &["--operator-key", &operator, "--ledger", &url]].concat();
        let (code, _, why) = probant(folder.path(), &replace).await;
        assert_eq!(code, 0, "{why}");
        let issuer = Issuer::enrolled(&home, &client).await;
        let sent = client.post("/entries", issuer.certify_made_up("a", 3).bytes).await;
        assert_eq!(sent.status, 201);
        let size = client.head().await.1;
        let newest = format!("\n{size}\n");
        let is_newest =
            |reply: &Reply| reply.body.windows(newest.len()).any(|at| at == newest.as_bytes());
        client.wait_for("/checkpoint", is_newest).await;
        let (code, said, why) = probant(folder.path(), &words).await;
        assert_eq!(code, 0, "{why}");
        assert!(said.contains(&format!("fr: {size} entries")), "{said}");
        assert_eq!(
            files(&anchors),
            ["2.note", "2.tsr", &format!("{size}.note"), &format!("{size}.tsr")]
        );

        // A data directory is replayed: the same head, which is in the folder already.
        let data = home.data().to_str().unwrap();
        let from_data = [&["anchor", data], &words[2..]].concat();
        let (code, again, why) = probant(folder.path(), &from_data).await;
        assert_eq!((code, again.replacen("anchored before", "anchored", 1)), (0, said), "{why}");
        let elsewhere = [&from_data[..], &["--anchors", "elsewhere"]].concat();
        assert_eq!(probant(folder.path(), &elsewhere).await.0, 0);
        let elsewhere = folder.path().join("elsewhere").join(format!("{size}.note"));
        let (unsigned, signed) = (fs::read_to_string(elsewhere).unwrap(), format!("{size}.note"));
        assert!(fs::read_to_string(anchors.join(signed)).unwrap().starts_with(&unsigned));
        let other = format!("ledger.example/fr+{}", "00".repeat(32));
        let of_another = [&from_data[..from_data.len() - 1], &[&other]].concat();
        assert_eq!(probant(folder.path(), &of_another).await.0, 4);

        // A ledger that shows less than was anchored is not anchored again.
        fs::write(anchors.join("1000.tsr"), &reply).unwrap();
        let (code, _, why) = probant(folder.path(), &words).await;
        assert!(code == 3 && why.contains("1000 were anchored before"), "{why}");

        // Nonces differ: before the last three bytes, which ask for certificates.
        let asked = service.asked.lock().unwrap();
        let nonces: Vec<_> = asked.iter().map(|query| query[query.len() - 11..].to_vec()).collect();
        assert_eq!(nonces.len(), 3);
        assert_ne!(nonces[0], nonces[1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_of_an_authority_or_a_ledger_that_does_not_play_fair() {
    bounded(60, async {
        let authority = Arc::new(Authority::new(Keys::P256));
        let service = Service::start(Arc::clone(&authority)).await;
        let home = Home::init();
        let server = home.serve(&["--heartbeat-s", "3600"]);
        let (url, folder) = (format!("http://{}", server.address), tempfile::tempdir().unwrap());
        let other = Authority::new(Keys::P256);
        fs::write(folder.path().join("root.pem"), authority.root()).unwrap();
        fs::write(folder.path().join("other.pem"), other.root()).unwrap();
        let ask = async |root: &str, at: &str, more: &[&str]| {
            let words = ["anchor", &url, "--authority", at, "--root", root];
            let (code, said, why) = probant(folder.path(), &[&words[..], more].concat()).await;
            assert_eq!(said, "");
            (code, why)
        };
        let refused = async |manner, code, words: &str| {
            service.is(manner);
            let (found, why) = ask("root.pem", &service.url, &[]).await;
            assert_eq!(found, code, "{why}");
            assert!(why.contains(words) && !why.contains('\x1b'), "{words}: {why}");
        };

        // A true answer to another question, of another nonce, and over another head.
        let (_, head) = (home.identity(), server.client().get("/checkpoint").await.body);
        let text = &head[..=head.windows(2).position(|at| at == b"\n\n").unwrap()];
        let replayed = authority.reply(&Request::new(text, 7).to_der(), "");
        refused(Manner::Says(replayed), 4, "its nonce is not the one that was sent").await;
        let elsewhere = authority.reply(&Request::new(b"another head", 7).to_der(), "");
        refused(Manner::Says(elsewhere), 4, "a timestamp of something else").await;
        refused(Manner::Good("digests=sha512"), 1, "does not know the algorithm").await;
        refused(Manner::Says(b"<html>\x1b[31m".to_vec()), 4, "not of the form").await;
        refused(Manner::Says(vec![0x30; 70_000]), 4, "longer than 65536 bytes").await;
        refused(Manner::Endless, 4, "longer than 65536 bytes").await;
        refused(Manner::Says(Vec::new()), 4, "not of the form").await;
        let (busy, missing) = (StatusCode::SERVICE_UNAVAILABLE, StatusCode::NOT_FOUND);
        refused(Manner::Speaks(busy, "text/html"), 3, "cannot answer now").await;
        refused(Manner::Speaks(missing, "text/html"), 2, "is this the authority's URL?").await;
        refused(Manner::Speaks(StatusCode::OK, "text/html"), 2, "it sends \"text/html\"").await;
        refused(Manner::Speaks(StatusCode::FOUND, "text/html"), 2, "answers 302").await;

        // Another root, no root, nobody there, another ledger.
        service.is(Manner::Good(""));
        let (code, why) = ask("other.pem", &service.url, &[]).await;
        assert!(code == 2 && why.contains("--root has to hold its root"), "{why}");
        assert_eq!(ask("missing.pem", &service.url, &[]).await.0, 2);
        let (code, why) =
            ask("root.pem", "http://user:secret@127.0.0.1:9/tsr?key=secret", &[]).await;
        assert!(code == 3 && why.contains("out of reach") && !why.contains("secret"), "{why}");
        let (code, why) = ask("root.pem", "tsa.example", &[]).await;
        assert!(code == 2 && why.contains("the authority's URL"), "{why}");
        let stranger = format!("ledger.example/fr+{}", "00".repeat(32));
        assert_eq!(ask("root.pem", &service.url, &["--identity", &stranger]).await.0, 4);
        assert_eq!(ask("root.pem", &service.url, &["--anchors", "root.pem"]).await.0, 2);
        assert_eq!(files(&folder.path().join("anchors")), [""; 0]);
        assert_eq!(ask("root.pem", &service.url, &["--anchors", "no/where"]).await.0, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_hangs_is_not_waited_for() {
    bounded(30, async {
        let authority = Arc::new(Authority::new(Keys::P256));
        let service = Service::start(Arc::clone(&authority)).await;
        service.is(Manner::Hangs);
        let roots = Roots::from_pem(&authority.root()).unwrap();
        let impatient = Client::new(&service.url).unwrap().patient_for(Duration::from_millis(300));
        let stamped = impatient.stamp(&Request::new(b"a head", 1), &roots).await;
        assert!(matches!(&stamped, Err(Error::Busy { what, .. }) if what.contains("out of reach")));
    })
    .await;
}
