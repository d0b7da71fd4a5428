//! A provider in this process, and a step 1 that is impatient.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use sandbox::Evening;
use sandbox::server::{Clock, Credentials, Faults, Latency, Server, Source};
use serde_json::Value;
use testkit::Chain;

/// What stands in `step1.json` before.
pub const OLD: &[u8] = b"the previous file";
pub const USER: &str = "someone-known";
pub const SECRET: &str = "h1dd3n/s3cr3t value";
/// How many requests the impatient step 1 has under way at once.
pub const CONCURRENCY: usize = 4;

/// A sandbox on a thread.
pub struct Provider {
    address: SocketAddr,
    url: String,
}

impl Provider {
    /// One with `matches` matches, all live, from now on.
    pub fn start(matches: usize) -> Provider {
        Provider::limited(matches, 0)
    }

    /// One that counts requests by id: so many in a sliding minute, 0 = any number.
    pub fn limited(matches: usize, per_minute: u32) -> Provider {
        let now = chrono::Utc::now().timestamp();
        let source = Source::Evening(Evening::all_live(3, matches, now), Clock::new(now, 1.0));
        let slow = Duration::from_millis(50);
        let faults = Faults::new(5, Latency::default(), Vec::new(), slow);
        let server = Server::new(source, Credentials::Any, per_minute).with_faults(faults);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                server.serve(listener).await.unwrap();
            });
        });
        Provider {
            address,
            url: format!("http://{address}"),
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// These faults from now on, one rule a line.
    pub fn switch(&self, rules: &str) {
        self.control("POST", "faults", rules);
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Value> {
        let body: Value = serde_json::from_str(&self.control("GET", "requests", "")).unwrap();
        body["requests"].as_array().unwrap().clone()
    }

    pub fn forget(&self) {
        self.control("DELETE", "requests", "");
    }

    /// Tells its control endpoint something.
    pub fn control(&self, method: &str, what: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} /_sandbox/{what} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

/// A step 1 that says everything and tries only twice. It waits long enough for a machine that has too much to do.
pub fn fetch(chain: &Chain, url: &str) -> Command {
    let mut command = chain.command(1);
    command
        .args(["--provider", "sandbox", "--base-url", url, "-vv"])
        .env("THESPORTS_USER", USER)
        .env("THESPORTS_SECRET", SECRET)
        .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "0")
        .env("FOOTBALL_BOT_FEED__CONCURRENCY", CONCURRENCY.to_string())
        .env("FOOTBALL_BOT_FEED__RETRIES", "1")
        .env("FOOTBALL_BOT_FEED__RETRY_BACKOFF", "5ms")
        .env("FOOTBALL_BOT_FEED__READ_TIMEOUT", "10s")
        .env("FOOTBALL_BOT_FEED__REQUEST_TIMEOUT", "20s")
        .env("FOOTBALL_BOT_FEED__MAX_BODY_BYTES", "2000000")
        .env("RUST_BACKTRACE", "full");
    command
}

/// Neither what was said nor any file holds the user or the secret, in any way of writing it.
pub fn assert_nothing_secret(chain: &Chain, output: &Output, what: &str) {
    let check = |bytes: &[u8], place: &str| {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        for hidden in [USER, "h1dd3n", "s3cr3t"] {
            assert!(!text.contains(hidden), "{what}: {place} holds {hidden}");
        }
    };
    check(&output.stdout, "stdout");
    check(&output.stderr, "stderr");
    for path in files(chain.path()) {
        check(
            &fs::read(&path).unwrap_or_default(),
            &path.display().to_string(),
        );
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
