//! The program: the line it prints, the codes it ends with, and what it keeps to itself.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

fn sandbox(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The address that the program says it listens on.
fn address(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.strip_prefix("listening on http://").expect(&line);
    address.trim_end().to_owned()
}

fn end(mut child: Child, signal: &str) -> (Option<i32>, String) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &pid])
            .status()
            .unwrap()
            .success()
    );
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    (child.wait().unwrap().code(), said)
}

#[test]
fn it_says_where_it_listens_and_ends_with_the_signal_s_code() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut child = sandbox(&["--listen", "127.0.0.1:0", "--matches", "3"]);
        TcpStream::connect(address(&mut child)).unwrap();
        let (ended, said) = end(child, signal);
        assert_eq!(ended, Some(code));
        assert!(said.contains("SIMULATED"), "{said}");
    }
}

#[test]
fn the_secret_is_in_no_message() {
    let mut child = sandbox(&["--listen", "127.0.0.1:0", "--matches", "3", "-vv"]);
    let mut stream = TcpStream::connect(address(&mut child)).unwrap();
    write!(
        stream,
        "GET /v1/football/country/list?user=u&secret=hush-hush HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    let (_, said) = end(child, "-TERM");
    assert!(said.contains("country/list"), "{said}");
    assert!(!said.contains("hush"), "{said}");
}

#[test]
fn an_address_in_use_and_wrong_usage_are_told_apart() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let in_use = holder.local_addr().unwrap().to_string();
    for (arguments, code, word) in [
        (
            vec!["--listen", &in_use],
            69,
            "another program listens there",
        ),
        (vec!["--speed=-3"], 64, "--speed"),
        (vec!["--start", "yesterday"], 64, "2025-05-28"),
        (vec!["--user", "me"], 64, "--secret-file"),
        (
            vec!["--user", "me", "--secret-file", "/nowhere/secret"],
            78,
            "/nowhere/secret",
        ),
    ] {
        let output = sandbox(&arguments).wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(word), "{said}");
        assert!(output.stdout.is_empty());
    }
}
