//! The envelope of a token: CMS `SignedData` (RFC 5652) of one signer, with signed attributes.

use der::{
    Decode as _, Reader as _, Tag,
    asn1::{AnyRef, OctetStringRef},
};
use ring::digest::{self, SHA256, SHA384, SHA512, digest};
use rustls::{
    crypto::ring::default_provider,
    pki_types::{CertificateDer, SignatureVerificationAlgorithm, alg_id},
};
use webpki::{EndEntityCert, Error as Webpki};

use super::{
    Refused, Roots,
    attributes::Attributes,
    certificate::Certificate,
    der::{
        Algorithm, Error, Items, Oid, context, context_primitive, next, only, optional, part,
        tagged, within,
    },
};

const SIGNED_DATA: Oid = Oid::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: Oid = Oid::new_unwrap("1.2.840.113549.1.9.16.1.4");
const RSA: Oid = Oid::new_unwrap("1.2.840.113549.1.1.1");
pub const SHA256_ID: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384_ID: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512_ID: Oid = Oid::new_unwrap("2.16.840.1.101.3.4.2.3");
/// Most certificates that a token may hold.
const CERTIFICATES_MAX: usize = 32;

/// A token, taken apart.
pub struct Signed<'a> {
    /// What is signed: a `TSTInfo`.
    pub info: &'a [u8],
    certificates: Vec<&'a [u8]>,
    signer: Signer<'a>,
}

/// `SignedData`, without a meaning yet.
struct Envelope<'a> {
    digests: Vec<Oid>,
    kind: Oid,
    info: &'a [u8],
    certificates: Vec<&'a [u8]>,
    signers: Vec<&'a [u8]>,
}

/// `SignerInfo`.
struct Signer<'a> {
    named: Named<'a>,
    digest: Oid,
    /// The contents of the SET.
    attributes: AnyRef<'a>,
    algorithm: Algorithm<'a>,
    signature: &'a [u8],
}

/// Which certificate a signer says is its own: not signed, so it has to fit the one that is.
enum Named<'a> {
    /// By issuer and number.
    Number { issuer: &'a [u8], serial: &'a [u8] },
    /// By the identifier of the key.
    Key(&'a [u8]),
}

impl<'a> Signed<'a> {
    pub fn decode(token: &'a [u8]) -> Result<Self, Refused> {
        let (kind, content) = part("token", token, |any| {
            any.sequence(|items| Ok((items.decode::<Oid>()?, only(next(items, context(0))?)?)))
        })?;
        if kind != SIGNED_DATA {
            return Err(Refused::Rule("it is no CMS SignedData"));
        }
        let form = |_| Refused::Form { part: "SignedData" };
        let Envelope { digests, kind, info, certificates, signers } =
            content.sequence(Envelope::read).map_err(form)?;
        if kind != TST_INFO {
            return Err(Refused::Rule("what it signs is no TSTInfo"));
        }
        if certificates.is_empty() || certificates.len() > CERTIFICATES_MAX {
            return Err(Refused::Rule("it holds no certificate, or more than 32"));
        }
        let [signer] = signers[..] else {
            return Err(Refused::Rule("it is not signed by one signer"));
        };
        let signer = part("SignerInfo", signer, |any| any.sequence(Signer::read))?;
        if !digests.contains(&signer.digest) {
            return Err(Refused::Rule("its signer uses a digest that it does not list"));
        }
        Ok(Self { info, certificates, signer })
    }

    /// The certificate that the signed attributes name.
    pub fn signer(&self) -> Result<Certificate<'a>, Refused> {
        let attributes = Attributes::read(self.signer.attributes)?;
        let certificate = Certificate::decode(attributes.signer(&self.certificates)?)?;
        let is_named = match self.signer.named {
            Named::Number { issuer, serial } => {
                issuer == certificate.issuer && serial == certificate.serial
            }
            Named::Key(identifier) => certificate.has_key_identifier(identifier)?,
        };
        if !is_named {
            return Err(Refused::Rule(
                "its signer and its signed attributes name different certificates",
            ));
        }
        Ok(certificate)
    }

    /// Everything but what the `TSTInfo` says.
    pub fn verify(
        &self,
        certificate: &Certificate<'_>,
        time_ms: u64,
        roots: &Roots,
    ) -> Result<(), Refused> {
        let attributes = Attributes::read(self.signer.attributes)?;
        if attributes.content_type != Some(TST_INFO) {
            return Err(Refused::Rule("its signed attributes do not say that it is a TSTInfo"));
        }
        let by = digest_algorithm(self.signer.digest).ok_or(Refused::Algorithm("digest"))?;
        if attributes.message_digest != Some(digest(by, self.info).as_ref()) {
            return Err(Refused::Rule("its signed attributes are of another TSTInfo"));
        }
        certificate.check_purpose()?;
        let der = CertificateDer::from_slice(certificate.der);
        let unreadable = |error| Refused::Chain(format!("{error:?}"));
        let end = EndEntityCert::try_from(&der).map_err(unreadable)?;
        self.signer.verify(&end)?;
        let above = roots.lead(&end, &self.certificates, time_ms)?;
        attributes.check_certificates(certificate.der, &above)
    }
}

