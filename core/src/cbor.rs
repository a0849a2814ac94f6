//! Deterministic CBOR (RFC 8949 section 4.2.1), read strictly: definite and shortest lengths, map
//! keys ascending as bytes and unique, no floats, no simple value but null, no tag but the 18 around
//! a COSE_Sign1. What this reader accepts has one encoding only, so equal meaning is equal bytes. It
//! borrows and never allocates.

use coset::cbor::{into_writer, value::Value};

use crate::{Hash, Rejected};

/// Nesting below which a stranger's bytes are followed: our own formats need 6.
const DEPTH_MAX: u8 = 12;

const UINT: u8 = 0;
const NINT: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;
const NULL: u64 = 22;
const NIL: [u8; 1] = [0xf6];
/// The tag of a COSE_Sign1, the only one in all formats.
const SIGN1: u64 = 18;

/// Reads one item after the other; `what` names the thing being read in refusals.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(crate) fn malformed(&self, why: impl Into<String>) -> Rejected {
        Rejected::Malformed { what: self.what, why: why.into() }
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Rejected> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > self.rest.len() {
            return Err(self.malformed("it ends early"));
        }
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        Ok(taken)
    }

    /// Initial byte and argument of the next item (RFC 8949 section 3).
    fn head(&mut self) -> Result<(u8, u64), Rejected> {
        let first = self.take(1)?[0];
        let (major, short) = (first >> 5, first & 0x1f);
        if short < 24 {
            return Ok((major, u64::from(short)));
        }
        if short > 27 || major == SIMPLE {
            return Err(self.malformed("indefinite length, float or reserved value"));
        }
        let width = 1_u64 << (short - 24);
        let argument =
            self.take(width)?.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let floor = if width == 1 { 24 } else { 1 << (width * 4) };
        if argument < floor {
            return Err(self.malformed("a length or number is not in its shortest form"));
        }
        Ok((major, argument))
    }

    fn expect(&mut self, wanted: u8, name: &str) -> Result<u64, Rejected> {
        let (major, argument) = self.head()?;
        if major != wanted {
            return Err(self.malformed(format!("{name} expected")));
        }
        Ok(argument)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Rejected> {
        self.expect(UINT, "an unsigned integer")
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Rejected> {
        let length = self.expect(BYTES, "a byte string")?;
        self.take(length)
    }

    pub(crate) fn array_of<const N: usize>(&mut self) -> Result<[u8; N], Rejected> {
        let bytes = self.bytes()?;
        bytes
            .try_into()
            .map_err(|_| self.malformed(format!("{N} bytes expected, here are {}", bytes.len())))
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, Rejected> {
        self.array_of().map(Hash)
    }

    pub(crate) fn hashes(&mut self, max: usize) -> Result<Vec<Hash>, Rejected> {
        let count = self.array()?;
        if count > max {
            return Err(self.malformed(format!("a path of {count} hashes, at most {max}")));
        }
        (0..count).map(|_| self.hash()).collect()
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Rejected> {
        let length = self.expect(TEXT, "a text string")?;
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.malformed("text is not UTF-8"))
    }

    /// Length of the array that follows; each item takes a byte at least, so that a hostile length
    /// cannot make anybody reserve memory.
    pub(crate) fn array(&mut self) -> Result<usize, Rejected> {
        let count = self.expect(ARRAY, "an array")?;
        self.countable(count)
    }

    pub(crate) fn array_len(&mut self, wanted: usize) -> Result<(), Rejected> {
        match self.array()? {
            count if count == wanted => Ok(()),
            count => {
                Err(self.malformed(format!("an array of {wanted} expected, here are {count}")))
            }
        }
    }

    pub(crate) fn map(&mut self) -> Result<usize, Rejected> {
        let count = self.expect(MAP, "a map")?;
        self.countable(count)
    }

    /// The key of a map whose keys are 1, 2, 3 … : all that our payloads use.
    pub(crate) fn key(&mut self, wanted: u64) -> Result<(), Rejected> {
        match self.uint()? {
            key if key == wanted => Ok(()),
            key => Err(self.malformed(format!("key {wanted} expected, here is {key}"))),
        }
    }

    pub(crate) fn map_len(&mut self, wanted: usize) -> Result<(), Rejected> {
        match self.map()? {
            count if count == wanted => Ok(()),
            count => Err(self.malformed(format!("a map of {wanted} expected, here are {count}"))),
        }
    }

    /// Nothing where null stands, otherwise what `read` makes of the items there.
    pub(crate) fn null_or<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Rejected>,
    ) -> Result<Option<T>, Rejected> {
        if let Some(rest) = self.rest.strip_prefix(&NIL) {
            self.rest = rest;
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// Whether an array is next: where the format leaves a choice.
    pub(crate) fn is_array_next(&self) -> bool {
        self.rest.first().is_some_and(|first| first >> 5 == ARRAY)
    }

    /// Bytes of the next item, whatever it is, checked like everything else.
    pub(crate) fn item(&mut self) -> Result<&'a [u8], Rejected> {
        let start = self.rest;
        self.skip(0)?;
        Ok(&start[..start.len() - self.rest.len()])
    }

    /// Protected and unprotected header of a tagged COSE_Sign1, all of whose parts are of the right
    /// type.
    pub(crate) fn sign1(mut self) -> Result<(&'a [u8], &'a [u8]), Rejected> {
        if self.head()? != (TAG, SIGN1) {
            return Err(self.malformed("a tagged COSE_Sign1 expected"));
        }
        self.array_len(4)?;
        let (protected, unprotected, payload) = (self.bytes()?, self.item()?, self.item()?);
        if unprotected[0] >> 5 != MAP || (payload[0] >> 5 != BYTES && payload != NIL) {
            return Err(self.malformed("a COSE_Sign1 holds a map, then a byte string or null"));
        }
        self.bytes()?;
        self.finish()?;
        Ok((protected, unprotected))
    }

    /// Whether the next item is a map from at most `max` numbers to byte strings, each bare or at
    /// the end of arrays and maps of at most one: a few pieces to decode, however long they are.
    pub(crate) fn is_lean_map(&mut self, max: usize) -> Result<bool, Rejected> {
        let count = self.map()?;
        let mut lean = count <= max;
        for _ in 0..count.min(max) {
            lean = lean && self.head()?.0 <= NINT && self.is_lean()?;
        }
        Ok(lean)
    }

    fn is_lean(&mut self) -> Result<bool, Rejected> {
        if self.rest.first().is_some_and(|first| first >> 5 == MAP) {
            return self.is_lean_map(1);
        }
        match self.head()? {
            (BYTES, length) => self.take(length).map(|_| true),
            (ARRAY, 0) => Ok(true),
            (ARRAY, 1) => self.is_lean(),
            _ => Ok(false),
        }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn finish(self) -> Result<(), Rejected> {
        if self.is_done() { Ok(()) } else { Err(self.malformed("bytes follow its end")) }
    }

    fn countable(&self, count: u64) -> Result<usize, Rejected> {
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.rest.len())
            .ok_or_else(|| self.malformed("it ends early"))
    }

    fn skip(&mut self, depth: u8) -> Result<(), Rejected> {
        if depth > DEPTH_MAX {
            return Err(self.malformed("nested too deep"));
        }
        let (major, argument) = self.head()?;
        match major {
            UINT | NINT => Ok(()),
            BYTES => self.take(argument).map(drop),
            TEXT => {
                let text = self.take(argument)?;
                std::str::from_utf8(text).map(drop).map_err(|_| self.malformed("text is not UTF-8"))
            }
            ARRAY => (0..self.countable(argument)?).try_for_each(|_| self.skip(depth + 1)),
            MAP => self.skip_map(argument, depth),
            // Decoders read tags 2 and 3 as plain numbers: a second spelling of each of them.
            TAG if depth == 0 && argument == SIGN1 => self.skip(depth + 1),
            TAG => Err(self.malformed("a tag other than that of a COSE_Sign1 around it")),
            _ if argument == NULL => Ok(()),
            _ => Err(self.malformed("a simple value other than null")),
        }
    }

    fn skip_map(&mut self, count: u64, depth: u8) -> Result<(), Rejected> {
        let mut previous: &[u8] = &[];
        for _ in 0..self.countable(count)? {
            let start = self.rest;
            self.skip(depth + 1)?;
            let key = &start[..start.len() - self.rest.len()];
            if key <= previous {
                return Err(self.malformed("map keys are not ascending and unique"));
            }
            previous = key;
            self.skip(depth + 1)?;
        }
        Ok(())
    }
}

/// Refuses bytes that are not exactly one deterministic item: run before any other decoder.
pub(crate) fn check(bytes: &[u8], what: &'static str) -> Result<(), Rejected> {
    let mut reader = Reader::new(bytes, what);
    reader.skip(0)?;
    reader.finish()
}

/// Writes what [`Reader`] accepts; the caller writes map keys in ascending order.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    fn head(mut self, major: u8, argument: u64) -> Self {
        let major = major << 5;
        let bytes = argument.to_be_bytes();
        match argument {
            0..24 => self.0.push(major | bytes[7]),
            24..0x100 => self.0.extend([major | 0x18, bytes[7]]),
            0x100..0x1_0000 => self.0.extend([major | 0x19, bytes[6], bytes[7]]),
            0x1_0000..0x1_0000_0000 => {
                self.0.push(major | 0x1a);
                self.0.extend(&bytes[4..]);
            }
            _ => {
                self.0.push(major | 0x1b);
                self.0.extend(bytes);
            }
        }
        self
    }

    pub(crate) fn uint(self, value: u64) -> Self {
        self.head(UINT, value)
    }

    /// A negative number given as its absolute value less one, as CBOR does: -1 is 0.
    pub(crate) fn nint(self, minus_one_minus: u64) -> Self {
        self.head(NINT, minus_one_minus)
    }

    pub(crate) fn bytes(self, value: &[u8]) -> Self {
        self.head(BYTES, value.len() as u64).raw(value)
    }

    pub(crate) fn text(self, value: &str) -> Self {
        self.head(TEXT, value.len() as u64).raw(value.as_bytes())
    }

    pub(crate) fn array(self, count: usize) -> Self {
        self.head(ARRAY, count as u64)
    }

    pub(crate) fn map(self, count: usize) -> Self {
        self.head(MAP, count as u64)
    }

    pub(crate) fn null(self) -> Self {
        self.head(SIMPLE, NULL)
    }

    /// The tag of the COSE_Sign1 that follows.
    pub(crate) fn sign1(self) -> Self {
        self.head(TAG, SIGN1)
    }

    /// An item in the terms of `coset`, maps in their order.
    pub(crate) fn value(mut self, value: &Value) -> Self {
        into_writer(value, &mut self.0).expect("memory takes all");
        self
    }

    pub(crate) fn hashes(self, hashes: &[Hash]) -> Self {
        hashes.iter().fold(self.array(hashes.len()), |writer, hash| writer.bytes(&hash.0))
    }

    /// An item that is encoded already.
    pub(crate) fn raw(mut self, item: &[u8]) -> Self {
        self.0.extend_from_slice(item);
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests;
