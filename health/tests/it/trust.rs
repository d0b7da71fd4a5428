//! A sink behind an authority of one's own.

use std::fs;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use crate::place::Place;
use crate::server::Answer::Status;
use crate::server::Server;
use crate::watcher::{Watch, command, configure, dead, sink, status, until};

/// An authority that nobody trusts who is not told to.
fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A sink on this machine whose certificate `authority` has signed.
fn signed_by(authority: &CertifiedIssuer<'static, KeyPair>) -> Server {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let ring = rustls::crypto::ring::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(ring))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    Server::behind_tls(vec![Status(200, "")], config)
}

/// What a test message to the sinks says, and whether all have it.
fn tried(place: &Place) -> (bool, String) {
    let output = command(place, &["alerts", "test"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let words: Vec<_> = text.split_whitespace().collect();
    (output.status.success(), words.join(" "))
}

#[test]
fn a_sink_behind_an_authority_of_ones_own_is_told_when_that_is_named_and_only_then() {
    let place = dead();
    let (ours, other) = (authority("ours"), authority("other"));
    let server = signed_by(&ours);
    let file = |name: &str, pem: &str| {
        fs::write(place.data(name), pem).unwrap();
        format!("ca_file = \"data/{name}\"")
    };
    let both = file("both.pem", &(other.pem() + &ours.pem()));
    let wrong = file("wrong.pem", &other.pem());
    let hook = |name: &str, ca: &str| {
        let rest = format!("url = \"{}\"\n{ca}", server.url("/hook"));
        sink(name, "webhook", &rest)
    };
    for ca in ["", &wrong] {
        configure(&place, &hook("w", ca));
        let (all, text) = tried(&place);
        assert!(!all);
        assert!(
            text.contains("signed by nobody whom this machine trusts") && text.contains("ca_file"),
            "{text}"
        );
        assert!(!text.contains(&server.url("")), "{text}");
    }
    assert_eq!(server.requests().len(), 0, "nothing is said to a stranger");

    // What one sink trusts is none of the other's business.
    configure(&place, &(hook("w", &both) + &hook("x", "")));
    let watch = Watch::start(&place);
    server.wait_for(1);
    until("it is delivered", || status(&place, "w")["delivered"] == 1);
    until("the other fails", || {
        status(&place, "x")["error"].is_string()
    });
    watch.kill();
    assert_eq!(server.requests().len(), 1);
    configure(&place, &hook("w", &both));
    assert_eq!(tried(&place), (true, "w webhook delivered".to_owned()));
}

#[test]
fn a_ca_file_that_is_missing_or_none_is_named_with_what_is_wrong() {
    let place = dead();
    for (name, contents, words) in [
        ("missing.pem", None, "can't be read"),
        ("empty.pem", Some(""), "-----BEGIN CERTIFICATE-----"),
        (
            "none.pem",
            Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "certificate 1 that is none",
        ),
    ] {
        configure(&place, "");
        if let Some(contents) = contents {
            fs::write(place.data(name), contents).unwrap();
        }
        let rest = format!("url = \"https://127.0.0.1:9/\"\nca_file = \"data/{name}\"");
        configure(&place, &sink("w", "webhook", &rest));
        let (all, text) = tried(&place);
        assert!(!all && text.contains(words), "{text}");
        assert!(text.contains(&format!("ca_file `data/{name}`")), "{text}");
    }
}