impl<'a> Envelope<'a> {
    fn read(items: &mut Items<'a>) -> Result<Self, Error> {
        // By RFC 5652, 5.1, for content that is no plain data.
        if items.decode::<u8>()? != 3 {
            return Err(Tag::Integer.value_error().into());
        }
        let digests = within(next(items, Tag::Set)?, |digests| {
            let mut found = Vec::new();
            while !digests.is_finished() {
                found.push(Algorithm::read_plain(digests)?.name);
            }
            Ok(found)
        })?;
        let (kind, info) = within(next(items, Tag::Sequence)?, |content| {
            let kind = content.decode()?;
            let info = tagged(only(next(content, context(0))?)?, Tag::OctetString)?;
            Ok((kind, info.value()))
        })?;
        let certificates =
            optional(items, context(0))?.map_or(Ok(Vec::new()), super::der::items)?;
        optional(items, context(1))?; // revocation lists, which nobody asked for
        let signers = super::der::items(next(items, Tag::Set)?)?;
        Ok(Self { digests, kind, info, certificates, signers })
    }
}

impl<'a> Signer<'a> {
    fn read(items: &mut Items<'a>) -> Result<Self, Error> {
        let version: u8 = items.decode()?;
        let named = if let Some(key) = optional(items, context_primitive(0))? {
            Named::Key(key.value())
        } else {
            within(next(items, Tag::Sequence)?, |items| {
                let issuer = items.tlv_bytes()?;
                Ok(Named::Number { issuer, serial: next(items, Tag::Integer)?.value() })
            })?
        };
        let fits = if matches!(named, Named::Key(_)) { version == 3 } else { version == 1 };
        if !fits {
            return Err(Tag::Integer.value_error().into());
        }
        let digest = Algorithm::read_plain(items)?.name;
        let attributes = next(items, context(0))?;
        let algorithm = Algorithm::read(items)?;
        let signature = <&OctetStringRef>::decode(items)?.as_bytes();
        optional(items, context(1))?; // attributes that nobody has signed
        Ok(Self { named, digest, attributes, algorithm, signature })
    }

    /// The signature, over the attributes as the SET that they are.
    fn verify(&self, certificate: &EndEntityCert<'_>) -> Result<(), Refused> {
        let set = AnyRef::new(Tag::Set, self.attributes.value());
        let set = set.and_then(|set| der::Encode::to_der(&set));
        let set = set.map_err(|_| Refused::Form { part: "signed attributes" })?;
        let mut tried = false;
        for by in self.algorithms() {
            match certificate.verify_signature(by, &set, self.signature) {
                Ok(()) => return Ok(()),
                Err(Webpki::UnsupportedSignatureAlgorithmForPublicKeyContext(_)) => {}
                Err(_) => tried = true,
            }
        }
        Err(if tried { Refused::Signature } else { Refused::Algorithm("signature algorithm") })
    }

    /// What the signature may be verified with: by its own name, or by the digest's for plain RSA.
    fn algorithms(&self) -> impl Iterator<Item = &'static dyn SignatureVerificationAlgorithm> {
        let by_digest = self.algorithm.name == RSA && self.algorithm.is_plain();
        let of_digest = match self.digest {
            SHA256_ID => alg_id::RSA_PKCS1_SHA256,
            SHA384_ID => alg_id::RSA_PKCS1_SHA384,
            _ => alg_id::RSA_PKCS1_SHA512,
        };
        let wanted = if by_digest { of_digest.as_ref() } else { self.algorithm.whole }.to_vec();
        let all = default_provider().signature_verification_algorithms.all;
        all.iter().copied().filter(move |by| by.signature_alg_id().as_ref() == wanted)
    }
}

/// Those that are taken.
pub fn digest_algorithm(id: Oid) -> Option<&'static digest::Algorithm> {
    match id {
        SHA256_ID => Some(&SHA256),
        SHA384_ID => Some(&SHA384),
        SHA512_ID => Some(&SHA512),
        _ => None,
    }
}
