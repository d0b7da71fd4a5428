//! Over TLS: HTTP/2 where it is offered, and certificates: which are trusted, and what is said of those that are
//! not. What a user loses if these fail: the account to somebody who answers in the provider's place.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use testkit::{Chain, message};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

use crate::provider::Provider;

/// An authority that nobody trusts who is not told to.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate, in a file in the data directory.
    fn file(&self, chain: &Chain) -> PathBuf {
        let path = chain.path().join("ca.pem");
        fs::write(&path, self.0.pem()).unwrap();
        path
    }

    /// A server's configuration with a certificate for `name`, valid in these years, which offers `protocols`.
    fn signs(&self, name: &str, years: [i32; 2], protocols: &[&str]) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        [params.not_before, params.not_after] = years.map(|year| date_time_ymd(year, 1, 1));
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let ring = tokio_rustls::rustls::crypto::ring::default_provider();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        config
    }
}

/// A name that fits, and years that are long.
const HERE: &str = "127.0.0.1";
const LONG: [i32; 2] = [2000, 2200];

/// What was seen on the wire.
#[derive(Clone, Default)]
struct Seen {
    connections: Arc<AtomicUsize>,
    /// The version of each request.
    versions: Arc<Mutex<Vec<String>>>,
}

struct Doors {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    seen: Seen,
}

impl axum::serve::Listener for Doors {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let Ok((stream, peer)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            self.seen.connections.fetch_add(1, Ordering::SeqCst);
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, peer);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The provider behind TLS: its address, and what is seen of those who ask.
fn behind_tls(provider: &Provider, config: ServerConfig) -> (String, Seen) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (seen, provider) = (Seen::default(), provider.clone());
    let its_seen = seen.clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let doors = Doors {
                listener: TcpListener::from_std(listener).unwrap(),
                acceptor: TlsAcceptor::from(Arc::new(config)),
                seen: its_seen.clone(),
            };
            let answer = move |request: Request| async move {
                let version = format!("{:?}", request.version());
                its_seen.versions.lock().unwrap().push(version);
                let target = request.uri().path_and_query().unwrap();
                provider.answer(&format!("GET {target} HTTP"))
            };
            axum::serve(doors, Router::new().fallback(answer))
                .await
                .unwrap();
        });
    });
    (url, seen)
}

const OLD: &str = "the previous file";

/// A run that trusts `ca_file`, and of the system's authorities none.
fn run(chain: &Chain, url: &str, ca_file: &str) -> Output {
    let nobody = chain.path().join("nobody.pem");
    fs::write(&nobody, Authority::new("nobody").0.pem()).unwrap();
    fs::write(chain.output(1), OLD).unwrap();
    let output = chain
        .command(1)
        .args(["--provider", "sandbox", "--base-url", url])
        .env("FOOTBALL_BOT_FEED__CA_FILE", ca_file)
        .env("FOOTBALL_BOT_FEED__CONCURRENCY", "8")
        .env("SSL_CERT_FILE", &nobody)
        .env("THESPORTS_USER", "someone-known")
        .env("THESPORTS_SECRET", "h1dd3n")
        .output()
        .unwrap();
    let said = message(&output);
    let address = url.split("//").nth(1).unwrap();
    for hidden in [address, "https://", "someone-known", "h1dd3n"] {
        assert!(!said.contains(hidden), "{hidden} is shown: {said}");
    }
    output
}

/// A provider with twenty matches of forty teams.
fn provider() -> Provider {
    let provider = Provider::start();
    let names: Vec<[String; 3]> = (0..20)
        .map(|n| [format!("m{n}"), format!("h{n}"), format!("a{n}")])
        .collect();
    let matches: Vec<_> = names.iter().map(|[m, h, a]| (&**m, &**h, &**a)).collect();
    provider.matches(&matches);
    provider
}

