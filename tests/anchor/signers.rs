//! Who signs a token, and how: `openssl cms` signs what `openssl ts` would not.

use probant::timestamp::{Refused, Timestamp, token, verify};

use crate::{
    authority::{Authority, GOOD},
    token::{P256, RSA, STAMPED, granted, roots},
};

/// What a good token is over, signed anew: what becomes of it.
fn signed(authority: &Authority, signer: &str, options: &[&str]) -> Result<Timestamp, Refused> {
    let info = authority.info(token(&granted(authority, "")).unwrap());
    let token = authority.sign(&info, signer, options);
    let verified = verify(&token, STAMPED, &roots(authority));
    if verified.is_ok() {
        // `openssl ts` knows neither; `openssl cms` does.
        let is_known = !options.iter().any(|word| word.contains("pss") || *word == "-keyid");
        assert_eq!(authority.agrees(&token, true, STAMPED), is_known, "{signer} {options:?}");
        assert!(authority.agrees_on_signature(&token), "{signer} {options:?}");
    }
    verified
}

#[test]
fn a_signature_is_by_an_algorithm_that_is_taken() {
    let pss = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"];
    assert!(named(&RSA, "good", &pss).is_ok());
    assert!(named(&RSA, "good", &["-keyid"]).is_ok_and(|t| t.authority.starts_with("good")));
    let weak = named(&RSA, "good", &["-md", "sha1"]);
    assert_eq!(weak, Err(Refused::Algorithm("digest")));
    let p521ish = named(&P256, "good", &["-md", "sha512"]);
    assert_eq!(p521ish, Err(Refused::Algorithm("signature algorithm")));
}

#[test]
fn a_signer_is_for_timestamps_alone() {
    let authority = &*P256;
    for (name, extensions) in [
        ("none", "basicConstraints=CA:FALSE"),
        ("optional", "extendedKeyUsage=timeStamping"),
        ("more", "extendedKeyUsage=critical,timeStamping,codeSigning"),
        ("other", "extendedKeyUsage=critical,codeSigning"),
        ("enciphering", "extendedKeyUsage=critical,timeStamping\nkeyUsage=keyEncipherment"),
    ] {
        authority.issue(name, extensions);
        let refused = named(authority, name, &[]);
        assert!(matches!(refused, Err(Refused::Rule(_))), "{name}: {refused:?}");
    }
    authority.issue("second", GOOD);
    assert!(named(authority, "second", &[]).is_ok());
    authority.issue_expired("expired");
    let expired = named(authority, "expired", &[]);
    assert!(matches!(&expired, Err(Refused::Chain(why)) if why.contains("expired")), "{expired:?}");
}

/// That, and the certificate of the signer is named as it has to be.
fn named(authority: &Authority, signer: &str, options: &[&str]) -> Result<Timestamp, Refused> {
    signed(authority, signer, &[&["-cades"], options].concat())
}

#[test]
fn a_token_has_one_signer_who_names_its_certificate() {
    let authority = &*RSA;
    authority.issue("other", GOOD);
    assert!(named(authority, "other", &[]).is_ok());
    let refused = |why| Err(Refused::Rule(why));
    let two = named(authority, "good", &["-signer", "other.pem", "-inkey", "other.key"]);
    assert_eq!(two, refused("it is not signed by one signer"));
    let unnamed = signed(authority, "good", &[]);
    assert_eq!(unnamed, refused("its signed attributes do not name the signer's certificate"));
    let bare = signed(authority, "good", &["-noattr"]);
    assert_eq!(bare, Err(Refused::Form { part: "SignerInfo" }));
    let alone = named(authority, "good", &["-nocerts"]);
    assert_eq!(alone, refused("it does not hold the certificate that it names"));

    // The same key under another certificate, in the place of the one that is named.
    let reply = granted(authority, "");
    authority.issue_twin("twin");
    let (good, twin) = (authority.der("good"), authority.der("twin"));
    assert_eq!(good.len(), twin.len());
    let at = reply.windows(good.len()).position(|part| part == good).unwrap();
    let mut swapped = reply.clone();
    swapped[at..at + twin.len()].copy_from_slice(&twin);
    assert!(verify(&reply, STAMPED, &roots(authority)).is_ok());
    let verified = verify(&swapped, STAMPED, &roots(authority));
    assert_eq!(verified, refused("it does not hold the certificate that it names"));

    // A token that names its authority is signed by that one.
    let names = authority.info(token(&granted(authority, "tsa_name=yes")).unwrap());
    let by =
        |signer| verify(&authority.sign(&names, signer, &["-cades"]), STAMPED, &roots(authority));
    assert!(by("good").is_ok());
    assert_eq!(by("other"), refused("it names another authority than the one that signed it"));
}

#[test]
fn what_is_signed_is_a_timestamp_and_well_formed() {
    let authority = &*P256;
    let info = authority.info(token(&granted(authority, "accuracy=secs:1")).unwrap());
    let signed = |info: &[u8], options: &[&str]| {
        authority.sign(info, "good", &[&["-cades"], options].concat())
    };
    let roots = roots(authority);
    let over = |info: &[u8]| verify(&signed(info, &[]), STAMPED, &roots);
    assert!(over(&info).is_ok());
    for kind in ["pkcs7-data", "id-smime-ct-TDTInfo"] {
        let verified = verify(&signed(&info, &["-econtent_type", kind]), STAMPED, &roots);
        assert!(matches!(verified, Err(Refused::Form { .. } | Refused::Rule(_))), "{verified:?}");
    }
    // Signed as content of another type, which is then called a TSTInfo: 1.5 becomes 1.4.
    let mut renamed = signed(&info, &["-econtent_type", "id-smime-ct-TDTInfo"]);
    let other = [0x09, 0x10, 0x01, 0x05];
    let at = renamed.windows(4).position(|part| part == other).unwrap();
    renamed[at + 3] = 4;
    let why = "its signed attributes do not say that it is a TSTInfo";
    assert_eq!(verify(&renamed, STAMPED, &roots), Err(Refused::Rule(why)));
    // A byte in any place, under a true signature: whatever is believed, openssl believes too.
    let imprint_at = info.windows(2).position(|at| at == [0x04, 0x20]).unwrap() + 2;
    for at in (0..info.len()).step_by(2) {
        let mut altered = info.clone();
        altered[at] ^= 1;
        let token = signed(&altered, &[]);
        if verify(&token, STAMPED, &roots).is_ok() {
            assert!(!(imprint_at..imprint_at + 32).contains(&at), "byte {at}");
            assert!(authority.agrees(&token, true, STAMPED), "byte {at}: {altered:02x?}");
        }
    }
    assert_eq!(over(&info[..info.len() - 1]), Err(Refused::Form { part: "TSTInfo" }));
    assert_eq!(over(&[&info[..], &[0]].concat()), Err(Refused::Form { part: "TSTInfo" }));
    assert_eq!(over(b""), Err(Refused::Form { part: "TSTInfo" }));
    assert_eq!(over(b"a letter"), Err(Refused::Form { part: "TSTInfo" }));
}
