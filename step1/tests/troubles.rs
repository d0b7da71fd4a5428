//! Step 1 when the world around it is at fault: the provider dies, names don't resolve, a proxy is set, the
//! clock is moved, the cache is spoilt, another instance runs, it is told to stop.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use common::{OLD, Provider, assert_nothing_secret, fetch, files};
use serde_json::Value;
use testkit::{Chain, message, program};

#[test]
fn a_provider_that_dies_in_mid_cycle_leaves_the_old_file_or_says_what_is_missing() {
    let mut sandbox = Command::new(program("sandbox"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--live",
            "30",
            "--latency",
            "40ms",
            "-q",
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let chain = Chain::new();
    fs::write(chain.output(1), OLD).unwrap();
    let mut step = fetch(&chain, url);
    let step = step
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Four rounds of the details, of some forty rounds altogether.
    thread::sleep(Duration::from_millis(300));
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
    let output = step.wait_with_output().unwrap();
    let said = message(&output);
    assert_nothing_secret(&chain, &output, "the provider died");
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(
        said.contains("no connection") || said.contains("failed"),
        "{said}"
    );
    assert_eq!(fs::read(chain.output(1)).unwrap(), OLD);
}

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

/// Every instant of a year in a text, moved by `seconds`.
fn moved(value: &mut Value, seconds: i64) {
    match value {
        Value::Number(number) => {
            if let Some(at) = number.as_i64().filter(|at| *at > 1_500_000_000) {
                // Milliseconds too, where the budget keeps them.
                let unit = if at > 1_500_000_000_000 { 1000 } else { 1 };
                *value = (at + seconds * unit).into();
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|v| moved(v, seconds)),
        Value::Object(fields) => fields.values_mut().for_each(|v| moved(v, seconds)),
        _ => {}
    }
}

#[test]
fn a_clock_that_steps_back_an_hour_costs_a_cold_start_and_nothing_else() {
    let provider = Provider::start(4);
    let chain = Chain::new();
    let run = || {
        let output = fetch(&chain, provider.url())
            .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "120")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        message(&output)
    };
    run();
    // To us, all that is kept was written an hour from now.
    for path in files(chain.path()) {
        let Ok(mut document) = serde_json::from_slice::<Value>(&fs::read(&path).unwrap()) else {
            continue;
        };
        if document["schema"].is_string() {
            let ahead = chrono::Utc::now() + chrono::TimeDelta::seconds(3600);
            document["fetched_at"] = ahead.to_rfc3339().into();
            let head = format!(
                r#"{{"schema":{},"cycle":{},"generated_at":{at},"fetched_at":{at},"provider":"sandbox""#,
                document["schema"],
                document["cycle"],
                at = document["fetched_at"]
            );
            moved(&mut document["fetched"], 3600);
            let rest = serde_json::to_string(&document).unwrap();
            fs::write(&path, format!("{head},{}", &rest[1..])).unwrap();
        } else {
            moved(&mut document, 3600);
            fs::write(&path, serde_json::to_vec(&document).unwrap()).unwrap();
        }
    }
    let said = run();
    assert!(
        said.contains("starting cold") && said.contains("from the future"),
        "{said}"
    );
    assert_eq!(chain.json(1)["fetch"]["completeness"], 1.0);
    assert_eq!(chain.json(1)["match_odds"].as_object().unwrap().len(), 4);
}

#[test]
fn a_cache_that_is_spoilt_old_or_foreign_means_a_cold_start_that_is_announced() {
    let provider = Provider::start(3);
    let chain = Chain::new();
    assert!(fetch(&chain, provider.url()).status().unwrap().success());
    let good = fs::read_to_string(chain.output(1)).unwrap();
    let yesterday = chrono::Utc::now() - chrono::TimeDelta::days(1);
    let at = good
        .split(r#""fetched_at":""#)
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let half = good.char_indices().nth(good.chars().count() / 2).unwrap().0;
    for (spoilt, word) in [
        (good.replacen(at, &yesterday.to_rfc3339(), 1), "too old"),
        (good[..half].to_owned(), "corrupt"),
        (
            good.replacen("football-bot/step1/1", "football-bot/step1/9", 1),
            "another schema",
        ),
        (
            good.replacen(r#""provider":"sandbox""#, r#""provider":"thesports""#, 1),
            "another provider",
        ),
        (String::new(), "another schema"),
        ("\u{0}\u{0}\u{0}".to_owned(), "another schema"),
    ] {
        assert_ne!(spoilt, good, "{word}");
        fs::write(chain.output(1), spoilt).unwrap();
        let output = fetch(&chain, provider.url()).output().unwrap();
        let said = message(&output);
        assert!(output.status.success(), "{word}: {said}");
        assert!(
            said.contains("starting cold") && said.contains(word),
            "{word}: {said}"
        );
        assert_eq!(
            chain.json(1)["match_odds"].as_object().unwrap().len(),
            3,
            "{word}"
        );
    }
}

#[test]
fn two_at_once_share_the_budget_and_leave_a_whole_file() {
    let provider = Provider::start(20);
    provider.control("POST", "latency", "10ms");
    let chain = Chain::new();
    let mut running: Vec<_> = (0..2)
        .map(|_| {
            fetch(&chain, provider.url())
                .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "15")
                .env("FOOTBALL_BOT_FEED__MIN_COMPLETENESS", "0")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let began = Instant::now();
    for child in &mut running {
        assert!(child.wait().unwrap().success());
    }
    let refilled = (began.elapsed().as_secs_f64() / 4.0).ceil() as usize + 1;
    let asked = provider.requests();
    for endpoint in ["odds/history", "match/recent/list"] {
        let count = asked
            .iter()
            .filter(|entry| entry["path"] == endpoint && entry["id"].is_string());
        assert!(count.count() <= 15 + refilled, "{endpoint}");
    }
    assert_eq!(chain.json(1)["provider"], "sandbox");
    assert!(
        files(chain.path())
            .iter()
            .all(|path| path.extension().is_none_or(|e| e != "tmp"))
    );
}

#[test]
fn sigterm_at_any_moment_ends_it_at_once_and_tears_nothing() {
    let provider = Provider::start(10);
    provider.control("POST", "latency", "15ms");
    let chain = Chain::new();
    let mut ended_early = 0;
    let mut terminate = |round: u64| {
        // Some wait for an answer that never comes when the signal does.
        provider.switch(if round.is_multiple_of(3) {
            "hang:20%"
        } else {
            ""
        });
        let mut child = fetch(&chain, provider.url())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(20 + round * 37));
        let pid = child.id().to_string();
        let _ = Command::new("kill")
            .args(["-TERM", &pid])
            .stderr(Stdio::null())
            .status();
        // Now it has been signalled; how long `kill` took to start is not its fault.
        let signalled = Instant::now();
        let status = child.wait().unwrap();
        let took = signalled.elapsed();
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(143), _) => ended_early += 1,
            // Before it could install its handler.
            (None, Some(15)) | (Some(0), _) => {}
            other => panic!("{other:?}"),
        }
        if chain.output(1).exists() {
            assert_eq!(chain.json(1)["provider"], "sandbox");
        }
        let litter = files(chain.path());
        assert!(
            litter
                .iter()
                .all(|path| path.extension().is_none_or(|e| e != "tmp")),
            "{litter:?}"
        );
        took
    };
    for round in 0..14 {
        let promised = Duration::from_secs(1);
        // A machine that has too much to do may keep it from running; not three times in the same place.
        let took: Vec<_> = (0..3)
            .map(|_| terminate(round))
            .take_while(|took| *took > promised)
            .collect();
        assert!(took.len() < 3, "round {round}: {took:?}");
    }
    assert!(ended_early > 0, "no signal came in time");
}

#[test]
fn at_the_deadline_what_was_got_is_written_and_the_rest_counts_as_failed() {
    let provider = Provider::start(60);
    provider.control("POST", "latency", "400ms");
    let chain = Chain::new();
    let began = Instant::now();
    let output = fetch(&chain, provider.url())
        .env("FOOTBALL_BOT_FEED__DEADLINE", "5s")
        .env("FOOTBALL_BOT_FEED__MIN_COMPLETENESS", "0")
        .output()
        .unwrap();
    let said = message(&output);
    assert!(output.status.success(), "{said}");
    // Sixty details alone take fifteen rounds of 400 ms.
    assert!(began.elapsed() < Duration::from_secs(20), "{said}");
    let document = chain.json(1);
    let details = document["match_details"].as_object().unwrap().len();
    assert!((1..60).contains(&details), "{details}: {said}");
    let completeness = document["fetch"]["completeness"].as_f64().unwrap();
    assert!(completeness < 1.0, "{completeness}");
    assert!(said.contains("the step's deadline came first"), "{said}");
    let output = fetch(&Chain::new(), provider.url())
        .env("FOOTBALL_BOT_FEED__DEADLINE", "5s")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", message(&output));
}

#[test]
fn the_provider_that_counts_a_sliding_minute_never_has_to_say_so() {
    let provider = Provider::limited(30, 20);
    let chain = Chain::new();
    let mut odds = 0;
    for _ in 0..4 {
        let output = fetch(&chain, provider.url())
            .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "20")
            .env("FOOTBALL_BOT_FEED__MIN_COMPLETENESS", "0")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        odds = chain.json(1)["match_odds"].as_object().unwrap().len();
        // A bucket that refills would have some again by the next cycle.
        thread::sleep(Duration::from_secs(3));
    }
    let requests = provider.requests();
    let refused = requests
        .iter()
        .filter(|entry| entry["answer"] == "over the limit")
        .count();
    assert_eq!(refused, 0, "{requests:?}");
    assert!(odds >= 20, "all of the budget was used: {odds}");
}

#[test]
fn a_retry_is_paid_from_the_same_budget() {
    let provider = Provider::limited(6, 8);
    // Every try fails: with one retry each, six matches would take twelve requests.
    provider.switch("500:1:odds/history");
    let chain = Chain::new();
    let run = || {
        fetch(&chain, provider.url())
            .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "8")
            .output()
            .unwrap()
    };
    let output = run();
    assert_eq!(output.status.code(), Some(69), "{}", message(&output));
    let odds = |entry: &&Value| entry["path"] == "odds/history";
    let asked = provider.requests().iter().filter(odds).count();
    assert_eq!(asked, 8, "six, and two tries again");
    // The failed run's requests count for the next one.
    provider.switch("");
    provider.forget();
    let output = run();
    assert!(output.status.success(), "{}", message(&output));
    assert_eq!(provider.requests().iter().filter(odds).count(), 0);
}
