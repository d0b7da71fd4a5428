//! A sink that a test wants: answers each request with the next of its answers (the last one for good)
//! and keeps what it was sent.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

#[derive(Clone, Copy, Debug)]
pub enum Answer {
    /// Status and further header lines.
    Status(u16, &'static str),
    /// Status and body.
    Says(u16, &'static str),
    /// Takes the request and never answers.
    Hang,
    /// Closes the connection in the middle of the request.
    Die,
}

pub struct Server {
    scheme: &'static str,
    port: u16,
    requests: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Server {
    pub fn start(answers: Vec<Answer>) -> Server {
        Server::serving("http", answers, |stream, answer, kept| {
            serve(stream, answer, kept)
        })
    }

    /// One that speaks TLS as `config` says.
    pub fn behind_tls(answers: Vec<Answer>, config: ServerConfig) -> Server {
        let config = Arc::new(config);
        Server::serving("https", answers, move |stream, answer, kept| {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            serve(StreamOwned::new(connection, stream), answer, kept);
        })
    }

    fn serving(
        scheme: &'static str,
        answers: Vec<Answer>,
        serve: impl Fn(TcpStream, Answer, &Mutex<Vec<(Instant, String)>>) + Clone + Send + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for (n, stream) in listener.incoming().enumerate() {
                let answer = answers[n.min(answers.len() - 1)];
                let (kept, serve) = (Arc::clone(&kept), serve.clone());
                thread::spawn(move || {
                    let stream = stream.unwrap();
                    stream
                        .set_read_timeout(Some(Duration::from_secs(10)))
                        .unwrap();
                    serve(stream, answer, &kept);
                });
            }
        });
        Server {
            scheme,
            port,
            requests,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    pub fn requests(&self) -> Vec<(Instant, String)> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    pub fn wait_for(&self, count: usize) -> Vec<(Instant, String)> {
        let begun = Instant::now();
        loop {
            let requests = self.requests();
            if requests.len() >= count {
                return requests;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "only {} of {count} requests came: {requests:?}",
                requests.len()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(mut stream: impl Read + Write, answer: Answer, kept: &Mutex<Vec<(Instant, String)>>) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let text = loop {
        let Ok(n) = stream.read(&mut piece) else {
            return;
        };
        if n == 0 {
            return;
        }
        bytes.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")
                        .map(str::to_owned)
                })
                .map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                break text;
            }
        }
    };
    kept.lock().unwrap().push((Instant::now(), text));
    let mut reply = |status, headers, body: &str| {
        let length = body.len();
        let reply = format!(
            "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        // A client that has left is its own affair.
        let _ = stream.write_all(reply.as_bytes());
    };
    match answer {
        Answer::Status(status, headers) => reply(status, headers, "{}"),
        Answer::Says(status, body) => reply(status, "", body),
        Answer::Hang => thread::sleep(Duration::from_secs(60)),
        Answer::Die => drop(stream),
    }
}
