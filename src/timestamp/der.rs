//! What is read of ASN.1, in DER and with nothing left over: the crate `der` does the reading.

use der::{Decode as _, Reader, SliceReader, Tag, TagNumber, asn1::AnyRef};

use super::Refused;

pub use der::{Error, asn1::ObjectIdentifier as Oid};

/// A reader of what a SEQUENCE or SET holds.
pub type Items<'a> = SliceReader<'a>;

/// Reads a part, all of it.
pub fn part<'a, T>(
    part: &'static str,
    bytes: &'a [u8],
    read: impl FnOnce(AnyRef<'a>) -> Result<T, Error>,
) -> Result<T, Refused> {
    AnyRef::from_der(bytes).and_then(read).map_err(|_| Refused::Form { part })
}

/// `[n]` around something, or in the place of its tag.
pub fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// `[n]` in the place of the tag of what holds nothing else.
pub fn context_primitive(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

/// What has this tag.
pub fn tagged(any: AnyRef<'_>, tag: Tag) -> Result<AnyRef<'_>, Error> {
    any.header().tag().assert_eq(tag)?;
    Ok(any)
}

/// The next item, which has this tag.
pub fn next<'a>(items: &mut Items<'a>, tag: Tag) -> Result<AnyRef<'a>, Error> {
    tagged(items.decode()?, tag)
}

/// The next item, if it has this tag.
pub fn optional<'a>(items: &mut Items<'a>, tag: Tag) -> Result<Option<AnyRef<'a>>, Error> {
    if items.is_finished() || Tag::peek(items)? != tag {
        return Ok(None);
    }
    items.decode().map(Some)
}

/// Reads what it holds, whatever its tag: all of it.
pub fn within<'a, T>(
    any: AnyRef<'a>,
    read: impl FnOnce(&mut Items<'a>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut items = SliceReader::new(any.value())?;
    let found = read(&mut items)?;
    items.finish()?;
    Ok(found)
}

/// All that it holds, each as its bytes. They are slices: as many as there are bytes at most.
pub fn items(any: AnyRef<'_>) -> Result<Vec<&[u8]>, Error> {
    within(any, |items| {
        let mut found = Vec::new();
        while !items.is_finished() {
            found.push(items.tlv_bytes()?);
        }
        Ok(found)
    })
}

/// Reads a SEQUENCE, all of it.
pub fn sequence<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Items<'a>) -> Result<T, Error>,
) -> Result<T, Error> {
    AnyRef::from_der(bytes)?.sequence(read)
}

/// The one thing that it holds.
pub fn only(any: AnyRef<'_>) -> Result<AnyRef<'_>, Error> {
    within(any, Reader::decode)
}

/// `AlgorithmIdentifier`.
#[derive(Clone, Copy)]
pub struct Algorithm<'a> {
    pub name: Oid,
    parameters: Option<AnyRef<'a>>,
    /// Name and parameters, as they came.
    pub whole: &'a [u8],
}

impl<'a> Algorithm<'a> {
    pub fn read(items: &mut Items<'a>) -> Result<Self, Error> {
        let whole = next(items, Tag::Sequence)?;
        let (name, parameters) = within(whole, |items| {
            let name = items.decode()?;
            let parameters = if items.is_finished() { None } else { Some(items.decode()?) };
            Ok((name, parameters))
        })?;
        Ok(Self { name, parameters, whole: whole.value() })
    }

    /// One that has no parameters: absent, or NULL.
    pub fn read_plain(items: &mut Items<'a>) -> Result<Self, Error> {
        let read = Self::read(items)?;
        if read.is_plain() { Ok(read) } else { Err(Tag::Null.value_error().into()) }
    }

    /// Whether it has no parameters.
    pub fn is_plain(&self) -> bool {
        self.parameters.is_none_or(AnyRef::is_null)
    }
}
