//! From the signer's certificate to a root: webpki builds the chain, at the time of the timestamp.

use std::time::Duration;

use rustls::{
    crypto::ring::default_provider,
    pki_types::{CertificateDer, TrustAnchor, UnixTime, pem::PemObject as _},
};
use webpki::{EndEntityCert, Error as Webpki, KeyUsage, anchor_from_trusted_cert};

use super::Refused;

/// `id-kp-timeStamping`, as webpki wants it.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];
/// Longest file of roots, and most in it.
pub const ROOTS_BYTES_MAX: usize = 1 << 20;
const ROOTS_MAX: usize = 256;

/// The root certificates that a verifier trusts for timestamps.
#[derive(Debug)]
pub struct Roots {
    certificates: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
}

impl Roots {
    /// Reads certificates in PEM: one or more, and whatever text is around them.
    ///
    /// # Errors
    /// [`Refused::Roots`] where none is in it, or one cannot be read.
    pub fn from_pem(file: &[u8]) -> Result<Self, Refused> {
        if file.len() > ROOTS_BYTES_MAX {
            return Err(Refused::TooLong { max: ROOTS_BYTES_MAX });
        }
        let read = CertificateDer::pem_slice_iter(file).take(ROOTS_MAX + 1);
        let wrong = |_| Refused::Roots("a certificate in the file of roots is not PEM");
        let certificates = read.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        if certificates.is_empty() {
            return Err(Refused::Roots("the file of roots holds no certificate in PEM"));
        }
        if certificates.len() > ROOTS_MAX {
            return Err(Refused::Roots("the file of roots holds more than 256 certificates"));
        }
        let anchor =
            |certificate| anchor_from_trusted_cert(certificate).map(|anchor| anchor.to_owned());
        let wrong = |_| Refused::Roots("a certificate in the file of roots cannot be read");
        let anchors = certificates.iter().map(anchor).collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self { certificates, anchors })
    }

    /// Follows the chain, and gives what is above the signer in it, in DER, the root last.
    pub fn lead(
        &self,
        signer: &EndEntityCert<'_>,
        others: &[&[u8]],
        time_ms: u64,
    ) -> Result<Vec<Vec<u8>>, Refused> {
        let others: Vec<_> = others.iter().map(|der| CertificateDer::from_slice(der)).collect();
        let path = signer.verify_for_usage(
            default_provider().signature_verification_algorithms.all,
            &self.anchors,
            &others,
            UnixTime::since_unix_epoch(Duration::from_millis(time_ms)),
            // The signer has it: checked before, and more strictly.
            KeyUsage::required_if_present(TIME_STAMPING),
            None,
            None,
        );
        let path = path.map_err(|error| Refused::Chain(words(&error)))?;
        let between =
            path.intermediate_certificates().map(|certificate| certificate.der().to_vec());
        let root = self.anchors.iter().position(|anchor| anchor == path.anchor());
        let root = root.map(|at| self.certificates[at].to_vec());
        Ok(between.chain(root).collect())
    }
}

fn words(error: &Webpki) -> String {
    match error {
        Webpki::UnknownIssuer => "nobody known issued its certificate".into(),
        Webpki::CertExpired { .. } => "a certificate had expired at the time that it states".into(),
        Webpki::CertNotValidYet { .. } => {
            "a certificate was not valid yet at the time that it states".into()
        }
        Webpki::InvalidSignatureForPublicKey => {
            "a certificate was not signed by whom it names".into()
        }
        other => format!("{other:?}"),
    }
}
