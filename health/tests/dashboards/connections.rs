//! Readers who are slow, silent or many can't keep others from being answered, nor the server from ending.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::pages::well;
use crate::place::Place;
use crate::server::Server;

/// So long the server may take at the very most, on a machine that does a lot besides.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server with these settings.
fn server(place: &Place, settings: &str) -> Server {
    let file = place.data("serve.toml");
    fs::write(&file, format!("[serve]\n{settings}\n")).unwrap();
    Server::of(place, &["--config", file.to_str().unwrap()])
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Whether the server closes the connection while we say nothing more.
fn closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(why) => why.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn who_says_nothing_and_who_stops_in_the_middle_are_let_go() {
    let (place, _lock) = well();
    let server = server(&place, "header_timeout = \"1s\"");
    let mut silent = connect(&server);
    let mut half = connect(&server);
    half.write_all(b"GET / HTTP/1.1\r\nHost: 127").unwrap();
    // One that was answered and then idles.
    let mut idle = connect(&server);
    write!(
        idle,
        "GET /livez HTTP/1.1\r\nHost: {}\r\n\r\n",
        server.address
    )
    .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    for stream in [&mut silent, &mut half, &mut idle] {
        assert!(closed(stream));
    }
}

#[test]
fn a_request_that_comes_letter_by_letter_ends_at_the_timeout() {
    let (place, _lock) = well();
    let server = server(&place, "header_timeout = \"1s\"");
    let mut stream = connect(&server);
    let begun = Instant::now();
    let ended = std::iter::repeat_n(b"x", 10_000).any(|letter| {
        std::thread::sleep(Duration::from_millis(50));
        stream.write_all(letter).is_err() || begun.elapsed() > PATIENCE
    });
    assert!(ended && begun.elapsed() < PATIENCE, "it goes on for ever");
}

#[test]
fn who_takes_nothing_of_his_answers_is_let_go() {
    let (place, _lock) = well();
    let server = server(
        &place,
        "header_timeout = \"1s\"\nconnection_timeout = \"1s\"",
    );
    let mut stream = connect(&server);
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    // More answers than the kernel's buffers hold, none of them read.
    let request = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let begun = Instant::now();
    let mut refused = false;
    while !refused && begun.elapsed() < PATIENCE {
        refused = stream.write_all(request.as_bytes()).is_err();
    }
    assert!(refused, "still taken after {:?}", begun.elapsed());
    assert_eq!(server.get("/livez").status, 200);
}

#[test]
fn a_form_that_never_comes_is_not_waited_for() {
    let (place, _lock) = well();
    let server = server(
        &place,
        "connection_timeout = \"2s\"\nheader_timeout = \"1s\"",
    );
    let mut stream = connect(&server);
    write!(
        stream,
        "POST /alerts HTTP/1.1\r\nHost: {}\r\nContent-Length: 100\r\n\r\nna",
        server.address
    )
    .unwrap();
    assert!(closed(&mut stream));
}

#[test]
fn who_comes_while_all_connections_are_taken_is_answered_as_soon_as_one_ends() {
    let (place, _lock) = well();
    let server = server(&place, "connections = 2\nheader_timeout = \"2s\"");
    let taken = [connect(&server), connect(&server)];
    // He waits for the two, who are let go for their silence.
    let begun = Instant::now();
    assert_eq!(server.get("/livez").status, 200);
    assert!(
        begun.elapsed() > Duration::from_millis(500),
        "two were not all"
    );
    drop(taken);
}

#[test]
fn told_to_stop_it_ends_at_once_whoever_is_connected() {
    let (place, _lock) = well();
    let mut server = Server::of(&place, &[]);
    assert_eq!(server.get("/").status, 200);
    let silent = connect(&server);
    let mut half = connect(&server);
    half.write_all(b"GET / HTTP/1.1\r\nHo").unwrap();
    // The default header timeout alone is ten seconds.
    let status = server
        .terminate(Duration::from_secs(8))
        .expect("it does not end");
    assert!(status.success(), "{status}");
    drop((silent, half));
}

#[test]
fn a_disk_that_hangs_is_waited_for_once_and_holds_up_neither_readers_nor_the_end() {
    let (place, _lock) = well();
    let mut server = Server::of(&place, &[]);
    assert_eq!(server.get("/").status, 200);
    // Whoever opens a pipe that nobody writes to hangs.
    let pipe = place.data("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
    fs::rename(&pipe, place.data("step5/step5.json")).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        server.get("/").body.contains("3 of 3 cycles good"),
        "what was seen last is shown"
    );
    let begun = Instant::now();
    for _ in 0..5 {
        assert_eq!(server.get("/").status, 200);
    }
    // Five that waited anew would take 25 seconds.
    assert!(
        begun.elapsed() < Duration::from_secs(15),
        "{:?}",
        begun.elapsed()
    );
    let status = server.terminate(Duration::from_secs(8));
    assert!(status.expect("it does not end").success());
}

#[test]
fn settings_that_would_answer_nobody_are_refused() {
    let place = Place::new();
    for setting in ["CONNECTIONS", "HEADER_TIMEOUT", "CONNECTION_TIMEOUT"] {
        let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.env(format!("FOOTBALL_BOT_SERVE__{setting}"), "0");
        let done = command.output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(3), "{said}");
        assert!(said.contains("must be more than nothing"), "{said}");
    }
}
