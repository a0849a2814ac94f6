//! What a signer signs besides the content: its digest, its type, and which certificate is the
//! signer's own (RFC 5652, 11; `ESSCertID` of RFC 2634, `ESSCertIDv2` of RFC 5035).

use der::{
    Decode as _, Reader as _, Tag,
    asn1::{AnyRef, OctetStringRef},
};
use ring::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::{
    Refused,
    der::{Algorithm, Error, Items, Oid, items, next, only, optional, part, sequence, tagged},
    signed::{SHA256_ID, digest_algorithm},
};

const CONTENT_TYPE: Oid = Oid::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: Oid = Oid::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: Oid = Oid::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: Oid = Oid::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// What the signed attributes say.
pub struct Attributes<'a> {
    pub content_type: Option<Oid>,
    pub message_digest: Option<&'a [u8]>,
    /// Certificates by their digests, the signer's first: `ESSCertID`, `ESSCertIDv2`.
    certificates: Vec<Vec<CertId<'a>>>,
}

/// A certificate, named by its digest.
struct CertId<'a> {
    algorithm: Option<&'static digest::Algorithm>,
    digest: &'a [u8],
}

impl<'a> Attributes<'a> {
    pub fn read(set: AnyRef<'a>) -> Result<Self, Refused> {
        let form = |_| Refused::Form { part: "signed attributes" };
        let mut seen = Vec::new();
        let mut found = Self { content_type: None, message_digest: None, certificates: Vec::new() };
        for attribute in items(set).map_err(form)? {
            let (kind, values) = part("signed attributes", attribute, |any| {
                any.sequence(|items| Ok((items.decode::<Oid>()?, next(items, Tag::Set)?)))
            })?;
            if seen.contains(&kind) {
                return Err(Refused::Rule("it has a signed attribute twice"));
            }
            seen.push(kind);
            found.take(kind, values).map_err(form)?;
        }
        Ok(found)
    }

    fn take(&mut self, kind: Oid, values: AnyRef<'a>) -> Result<(), Error> {
        match kind {
            CONTENT_TYPE => self.content_type = Some(only(values)?.decode_as()?),
            MESSAGE_DIGEST => {
                self.message_digest = Some(tagged(only(values)?, Tag::OctetString)?.value());
            }
            SIGNING_CERTIFICATE => self.certificates.push(cert_ids(only(values)?, CertId::read)?),
            SIGNING_CERTIFICATE_V2 => {
                self.certificates.push(cert_ids(only(values)?, CertId::read_v2)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// The certificate that they name as the signer's, of those that came.
    pub fn signer<'c>(&self, certificates: &[&'c [u8]]) -> Result<&'c [u8], Refused> {
        let Some(first) = self.certificates.first().and_then(|ids| ids.first()) else {
            let why = "its signed attributes do not name the signer's certificate";
            return Err(Refused::Rule(why));
        };
        let found = certificates.iter().find(|der| first.is_of(der));
        found.copied().ok_or(Refused::Rule("it does not hold the certificate that it names"))
    }

    /// Each list has the signer first. One that goes on names all that may be above it.
    pub fn check_certificates(&self, signer: &[u8], above: &[Vec<u8>]) -> Result<(), Refused> {
        for ids in &self.certificates {
            let Some((first, others)) = ids.split_first().filter(|(first, _)| first.is_of(signer))
            else {
                return Err(Refused::Rule("its signed attributes name different certificates"));
            };
            let named = |der: &Vec<u8>| others.iter().chain([first]).any(|id| id.is_of(der));
            if !others.is_empty() && !above.iter().all(named) {
                return Err(Refused::Rule(
                    "its signed attributes name other issuers of its signer",
                ));
            }
        }
        Ok(())
    }
}

/// `SigningCertificate`, `SigningCertificateV2`: certificates, then policies.
fn cert_ids<'a>(
    value: AnyRef<'a>,
    read: impl Fn(&mut Items<'a>) -> Result<CertId<'a>, Error>,
) -> Result<Vec<CertId<'a>>, Error> {
    value.sequence(|parts| {
        let list = items(next(parts, Tag::Sequence)?)?;
        optional(parts, Tag::Sequence)?;
        list.into_iter().map(|id| sequence(id, &read)).collect()
    })
}

impl<'a> CertId<'a> {
    fn read(items: &mut Items<'a>) -> Result<Self, Error> {
        Self::read_by(items, Some(&SHA1_FOR_LEGACY_USE_ONLY))
    }

    fn read_v2(items: &mut Items<'a>) -> Result<Self, Error> {
        let named = Tag::peek(items)? == Tag::Sequence;
        let by = if named { Algorithm::read_plain(items)?.name } else { SHA256_ID };
        Self::read_by(items, digest_algorithm(by))
    }

    fn read_by(
        items: &mut Items<'a>,
        algorithm: Option<&'static digest::Algorithm>,
    ) -> Result<Self, Error> {
        let digest = <&OctetStringRef>::decode(items)?.as_bytes();
        optional(items, Tag::Sequence)?; // issuer and number, which the digest says better
        Ok(Self { algorithm, digest })
    }

    fn is_of(&self, certificate: &[u8]) -> bool {
        self.algorithm.is_some_and(|by| digest(by, certificate).as_ref() == self.digest)
    }
}
