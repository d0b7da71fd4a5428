//! A provider that answers what it is told to.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use testkit::{Chain, message};

/// Answers by question: `path`, `path?uuid=ID` or `path?time`; nothing known is an empty list.
#[derive(Clone, Default)]
pub struct Provider {
    pub url: String,
    answers: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
    /// Path and value of each `time=`.
    pub times: Arc<Mutex<Vec<(String, String)>>>,
}

pub const OUT_OF_PLAN: &str = r#"{"err":"URL is not authorized to access"}"#;

impl Provider {
    pub fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let provider = Provider {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ..Provider::default()
        };
        let its = provider.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, its) = (stream.unwrap(), its.clone());
                thread::spawn(move || {
                    let body = its.answer(&request(&mut stream));
                    let _ = write!(
                        stream,
                        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    );
                });
            }
        });
        provider
    }

    pub fn answer(&self, request: &str) -> String {
        let target = request.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.trim_start_matches("/v1/football/");
        let value = |name: &str| {
            let pairs = query.split('&');
            pairs
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| decoded(value))
        };
        let key = match (value("uuid"), value("time")) {
            (Some(id), _) => format!("{path}?uuid={id}"),
            (None, Some(_)) => format!("{path}?time"),
            (None, None) => path.to_owned(),
        };
        if let Some(time) = value("time") {
            self.times.lock().unwrap().push((path.to_owned(), time));
        }
        self.asked.lock().unwrap().push(key.clone());
        let answers = self.answers.lock().unwrap();
        answers
            .get(&key)
            .cloned()
            .unwrap_or_else(|| r#"{"code":0,"results":[]}"#.to_owned())
    }

    pub fn raw(&self, key: &str, body: &str) {
        let mut answers = self.answers.lock().unwrap();
        answers.insert(key.to_owned(), body.to_owned());
    }

    pub fn rows(&self, key: &str, rows: Value) {
        self.raw(key, &json!({"code": 0, "results": rows}).to_string());
    }

    /// Matches `(id, home team, away team)`, being played, of competition `c1`.
    pub fn matches(&self, matches: &[(&str, &str, &str)]) {
        let none = [0; 7];
        let kickoff = chrono::Utc::now().timestamp() - 600;
        let row = |id: &str| json!({"id": id, "score": [id, 2, none, none, kickoff, ""]});
        let live: Vec<Value> = matches.iter().map(|(id, ..)| row(id)).collect();
        self.rows("match/detail_live", json!(live));
        for (id, home, away) in matches {
            let detail = json!({"id": id, "competition_id": "c1", "home_team_id": home,
                "away_team_id": away, "status_id": 2, "match_time": kickoff, "updated_at": kickoff});
            self.rows(&format!("match/recent/list?uuid={id}"), json!([detail]));
            self.raw(
                &format!("odds/history?uuid={id}"),
                r#"{"code":0,"results":{}}"#,
            );
        }
        self.rows(
            "competition/additional/list?uuid=c1",
            json!([{"id": "c1", "name": "Our League"}]),
        );
    }

    pub fn team(&self, id: &str, name: &str) {
        let row = json!([{"id": id, "name": name, "updated_at": 1}]);
        self.rows(&format!("team/additional/list?uuid={id}"), row);
    }

    pub fn times_asked(&self, key: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| *one == key).count()
    }
}

/// A request's head.
pub fn request(stream: &mut impl Read) -> String {
    let (mut head, mut part) = (Vec::new(), [0; 4096]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut part) {
            Ok(length) if length > 0 => head.extend_from_slice(&part[..length]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A value of a query without its percent signs.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || (rest.next().unwrap() as char).to_digit(16).unwrap() as u8;
        bytes.push(match byte {
            b'%' => digit() * 16 + digit(),
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).unwrap()
}

pub fn run(chain: &Chain, provider: &Provider, settings: &[(&str, &str)]) -> Output {
    let mut command = chain.command(1);
    command
        .args(["--provider", "sandbox", "--base-url", &provider.url])
        .envs(
            settings
                .iter()
                .map(|(key, value)| (format!("FOOTBALL_BOT_FEED__{key}"), value)),
        );
    command.output().unwrap()
}

pub fn cycle(chain: &Chain, provider: &Provider, settings: &[(&str, &str)]) -> (Value, String) {
    let output = run(chain, provider, settings);
    let said = message(&output);
    assert!(output.status.success(), "{said}");
    (chain.json(1), said)
}
