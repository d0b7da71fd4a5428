//! Mail over SMTP, if this program was built with it (`--features email`).

#[cfg(feature = "email")]
use super::trust;
use super::{Message, Outcome, Sink};

#[cfg(not(feature = "email"))]
pub(super) fn deliver(_sink: &Sink, _message: &Message) -> Outcome {
    Outcome::Refused {
        error: "this health was built without mail (cargo build --features email)".to_owned(),
    }
}

#[cfg(feature = "email")]
pub(super) fn deliver(sink: &Sink, message: &Message) -> Outcome {
    use lettre::message::Mailbox;
    use lettre::transport::smtp::SmtpTransport;
    use lettre::transport::smtp::authentication::Credentials;
    use lettre::{Message as Mail, Transport};

    // An error only says that somebody installed one before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let refused = |error: String| Outcome::Refused { error };
    let mailbox = |text: &str| {
        text.parse::<Mailbox>()
            .map_err(|why| refused(format!("`{text}` is no mail address: {why}")))
    };
    let mail = || -> Result<(SmtpTransport, Mail), Outcome> {
        let mail = Mail::builder()
            .from(mailbox(&sink.spec.from)?)
            .to(mailbox(&sink.spec.to)?)
            .subject(message.title())
            .body(message.body())
            .map_err(|why| refused(format!("no mail can be made of it: {why}")))?;
        let mut transport = SmtpTransport::from_url(sink.address())
            .map_err(|_| refused("its address is no SMTP URL".to_owned()))?
            .timeout(Some(sink.spec.timeout.0));
        if !sink.trusted.is_empty() {
            transport = transport.tls(tls(sink)?);
        }
        let user = sink.address().split_once("://").and_then(|(_, rest)| {
            let (user, _) = rest.rsplit_once('@')?;
            Some(user.split(':').next().unwrap_or(user).to_owned())
        });
        if let (Some(user), Some(token)) = (user, &sink.token) {
            let user = user.replace("%40", "@");
            transport = transport.credentials(Credentials::new(user, token.reveal().to_owned()));
        }
        Ok((transport.build(), mail))
    };
    match mail() {
        Err(outcome) => outcome,
        Ok((transport, mail)) => match transport.send(&mail) {
            Ok(_) => Outcome::Delivered,
            Err(why) if why.is_permanent() => refused(format!("the mail server refuses: {why}")),
            Err(why) if trust::signed_by_a_stranger(&why) => Outcome::Again {
                after: None,
                error: trust::STRANGER.to_owned(),
            },
            Err(why) => Outcome::Again {
                after: None,
                error: format!("the mail server: {why}"),
            },
        },
    }
}

/// How mail travels to the server of the address, with the certificates of the sink's `ca_file`.
#[cfg(feature = "email")]
fn tls(sink: &Sink) -> Result<lettre::transport::smtp::client::Tls, Outcome> {
    use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    let refused = |error: String| Outcome::Refused { error };
    let address = reqwest::Url::parse(sink.address())
        .map_err(|_| refused("its address is no SMTP URL".to_owned()))?;
    let mut parameters = TlsParameters::builder(address.host_str().unwrap_or_default().to_owned());
    for found in CertificateDer::pem_slice_iter(&sink.trusted) {
        let certificate = found
            .map_err(|why| why.to_string())
            .and_then(|der| Certificate::from_der(der.to_vec()).map_err(|why| why.to_string()))
            .map_err(|why| refused(format!("its ca_file can't be used: {why}")))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters
        .build()
        .map_err(|why| refused(format!("its ca_file can't be used: {why}")))?;
    let wanted = address.query_pairs().find(|(key, _)| key == "tls");
    Ok(
        match (
            address.scheme(),
            wanted.as_ref().map(|(_, value)| value.as_ref()),
        ) {
            ("smtps", _) => Tls::Wrapper(parameters),
            (_, Some("required")) => Tls::Required(parameters),
            (_, Some("opportunistic")) => Tls::Opportunistic(parameters),
            _ => Tls::None,
        },
    )
}
