//! A disk that fills up, on a file system of its own of 16 MiB: nothing acknowledged is lost.
//!
//! The test runs itself again where it may mount one (`unshare`): the mount vanishes with it.

use std::{env, fs, path::Path, process::Command};

use crate::harness::{Client, Home, Issuer, Reply, bounded, issuer::Submission};

const INSIDE: &str = "PROBANT_TEST_MAY_MOUNT";
const NAME: &str = "full_disk::a_full_disk_refuses_and_loses_nothing";

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    if env::var_os(INSIDE).is_some() {
        return bounded(150, inside()).await;
    }
    let mut again = Command::new("unshare");
    again.args(["--map-root-user", "--mount"]).arg(env::current_exe().unwrap());
    again.args(["--exact", NAME, "--nocapture"]).env(INSIDE, "1");
    let output = again.output().unwrap_or_else(|error| {
        panic!("`unshare` (util-linux) is needed to mount a small disk: {error}")
    });
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "in a mount namespace of its own (user namespaces, or root, are needed):\n{said}"
    );
}

async fn inside() {
    let temp = tempfile::tempdir().unwrap();
    let (disk, keys) = (temp.path().join("disk"), temp.path().join("keys"));
    fs::create_dir(&disk).unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=16m", "probant-test"]).arg(&disk);
    let mounted = mount.status().expect("`mount` is there");
    assert!(mounted.success(), "a tmpfs must be mountable here: as root, or in user namespaces");
    let filler = disk.join("filler");
    fs::write(&filler, vec![1; 6 << 20]).unwrap();
    let mut home = Home::init_at(temp, disk.join("data"), keys);
    let server = home.serve(&["--interval-ms", "5"]);
    let client = server.client();
    let issuer = Issuer::enrolled(&home, &client).await;
    let (acknowledged, refused) = certify_until_full(&client, &issuer).await;
    println!("{} batches, then {refused:?}", acknowledged.len());
    assert!(acknowledged.len() > 2, "there was room for some");
    assert!(refused.concise(500).contains("send it again"), "its outcome is unknown");
    refused_clearly(&client, &issuer).await;
    assert_eq!(server.stop(), Some(4), "its store failed: somebody must look");

    // On the full disk it starts as it can, or says why not; it loses nothing.
    let (code, said) = match home.spawn(&["--interval-ms", "5"]) {
        Some(server) => {
            all_there(&server.client(), &acknowledged).await;
            (server.stop().unwrap(), String::new())
        }
        None => home.refused(&[]),
    };
    println!("restarted on the full disk: {code} {said}");
    assert!(code == 0 || said.contains("No space left on device"), "{code} {said}");

    // With room again, on the same disk.
    fs::remove_file(&filler).unwrap();
    let server = home.serve(&["--interval-ms", "5"]);
    all_there(&server.client(), &acknowledged).await;
    let more = issuer.certify_made_up("with room again", 10);
    assert_eq!(server.client().post("/entries", more.bytes).await.status, 201);
    assert_eq!(server.stop(), Some(0));

    // And on a larger one.
    let larger = home.folder().join("larger");
    let copied = Command::new("cp").arg("-a").arg(home.data()).arg(&larger).status().unwrap();
    assert!(copied.success());
    home.move_data(larger);
    let server = home.serve(&["--interval-ms", "5"]);
    all_there(&server.client(), &acknowledged).await;
    assert_eq!(server.stop(), Some(0));
    assert!(Command::new("umount").arg(Path::new(&disk)).status().unwrap().success());
}

/// Batches of ever new documents, until one is not taken.
async fn certify_until_full(client: &Client, issuer: &Issuer) -> (Vec<(Submission, Reply)>, Reply) {
    let mut acknowledged = Vec::new();
    for number in 0..2000 {
        let sent = issuer.certify_made_up(&format!("batch {number}"), 2000);
        let reply = client.post("/entries", sent.bytes.clone()).await;
        if reply.status != 201 {
            return (acknowledged, reply);
        }
        acknowledged.push((sent, reply));
    }
    panic!("the disk never filled");
}

async fn refused_clearly(client: &Client, issuer: &Issuer) {
    let one_more = issuer.certify_made_up("one more", 1);
    let refused = client.post("/entries", one_more.bytes).await;
    assert!(refused.concise(503).contains("restart"), "{refused:?}");
    let ready = client.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["ready"]), (503, &false.into()));
    let alarm = ready.json()["alarm"].as_str().unwrap_or_default().to_owned();
    assert!(alarm.contains("No space left on device"), "{alarm}");
    assert_eq!(client.get("/healthz").await.status, 200);
}

async fn all_there(client: &Client, acknowledged: &[(Submission, Reply)]) {
    for (sent, receipt) in acknowledged {
        let same = client.get(receipt.header("location")).await;
        assert_eq!((same.status.as_u16(), &same.body), (200, &receipt.body));
        let document = sent.documents.iter().last().unwrap();
        let answer = client.get(&format!("/documents/{document}")).await.json();
        assert_eq!(answer["verdict"], "certified");
    }
}
