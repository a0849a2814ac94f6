//! The proof file: everything a stranger needs to verify one document offline (format.md 11).
//!
//! A SCITT Transparent Statement: the statement with its receipt (394) and, under one private
//! label, the parts that lead from the document to the statement and from the ledger's identity
//! to the keys. It never holds the document. Making one signs nothing.

mod attested;

use coset::{Label, cbor::value::Value};

use crate::{
    Fingerprint, Hash, Rejected,
    cbor::{self, Reader, Writer},
    cose::{LABEL_PROOF, LABEL_RECEIPTS},
    registry::LINEAGE_COUNT_MAX,
    seal::Receipt,
    statement::Statement,
    status::{Slot, StatusPath},
    tree::PATH_MAX,
};

pub use attested::{Attested, TIMESTAMP_BYTES_MAX, TIMESTAMP_COUNT_MAX};

/// Longest proof that is read.
pub const PROOF_BYTES_MAX: usize = 1 << 20;
/// Version of the parts.
const PARTS_VERSION: u64 = 1;
/// Labels that all parts have, and at most so many more.
const LABELS: usize = 7;
const LABELS_MORE: usize = 2;
/// Statuses in a proof: of document, issuer and key; of the key that was enrolled, of falls that
/// count as never said, and of the keys of those.
const STATUS_COUNT: std::ops::RangeInclusive<usize> = 3..=2 * Slot::FALLS_MAX as usize + 3;

/// Where the document stands in the statement's list.
#[derive(Clone, Debug)]
pub struct DocumentPath {
    /// The document's fingerprint.
    pub fingerprint: Fingerprint,
    /// Its position in the list, from 0.
    pub index: u64,
    /// From it to the root of the list.
    pub path: Vec<Hash>,
}

/// An entry of the ledger, with its path to the root that the proof's receipt leads to.
#[derive(Clone, Debug)]
pub struct ProvenEntry {
    /// The entry.
    pub statement: Statement,
    /// Its index in the ledger.
    pub index: u64,
    /// From its leaf to the root.
    pub path: Vec<Hash>,
}

/// A proof of the right shape, of which nothing has been verified.
#[derive(Clone, Debug)]
pub struct Proof {
    /// What the issuer signed.
    pub statement: Statement,
    /// That it is in the ledger, under the proof's head.
    pub receipt: Receipt,
    /// That it speaks of the document.
    pub document: DocumentPath,
    /// The statement of the block that sealed it: its time is the time of certification.
    pub sealed: ProvenEntry,
    /// The statement of the newest block of the proof: its size and time are the proof's.
    pub head: ProvenEntry,
    /// Genesis, then what else of the registry leads to the signing key.
    pub registry: Vec<ProvenEntry>,
    /// The receipt in the answer to the submission.
    pub first_receipt: Receipt,
    /// What became of it as of the head, in the order of [`crate::status::Account`].
    pub statuses: Vec<StatusPath>,
    /// What others signed of the head.
    pub attested: Attested,
}

impl Proof {
    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        let writer = Writer::with_capacity(4096).map(LABELS + self.attested.labels());
        let writer = writer.uint(1).uint(PARTS_VERSION);
        let DocumentPath { fingerprint, index, path } = &self.document;
        let writer = writer.uint(2).array(3).bytes(fingerprint.as_bytes());
        let writer = writer.uint(*index).hashes(path);
        let writer = self.sealed.write(writer.uint(3));
        let writer = self.head.write(writer.uint(4));
        let writer = writer.uint(5).array(self.registry.len());
        let writer = self.registry.iter().fold(writer, |writer, entry| entry.write(writer));
        let writer = writer.uint(6).bytes(&self.first_receipt.encode());
        let writer = writer.uint(7).array(self.statuses.len());
        let writer = self.statuses.iter().fold(writer, |writer, path| path.write(writer));
        let parts = self.attested.write(writer).finish();
        let receipts = Value::Array(vec![Value::Bytes(self.receipt.encode())]);
        self.statement
            .encode_open(vec![(LABEL_RECEIPTS, receipts), (LABEL_PROOF, Value::Bytes(parts))])
    }

    /// The inverse of [`Proof::encode`].
    ///
    /// # Errors
    /// The refusals of bytes, headers and fields.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejected> {
        let (limit, value) = (PROOF_BYTES_MAX, bytes.len());
        if value > limit {
            return Err(Rejected::TooLarge { what: "proof", limit, value });
        }
        let (statement, unprotected) = Statement::decode_open(bytes)?;
        let shape = || Rejected::Header("a proof holds one receipt (394) and its parts".into());
        let [
            (Label::Int(LABEL_RECEIPTS), Value::Array(receipts)),
            (Label::Int(LABEL_PROOF), parts),
        ] = unprotected.as_slice()
        else {
            return Err(shape());
        };
        let [Value::Bytes(receipt)] = receipts.as_slice() else { return Err(shape()) };
        let Value::Bytes(parts) = parts else { return Err(shape()) };
        cbor::check(parts, "proof")?;
        let mut reader = Reader::new(parts, "proof");
        let reader = &mut reader;
        let more = reader.map()?.checked_sub(LABELS).filter(|more| *more <= LABELS_MORE);
        let more = more.ok_or_else(|| reader.malformed("a map of 7 to 9 labels"))?;
        reader.key(1)?;
        match reader.uint()? {
            PARTS_VERSION => {}
            newer => return Err(Rejected::Version(newer)),
        }
        reader.key(2)?;
        let document = DocumentPath::read(reader)?;
        reader.key(3)?;
        let sealed = ProvenEntry::read(reader)?;
        reader.key(4)?;
        let head = ProvenEntry::read(reader)?;
        reader.key(5)?;
        let count = reader.array()?;
        if count == 0 || count > LINEAGE_COUNT_MAX {
            return Err(reader.malformed("1 to 1024 entries of the registry"));
        }
        let registry = (0..count).map(|_| ProvenEntry::read(reader)).collect::<Result<_, _>>()?;
        reader.key(6)?;
        let first_receipt = Receipt::decode(reader.bytes()?)?;
        reader.key(7)?;
        let count = reader.array()?;
        if !STATUS_COUNT.contains(&count) {
            return Err(reader.malformed("3 to 35 statuses"));
        }
        let statuses = (0..count).map(|_| StatusPath::read(reader)).collect::<Result<_, _>>()?;
        let attested = Attested::read(reader, more)?;
        reader.clone().finish()?;
        let receipt = Receipt::decode(receipt)?;
        Ok(Self {
            statement,
            receipt,
            document,
            sealed,
            head,
            registry,
            first_receipt,
            statuses,
            attested,
        })
    }
}

impl DocumentPath {
    fn read(reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        reader.array_len(3)?;
        Ok(Self {
            fingerprint: Fingerprint::from_bytes(reader.bytes()?)?,
            index: reader.uint()?,
            path: reader.hashes(PATH_MAX)?,
        })
    }
}

impl ProvenEntry {
    fn write(&self, writer: Writer) -> Writer {
        writer.array(3).bytes(self.statement.entry()).uint(self.index).hashes(&self.path)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Rejected> {
        reader.array_len(3)?;
        Ok(Self {
            statement: Statement::decode(reader.bytes()?)?,
            index: reader.uint()?,
            path: reader.hashes(PATH_MAX)?,
        })
    }
}
