//! A name that does not resolve, and proxies: what they learn, and when they are used at all.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use testkit::{Chain, message};

use crate::common::{self, Provider, assert_nothing_secret, fetch};

#[test]
fn a_name_that_does_not_resolve_is_said_to_be_one() {
    let chain = Chain::new();
    let output = fetch(&chain, "http://feed.invalid")
        .env("FOOTBALL_BOT_FEED__CONNECT_TIMEOUT", "3s")
        .output()
        .unwrap();
    let said = message(&output);
    assert_eq!(output.status.code(), Some(69), "{said}");
    // Where the resolver itself is out of reach it may take longer than we wait.
    assert!(
        said.contains("name can't be resolved") || said.contains("no connection"),
        "{said}"
    );
    assert!(said.contains("unencrypted"), "{said}");
    assert_nothing_secret(&chain, &output, "no such name");
}

/// A proxy that writes down what it is asked and refuses it.
fn spy() -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(String::new()));
    let writer = Arc::clone(&heard);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            writer.lock().unwrap().push_str(&text);
            let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        }
    });
    (address, heard)
}

#[test]
fn a_proxy_of_the_environment_learns_the_name_over_https_and_nothing_over_plain_http() {
    let (proxy, heard) = spy();
    for (base, expected) in [
        ("https://feed.invalid", "CONNECT feed.invalid:443"),
        ("http://feed.invalid", ""),
    ] {
        heard.lock().unwrap().clear();
        let chain = Chain::new();
        let mut step = fetch(&chain, base);
        for name in [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "all_proxy",
        ] {
            step.env(name, &proxy);
        }
        let output = step.output().unwrap();
        let said = message(&output);
        assert_eq!(output.status.code(), Some(69), "{said}");
        let heard = heard.lock().unwrap().clone();
        assert!(heard.starts_with(expected), "{heard}");
        assert_eq!(heard.is_empty(), expected.is_empty(), "{heard}");
        assert!(
            !heard.contains("s3cr3t") && !heard.contains(common::USER),
            "{heard}"
        );
        assert_nothing_secret(&chain, &output, base);
        if !expected.is_empty() {
            assert!(said.contains("through the proxy"), "{said}");
        }
    }
}

#[test]
fn a_dead_proxy_does_not_matter_on_this_machine_and_is_named_elsewhere() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let dead = format!("http://user:pr0xy-passw0rd@{free}");
    let provider = Provider::start(3);
    let chain = Chain::new();
    let output = fetch(&chain, provider.url())
        .env("HTTP_PROXY", &dead)
        .env("ALL_PROXY", &dead)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", message(&output));
    let output = fetch(&chain, "https://feed.invalid")
        .env("FOOTBALL_BOT_FEED__PROXY", &dead)
        .output()
        .unwrap();
    let said = message(&output);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("through the proxy"), "{said}");
    assert!(!said.contains("pr0xy-passw0rd"), "{said}");
}
