//! Mail over SMTP, if this program was built with it (`--features email`).

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
            Err(why) => Outcome::Again {
                after: None,
                error: format!("the mail server: {why}"),
            },
        },
    }
}
