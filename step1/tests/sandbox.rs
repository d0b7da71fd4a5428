//! Step 1 as a process against a real server: the sandbox, and one that lies. What a user loses if these
//! fail: a whole previous file, a secret, or the knowledge of what went wrong.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

#[path = "common/process.rs"]
mod process;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::thread;

use process::Sandbox;
use serde_json::Value;
use testkit::{Chain, message};

const SECRET: &str = "h1dd3n-s3cr3t-value";

fn fetch(chain: &Chain, url: &str) -> Output {
    chain
        .command(1)
        .args(["--provider", "sandbox", "--base-url", url, "-vv"])
        .env("THESPORTS_USER", "someone-known")
        .env("THESPORTS_SECRET", SECRET)
        .env("FOOTBALL_BOT_FEED__RETRIES", "1")
        .output()
        .unwrap()
}

/// A server that gives the same raw answer to everything.
fn liar(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
        }
    });
    url
}

fn ids(document: &Value, key: &str) -> Vec<String> {
    document[key].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_cycle_has_every_body_and_the_next_one_asks_only_for_what_is_due() {
    let sandbox = Sandbox::start(&["--matches", "20"]);
    let chain = Chain::new();
    let output = fetch(&chain, &sandbox.1);
    assert!(output.status.success(), "{}", message(&output));
    let first = chain.json(1);
    let live = first["live_matches"]["results"].as_array().unwrap().len();
    assert_eq!(ids(&first, "match_details").len(), live);
    assert_eq!(ids(&first, "match_odds").len(), live);
    assert!(ids(&first, "team_info").len() >= live);
    assert!(first["countries"]["results"].as_array().unwrap().len() > 5);
    assert_eq!(first["fetch"]["completeness"], 1.0);
    assert_eq!(first["provider"], "sandbox");

    let output = fetch(&chain, &sandbox.1);
    assert!(output.status.success(), "{}", message(&output));
    let second = chain.json(1);
    let by = &second["fetch"]["by_endpoint"];
    assert_eq!(
        by.get("team/additional/list"),
        None,
        "names are known: {by}"
    );
    assert!(
        by["match/recent/list"].as_u64().unwrap() <= 2,
        "details are known: {by}"
    );
    assert_eq!(
        ids(&second, "match_odds").len(),
        live,
        "what was not asked for is carried over"
    );
    chain.run_from_2_to(5);
    let product = chain.json(5);
    assert!(
        product["matches"]
            .as_object()
            .unwrap()
            .values()
            .all(|m| m["home_team"].is_string())
    );
}

#[test]
fn a_spent_budget_leaves_the_rest_for_the_next_cycle_and_says_so() {
    let sandbox = Sandbox::start(&["--matches", "20"]);
    let chain = Chain::new();
    let run = |minute: &str| {
        let output = chain
            .command(1)
            .args(["--provider", "sandbox", "--base-url", &sandbox.1])
            .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", minute)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        chain.json(1)
    };
    let first = run("7");
    assert_eq!(first["fetch"]["by_endpoint"]["odds/history"], 7);
    assert!(first["fetch"]["skipped_for_budget"].as_u64().unwrap() > 10);
    let again = run("7");
    assert!(
        again["fetch"]["by_endpoint"]["odds/history"]
            .as_u64()
            .unwrap_or(0)
            <= 2,
        "the same minute"
    );
    assert!(
        ids(&again, "match_odds").len() >= 7,
        "what was fetched is kept"
    );
}

#[test]
fn a_refusal_ends_at_once_with_77_and_what_to_check() {
    let chain = Chain::new();
    let file = chain.path().join("secret");
    fs::write(&file, "the-right-secret").unwrap();
    let sandbox = Sandbox::start(&[
        "--user",
        "the-right-user",
        "--secret-file",
        file.to_str().unwrap(),
    ]);
    let output = fetch(&chain, &sandbox.1);
    let said = message(&output);
    assert_eq!(output.status.code(), Some(77), "{said}");
    assert!(
        said.contains("IPv4") && said.contains("plan") && said.contains("secret"),
        "{said}"
    );
    assert!(!chain.output(1).exists());
}

#[test]
fn every_useless_answer_gives_69_its_own_sentence_and_leaves_the_old_file() {
    let cases: [(&[u8], &str); 7] = [
        (b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n<html><title>Down for work</title>", "Down for work"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html><title>Sign in</title></html>", "Sign in"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"code\":0,\"results\":[1,2", "ends"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{\"code\":0", "broke off"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\xff\xfe\x00{", "not UTF-8"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"code\":429,\"msg\":\"slow down\"}", "fewer requests"),
        (b"", ""),
    ];
    for (answer, word) in cases {
        let chain = Chain::new();
        fs::write(chain.output(1), "the previous file").unwrap();
        let output = fetch(&chain, &liar(answer));
        let said = message(&output);
        assert_eq!(output.status.code(), Some(69), "{word}: {said}");
        assert!(said.contains(word), "lacks {word}: {said}");
        assert!(said.contains("the previous step1.json stays"), "{said}");
        assert!(
            !said.contains(SECRET) && !said.contains("someone-known"),
            "{said}"
        );
        assert_eq!(fs::read(chain.output(1)).unwrap(), b"the previous file");
    }
}

/// A server that sends the request line back inside `before` and `after`.
fn echo(before: &'static str, after: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let line = text.lines().next().unwrap_or_default().to_owned();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{before}{line}{after}"
            );
        }
    });
    url
}

