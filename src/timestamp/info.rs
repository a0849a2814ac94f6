//! What an authority signs: `TSTInfo`.

use der::{
    Decode as _, Reader as _, Tag,
    asn1::{AnyRef, IntRef, OctetStringRef},
};

use super::{
    Refused,
    certificate::Certificate,
    der::{
        Algorithm, Error, Items, Oid, context, context_primitive, items, next, optional, part,
        sequence, within,
    },
    signed::SHA256_ID,
};
use crate::clock::from_utc;

/// What is used of it.
pub struct Info<'a> {
    pub policy: Oid,
    pub imprint: &'a [u8],
    /// The contents of the INTEGER.
    pub serial: &'a [u8],
    pub time_ms: u64,
    pub accuracy_ms: u64,
    /// The contents of the INTEGER.
    pub nonce: Option<&'a [u8]>,
    /// The authority's name, a `GeneralName`.
    authority: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Refused> {
        let read = |any: AnyRef<'a>| any.sequence(Self::read);
        let (version, hash, info, critical) = part("TSTInfo", bytes, read)?;
        if version != 1 {
            return Err(Refused::Rule("its TSTInfo is of another version than 1"));
        }
        if hash != SHA256_ID {
            return Err(Refused::Rule("its imprint is none by SHA-256"));
        }
        if critical {
            return Err(Refused::Rule("its TSTInfo has a critical extension, which is unknown"));
        }
        Ok(info)
    }

    fn read(items: &mut Items<'a>) -> Result<(u8, Oid, Self, bool), Error> {
        let version = items.decode()?;
        let policy = items.decode()?;
        let (hash, imprint) = within(next(items, Tag::Sequence)?, |items| {
            let hash = Algorithm::read_plain(items)?.name;
            Ok((hash, <&OctetStringRef>::decode(items)?.as_bytes()))
        })?;
        let serial = integer(next(items, Tag::Integer)?)?;
        let time = next(items, Tag::GeneralizedTime)?;
        let time_ms = time_ms(time.value()).ok_or_else(|| Tag::GeneralizedTime.value_error())?;
        let accuracy = optional(items, Tag::Sequence)?;
        let accuracy_ms = accuracy.map_or(Ok(0), |any| within(any, accuracy_ms))?;
        if let Some(ordering) = optional(items, Tag::Boolean)? {
            ordering.decode_as::<bool>()?;
        }
        let nonce = optional(items, Tag::Integer)?.map(integer).transpose()?;
        let authority = optional(items, context(0))?.map(AnyRef::value);
        let extensions = optional(items, context(1))?;
        let critical = extensions.map_or(Ok(false), any_critical)?;
        let info = Self { policy, imprint, serial, time_ms, accuracy_ms, nonce, authority };
        Ok((version, hash, info, critical))
    }

    /// Where the authority names itself, it is the signer.
    pub fn check_authority(&self, signer: &Certificate<'_>) -> Result<(), Refused> {
        match self.authority {
            Some(name) if !signer.has_name(name)? => {
                Err(Refused::Rule("it names another authority than the one that signed it"))
            }
            _ => Ok(()),
        }
    }
}

/// The contents, in their shortest form.
fn integer(any: AnyRef<'_>) -> Result<&[u8], Error> {
    any.decode_as::<IntRef<'_>>()?;
    Ok(any.value())
}

/// `YYYYMMDDhhmmss[.s…]Z`, a fraction having no zero at its end (RFC 3161, 2.4.2). Of less than a
/// millisecond, the next one: it is a bound.
fn time_ms(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once('.') {
        None => (text, ""),
        Some((_, fraction)) if fraction.is_empty() || fraction.ends_with('0') => return None,
        Some(split) => split,
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || fraction.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let (date, time) = whole.split_at(8);
    let ((year, date), (hour, time)) = (date.split_at(4), time.split_at(2));
    let ((month, day), (minute, second)) = (date.split_at(2), time.split_at(2));
    let seconds_ms = from_utc(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))?;
    let nanoseconds = format!("{fraction:0<9}").parse::<u64>().ok()?;
    Some(seconds_ms + nanoseconds.div_ceil(1_000_000))
}

/// `Accuracy`: seconds, milliseconds, microseconds, each of which may be left out. Of less than a
/// millisecond, the next one.
fn accuracy_ms(items: &mut Items<'_>) -> Result<u64, Error> {
    let seconds = optional(items, Tag::Integer)?;
    let seconds: u32 = seconds.map_or(Ok(0), AnyRef::decode_as)?;
    let mut thousandths = |number| -> Result<u64, Error> {
        let Some(found) = optional(items, context_primitive(number))? else { return Ok(0) };
        let value = AnyRef::new(Tag::Integer, found.value())?.decode_as::<u16>()?;
        if (1..=999).contains(&value) {
            Ok(value.into())
        } else {
            Err(Tag::Integer.value_error().into())
        }
    };
    let (ms, us) = (thousandths(0)?, thousandths(1)?);
    Ok(u64::from(seconds) * 1000 + ms + us.div_ceil(1000))
}

/// Whether one of these extensions must be understood.
fn any_critical(extensions: AnyRef<'_>) -> Result<bool, Error> {
    let mut any = false;
    for extension in items(extensions)? {
        any |= sequence(extension, |items| {
            let _: Oid = items.decode()?;
            let critical = optional(items, Tag::Boolean)?;
            let _ = <&OctetStringRef>::decode(items)?;
            critical.map_or(Ok(false), AnyRef::decode_as::<bool>)
        })?;
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_its_one_form_and_never_too_early() {
        let read = |text: &str| time_ms(text.as_bytes()).map(crate::clock::utc);
        assert_eq!(read("20261125103032Z").as_deref(), Some("2026-11-25T10:30:32.000Z"));
        assert_eq!(read("20261125103032.5Z").as_deref(), Some("2026-11-25T10:30:32.500Z"));
        assert_eq!(read("20261125103032.0001Z").as_deref(), Some("2026-11-25T10:30:32.001Z"));
        assert_eq!(read("20261231235959.999999999Z").as_deref(), Some("2027-01-01T00:00:00.000Z"));
        for wrong in [
            "20261125103032",
            "20261125103032.Z",
            "20261125103032.50Z",
            "20261125103032.0000000001Z",
            "202611251030Z",
            "20261325103032Z",
            "20261125103032+0100",
            "2026112510303\u{663}Z",
            "+0261125103032Z",
            "",
            "Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
