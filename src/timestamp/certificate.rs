//! The certificate of a signer, as far as a timestamp asks more of it than any chain does: who it
//! is, and that it is for timestamps alone. The chain itself is [`super::chain`]'s.

use der::{
    Decode as _, Reader, Tag,
    asn1::{AnyRef, BitStringRef, OctetStringRef},
};

use super::{
    Refused,
    der::{Algorithm, Error, Items, Oid, context, items, next, optional, part, sequence, within},
    reply::readable,
};

const KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.15");
const SUBJECT_ALTERNATIVE_NAME: Oid = Oid::new_unwrap("2.5.29.17");
const SUBJECT_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.14");
const EXTENDED_KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.37");
const TIME_STAMPING: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.8");
/// What people call it: its common name, organisation, unit.
const NAMES: [Oid; 3] =
    [Oid::new_unwrap("2.5.4.3"), Oid::new_unwrap("2.5.4.10"), Oid::new_unwrap("2.5.4.11")];
/// `digitalSignature` and `nonRepudiation`.
const SIGNING_BITS: usize = 2;

/// A certificate, and what is used of it.
pub struct Certificate<'a> {
    pub der: &'a [u8],
    /// The contents of the INTEGER.
    pub serial: &'a [u8],
    /// A `Name`, whole.
    pub issuer: &'a [u8],
    subject: AnyRef<'a>,
    extensions: Vec<Extension<'a>>,
}

struct Extension<'a> {
    id: Oid,
    critical: bool,
    value: &'a [u8],
}

impl<'a> Certificate<'a> {
    pub fn decode(der: &'a [u8]) -> Result<Self, Refused> {
        part("certificate", der, |any| {
            any.sequence(|items| {
                let to_be_signed = next(items, Tag::Sequence)?;
                Algorithm::read(items)?;
                BitStringRef::decode(items)?;
                within(to_be_signed, |items| Self::read(der, items))
            })
        })
    }

    fn read(der: &'a [u8], items: &mut Items<'a>) -> Result<Self, Error> {
        optional(items, context(0))?;
        let serial = next(items, Tag::Integer)?.value();
        Algorithm::read(items)?;
        let issuer = items.tlv_bytes()?;
        next(items, Tag::Sequence)?; // validity
        let subject = next(items, Tag::Sequence)?;
        next(items, Tag::Sequence)?; // key
        let mut extensions = Vec::new();
        while !items.is_finished() {
            // Before them, identifiers that nobody uses any more.
            let any: AnyRef<'a> = items.decode()?;
            if any.header().tag() == context(3) {
                extensions = self::extensions(super::der::only(any)?)?;
            }
        }
        Ok(Self { der, serial, issuer, subject, extensions })
    }

    fn extension(&self, id: Oid) -> Result<Option<&Extension<'a>>, Refused> {
        let mut found = self.extensions.iter().filter(|extension| extension.id == id);
        match (found.next(), found.next()) {
            (found, None) => Ok(found),
            _ => Err(Refused::Rule("the signer's certificate has an extension twice")),
        }
    }

    /// That it is for timestamps, for nothing else, and that whoever relies on it must know (RFC
    /// 3161, 2.3).
    pub fn check_purpose(&self) -> Result<(), Refused> {
        const WRONG: Refused = Refused::Rule(
            "the signer's certificate is not for timestamps alone: its extended key usage has to \
             be critical, and timeStamping, and no other",
        );
        let purposes = self.extension(EXTENDED_KEY_USAGE)?.ok_or(WRONG)?;
        let read = |any: AnyRef<'a>| any.sequence(Reader::decode::<Oid>);
        if !purposes.critical
            || part("extended key usage", purposes.value, read) != Ok(TIME_STAMPING)
        {
            return Err(WRONG);
        }
        let Some(usage) = self.extension(KEY_USAGE)? else { return Ok(()) };
        let usage = BitStringRef::from_der(usage.value);
        let usage = usage.map_err(|_| Refused::Form { part: "key usage" })?;
        if !usage.bits().take(SIGNING_BITS).any(|bit| bit)
            || usage.bits().skip(SIGNING_BITS).any(|bit| bit)
        {
            return Err(Refused::Rule("the signer's key is not for signatures alone"));
        }
        Ok(())
    }

    /// Whether its key has this identifier.
    pub fn has_key_identifier(&self, identifier: &[u8]) -> Result<bool, Refused> {
        let Some(extension) = self.extension(SUBJECT_KEY_IDENTIFIER)? else { return Ok(false) };
        let own = <&OctetStringRef>::from_der(extension.value);
        Ok(own.is_ok_and(|own| own.as_bytes() == identifier))
    }

    /// Whether a `GeneralName` is one of its names.
    pub fn has_name(&self, name: &[u8]) -> Result<bool, Refused> {
        let is_subject = |any: AnyRef<'_>| {
            Ok(any.header().tag() == context(4) && super::der::only(any)? == self.subject)
        };
        if part("name of the authority", name, is_subject)? {
            return Ok(true);
        }
        let Some(others) = self.extension(SUBJECT_ALTERNATIVE_NAME)? else { return Ok(false) };
        let others = part("alternative name", others.value, items)?;
        Ok(others.contains(&name))
    }

    /// Its subject, for people: `Clock 7, Example Authority`.
    pub fn subject_text(&self) -> String {
        let attributes = within(self.subject, attributes).unwrap_or_default();
        let of_kind = |kind: &Oid| {
            let found = attributes.iter().find(|(id, _)| id == kind)?;
            Some(readable(&String::from_utf8_lossy(found.1)))
        };
        let names: Vec<_> =
            NAMES.iter().filter_map(of_kind).filter(|name| !name.is_empty()).collect();
        if names.is_empty() { "an authority without a name".into() } else { names.join(", ") }
    }
}

fn extensions(list: AnyRef<'_>) -> Result<Vec<Extension<'_>>, Error> {
    let read = |item| {
        sequence(item, |items| {
            let id = items.decode()?;
            let critical = optional(items, Tag::Boolean)?;
            let critical = critical.map_or(Ok(false), AnyRef::decode_as::<bool>)?;
            let value = <&OctetStringRef>::decode(items)?.as_bytes();
            Ok(Extension { id, critical, value })
        })
    };
    items(list)?.into_iter().map(read).collect()
}

/// What a `Name` is made of: kinds and their texts, in order.
fn attributes<'a>(names: &mut Items<'a>) -> Result<Vec<(Oid, &'a [u8])>, Error> {
    let mut found = Vec::new();
    while !names.is_finished() {
        for item in items(next(names, Tag::Set)?)? {
            found.push(sequence(item, |items| {
                let kind = items.decode()?;
                Ok((kind, AnyRef::decode(items)?.value()))
            })?);
        }
    }
    Ok(found)
}
