//! Cosignatures: a witness, or the ledger itself, signs a checkpoint and says when
//! (format.md 8.4; c2sp.org/tlog-cosignature).
//!
//! Whether a checkpoint may be cosigned is not decided here: a witness has first to see that it
//! continues what it signed before.

use crate::{
    Rejected,
    checkpoint::Checkpoint,
    key, ml_dsa,
    note::signature_line,
    verifier_key::{Material, VerifierKey},
};

/// Bytes of the time before a signature: seconds since 1970, big-endian.
const TIME_BYTES: usize = 8;
/// Latest time that a cosignature can say, in seconds.
pub const TIME_S_MAX: u64 = i64::MAX as u64;
/// What an Ed25519 cosignature begins with.
const HEADER: &str = "cosignature/v1";
/// What an ML-DSA-44 cosignature begins with.
const LABEL: &[u8; 12] = b"subtree/v1\n\0";
/// What refusals call it.
const WHAT: &str = "cosignature";

/// Who cosigns: a name and a private key, zeroized when it is dropped.
#[derive(Clone, Debug)]
pub struct Cosigner {
    key: VerifierKey,
    secret: Secret,
}

#[derive(Clone, Debug)]
enum Secret {
    Ed25519(Box<key::SigningKey>),
    MlDsa(Box<ml_dsa::SigningKey>),
}

impl Cosigner {
    /// One that signs with Ed25519. The signature says nothing of the name: a key is for one
    /// cosigner, and for nothing else.
    ///
    /// # Errors
    /// [`Rejected::VerifierKey`] for the name.
    pub fn ed25519(name: &str, key: key::SigningKey) -> Result<Self, Rejected> {
        let material = Material::Ed25519Cosignature(key.public().clone());
        Ok(Self { key: VerifierKey::new(name, material)?, secret: Secret::Ed25519(Box::new(key)) })
    }

    /// One that signs with ML-DSA-44.
    ///
    /// # Errors
    /// [`Rejected::VerifierKey`] for the name.
    pub fn ml_dsa(name: &str, key: ml_dsa::SigningKey) -> Result<Self, Rejected> {
        let material = Material::MlDsaCosignature(key.public().clone());
        Ok(Self { key: VerifierKey::new(name, material)?, secret: Secret::MlDsa(Box::new(key)) })
    }

    /// What others know it by.
    pub fn verifier_key(&self) -> &VerifierKey {
        &self.key
    }

    /// The signature line, with its LF, to be put after those of the note. `time_s` is in seconds
    /// since 1970, at most [`TIME_S_MAX`], beyond which it is that; 0 says no time.
    pub fn cosign(&self, checkpoint: &Checkpoint, time_s: u64) -> String {
        let time_s = time_s.min(TIME_S_MAX);
        let time = time_s.to_be_bytes();
        let signature = match &self.secret {
            Secret::Ed25519(key) => {
                let message = cosignature_v1(time_s, &checkpoint.text());
                [&time[..], &key.sign(message.as_bytes())].concat()
            }
            Secret::MlDsa(key) => {
                let message = subtree_v1(self.key.name(), time_s, checkpoint);
                [&time[..], &key.sign(&message)].concat()
            }
        };
        signature_line(&self.key, &signature)
    }
}

/// Checks a signature of type 0x04 on the text of a note; gives the time that it says.
pub(crate) fn verify_ed25519(
    key: &key::PublicKey,
    text: &str,
    signature: &[u8],
) -> Result<Option<u64>, Rejected> {
    Checkpoint::parse(text)?;
    let (time_s, signature) = read_time(signature)?;
    key.verify(WHAT, cosignature_v1(time_s, text).as_bytes(), signature)?;
    Ok(said(time_s))
}

/// Checks a signature of type 0x06 on the text of a note; gives the time that it says.
pub(crate) fn verify_ml_dsa(
    name: &str,
    key: &ml_dsa::PublicKey,
    text: &str,
    signature: &[u8],
) -> Result<Option<u64>, Rejected> {
    let checkpoint = Checkpoint::parse(text)?;
    let (time_s, signature) = read_time(signature)?;
    key.verify(WHAT, &subtree_v1(name, time_s, &checkpoint), signature)?;
    Ok(said(time_s))
}

fn read_time(signature: &[u8]) -> Result<(u64, &[u8]), Rejected> {
    let timed = signature.split_first_chunk::<TIME_BYTES>();
    let (time, signature) = timed.ok_or(Rejected::Signature(WHAT))?;
    let time_s = u64::from_be_bytes(*time);
    if time_s <= TIME_S_MAX { Ok((time_s, signature)) } else { Err(Rejected::Signature(WHAT)) }
}

/// 0 is how a cosigner says no time.
fn said(time_s: u64) -> Option<u64> {
    Some(time_s).filter(|time_s| *time_s > 0)
}

/// What Ed25519 signs: two lines, then the text of the note.
fn cosignature_v1(time_s: u64, text: &str) -> String {
    format!("{HEADER}\ntime {time_s}\n{text}")
}

