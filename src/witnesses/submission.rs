//! What is sent to a witness: the size that it saw last, the proof that the tree only grew since, and
//! the checkpoint (c2sp.org/tlog-witness, add-checkpoint). Nothing in it has been verified.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use probant_core::Hash;

/// Most hashes of a proof that are sent or taken.
const HASHES_MAX: usize = 63;
/// Longest submission that is taken: hashes, and a note of 16 signatures and more.
pub const BYTES_MAX: usize = (64 << 10) + 4096;

/// A submission.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Submission {
    /// The size of the checkpoint that the witness cosigned last; 0 if it never did.
    pub old: u64,
    /// That the tree of the checkpoint begins with that of the old size.
    pub proof: Vec<Hash>,
    /// The checkpoint, with the signature of its ledger.
    pub note: String,
}

impl Submission {
    /// As it is sent.
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        for hash in &self.proof {
            writeln!(text, "{}", STANDARD.encode(hash.0)).expect("a string takes all text");
        }
        text + "\n" + &self.note
    }

    /// Reads one; the inverse of [`Submission::to_text`].
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (head, note) = text.split_once("\n\n").ok_or("there is no empty line")?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.and_then(size).ok_or("the first line is not 'old <size>'")?;
        let proof = lines.map(hash).collect::<Option<Vec<_>>>();
        let proof = proof.ok_or("a line of the proof is not 32 bytes in base64")?;
        if proof.len() > HASHES_MAX {
            return Err("the proof has more than 63 lines");
        }
        Ok(Self { old, proof, note: note.to_owned() })
    }
}

/// A size in its one form.
pub fn size(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size: &u64| size.to_string() == text)
}

fn hash(line: &str) -> Option<Hash> {
    STANDARD.decode(line).ok()?.try_into().ok().map(Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_submission_is_read_as_it_is_written_and_in_no_other_form() {
        let note = "ledger.example\n7\nAA==\n\n\u{2014} ledger.example AAAAAAAA\n".to_owned();
        for proof in [vec![], vec![Hash([1; 32]), Hash([2; 32])], vec![Hash::ZERO; HASHES_MAX]] {
            let sent = Submission { old: 5, proof, note: note.clone() };
            assert_eq!(Submission::parse(&sent.to_text()), Ok(sent));
        }
        let long = Submission { old: 5, proof: vec![Hash::ZERO; HASHES_MAX + 1], note };
        assert!(Submission::parse(&long.to_text()).is_err());
        for wrong in [
            "",
            "old 5\n",
            "old 05\n\nnote",
            "old +5\n\nnote",
            "old -1\n\nnote",
            "old\n\nnote",
            "old 5\nAAAA\n\nnote",
            "old 5 \n\nnote",
            "new 5\n\nnote",
            "old 5\r\n\r\nnote",
            "old 18446744073709551616\n\nnote",
        ] {
            assert!(Submission::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