#[test]
fn http_2_is_spoken_where_it_is_offered_on_one_connection_and_http_1_where_it_is_not() {
    let authority = Authority::new("ours");
    for (offered, version) in [
        (&["h2", "http/1.1"][..], "HTTP/2.0"),
        (&["http/1.1"], "HTTP/1.1"),
        (&[], "HTTP/1.1"),
    ] {
        let (url, seen) = behind_tls(&provider(), authority.signs(HERE, LONG, offered));
        let chain = Chain::new();
        let ca_file = authority.file(&chain);
        let output = run(&chain, &url, ca_file.to_str().unwrap());
        assert!(output.status.success(), "{offered:?}: {}", message(&output));
        let document = chain.json(1);
        assert_eq!(document["fetch"]["completeness"], 1.0, "{offered:?}");
        let versions = seen.versions.lock().unwrap().clone();
        assert!(versions.len() > 80, "{offered:?}: {}", versions.len());
        assert!(
            versions.iter().all(|one| one == version),
            "{offered:?}: {versions:?}"
        );
        // The first few that are asked at once may each have opened one before it was known that one is enough.
        let connections = seen.connections.load(Ordering::SeqCst);
        // Over HTTP/1.1 a few dozen requests share what eight at once need.
        let most = if version == "HTTP/2.0" {
            3
        } else {
            versions.len() / 3
        };
        assert!(
            connections <= most,
            "{offered:?}: {connections} connections"
        );
    }
}

#[test]
fn a_certificate_that_is_not_accepted_is_said_to_be_so_with_what_to_do() {
    let [ours, other, rekeyed] = ["ours", "other", "ours"].map(Authority::new);
    let h1 = &["http/1.1"][..];
    for (signed, trusted, words) in [
        (
            ours.signs(HERE, LONG, h1),
            &other,
            "signed by nobody whom this machine trusts",
        ),
        (
            ours.signs(HERE, LONG, h1),
            &rekeyed,
            "signed by nobody whom this machine trusts",
        ),
        (
            ours.signs(HERE, [2000, 2020], h1),
            &ours,
            "certificate expired on 2020-01-01 00:00Z",
        ),
        (
            ours.signs(HERE, [2150, 2200], h1),
            &ours,
            "not valid before 2150-01-01 00:00Z",
        ),
        (
            ours.signs("feed.example.com", LONG, h1),
            &ours,
            "is for another name (feed.example.com)",
        ),
    ] {
        let (url, seen) = behind_tls(&provider(), signed);
        let chain = Chain::new();
        let ca_file = trusted.file(&chain);
        let output = run(&chain, &url, ca_file.to_str().unwrap());
        let said = message(&output);
        assert_eq!(output.status.code(), Some(69), "{words}: {said}");
        assert!(said.contains(words), "{words}: {said}");
        assert!(said.contains("the previous step1.json stays"), "{said}");
        assert_eq!(fs::read_to_string(chain.output(1)).unwrap(), OLD);
        // The same certificate would be shown again: one try for each of the questions that are asked first.
        let connections = seen.connections.load(Ordering::SeqCst);
        assert!(connections <= 3, "{words}: {connections} connections");
        assert!(seen.versions.lock().unwrap().is_empty(), "{words}");
    }
}

#[test]
fn without_a_ca_file_only_the_system_s_authorities_count_and_the_setting_is_named() {
    let authority = Authority::new("ours");
    let (url, _) = behind_tls(&provider(), authority.signs(HERE, LONG, &["h2"]));
    let output = run(&Chain::new(), &url, "");
    let said = message(&output);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(
        said.contains("name that proxy's certificate in [feed] ca_file"),
        "{said}"
    );
}

#[test]
fn a_ca_file_that_is_not_there_or_none_is_78_before_anybody_is_asked() {
    let provider = provider();
    let chain = Chain::new();
    let path = chain.path().join("ca.pem");
    for (text, words) in [
        (None, "can't be read"),
        (Some("no certificate"), "holds no certificate"),
    ] {
        text.inspect(|text| fs::write(&path, text).unwrap());
        let output = run(&chain, &provider.url, path.to_str().unwrap());
        let said = message(&output);
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(
            said.contains("[feed] ca_file") && said.contains(words),
            "{said}"
        );
    }
    assert_eq!(provider.times_asked("match/detail_live"), 0);
}

#[test]
fn a_provider_that_speaks_no_tls_is_told_from_one_that_is_not_there() {
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", plain.local_addr().unwrap());
    thread::spawn(move || {
        for stream in plain.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let output = run(&Chain::new(), &url, "");
    let said = message(&output);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("does not speak TLS"), "{said}");
}