/// What ML-DSA-44 signs: names with their length in one byte, numbers in 8, big-endian. The tree
/// of a checkpoint is the subtree from 0 to its size.
fn subtree_v1(name: &str, time_s: u64, checkpoint: &Checkpoint) -> Vec<u8> {
    let named = |name: &str| {
        let length = u8::try_from(name.len()).expect("names and origins have 255 bytes at most");
        [&[length], name.as_bytes()].concat()
    };
    [
        &LABEL[..],
        &named(name),
        &time_s.to_be_bytes(),
        &named(checkpoint.origin.as_str()),
        &0_u64.to_be_bytes(),
        &checkpoint.size.to_be_bytes(),
        &checkpoint.root.0,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hash, note::Note};

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "ledger.example".parse().unwrap(), size: 7, root: Hash([9; 32]) }
    }

    fn cosigners(number: u8) -> [Cosigner; 2] {
        let name = format!("witness.example/w{number}");
        let (ed25519, ml_dsa) = ([100 + number; 32], [200 + number; 32]);
        [
            Cosigner::ed25519(&name, key::SigningKey::from_seed(&ed25519)).unwrap(),
            Cosigner::ml_dsa(&name, ml_dsa::SigningKey::from_seed(&ml_dsa)).unwrap(),
        ]
    }

    #[test]
    fn sixteen_and_more_cosignatures_are_read_and_every_bit_of_a_line_counts() {
        let note = checkpoint().sign(&key::SigningKey::from_seed(&[3; 32]));
        let all: Vec<_> = (0..8).flat_map(cosigners).collect();
        let timed = |(i, one): (usize, &Cosigner)| one.cosign(&checkpoint(), i as u64);
        let cosigned = note.clone() + &all.iter().enumerate().map(timed).collect::<String>();
        let keys: Vec<_> = all.iter().map(Cosigner::verifier_key).collect();
        let split = Note::split(&cosigned).unwrap();
        let signed = split.signatures(&keys).unwrap();
        let found: Vec<_> = signed.iter().map(|signed| (signed.key(), signed.time_s())).collect();
        let time = |i| if i == 0 { None } else { Some(i as u64) };
        let expected: Vec<_> = keys.iter().enumerate().map(|(i, key)| (*key, time(i))).collect();
        assert_eq!(found, expected);
        // Unknown keys are ignored.
        assert_eq!(split.signatures(&keys[3..5]).unwrap(), signed[3..5]);
        for one in &all[..2] {
            let line = one.cosign(&checkpoint(), 1);
            let twice = format!("{note}{line}{line}");
            let twice = Note::split(&twice).unwrap().signatures(&[one.verifier_key()]);
            assert_eq!(twice.unwrap().len(), 2);
            let of_another = one.cosign(&Checkpoint { size: 8, ..checkpoint() }, 1);
            let spoiled = format!("{note}{line}{of_another}");
            let spoiled = Note::split(&spoiled).unwrap().signatures(&[one.verifier_key()]);
            assert_eq!(spoiled.unwrap_err(), Rejected::Signature(WHAT));
        }
    }

    #[test]
    fn the_time_is_signed_and_has_63_bits() {
        for one in cosigners(1) {
            let line = one.cosign(&checkpoint(), u64::MAX);
            let note = format!("{}\n{line}", checkpoint().text());
            let note = Note::split(&note).unwrap();
            let signed = note.signatures(&[one.verifier_key()]).unwrap();
            assert_eq!(signed[0].time_s(), Some(TIME_S_MAX));
            let good = note.lines().next().unwrap().unwrap().signature;
            for bit in 0..64 {
                let mut bad = good.clone();
                bad[bit / 8] ^= 1 << (bit % 8);
                let verdict = one.verifier_key().verify(note.text(), &bad);
                assert_eq!(verdict, Err(Rejected::Signature(WHAT)), "bit {bit}");
            }
            let cut = one.verifier_key().verify(note.text(), &good[..7]);
            assert_eq!(cut, Err(Rejected::Signature(WHAT)));
        }
    }

    #[test]
    fn ml_dsa_signs_the_name_too() {
        let key = ml_dsa::SigningKey::from_seed(&[1; 32]);
        let one = Cosigner::ml_dsa("witness.example/w1", key.clone()).unwrap();
        let two = Cosigner::ml_dsa("witness.example/w2", key).unwrap();
        let line = one.cosign(&checkpoint(), 1);
        let note = format!("{}\n{line}", checkpoint().text());
        let note = Note::split(&note).unwrap();
        let signature = note.lines().next().unwrap().unwrap().signature;
        one.verifier_key().verify(note.text(), &signature).unwrap();
        assert!(two.verifier_key().verify(note.text(), &signature).is_err());
        assert_eq!(subtree_v1("w", 1, &checkpoint()).len(), 12 + 2 + 8 + 15 + 8 + 8 + 32);
    }
}
