//! Golden command lines: every help text, usage errors, and the commands that need no ledger, word
//! by word. After a wanted change: `TRYCMD=overwrite cargo test --test golden`, and read the diff.

mod sample_world;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes, spki::der::pem::LineEnding};
use probant_core::{Fingerprints, List, status::Reason};
use sample_world::{ISSUER, TIME_MS, World};

#[test]
fn command_lines() {
    make_offline_files(Path::new("tests/cmd/offline.in"));
    // Empty is as good as none: the machine's own settings do not matter.
    trycmd::TestCases::new()
        .env("PROBANT_LEDGER", "")
        .env("PROBANT_IDENTITY", "")
        .case("tests/cmd/*.trycmd");
}

/// A document with its proof, as a stranger holds them; the same bytes on every run.
fn make_offline_files(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.join(name), bytes).unwrap();
    let bills: Vec<_> = (0..5).map(|i| format!("bill {i}\n")).collect();
    let both = Fingerprints::of(bills[0].as_bytes());
    let list = List::new(bills.iter().map(|b| Fingerprints::of(b.as_bytes()).blake3).collect());
    let (mut world, list) = (World::with_issuer(), list.unwrap());
    let statement = world.certify(&list, "application/pdf");
    let receipt = world.submit(statement, Some(list), TIME_MS + 2000).unwrap();
    let proof = world.proof(both.blake3, receipt.index).unwrap().encode();
    // Later the issuer withdrew another bill of the same batch.
    let other = Fingerprints::of(bills[1].as_bytes()).blake3;
    let fallen = List::new(vec![other]).unwrap();
    world.revoke((ISSUER, 9), fallen, Reason::IssuedInError, TIME_MS + 9000);
    let revoked = world.proof(other, receipt.index).unwrap().encode();
    write("revoked.pdf", bills[1].as_bytes());
    write("revoked.pdf.proof", &revoked);
    write("bill.pdf", bills[0].as_bytes());
    write("bill.pdf.proof", &proof);
    write("other.pdf", b"another document\n");
    write("damaged.proof", &proof[..proof.len() - 1]);
    write("identity", format!("{}\n", world.identity()).as_bytes());
    let pair = KeypairBytes { secret_key: [9; 32], public_key: None };
    for (name, mode) in [("issuer.pem", 0o600), ("shared.pem", 0o644)] {
        write(name, pair.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes());
        fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
}
