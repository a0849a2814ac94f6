//! CBOR and COSE by hand: a second encoder, so that what core reads is not only what core writes,
//! and one that can also write wrong.

use std::collections::BTreeMap;

use probant_core::key::SigningKey;

pub type Item = Vec<u8>;

pub const NIL: [u8; 1] = [0xf6];

fn head(major: u8, argument: u64) -> Item {
    let bytes = argument.to_be_bytes();
    let (short, skip) = match argument {
        0..24 => return vec![major << 5 | bytes[7]],
        24..0x100 => (24, 7),
        0x100..0x1_0000 => (25, 6),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 0),
    };
    [&[major << 5 | short], &bytes[skip..]].concat()
}

pub fn int(value: i64) -> Item {
    if value < 0 { head(1, (-1 - value) as u64) } else { head(0, value as u64) }
}

pub fn bytes(value: &[u8]) -> Item {
    [&head(2, value.len() as u64), value].concat()
}

pub fn text(value: &str) -> Item {
    [&head(3, value.len() as u64), value.as_bytes()].concat()
}

pub fn array(items: &[Item]) -> Item {
    [head(4, items.len() as u64), items.concat()].concat()
}

/// The pairs in the order given, which may be wrong.
pub fn map(pairs: &[(i64, Item)]) -> Item {
    let body: Vec<_> = pairs.iter().flat_map(|(key, value)| [int(*key), value.clone()]).collect();
    [head(5, pairs.len() as u64), body.concat()].concat()
}

pub fn tag(number: u64, item: &[u8]) -> Item {
    [&head(6, number), item].concat()
}

/// {1: first, 2: second, …}: every payload of the format.
pub fn payload(values: &[Item]) -> Item {
    map(&(1..).zip(values.iter().cloned()).collect::<Vec<_>>())
}

/// A COSE_Sign1 to be; its protected labels are sorted, unless it is signed with other bytes.
#[derive(Clone)]
pub struct Sign1 {
    protected: BTreeMap<Item, Item>,
    unprotected: Item,
    payload: Item,
    nil: bool,
}

impl Sign1 {
    /// With alg and kid.
    pub fn new(key: &SigningKey, payload: Item) -> Self {
        let new = Self { protected: BTreeMap::new(), unprotected: map(&[]), payload, nil: false };
        new.with(1, int(-8)).with(4, bytes(&key.public().kid().0))
    }

    pub fn with(mut self, label: i64, value: Item) -> Self {
        self.protected.insert(int(label), value);
        self
    }

    pub fn with_text_label(mut self, label: &str, value: Item) -> Self {
        self.protected.insert(text(label), value);
        self
    }

    pub fn without(mut self, label: i64) -> Self {
        self.protected.remove(&int(label));
        self
    }

    pub fn unprotected(mut self, map: Item) -> Self {
        self.unprotected = map;
        self
    }

    pub fn payload(mut self, payload: Item) -> Self {
        self.payload = payload;
        self
    }

    /// The payload is signed and left out.
    pub fn detached(mut self) -> Self {
        self.nil = true;
        self
    }

    pub fn protected(&self) -> Item {
        let pairs: Vec<_> =
            self.protected.iter().flat_map(|(k, v)| [k.clone(), v.clone()]).collect();
        [head(5, self.protected.len() as u64), pairs.concat()].concat()
    }

    pub fn sign(&self, key: &SigningKey) -> Item {
        self.sign_as(key, &self.protected())
    }

    /// With these bytes as the protected header.
    pub fn sign_as(&self, key: &SigningKey, protected: &[u8]) -> Item {
        let signed = [text("Signature1"), bytes(protected), bytes(&[]), bytes(&self.payload)];
        self.assemble(protected, &key.sign(&array(&signed)))
    }

    pub fn assemble(&self, protected: &[u8], signature: &[u8]) -> Item {
        let payload = if self.nil { NIL.to_vec() } else { bytes(&self.payload) };
        let parts = [bytes(protected), self.unprotected.clone(), payload, bytes(signature)];
        tag(18, &array(&parts))
    }
}

/// Claims; those without a value are left out.
pub fn claims(iss: &str, sub: &str, aud: Option<&str>, iat: i64) -> Item {
    let aud = aud.map(|aud| (3, text(aud)));
    let all = [(1, text(iss)), (2, text(sub))].into_iter().chain(aud).chain([(6, int(iat))]);
    map(&all.collect::<Vec<_>>())
}

/// The bytes with `from`, which is in them once, replaced.
pub fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Item {
    let mut found = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from));
    let at = found.next().expect("the bytes to replace are there");
    assert_eq!(found.next(), None, "the bytes to replace are there once");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
