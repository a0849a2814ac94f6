//! A receipt of consistency (RFC 9942): the seal of the newer of two trees, with the path
//! that shows that it began with the older one.

use coset::{Label, cbor::value::Value};

use super::{LABEL_VDP, Seal};
use crate::{
    Hash, Origin, Rejected,
    cbor::{self, Reader, Writer},
    key::PublicKey,
    tree::{PATH_MAX, check_consistency},
};

/// vdp label of consistency proofs.
const CONSISTENCY: i64 = -2;

/// That the tree under a seal grew from a smaller one.
#[derive(Clone, Debug)]
pub struct ConsistencyReceipt {
    /// The seal of the block that made the newer tree.
    pub seal: Seal,
    /// Number of entries of the older tree. Neither number is signed.
    pub from: u64,
    /// Number of entries of the newer one, above `from`.
    pub to: u64,
    /// From the older root to the newer one (RFC 9162 section 2.1.4); one hash or more.
    pub path: Vec<Hash>,
}

impl ConsistencyReceipt {
    /// The RFC 9942 bytes: the seal with {396: {-2: [<<[from, to, path]>>]}}.
    pub fn encode(&self) -> Vec<u8> {
        let proof = Writer::with_capacity(40 + 34 * self.path.len());
        let proof = proof.array(3).uint(self.from).uint(self.to).hashes(&self.path);
        let proofs = Value::Array(vec![Value::Bytes(proof.finish())]);
        let vdp = Value::Map(vec![(Value::from(CONSISTENCY), proofs)]);
        self.seal.signed.encode(vec![(LABEL_VDP, vdp)])
    }

    /// The inverse of [`ConsistencyReceipt::encode`].
    ///
    /// # Errors
    /// The refusals of bytes and headers.
    pub fn decode(bytes: &[u8]) -> Result<Self, Rejected> {
        let (seal, unprotected) = Seal::decode_open(bytes)?;
        let shape = || {
            let why = "a receipt of consistency holds {396: {-2: [one consistency proof]}}";
            Rejected::Header(why.into())
        };
        let [(Label::Int(LABEL_VDP), Value::Map(vdp))] = unprotected.as_slice() else {
            return Err(shape());
        };
        let [(label, Value::Array(proofs))] = vdp.as_slice() else { return Err(shape()) };
        let [Value::Bytes(proof)] = proofs.as_slice() else { return Err(shape()) };
        if *label != Value::from(CONSISTENCY) {
            return Err(shape());
        }
        cbor::check(proof, "consistency proof")?;
        let mut reader = Reader::new(proof, "consistency proof");
        reader.array_len(3)?;
        let (from, to) = (reader.uint()?, reader.uint()?);
        let path = reader.hashes(PATH_MAX + 1)?;
        if path.is_empty() {
            return Err(reader.malformed("an empty path: RFC 9942 has one hash or more"));
        }
        reader.finish()?;
        Ok(Self { seal, from, to, path })
    }

    /// Checks that the ledger `origin` sealed `newer` with this key, at this time, and that its tree
    /// began with the one of root `older`.
    ///
    /// # Errors
    /// Those of [`Seal::verify`] and of [`check_consistency`].
    pub fn verify(
        &self,
        key: &PublicKey,
        origin: &Origin,
        time_ms: u64,
        (older, newer): (Hash, Hash),
    ) -> Result<(), Rejected> {
        self.seal.verify(key, origin, time_ms, newer)?;
        check_consistency((self.from, older), (self.to, newer), &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        key::SigningKey,
        tree::{self, Node, leaf_hash},
    };

    #[test]
    fn a_receipt_of_consistency_says_what_was_sealed_and_no_bit_of_it_can_change() {
        let leaves: Vec<_> = (0..11_u64).map(|i| leaf_hash(&i.to_be_bytes())).collect();
        let of = |size: usize| tree::root(leaves[..size].to_vec()).unwrap();
        let read = |nodes: &[Node]| {
            let subtree = |node: &Node| {
                let start = (node.index << node.level) as usize;
                tree::root(leaves[start..start + (1 << node.level)].to_vec()).unwrap()
            };
            Ok::<_, ()>(nodes.iter().map(subtree).collect())
        };
        let (key, origin) = (SigningKey::from_seed(&[1; 32]), "ledger.example".parse().unwrap());
        let path = tree::prove_consistency(5, 11, read).unwrap();
        let seal = Seal::sign(&key, &origin, 4, 1_790_000_000_000, of(11));
        let receipt = ConsistencyReceipt { seal, from: 5, to: 11, path };
        let bytes = receipt.encode();
        let verdict = |bytes: &[u8], older, newer| {
            let receipt = ConsistencyReceipt::decode(bytes)?;
            receipt.verify(key.public(), &origin, 1_790_000_000_000, (older, newer))
        };
        assert_eq!(verdict(&bytes, of(5), of(11)), Ok(()));
        assert!(verdict(&bytes, of(4), of(11)).is_err() && verdict(&bytes, of(5), of(10)).is_err());
        for bit in 0..8 * bytes.len() {
            let mut bad = bytes.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            // Sizes are not signed: some others give the same path its meaning.
            let numbers = ConsistencyReceipt::decode(&bad)
                .is_ok_and(|bad| bad.path == receipt.path && (bad.from, bad.to) != (5, 11));
            assert!(numbers || verdict(&bad, of(5), of(11)).is_err(), "bit {bit}");
        }
        // Of an inclusion proof it makes nothing, nor the reverse.
        assert!(super::super::Receipt::decode(&bytes).is_err());
        assert!(Seal::decode(&bytes).is_err());
    }
}