#[test]
fn a_provider_that_sends_the_request_back_does_not_make_us_write_the_secret_down() {
    for (before, after) in [
        (r#"{"err":"bad request "#, r#""}"#),
        (r#"{"code":1001,"msg":""#, r#""}"#),
        (r#"{"code":0,"note":""#, r#"","results":[]}"#),
        ("<html><title>", "</title>"),
    ] {
        let chain = Chain::new();
        let said = message(&fetch(&chain, &echo(before, after)));
        assert!(
            !said.contains(SECRET) && !said.contains("someone-known"),
            "{said}"
        );
        let written = fs::read_to_string(chain.output(1)).unwrap_or_default();
        assert!(!written.contains(SECRET) && !written.contains("someone-known"));
    }
}

#[test]
fn nobody_listening_gives_69_without_the_url() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let chain = Chain::new();
    let output = fetch(&chain, &format!("http://{free}"));
    let said = message(&output);
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(
        said.contains("no connection") && !said.contains(SECRET),
        "{said}"
    );
}

#[test]
fn without_credentials_the_real_provider_is_not_even_asked() {
    let output = Chain::new().run(1, []);
    let said = message(&output);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(
        said.contains("THESPORTS_USER") && said.contains("--provider sandbox"),
        "{said}"
    );
}

#[test]
fn nothing_that_step_1_writes_holds_the_secret() {
    let sandbox = Sandbox::start(&["--matches", "20"]);
    let chain = Chain::new();
    let output = fetch(&chain, &sandbox.1);
    assert!(output.status.success(), "{}", message(&output));
    assert!(!message(&output).contains(SECRET));
    let mut folders = vec![chain.path().to_path_buf()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert!(
                    !String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(SECRET),
                    "{}",
                    path.display()
                );
            }
        }
    }
    assert!(files >= 3, "step1.json and the state were looked at");
}

#[test]
fn explain_says_what_it_would_ask_asks_nothing_and_changes_nothing() {
    let sandbox = Sandbox::start(&["--matches", "20"]);
    let chain = Chain::new();
    assert!(fetch(&chain, &sandbox.1).status.success());
    drop(sandbox);
    let state = || {
        let mut files: Vec<_> = fs::read_dir(chain.path().join("state"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        files.sort();
        (files, fs::read(chain.output(1)).unwrap())
    };
    let before = state();
    let output = chain
        .command(1)
        .args(["--explain", "--provider", "sandbox"])
        .env("FOOTBALL_BOT_FEED__MAX_ODDS_AGE", "1s")
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", message(&output));
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
    for word in ["live list", "odds", "->", "in the cache", "20 matches"] {
        assert!(shown.contains(word), "{shown} lacks {word}");
    }
    assert!(state() == before);
    let cold = Chain::new().run(1, ["--explain"]);
    assert!(
        cold.status.success(),
        "without credentials: {}",
        message(&cold)
    );
    let shown = String::from_utf8_lossy(&cold.stdout);
    assert!(shown.contains("Nothing usable is known"), "{shown}");
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
}

#[test]
fn odds_live_stands_beside_the_histories_and_only_when_it_is_asked_for() {
    let sandbox = Sandbox::start(&["--matches", "20", "--speed", "20"]);
    let chain = Chain::new();
    let run = |on: &str| {
        let output = chain
            .command(1)
            .args(["--provider", "sandbox", "--base-url", &sandbox.1])
            .env("FOOTBALL_BOT_FEED__ODDS_LIVE", on)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        chain.json(1)
    };
    assert_eq!(run("false").get("odds_live"), None);
    let with = run("true");
    assert_eq!(with["fetch"]["by_endpoint"]["odds/live"], 1);
    assert!(
        with["fetch"]["errors"].as_array().unwrap().is_empty(),
        "{}",
        with["fetch"]
    );
    let live = with["odds_live"]
        .as_object()
        .expect("prices changed in the last minute");
    assert!(
        live.keys().all(|id| with["match_odds"][id]["code"] == 0),
        "the bodies are as they came"
    );
    chain.run_from_2_to(5);
}

#[test]
fn what_the_requests_took_and_how_old_everything_is_stands_beside_their_number() {
    let sandbox = Sandbox::start(&["--matches", "6", "--latency", "300ms"]);
    let chain = Chain::new();
    for cycle in ["the first", "one that carries over"] {
        let output = fetch(&chain, &sandbox.1);
        assert!(output.status.success(), "{}", message(&output));
        let fetched = chain.json(1)["fetch"].clone();
        for (endpoint, n) in fetched["by_endpoint"].as_object().unwrap() {
            let cost = &fetched["cost"][endpoint];
            let quick = ["100", "250"].map(|limit| cost["within"].get(limit));
            assert_eq!(quick, [None, None], "{cycle}, {endpoint}: {cost}");
            let least = 300 * n.as_u64().unwrap();
            assert!(cost["ms"].as_u64().unwrap() >= least, "{endpoint}: {cost}");
            assert!(cost["bytes"].as_u64().unwrap() > 0, "{endpoint}: {cost}");
        }
        // What had changed was asked for and came: nothing older is there.
        assert_eq!(fetched["schedule_age_s"], 0, "{cycle}");
    }
}
