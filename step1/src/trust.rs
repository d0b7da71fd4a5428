//! Certificates: whose signatures count beside those that the system trusts, and what is wrong with one that is
//! not accepted, in words that say what to do.

use std::error::Error;
use std::fs;
use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};
use pipeline::Failure;
use reqwest::Certificate;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{CertificateError, RootCertStore};

/// The certificates of the file that `[feed] ca_file` names; none where it names none.
///
/// # Errors
/// 78 when it can't be read, holds no certificate, or one that is none.
pub(crate) fn extra(path: &str) -> Result<Vec<Certificate>, Failure> {
    let path = path.trim();
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let fault = |what: String| Failure::config(format!("[feed] ca_file `{path}` {what}"));
    let bytes = fs::read(path).map_err(|why| fault(format!("can't be read: {why}")))?;
    let mut certificates = Vec::new();
    for (place, found) in CertificateDer::pem_slice_iter(&bytes).enumerate() {
        let number = place + 1;
        let der =
            found.map_err(|why| fault(format!("is not PEM at certificate {number}: {why}")))?;
        RootCertStore::empty()
            .add(der.clone())
            .map_err(|why| fault(format!("has a certificate {number} that is none: {why}")))?;
        let certificate = Certificate::from_der(&der)
            .map_err(|_| fault(format!("has a certificate {number} that is none")))?;
        certificates.push(certificate);
    }
    if certificates.is_empty() {
        return Err(fault(
            "holds no certificate: PEM is expected, text with a line `-----BEGIN CERTIFICATE-----`"
                .to_owned(),
        ));
    }
    Ok(certificates)
}

/// What is wrong with the certificate that was shown to us, if that is what `error` is about.
pub(crate) fn certificate_fault(error: &(dyn Error + 'static)) -> Option<String> {
    match tls(error)? {
        rustls::Error::InvalidCertificate(why) => Some(words(why)),
        rustls::Error::NoCertificatesPresented => {
            Some("the provider shows no certificate".to_owned())
        }
        _ => None,
    }
}

/// Whether what answers does not speak TLS at all.
pub(crate) fn speaks_no_tls(error: &(dyn Error + 'static)) -> bool {
    matches!(tls(error), Some(rustls::Error::InvalidMessage(_)))
}

/// The fault of TLS that `error` goes back to.
fn tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
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
    None
}

fn words(why: &CertificateError) -> String {
    const CLOCK: &str = "if it should be valid, check this machine's clock";
    match why {
        // Of an authority that has a new key the name is known and the signature is wrong.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => "the provider's certificate is signed by nobody whom this machine trusts; \
             behind a proxy that opens TLS, name that proxy's certificate in [feed] ca_file"
            .to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => format!(
            "the provider's certificate expired on {}; {CLOCK}",
            day(*not_after)
        ),
        CertificateError::Expired => format!("the provider's certificate has expired; {CLOCK}"),
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "the provider's certificate is not valid before {}; {CLOCK}",
            day(*not_before)
        ),
        CertificateError::NotValidYet => {
            format!("the provider's certificate is not valid yet; {CLOCK}")
        }
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            format!(
                "the provider's certificate is for another name ({}); check [feed] base_url, and whether a proxy \
                 answers in the provider's place",
                names(presented)
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the provider's certificate is for another name; check [feed] base_url, and whether a proxy answers in \
             the provider's place"
                .to_owned()
        }
        CertificateError::Revoked => "the provider's certificate was revoked".to_owned(),
        other => format!("the provider's certificate is not accepted ({other})"),
    }
}

fn day(at: UnixTime) -> String {
    DateTime::<Utc>::from(std::time::UNIX_EPOCH + Duration::from_secs(at.as_secs()))
        .format("%Y-%m-%d %H:%MZ")
        .to_string()
}

/// The names in a certificate, the first few, bounded: they are whatever somebody wrote there.
fn names(presented: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = presented
        .iter()
        .take(SHOWN)
        .map(|name| {
            // `DnsName("feed.example.com")`
            let inner = name.split('"').nth(1).unwrap_or(name);
            inner.chars().filter(|c| !c.is_control()).take(60).collect()
        })
        .collect();
    let more = presented.len().saturating_sub(SHOWN);
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_missing_empty_or_no_pem_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let said = |bytes: Option<&[u8]>| {
            let _ = fs::remove_file(&path);
            bytes.inspect(|bytes| fs::write(&path, bytes).unwrap());
            let failure = extra(path.to_str().unwrap()).unwrap_err();
            assert_eq!(failure.exit, pipeline::Exit::Config);
            assert!(failure.message.contains("[feed] ca_file `"), "{failure}");
            failure.message
        };
        assert!(said(None).contains("can't be read"));
        for bytes in [
            &b""[..],
            b"\x30\x82\x01\x0a",
            b"no certificate here",
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(said(Some(bytes)).contains("-----BEGIN CERTIFICATE-----"));
        }
        let begun = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(said(Some(begun)).contains("not PEM at certificate 1"));
        let none = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(said(Some(none)).contains("certificate 1 that is none"));
        assert_eq!(extra(" ").unwrap().len(), 0, "none is asked for");
    }

    #[test]
    fn names_of_a_certificate_are_shown_as_names_and_only_a_few() {
        let dns = |name: &str| format!("DnsName({name:?})");
        assert_eq!(names(&[dns("a.example")]), "a.example");
        let many: Vec<String> = (0..50).map(|n| dns(&format!("{n}.example"))).collect();
        assert_eq!(names(&many), "0.example, 1.example, 2.example and 47 more");
        assert_eq!(names(&["x".repeat(500)]).len(), 60);
    }
}
