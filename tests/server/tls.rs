//! HTTPS with a certificate made here: our own client and curl believe it, a renewed one needs no
//! restart, and what cannot be used is named.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, time::Duration};

use probant::clock::SystemClock;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    harness::{Home, Server, bounded, certificate::self_signed},
    raw,
};

/// A certificate for 127.0.0.1 that says who it is, and its key.
fn make(folder: &Path, name: &str) {
    self_signed(folder, name, "IP:127.0.0.1,DNS:localhost");
    fs::set_permissions(folder.join("tls.key"), fs::Permissions::from_mode(0o600)).unwrap();
}

fn arguments(home: &Home) -> Vec<String> {
    let at = |end: &str| home.folder().join(end).display().to_string();
    vec!["--tls-cert".into(), at("tls.pem"), "--tls-key".into(), at("tls.key")]
}

fn serve(home: &Home) -> Server {
    let arguments = arguments(home);
    home.serve(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What curl says, with all headers.
fn curl(home: &Home, server: &Server, options: &[&str]) -> (bool, String) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--include", "--max-time", "20", "--cacert"]);
    curl.arg(home.folder().join("tls.pem")).args(options);
    let output = curl.arg(format!("https://{}/readyz", server.address)).output();
    let output = output.expect("`curl` is there");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn our_client_and_curl_are_served_over_https() {
    bounded(60, async {
        let home = Home::init();
        make(home.folder(), "first");
        let server = serve(&home);
        let (done, said) = curl(&home, &server, &["--http2"]);
        assert!(done && said.starts_with("HTTP/1.1 200"), "{said}");
        let url = format!("https://{}", server.address);
        let mut ours = Command::new(env!("CARGO_BIN_EXE_probant"));
        ours.args(["identity", "--ledger", &url]);
        ours.env("SSL_CERT_FILE", home.folder().join("tls.pem")).env_remove("PROBANT_LEDGER");
        let output = ours.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains(&home.identity().to_string()), "{said} {output:?}");
        // Whoever speaks HTTP there is not answered in it.
        let came = raw::get(server.address, "/healthz", "").await;
        assert_ne!(came.status(), 200);
        assert_eq!(server.stop(), Some(0));
    })
    .await;
}

#[tokio::test]
async fn a_renewed_certificate_needs_no_restart() {
    bounded(60, async {
        let home = Home::init();
        make(home.folder(), "first");
        let server = serve(&home);
        let shown = || curl(&home, &server, &["--insecure", "--verbose"]).1;
        assert!(shown().contains("CN=first"), "{}", shown());
        // Half of a renewal is logged, and the old one stays.
        fs::write(home.folder().join("tls.pem"), "no certificate").unwrap();
        server.signal("-HUP");
        until(|| home.log().contains("the TLS certificate was not renewed"));
        assert!(home.log().contains("tls.pem: there is no certificate"), "{}", home.log());
        assert!(shown().contains("CN=first"));
        make(home.folder(), "second");
        server.signal("-HUP");
        until(|| home.log().contains("the TLS certificate was read again"));
        assert!(shown().contains("CN=second"));
        assert!(curl(&home, &server, &[]).0);
        // Nobody need be told, either.
        make(home.folder(), "third");
        until(|| shown().contains("CN=third"));
    })
    .await;
}

fn until(is_so: impl Fn() -> bool) {
    let clock = SystemClock::shared();
    while !is_so() {
        assert!(clock.elapsed() < Duration::from_secs(120), "it never was so");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let home = Home::init();
    let refused = || {
        let arguments = arguments(&home);
        home.refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let names = |what: &[&str]| {
        let (code, said) = refused();
        assert_eq!(code, 2, "{said}");
        assert!(what.iter().all(|what| said.contains(what)), "{what:?}: {said}");
    };
    names(&["tls.pem", "No such file"]);
    make(home.folder(), "first");
    let (key, certificate) = (home.folder().join("tls.key"), home.folder().join("tls.pem"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    names(&["tls.key", "`chmod 600"]);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let first = fs::read(&certificate).unwrap();
    make(home.folder(), "second");
    fs::write(&certificate, first).unwrap();
    names(&["tls.key", "does not go with the certificate in", "tls.pem"]);
    fs::write(&key, "no key").unwrap();
    names(&["tls.key", "no private key"]);
    let (code, said) = home.refused(&["--tls-cert", certificate.to_str().unwrap()]);
    assert!(code == 2 && said.contains("--tls-key"), "{said}");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_not_waited_for() {
    bounded(60, async {
        let home = Home::init();
        make(home.folder(), "first");
        let server = serve(&home);
        let mut silent = TcpStream::connect(server.address).await.unwrap();
        silent.write_all(b"\x16\x03\x01").await.unwrap();
        assert_eq!(raw::read(&mut silent).await.0, "");
        assert!(curl(&home, &server, &[]).0);
    })
    .await;
}
