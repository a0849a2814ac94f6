//! What is believed of an authority, and what is not.

use std::sync::LazyLock;

use probant::timestamp::{Refused, Request, Roots, token, verify};

use crate::authority::{Authority, Keys};

pub const STAMPED: &[u8] = b"ledger.example\n9\nhead\n";
const NONCE: u64 = 0x00e5_11c0_ffee_0001;

pub static RSA: LazyLock<Authority> = LazyLock::new(|| Authority::new(Keys::Rsa));
pub static P256: LazyLock<Authority> = LazyLock::new(|| Authority::new(Keys::P256));
static P384: LazyLock<Authority> = LazyLock::new(|| Authority::new(Keys::P384));

fn request() -> Request<'static> {
    Request::new(STAMPED, NONCE)
}

pub fn roots(authority: &Authority) -> Roots {
    Roots::from_pem(&authority.root()).unwrap()
}

/// A good token, with whatever is to be in the configuration.
pub fn granted(authority: &Authority, lines: &str) -> Vec<u8> {
    authority.reply(&request().to_der(), lines)
}

#[test]
fn what_openssl_grants_is_believed_and_openssl_agrees() {
    let p384 = "signer_digest=sha384\ness_cert_id_alg=sha384";
    for (authority, lines) in [
        (&*RSA, "ess_cert_id_alg=sha1"),
        (&*RSA, "ess_cert_id_alg=sha256\nsigner_digest=sha512"),
        (
            &*RSA,
            "ess_cert_id_alg=sha512\ness_cert_id_chain=yes\naccuracy=secs:1,millisecs:2,microsecs:3",
        ),
        (&*RSA, "tsa_name=yes\nordering=yes"),
        (&*P256, "tsa_name=yes\naccuracy=millisecs:500\nclock_precision_digits=3"),
        (&*P256, "ess_cert_id_chain=yes\ness_cert_id_alg=sha256"),
        (&*P384, p384),
        (&*P384, "signer_digest=sha256"),
    ] {
        let reply = granted(authority, lines);
        let timestamp = request().verify(&reply, &roots(authority));
        let timestamp = timestamp.unwrap_or_else(|why| panic!("{lines}: {why}"));
        assert_eq!(timestamp.authority, "good, Example Authority");
        assert_eq!((timestamp.policy.as_str(), timestamp.serial.as_str()), ("1.2.3.4.1", "0a02"));
        let accuracy = if lines.contains("millisecs:2") { 1003 } else { 0 };
        let accuracy = if lines.contains("millisecs:500") { 500 } else { accuracy };
        assert_eq!(timestamp.accuracy_ms, accuracy, "{lines}");
        assert_eq!(verify(&reply, STAMPED, &roots(authority)), Ok(timestamp.clone()));
        let token = token(&reply).unwrap();
        assert_eq!(verify(token, STAMPED, &roots(authority)), Ok(timestamp));
        assert!(authority.agrees(&reply, false, STAMPED), "{lines}");
        assert!(authority.agrees(token, true, STAMPED), "{lines}");
    }
}

#[test]
fn an_answer_is_to_this_question_and_under_this_root() {
    let reply = granted(&P256, "");
    let with = |stamped, nonce: u64| Request::new(stamped, nonce).verify(&reply, &roots(&P256));
    assert!(with(STAMPED, NONCE).is_ok());
    assert_eq!(with(b"ledger.example\n9\nhead", NONCE), Err(Refused::Imprint));
    for nonce in [0, NONCE - 1, NONCE << 8, u64::MAX] {
        assert_eq!(with(STAMPED, nonce), Err(Refused::Nonce), "{nonce}");
    }
    let other = Authority::new(Keys::P256);
    let chain = request().verify(&reply, &roots(&other));
    assert!(matches!(chain, Err(Refused::Chain(_))), "{chain:?}");
    // Any of several will do; whoever trusts an issuer alone need not trust its root.
    let both = [other.root(), b"some text\n".to_vec(), P256.root()].concat();
    assert!(request().verify(&reply, &Roots::from_pem(&both).unwrap()).is_ok());
    let issuer = Roots::from_pem(&P256.read("issuer.pem")).unwrap();
    assert!(request().verify(&reply, &issuer).is_ok());
    for file in [&b""[..], b"no certificate", &P256.read("good.key"), &P256.der("root")] {
        assert!(matches!(Roots::from_pem(file), Err(Refused::Roots(_))));
    }
    let cut = String::from_utf8(P256.root()).unwrap().replacen("MII", "MIIA", 1);
    assert!(Roots::from_pem(cut.as_bytes()).is_err());
}

