//! A certificate that nobody vouches for but itself.

use std::{path::Path, process::Command};

/// Makes `tls.pem` and its key `tls.key` in a folder, of a subject, for names as openssl writes them
/// (`DNS:localhost,IP:127.0.0.1`).
pub fn self_signed(folder: &Path, subject: &str, names: &str) {
    let at = |end: &str| folder.join(end).display().to_string();
    let (key, certificate, subject) = (at("tls.key"), at("tls.pem"), format!("/CN={subject}"));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]);
    openssl.args(["-days", "2", "-subj", &subject, "-keyout", &key, "-out", &certificate]);
    openssl.args(["-addext", &format!("subjectAltName={names}")]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    assert!(openssl.output().expect("`openssl` is there").status.success());
}
