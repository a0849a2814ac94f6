//! What other implementations are handed: files, and what each of them must be.

use std::{fs, path::Path};

use ed25519_dalek::{VerifyingKey, pkcs8::EncodePublicKey as _, pkcs8::spki::der::pem::LineEnding};
use probant_core::{
    Fingerprint, Hash, List, Statement, checkpoint::verifier_key, key::key_set, proof::Proof,
    seal::Receipt, statement::Body,
};
use serde_json::{Value, json};

use crate::{BATCH, KEYS, NOTE_SEED, ORIGIN, key, ledger::Ledger};

impl Ledger {
    /// The files, and in world.json what each must be.
    pub fn write(&self, folder: &Path, proofs: &[(Proof, Option<u64>)]) {
        let put = |name: String, bytes: &[u8]| {
            fs::write(folder.join(&name), bytes).unwrap();
            name
        };
        for (name, seed) in KEYS {
            let public = VerifyingKey::from_bytes(key(seed).public().as_bytes()).unwrap();
            let pem = public.to_public_key_pem(LineEnding::LF).unwrap();
            put(format!("{name}.pem"), pem.as_bytes());
        }
        let keys = KEYS.map(|(_, seed)| key(seed).public().clone());
        put("keys.cbor".into(), &key_set(keys.iter()));
        let lists: Vec<_> = self.blocks.iter().flat_map(|sealed| &sealed.block.lists).collect();
        let entries =
            self.entries().into_iter().zip(lists).enumerate().map(|(at, (entry, list))| {
                let mut world = world_of(entry, list.as_ref());
                world["every_bit"] = (at as u64 == BATCH || entry.enveloped().is_some()).into();
                world["file"] = put(format!("entry-{at}.cose"), entry.entry()).into();
                world
            });
        let newest = self.chain.head().size;
        let receipts = self.receipts().into_iter().map(|receipt| {
            let Receipt { size, index, .. } = receipt;
            let file = put(format!("receipt-{index}-{size}.cose"), &receipt.encode());
            let sealed = self.blocks.iter().find(|sealed| sealed.head.size == size).unwrap();
            json!({
                "file": file, "size": size, "index": index, "path": hexes(&receipt.path),
                "height": receipt.seal.height(), "iat": sealed.head.time_ms / 1000,
                "every_bit": size == newest && (index == BATCH || index + 1 == newest),
            })
        });
        let grown = self.grown().into_iter().map(|receipt| {
            let (from, to) = (receipt.from, receipt.to);
            let file = put(format!("grown-{from}-{to}.cose"), &receipt.encode());
            json!({
                "file": file, "from": from, "to": to, "path": hexes(&receipt.path),
                "height": receipt.seal.height(), "every_bit": to == newest && from > 4,
            })
        });
        let heads = self.checkpoints().into_iter().map(|checkpoint| {
            json!({
                "size": checkpoint.size, "root": checkpoint.root.to_string(),
                "checkpoint": checkpoint.sign(&key(NOTE_SEED)),
            })
        });
        let proofs = proofs.iter().map(|(proof, count)| {
            let Receipt { index, .. } = proof.receipt;
            let file = put(format!("document-{index}.proof"), &proof.encode());
            let fingerprint = hex::encode(proof.document.fingerprint.as_bytes());
            json!({ "file": file, "index": index, "fingerprint": fingerprint, "count": count })
        });
        let world = json!({
            "origin": ORIGIN,
            "vkey": verifier_key(&ORIGIN.parse().unwrap(), key(NOTE_SEED).public()).to_string(),
            "keys": KEYS.map(|(name, _)| name),
            "entries": entries.collect::<Vec<_>>(),
            "receipts": receipts.collect::<Vec<_>>(),
            "grown": grown.collect::<Vec<_>>(),
            "heads": heads.collect::<Vec<_>>(),
            "proofs": proofs.collect::<Vec<_>>(),
        });
        put("world.json".into(), world.to_string().as_bytes());
    }
}

/// What an entry must be.
fn world_of(entry: &Statement, list: Option<&List>) -> Value {
    let (name, kind) = match entry.body() {
        Body::Genesis(_) | Body::Enroll(_) | Body::Issuer(_) | Body::Policy(_) => {
            ("operator", entry.body().kind())
        }
        Body::Certify(_) if entry.enveloped().is_some() => ("issuer", "envelope"),
        Body::Certify(_) | Body::Revoke(_) | Body::Key(_) => ("issuer", entry.body().kind()),
        Body::Block(_) => ("seal", entry.body().kind()),
    };
    let mut world = json!({
        "key": name, "kind": kind, "iss": entry.issuer(), "sub": entry.subject(),
        "aud": entry.audience(), "iat": entry.issued_at_s(),
    });
    if let Some(list) = list {
        let hex_of = |fingerprint: Fingerprint| hex::encode(fingerprint.as_bytes());
        world["list"] = list.iter().map(hex_of).collect();
    }
    world
}

fn hexes(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(Hash::to_string).collect()
}
