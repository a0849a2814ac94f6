//! Who and what there is in the small world: keys by use, names, documents.

use std::{collections::BTreeMap, sync::LazyLock};

use probant_core::{
    Fingerprint, Fingerprints, LedgerId,
    key::{Kid, SigningKey, Use},
    ml_dsa,
    statement::HeldKey,
};

pub const ORIGIN: &str = "ledger.example/fr";
pub const HOST: &str = "ledger.example";
pub const ISSUERS: [&str; 3] = ["energie.example", "impots.example", "telecom.example"];
pub const START_MS: u64 = 1_790_000_000_000;
pub const RANDOM: [u8; 32] = [42; 32];

/// A replacement of the seal key that no node holds.
pub const SEED_NOT_HELD: u8 = 23;
/// The key that nobody ever brings.
pub const SEED_OF_STRANGER: u8 = 77;

/// The seeds of the keys for one use; the first of the ledger's own are those of genesis.
pub fn seeds(r#use: Use) -> &'static [u8] {
    match r#use {
        Use::Seal => &[1, 21, 22, SEED_NOT_HELD],
        Use::Note => &[2, 24, 25],
        // Genesis lists none: the first one replaces none.
        Use::NoteMlDsa => &[51, 52, SEED_NOT_HELD],
        Use::Operator => &[3, 26, 27, 28],
        Use::Recovery => &[4, 29, 30],
        Use::Issuer => &[9, 10, 11, 12, 13, 14, 15, 16, 17, 18],
    }
}

/// The uses of Ed25519 keys.
pub const USES: [Use; 5] = [Use::Seal, Use::Note, Use::Operator, Use::Recovery, Use::Issuer];

static KEYS: LazyLock<BTreeMap<u8, SigningKey>> = LazyLock::new(|| {
    let seeds = USES.into_iter().flat_map(|r#use| seeds(r#use).iter().copied());
    let all = seeds.chain([SEED_OF_STRANGER]);
    all.map(|seed| (seed, SigningKey::from_seed(&[seed; 32]))).collect()
});

static BY_KID: LazyLock<BTreeMap<Kid, u8>> =
    LazyLock::new(|| KEYS.iter().map(|(seed, key)| (key.public().kid(), *seed)).collect());

pub fn key(seed: u8) -> &'static SigningKey {
    &KEYS[&seed]
}

/// The private half of a key of this world.
pub fn secret(kid: &Kid) -> &'static SigningKey {
    key(BY_KID[kid])
}

pub fn kids(r#use: Use) -> Vec<Kid> {
    if r#use == Use::NoteMlDsa {
        return ML_DSA.iter().map(|(_, key)| key.public().kid()).collect();
    }
    seeds(r#use).iter().map(|seed| key(*seed).public().kid()).collect()
}

/// Of all keys that can sign a statement.
pub fn all_kids() -> Vec<Kid> {
    KEYS.values().map(|key| key.public().kid()).collect()
}

/// Of these, and those that cannot.
pub fn every_kid() -> Vec<Kid> {
    [all_kids(), kids(Use::NoteMlDsa)].concat()
}

/// Those of ML-DSA-44, in the order of their seeds.
static ML_DSA: LazyLock<Vec<(u8, ml_dsa::SigningKey)>> = LazyLock::new(|| {
    let key = |seed: &u8| (*seed, ml_dsa::SigningKey::from_seed(&[*seed; 32]));
    seeds(Use::NoteMlDsa).iter().map(key).collect()
});

/// The keys of ML-DSA-44 that the node holds.
pub fn ml_dsa_held() -> impl Iterator<Item = &'static ml_dsa::SigningKey> {
    ML_DSA.iter().filter(|(seed, _)| *seed != SEED_NOT_HELD).map(|(_, key)| key)
}

/// That a key of this world is held, as its holder shows it.
pub fn held(kid: &Kid, r#use: Use, owner: &str, seq: u64, ledger: LedgerId) -> HeldKey {
    match ML_DSA.iter().find(|(_, key)| key.public().kid() == *kid) {
        Some((_, key)) => HeldKey::prove(key, r#use, owner, seq, ledger),
        None => HeldKey::prove(secret(kid), r#use, owner, seq, ledger),
    }
}

pub fn documents() -> Vec<Fingerprint> {
    (0..5u8).map(|number| Fingerprints::of(&[number]).blake3).collect()
}
