//! Certify: an issuer produced the documents of this list (format.md 5.6).

use crate::{
    Algorithm, Fingerprint, Hash, List, Rejected,
    cbor::{Reader, Writer},
    list::{LIST_COUNT_MAX, Summary},
    tree::leaf_hash,
};

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
    /// Root of the list's tree.
    pub root: Hash,
    /// Number of documents, 1 to 65,536. No path proves it, so it is signed.
    pub count: u32,
    /// One of [`MEDIA_TYPES`].
    pub media_type: &'static str,
    /// The one document of a list of one: stands in `sub`.
    single: Option<Fingerprint>,
    envelope: bool,
}

impl Certify {
    pub(super) const KIND: &str = "certify";

    /// Certifies a list.
    ///
    /// # Errors
    /// [`Rejected::Field`] for a media type outside the closed list.
    pub fn new(list: &List, media_type: &str) -> Result<Self, Rejected> {
        let count = u32::try_from(list.count()).expect("a list has at most 65,536");
        let single = if count == 1 { list.iter().next() } else { None };
        let media_type = known_media_type(media_type)?;
        Ok(Self { root: list.root(), count, media_type, single, envelope: false })
    }

    /// The document of a hash envelope.
    pub fn enveloped(&self) -> Option<Fingerprint> {
        self.single.filter(|_| self.envelope)
    }

    pub(super) fn bears_list(&self) -> bool {
        !self.envelope
    }

    pub(super) fn subject(&self) -> String {
        match self.single {
            Some(fingerprint) => fingerprint.to_string(),
            None => format!("batch:{}", self.root),
        }
    }

    pub(super) fn check_list(&self, list: Summary) -> Result<(), Rejected> {
        if list.count != self.count as usize {
            let (found, stated) = (list.count.to_string(), self.count.to_string());
            return Err(Rejected::ListMismatch { what: "count", found, stated });
        }
        if list.root != self.root {
            let (found, stated) = (list.root.to_string(), self.root.to_string());
            return Err(Rejected::ListMismatch { what: "root", found, stated });
        }
        Ok(())
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = Writer::default().map(3).uint(1).bytes(&self.root.0);
        writer.uint(2).uint(self.count.into()).uint(3).text(self.media_type).finish()
    }

    /// `subject` is claim sub: it names the document of a list of one, which the payload does not.
    pub(super) fn decode(payload: &[u8], subject: &str) -> Result<Self, Rejected> {
        let mut reader = Reader::new(payload, "certify");
        reader.map_len(3)?;
        reader.key(1)?;
        let root = reader.hash()?;
        reader.key(2)?;
        let count = reader.uint()?;
        if !(1..=LIST_COUNT_MAX as u64).contains(&count) {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            return Err(Rejected::ListCount(count, LIST_COUNT_MAX));
        }
        reader.key(3)?;
        let media_type = known_media_type(reader.text()?)?;
        reader.finish()?;
        let single = if count == 1 { Some(subject.parse::<Fingerprint>()?) } else { None };
        if single.is_some_and(|document| leaf_hash(document.as_bytes()) != root) {
            let expected = format!("the document under root {root}");
            return Err(Rejected::Subject { found: subject.to_owned(), expected });
        }
        Ok(Self { root, count: count as u32, media_type, single, envelope: false })
    }

    pub(super) fn decode_envelope(payload: &[u8], media_type: &str) -> Result<Self, Rejected> {
        let digest = payload.try_into().map_err(|_| {
            Rejected::field("certify", "payload", "a hash envelope holds a SHA-256 digest")
        })?;
        let fingerprint = Fingerprint::new(Algorithm::Sha256, digest);
        Ok(Self {
            root: leaf_hash(fingerprint.as_bytes()),
            count: 1,
            media_type: known_media_type(media_type)?,
            single: Some(fingerprint),
            envelope: true,
        })
    }
}

fn known_media_type(name: &str) -> Result<&'static str, Rejected> {
    MEDIA_TYPES.into_iter().find(|known| *known == name).ok_or_else(|| {
        let why = format!("{name:?} is not in the closed list of docs/format.md 5.6");
        Rejected::field("certify", "media_type", why)
    })
}
