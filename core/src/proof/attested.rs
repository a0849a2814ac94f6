//! What others signed of a proof's head: the checkpoint with their cosignatures, and time stamps
//! (format.md 11.1, labels 8 and 9). The ledger's own word is whole without it.

use std::collections::BTreeSet;

use crate::{
    Rejected,
    cbor::{Reader, Writer},
    note::{NOTE_BYTES_MAX, Note},
    verifier_key::KeyId,
};

/// Labels in the parts of a proof; each is there only with something in it.
const CHECKPOINT: u64 = 8;
const TIMESTAMPS: u64 = 9;
/// Most time stamps.
pub const TIMESTAMP_COUNT_MAX: usize = 16;
/// Longest time stamp: certificates come with it.
pub const TIMESTAMP_BYTES_MAX: usize = 65_536;

/// Maybe nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Attested {
    /// The signed note of the head, with its cosignatures.
    pub checkpoint: Option<String>,
    /// RFC 3161 tokens over the text of the head's checkpoint, as they came: nothing here reads
    /// them.
    pub timestamps: Vec<Vec<u8>>,
}

impl Attested {
    /// How many others signed: lines of the checkpoint that are not under the ledger's own name, and
    /// time stamps.
    pub fn count(&self) -> usize {
        self.cosigned() + self.timestamps.len()
    }

    /// Lines of the checkpoint that are not under the ledger's own name.
    pub fn cosigned(&self) -> usize {
        self.cosigners().count()
    }

    /// Whether all who cosigned the other's checkpoint cosigned this one, by name and key id: the lines of
    /// the ledger itself aside, whose keys are replaced. No line is verified.
    pub fn has_cosigners_of(&self, other: &Self) -> bool {
        let own: BTreeSet<_> = self.cosigners().collect();
        other.cosigners().all(|one| own.contains(&one))
    }

    /// Name and key id of each such line.
    fn cosigners(&self) -> impl Iterator<Item = (&str, KeyId)> {
        let note = self.checkpoint.as_deref().and_then(|note| Note::split(note).ok());
        note.into_iter().flat_map(|note| {
            let origin = note.text().lines().next();
            let others = note.lines().flatten().filter(move |line| Some(line.name) != origin);
            others.map(|line| (line.name, line.id))
        })
    }

    /// Labels that it needs.
    pub(super) fn labels(&self) -> usize {
        usize::from(self.checkpoint.is_some()) + usize::from(!self.timestamps.is_empty())
    }

    pub(super) fn write(&self, writer: Writer) -> Writer {
        let writer = match &self.checkpoint {
            None => writer,
            Some(note) => writer.uint(CHECKPOINT).text(note),
        };
        if self.timestamps.is_empty() {
            return writer;
        }
        let writer = writer.uint(TIMESTAMPS).array(self.timestamps.len());
        self.timestamps.iter().fold(writer, |writer, token| writer.bytes(token))
    }

    /// The rest of a map that has so many labels more.
    pub(super) fn read(reader: &mut Reader<'_>, labels: usize) -> Result<Self, Rejected> {
        let mut attested = Self::default();
        for at in 0..labels {
            match reader.uint()? {
                CHECKPOINT if at == 0 => {
                    attested.checkpoint = Some(reader.text()?.to_owned());
                }
                TIMESTAMPS if at + 1 == labels => attested.timestamps = read_timestamps(reader)?,
                _ => return Err(reader.malformed("of labels above 7, only 8 and 9 are known")),
            }
        }
        let note = attested.checkpoint.as_deref().unwrap_or_default();
        if note.len() > NOTE_BYTES_MAX {
            return Err(reader.malformed("a checkpoint of more than 65,536 bytes"));
        }
        Ok(attested)
    }
}

fn read_timestamps(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, Rejected> {
    let count = reader.array()?;
    if !(1..=TIMESTAMP_COUNT_MAX).contains(&count) {
        return Err(reader.malformed("1 to 16 time stamps"));
    }
    let read = |_| {
        let token = reader.bytes()?.to_vec();
        if (1..=TIMESTAMP_BYTES_MAX).contains(&token.len()) {
            return Ok(token);
        }
        Err(reader.malformed("a time stamp of 1 to 65,536 bytes"))
    };
    (0..count).map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_under_the_ledgers_own_name_are_nobody_elses() {
        let line = |name: &str| format!("\u{2014} {name} AAAAAAAA\n");
        let own = line("ledger.example");
        let of = |lines: &str| {
            let checkpoint = Some(format!("ledger.example\n7\nAA==\n\n{lines}"));
            Attested { checkpoint, timestamps: vec![vec![1]] }
        };
        for (lines, count) in [
            (own.clone(), 0),
            (format!("{own}{own}"), 0),
            (format!("{own}{own}{}", line("witness.example")), 1),
            (format!("{}{own}{}", line("one.example"), line("two.example")), 2),
        ] {
            assert_eq!((of(&lines).cosigned(), of(&lines).count()), (count, count + 1), "{lines}");
        }
        assert_eq!(Attested::default().count(), 0);
    }
}
