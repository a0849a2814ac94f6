//! Certify: an issuer produced the documents of this list (format.md 5.6).

use crate::{
    Algorithm, Fingerprint, List, Rejected,
    cbor::{Reader, Writer},
    tree::leaf_hash,
};

use super::Listed;

/// The media types that a certification may name: a closed list, so that no free text enters.
pub const MEDIA_TYPES: [&str; 18] = [
    "application/json",
    "application/octet-stream",
    "application/pdf",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/xml",
    "application/zip",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
    "image/tiff",
    "image/webp",
    "message/rfc822",
    "text/csv",
    "text/html",
    "text/plain",
    "text/xml",
];

/// The payload of a certify statement, or what an RFC 9995 hash envelope says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certify {
    /// The documents.
    pub listed: Listed,
    /// One of [`MEDIA_TYPES`].
    pub media_type: &'static str,
    envelope: bool,
}

impl Certify {
    pub(super) const KIND: &str = "certify";

    /// Certifies a list.
    ///
    /// # Errors
    /// [`Rejected::Field`] for a media type outside the closed list.
    pub fn new(list: &List, media_type: &str) -> Result<Self, Rejected> {
        let media_type = known_media_type(media_type)?;
        Ok(Self { listed: Listed::new(list), media_type, envelope: false })
    }

    /// The document of a hash envelope.
    pub fn enveloped(&self) -> Option<Fingerprint> {
        self.listed.single.filter(|_| self.envelope)
    }

    pub(super) fn bears_list(&self) -> bool {
        !self.envelope
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        self.listed.write(Writer::default().map(3)).uint(3).text(self.media_type).finish()
    }

    /// `subject` is claim sub: it names the document of a list of one, which the payload does not.
    pub(super) fn decode(payload: &[u8], subject: &str) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "certify");
        reader.map_len(3)?;
        let listed = Listed::read(&mut reader)?;
        reader.key(3)?;
        let media_type = known_media_type(reader.text()?)?;
        reader.finish()?;
        let listed = listed.with_subject(subject)?;
        if listed.single.is_some_and(|document| leaf_hash(document.as_bytes()) != listed.root) {
            let expected = format!("the document under root {}", listed.root);
            return Err(Rejected::Subject { found: subject.to_owned(), expected });
        }
        Ok(Self { listed, media_type, envelope: false })
    }

    pub(super) fn decode_envelope(payload: &[u8], media_type: &str) -> Result<Self, Rejected> {
        let digest = payload.try_into().map_err(|_| {
            Rejected::field("certify", "payload", "a hash envelope holds a SHA-256 digest")
        })?;
        let document = Fingerprint::new(Algorithm::Sha256, digest);
        let root = leaf_hash(document.as_bytes());
        let media_type = known_media_type(media_type)?;
        let listed = Listed { root, count: 1, single: Some(document) };
        Ok(Self { listed, media_type, envelope: true })
    }
}

fn known_media_type(name: &str) -> Result<&'static str, Rejected> {
    MEDIA_TYPES.into_iter().find(|known| *known == name).ok_or_else(|| {
        let why = format!("{name:?} is not in the closed list of docs/format.md 5.6");
        Rejected::field("certify", "media_type", why)
    })
}