#[test]
fn what_an_authority_refuses_is_said_in_words_that_are_safe() {
    let rejection = granted(&P256, "digests=sha512");
    match request().verify(&rejection, &roots(&P256)) {
        Err(Refused::Status(why)) => {
            assert!(
                why.starts_with("rejection; it does not know the algorithm; in its words: "),
                "{why}"
            );
        }
        other => panic!("{other:?}"),
    }
    // The authority's text, with an escape sequence and a newline in it.
    let text = b"busy\x1b[31m\nred";
    let length = u8::try_from(text.len()).unwrap();
    let status = [&[0x30, length + 7, 2, 1, 2, 0x30, length + 2, 0x0c, length], &text[..]].concat();
    let reply = [&[0x30, length + 9], status.as_slice()].concat();
    let refused = request().verify(&reply, &roots(&P256)).unwrap_err().to_string();
    assert_eq!(refused, "the authority refuses: rejection; in its words: \"busy\u{fffd}[31m red\"");
    let granted_nothing = [0x30, 5, 0x30, 3, 2, 1, 0];
    assert!(matches!(token(&granted_nothing), Err(Refused::Rule(_))));
}

#[test]
fn an_altered_byte_is_refused_wherever_it_says_anything() {
    for (authority, changes) in [(&*RSA, &[0x01, 0x80][..]), (&*P256, &[0x01, 0x20, 0x80, 0xff])] {
        let roots = roots(authority);
        let lines = "accuracy=secs:1\ness_cert_id_alg=sha256\ntsa_name=yes\ncerts=issuer.pem";
        let reply = granted(authority, lines);
        let truth = verify(&reply, STAMPED, &roots).unwrap();
        let token_at = reply.len() - token(&reply).unwrap().len();
        for at in 0..reply.len() {
            for change in changes {
                let mut altered = reply.clone();
                altered[at] ^= change;
                // Around the token there is its status, and nothing that anybody signs.
                if let Ok(said) = verify(&altered, STAMPED, &roots) {
                    assert!(at < token_at && said == truth, "byte {at}");
                }
            }
        }
    }
}

#[test]
fn what_nobody_signs_changes_nothing() {
    let reply = granted(&P256, "");
    let (token, root) = (token(&reply).unwrap(), P256.der("root"));
    let root_at = token.windows(root.len()).position(|part| part == root).unwrap();
    let truth = verify(token, STAMPED, &roots(&P256)).unwrap();
    // A root that a token brings is nobody's, whatever is in it.
    let mut altered = token.to_vec();
    altered[root_at + root.len() - 1] ^= 1;
    assert_eq!(verify(&altered, STAMPED, &roots(&P256)), Ok(truth));
    let stranger = Authority::new(Keys::P256);
    assert!(matches!(verify(token, STAMPED, &roots(&stranger)), Err(Refused::Chain(_))));
}

#[test]
fn what_is_cut_or_too_long_is_refused() {
    let reply = granted(&P256, "");
    let roots = roots(&P256);
    for length in 0..reply.len() {
        assert!(verify(&reply[..length], STAMPED, &roots).is_err(), "{length}");
    }
    let longer = [&reply[..], &[0]].concat();
    assert!(verify(&longer, STAMPED, &roots).is_err());
    let huge = vec![0x30; 65 << 10];
    assert_eq!(verify(&huge, STAMPED, &roots), Err(Refused::TooLong { max: 64 << 10 }));
    // As deep as it gets, and lengths that promise more than there is.
    for byte in [0x30, 0x31, 0xa0, 0x80, 0x84, 0xff, 0x00] {
        assert!(verify(&vec![byte; 64 << 10], STAMPED, &roots).is_err());
    }
}
