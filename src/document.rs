//! A document on disk: its fingerprints, its media type, and where its proof lies. It is read and
//! never written; whether it is certified is for others to say.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use probant_core::{Algorithm, Fingerprint, Fingerprints, fingerprint::Hasher};

/// Read at once: large enough for the disk, small enough for many threads.
const BUFFER_BYTES: usize = 256 << 10;

/// The extension of proof files, added to the whole name: `bill.pdf.proof`.
pub const PROOF_EXTENSION: &str = "proof";
/// The extension of what an authority of time states beside a proof: `bill.pdf.proof.anchor`.
pub const ANCHOR_EXTENSION: &str = "anchor";

/// What a document of an unknown extension is.
pub const OTHER_MEDIA_TYPE: &str = "application/octet-stream";

/// Extensions, in lower case, and the media types that a certification may name for them.
const MEDIA_TYPES: [(&str, &str); 19] = [
    ("pdf", "application/pdf"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("webp", "image/webp"),
    ("svg", "image/svg+xml"),
    ("xml", "application/xml"),
    ("json", "application/json"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("eml", "message/rfc822"),
    ("zip", "application/zip"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
];

/// The media type that a file's extension promises; nobody looks inside.
pub fn media_type(path: &Path) -> &'static str {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let known = MEDIA_TYPES.iter().find(|(known, _)| *known == extension);
    known.map_or(OTHER_MEDIA_TYPE, |(_, media_type)| media_type)
}

/// Where the proof of a document lies: beside it.
pub fn proof_path(document: &Path) -> PathBuf {
    let mut name = OsString::from(document);
    name.push(".");
    name.push(PROOF_EXTENSION);
    name.into()
}

/// The fingerprint of a file.
///
/// # Errors
/// Those of reading; a folder is none to read.
pub fn fingerprint(path: &Path, algorithm: Algorithm) -> io::Result<Fingerprint> {
    let mut hasher = Hasher::new(algorithm);
    read(path, |bytes| hasher.update(bytes))?;
    Ok(hasher.finish())
}

/// Both fingerprints of a file, in one reading.
///
/// # Errors
/// Those of reading.
pub fn fingerprints(path: &Path) -> io::Result<Fingerprints> {
    let [mut blake3, mut sha256] = [Algorithm::Blake3, Algorithm::Sha256].map(Hasher::new);
    read(path, |bytes| {
        blake3.update(bytes);
        sha256.update(bytes);
    })?;
    Ok(Fingerprints { blake3: blake3.finish(), sha256: sha256.finish() })
}

fn read(path: &Path, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => take(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probant_core::statement::MEDIA_TYPES as CERTIFIABLE;

    #[test]
    fn every_media_type_may_be_certified() {
        for (extension, media_type) in MEDIA_TYPES {
            assert!(CERTIFIABLE.contains(&media_type), "{extension}");
        }
        assert!(CERTIFIABLE.contains(&OTHER_MEDIA_TYPE));
        assert_eq!(media_type(Path::new("a/Facture.PDF")), "application/pdf");
        assert_eq!(media_type(Path::new("a/facture")), OTHER_MEDIA_TYPE);
    }

    #[test]
    fn a_file_larger_than_the_buffer_hashes_like_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big");
        let bytes: Vec<u8> =
            (0..BUFFER_BYTES * 2 + 17).map(|i| u8::try_from(i % 251).unwrap()).collect();
        std::fs::write(&path, &bytes).unwrap();
        let both = Fingerprints::of(&bytes);
        assert_eq!(fingerprints(&path).unwrap(), both);
        assert_eq!(fingerprint(&path, Algorithm::Sha256).unwrap(), both.sha256);
        assert!(fingerprints(dir.path()).is_err());
    }
}
