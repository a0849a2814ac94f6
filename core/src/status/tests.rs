//! Values: one encoding each, and nothing else is read.

use super::*;
use crate::{Fingerprints, tree::leaf_hash};

fn all() -> Vec<Status> {
    let (kid, by) = (leaf_hash(b"kid"), leaf_hash(b"by"));
    let (document, time_ms) = (Fingerprints::of(b"facture").sha256, u64::MAX);
    let falls = Reason::ALL.map(|reason| {
        let replacement = (reason == Reason::Superseded).then_some(document);
        Status::Document(Fall { entry: 7, time_ms, kid, reason, replacement })
    });
    let (since_ms, entry) = (1_790_000_000_000, 70_000);
    let keys = KeyState::ALL.map(|state| Status::Key(KeyStatus { state, since_ms, entry, by }));
    let issuers =
        IssuerState::ALL.map(|state| Status::Issuer(IssuerStatus { state, since_ms, entry, by }));
    [&falls[..], &keys, &issuers].concat()
}

#[test]
fn every_value_is_read_back() {
    for status in all() {
        assert_eq!(Status::decode(&status.encode()), Ok(status));
    }
}

#[test]
fn a_flipped_bit_is_refused_or_another_value() {
    for status in all() {
        let value = status.encode();
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Status::decode(&bad) {
                assert_ne!(other, status);
                assert_eq!(other.encode(), bad);
            }
        }
    }
}

#[test]
fn a_value_cut_or_lengthened_is_refused() {
    for status in all() {
        let value = status.encode();
        for length in 0..value.len() {
            assert_eq!(Status::decode(&value[..length]).unwrap_err().code(), "malformed");
        }
        let long = [&value[..], &[0]].concat();
        assert_eq!(Status::decode(&long).unwrap_err().code(), "malformed");
    }
}

#[test]
fn what_is_outside_the_closed_sets_is_refused() {
    let code = |value: Writer| Status::decode(&value.finish()).unwrap_err().code();
    let document = *Fingerprints::of(b"facture").blake3.as_bytes();
    let fall = |reason: &str| {
        let writer = Writer::default().map(5).uint(1).uint(0).uint(2).uint(0);
        writer.uint(3).bytes(&[7; 32]).uint(4).text(reason).uint(5)
    };
    assert_eq!(code(fall("superseded").null()), "field");
    assert_eq!(code(fall("withdrawn").bytes(&document)), "field");
    assert_eq!(code(fall("Withdrawn").null()), "field");
    assert_eq!(code(fall("").null()), "field");
    assert_eq!(code(fall("superseded").bytes(&document[..33])), "fingerprint");
    assert_eq!(code(fall("superseded").bytes(&[0x81; 34])), "fingerprint");
    assert_eq!(code(fall("superseded").text("")), "malformed");
    let state = |word: &str, by: &[u8]| {
        let writer = Writer::default().map(4).uint(1).text(word).uint(2).uint(0);
        writer.uint(3).uint(0).uint(4).bytes(by)
    };
    assert_eq!(code(state("active", &[7; 32])), "field");
    assert_eq!(code(state("void", &[7; 31])), "malformed");
    assert_eq!(code(Writer::default().map(0)), "malformed");
    assert_eq!(code(Writer::default().null()), "malformed");
}

#[test]
fn many_paths_are_read_as_they_were_written_and_no_other_way() {
    let alone = StatusPath { found: Found::Empty, siblings: Vec::new() };
    let other = Found::Other { slot: Slot(Hash::ZERO), value: Hash([7; 32]) };
    let paths = [alone, StatusPath { found: other, siblings: vec![Hash([9; 32]); 3] }];
    for count in 0..=paths.len() {
        let bytes = write_paths(&paths[..count]);
        assert_eq!(read_paths(&bytes).unwrap(), paths[..count]);
        for cut in 0..bytes.len() {
            assert!(read_paths(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read_paths(&[&bytes[..], &[0]].concat()).is_err());
    }
}
