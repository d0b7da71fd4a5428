//! Whose signatures count for a sink beside those that the system trusts, and whether it is that what
//! keeps us from it.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, RootCertStore};

/// What is said of a sink whose certificate nobody vouches for whom we trust.
pub(super) const STRANGER: &str = "its certificate is signed by nobody whom this machine trusts; if that is an \
     authority of your own, name its certificate with the sink's ca_file";

/// The certificates (PEM) in the file that a sink names; empty where it names none.
///
/// # Errors
/// When it can't be read, or holds no certificate, or one that is none: in words.
pub(super) fn read(path: Option<&Path>) -> Result<Vec<u8>, String> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let fault = |what: String| format!("its ca_file `{}` {what}", path.display());
    let pem = fs::read(path).map_err(|why| fault(format!("can't be read: {why}")))?;
    let mut roots = RootCertStore::empty();
    for (place, found) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let number = place + 1;
        let der =
            found.map_err(|why| fault(format!("is not PEM at certificate {number}: {why}")))?;
        roots
            .add(der)
            .map_err(|why| fault(format!("has a certificate {number} that is none: {why}")))?;
    }
    if roots.is_empty() {
        return Err(fault(
            "holds no certificate: PEM is expected, text with a line `-----BEGIN CERTIFICATE-----`"
                .to_owned(),
        ));
    }
    Ok(pem)
}

/// Whether a connection failed because nobody whom we trust has signed the certificate that was shown.
pub(super) fn signed_by_a_stranger(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(why)) = error.downcast_ref() {
            // Of an authority that has a new key the name is known and the signature is wrong.
            return matches!(
                why,
                CertificateError::UnknownIssuer | CertificateError::BadSignature
            );
        }
        // An `io::Error` passes over what it wraps when it is asked for its cause.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
