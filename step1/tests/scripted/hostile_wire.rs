//! Servers that do what no server should: drip, send us elsewhere, never end, lie about the body. What a user
//! loses if these fail: the account to another host, a cycle that hangs, the memory of the machine.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use testkit::{Chain, message};

use crate::provider::request;

const USER: &str = "someone-known";
const SECRET: &str = "h1dd3n-s3cr3t";
const OLD: &str = "the previous file";

/// A server that has read the request's head when it hands over the connection.
fn server(answer: impl Fn(TcpStream, &str) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), Arc::clone(&answer));
            thread::spawn(move || {
                let head = request(&mut stream);
                answer(stream, &head);
            });
        }
    });
    url
}

/// What is said of a live list from there: exit 69, the old file stays, and in good time.
fn said(url: &str) -> String {
    let chain = Chain::new();
    fs::write(chain.output(1), OLD).unwrap();
    let began = Instant::now();
    let output = chain
        .command(1)
        .args(["--provider", "sandbox", "--base-url", url, "-vv"])
        .env("THESPORTS_USER", USER)
        .env("THESPORTS_SECRET", SECRET)
        .env("FOOTBALL_BOT_FEED__RETRIES", "1")
        .env("FOOTBALL_BOT_FEED__RETRY_BACKOFF", "5ms")
        .env("FOOTBALL_BOT_FEED__REQUEST_TIMEOUT", "1500ms")
        .env("FOOTBALL_BOT_FEED__MAX_BODY_BYTES", "300000")
        .output()
        .unwrap();
    let said = message(&output);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("the previous step1.json stays"), "{said}");
    assert!(!said.contains(USER) && !said.contains(SECRET), "{said}");
    assert!(began.elapsed() < Duration::from_secs(30), "{said}");
    assert_eq!(fs::read_to_string(chain.output(1)).unwrap(), OLD);
    said
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";

/// Sends these bytes, and whatever `then` does.
fn sends(bytes: impl Into<Vec<u8>>, then: fn(TcpStream)) -> String {
    let bytes = bytes.into();
    server(move |mut stream, _| {
        let _ = stream.write_all(&bytes);
        then(stream);
    })
}

/// A byte now and then, without an end: no single silence is long enough to be noticed.
fn drips(mut stream: TcpStream) {
    while stream.write_all(b" ").is_ok() {
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_server_that_drips_costs_the_time_of_a_request_and_no_more() {
    for head in ["HTTP/1.1 200 OK\r\nX-Slow:", &format!("{HEAD}\r\n{{")] {
        let said = said(&sends(head, drips));
        assert!(said.contains("no answer in time"), "{said}");
    }
}

#[test]
fn nobody_is_followed_to_another_host_and_that_host_never_hears_of_the_account() {
    let heard = Arc::new(Mutex::new(String::new()));
    let its = Arc::clone(&heard);
    let other = server(move |mut stream, head| {
        its.lock().unwrap().push_str(head);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    });
    for status in [301, 302, 303, 307, 308] {
        let (asked, elsewhere) = (Arc::new(AtomicUsize::new(0)), other.clone());
        let count = Arc::clone(&asked);
        let url = server(move |mut stream, head| {
            if head.contains("detail_live") {
                count.fetch_add(1, Ordering::SeqCst);
            }
            // The whole request, as proxies do it.
            let target = head.split(' ').nth(1).unwrap_or("/");
            let _ = write!(
                stream,
                "HTTP/1.1 {status} Elsewhere\r\nLocation: {elsewhere}{target}\r\nContent-Length: 0\r\n\
                 Connection: close\r\n\r\n"
            );
        });
        let said = said(&url);
        assert!(said.contains(&format!("HTTP {status}")), "{said}");
        assert!(said.contains("which is not followed"), "{said}");
        assert!(!said.contains(&other), "{said}");
        assert_eq!(asked.load(Ordering::SeqCst), 1, "asked again: {said}");
    }
    assert_eq!(*heard.lock().unwrap(), "");
}

#[test]
fn an_answer_with_a_head_without_measure_is_said_to_have_one() {
    let many: String = (0..300).map(|n| format!("X-{n}: y\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "y".repeat(1 << 20));
    for headers in [many, long] {
        let said = said(&sends(format!("{HEAD}{headers}\r\n{{}}"), drop));
        assert!(said.contains("head is too large"), "{said}");
    }
}

#[test]
fn an_answer_that_never_ends_is_read_no_further_than_the_setting_allows() {
    // Blocks of gzip with nothing in them: however long, they unpack to nothing.
    fn nothing(mut stream: TcpStream) {
        let blocks = [0, 0, 0, 0xff, 0xff].repeat(1000);
        while stream.write_all(&blocks).is_ok() {}
    }
    fn spaces(mut stream: TcpStream) {
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    }
    let mut gzip = format!("{HEAD}Content-Encoding: gzip\r\n\r\n").into_bytes();
    gzip.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    for url in [sends(gzip, nothing), sends(format!("{HEAD}\r\n"), spaces)] {
        let said = said(&url);
        assert!(said.contains("larger than [feed] max_body_bytes"), "{said}");
    }
}

#[test]
fn a_body_that_is_none_is_named_by_what_is_wrong_with_it() {
    let deep = format!("{{\"code\":0,\"results\":{}", "[".repeat(200_000));
    let packed = "\u{1}\u{2}\u{3}packed".to_owned();
    for (headers, body, words) in [
        (
            "Content-Encoding: br\r\n",
            packed.clone(),
            "packed as `br`, which was not asked for",
        ),
        (
            "Content-Encoding: deflate\r\n",
            packed.clone(),
            "packed as `deflate`",
        ),
        (
            "Content-Encoding: gzip\r\n",
            packed,
            "compressed answer is damaged",
        ),
        (
            "",
            r#"{"code":0,"results":[{"id":"a","score":NaN}]}"#.to_owned(),
            "is not JSON",
        ),
        (
            "",
            r#"{"code":0,"results":[{"id":"a","score":Infinity}]}"#.to_owned(),
            "is not JSON",
        ),
        (
            "",
            r#"{"code":0,"results":[]}{"code":0}"#.to_owned(),
            "is not JSON",
        ),
        ("", deep, "truncated"),
    ] {
        let said = said(&sends(format!("{HEAD}{headers}\r\n{body}"), drop));
        assert!(said.contains(words), "{words}: {said}");
    }
}
