//! Odds from web pages, against a server whose pages we made. What a user loses if these fail: a cycle to a
//! broken page, or the truth about whose price it is.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

#[path = "common/process.rs"]
mod process;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use process::Sandbox;
use serde_json::Value;
use testkit::{Chain, message};

/// What the site does with a request.
type Site = Arc<Mutex<Vec<u8>>>;

/// A site that gives `answer` to everything, and keeps the requests. An empty answer hangs.
fn site() -> (String, Site, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/odds?token=hush", listener.local_addr().unwrap());
    let (answer, requests): (Site, Arc<Mutex<Vec<String>>>) = Default::default();
    let (its_answer, its_requests) = (Arc::clone(&answer), Arc::clone(&requests));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (answer, requests) = (Arc::clone(&its_answer), Arc::clone(&its_requests));
            thread::spawn(move || {
                let mut request = [0; 4096];
                let length = stream.read(&mut request).unwrap_or(0);
                requests
                    .lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&request[..length]).into_owned());
                let answer = answer.lock().unwrap().clone();
                if answer.is_empty() {
                    thread::sleep(Duration::from_secs(60));
                }
                let _ = stream.write_all(&answer);
            });
        }
    });
    (url, answer, requests)
}

fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn table(rows: &[[&str; 5]]) -> String {
    let rows: String = rows
        .iter()
        .map(|[h, a, one, x, two]| format!("<tr class=m><td class=h>{h}<td class=a>{a}<td>{one}<td>{x}<td data-o='{two}'>?</tr>"))
        .collect();
    format!("<html><body><table>{rows}</table></body></html>")
}

fn configure(chain: &Chain, url: &str) {
    let text = format!(
        "[[page]]\nbook = \"Corner Shop Bets\"\nurl = \"{url}\"\nrows = \"tr.m\"\nhome = \"td.h\"\naway = \"td.a\"\n\
         home_price = \"td:nth-child(3)\"\ndraw_price = \"td:nth-child(4)\"\n\
         away_price = {{ select = \"td:nth-child(5)\", attribute = \"data-o\" }}\n\
         timeout = \"2s\"\nmax_bytes = 100000\nevery = \"60s\"\nuser_agent = \"test-agent/1\"\n"
    );
    fs::write(chain.path().join("football-bot.toml"), text).unwrap();
}

fn fetch(chain: &Chain, url: &str) -> Output {
    let output = chain
        .command(1)
        .args(["--provider", "sandbox", "--base-url", url])
        .output()
        .unwrap();
    let said = message(&output);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("hush"), "the address is not shown: {said}");
    output
}

/// Forgets when the pages were visited, as if the interval had passed.
fn let_time_pass(chain: &Chain) {
    let path = chain.path().join("state/pages.json");
    let mut state: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for page in state.as_object_mut().unwrap().values_mut() {
        page["visited_at"] = Value::Null;
    }
    fs::write(path, state.to_string()).unwrap();
}

/// Names of both teams of the matches that are being played or to come, from a cycle's file, with the match's id.
fn games(document: &Value) -> Vec<[String; 3]> {
    let name = |id: &str| {
        document["team_info"][id]["results"][0]["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    document["live_matches"]["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| (1..=7).contains(&row["score"][1].as_i64().unwrap()))
        .map(|row| {
            let id = row["id"].as_str().unwrap();
            let detail = &document["match_details"][id]["results"][0];
            let side = |key: &str| name(detail[key].as_str().unwrap());
            [id.to_owned(), side("home_team_id"), side("away_team_id")]
        })
        .collect()
}

#[test]
fn a_page_joins_its_matches_as_a_further_book_and_everything_else_is_listed() {
    let sandbox = Sandbox::start(&["--matches", "12"]);
    let chain = Chain::new();
    fetch(&chain, &sandbox.1);
    let games = games(&chain.json(1));
    assert!(games.len() >= 5, "{games:?}");
    let (url, answer, requests) = site();
    configure(&chain, &url);
    let shouted = games[0][1].to_uppercase();
    let rows = [
        [shouted.as_str(), &games[0][2], "2.10", "3,40", "3.60"],
        [&games[1][1], &games[1][2], "-", "-", ""],
        [&games[2][2], &games[2][1], "2.00", "3.30", "4.00"],
        [&games[3][1], &games[3][2], "2.00", "3.30", "4.00"],
        [&games[3][1], &games[3][2], "2.05", "3.30", "4.00"],
        ["Nobody Athletic", &games[4][2], "2.00", "3.30", "4.00"],
        [&games[4][1], &games[4][2], "20.0", "33.0", "40.0"],
    ];
    *answer.lock().unwrap() = ok(&table(&rows));
    fetch(&chain, &sandbox.1);
    let document = chain.json(1);
    let report = &document["fetch"]["pages"][0];
    assert_eq!(report["visit"], "read", "{report}");
    assert_eq!(
        (report["rows"].as_u64(), report["matched"].as_u64()),
        (Some(7), Some(2)),
        "{report}"
    );
    let unmatched = report["unmatched"].to_string();
    for why in [
        "other way round",
        "more than once",
        "no such match",
        "right columns",
    ] {
        assert!(unmatched.contains(why), "{unmatched} lacks {why}");
    }
    let odds = &document["page_odds"]["matches"];
    let tick = &odds[&games[0][0]]["1000001"]["eu"][0];
    assert_eq!(
        (tick[2].as_f64(), tick[3].as_f64(), tick[4].as_f64()),
        (Some(2.1), Some(3.4), Some(3.6))
    );
    assert_eq!(odds[&games[1][0]]["1000001"]["eu"][0][6], 1, "suspended");
    assert_eq!(odds.as_object().unwrap().len(), 2);
    assert!(requests.lock().unwrap()[0].contains("test-agent/1"));

    // Downstream it is a bookmaker with a name.
    let chosen = |number: u8, args: &[&str]| {
        let output = chain
            .command(number)
            .args(args)
            .env("FOOTBALL_BOT_ODDS__BOOKMAKERS", "1000001")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", message(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    (2..=5).for_each(|number| drop(chosen(number, &[])));
    let product = chain.json(5);
    let quote = &product["matches"][&games[0][0]]["full_time_result"];
    assert_eq!(
        (quote["bookmaker"].as_str(), quote["bookmaker_id"].as_i64()),
        (Some("Corner Shop Bets"), Some(1_000_001))
    );
    assert_eq!(quote["home"]["decimal"], 2.1);
    assert_eq!(quote["opening"], Value::Null, "nobody knows its opening");
    assert_eq!(product["statistics"]["by_bookmaker"]["Corner Shop Bets"], 1);
    assert!(chosen(6, &[]).contains("Corner Shop"));

    // Not due: no second visit, the prices stay with their age.
    fetch(&chain, &sandbox.1);
    let document = chain.json(1);
    assert_eq!(requests.lock().unwrap().len(), 1);
    assert_eq!(document["fetch"]["pages"][0]["visit"], "not due");
    assert_eq!(
        document["page_odds"]["matches"][&games[0][0]]["1000001"]["eu"][0][0],
        tick[0]
    );

    // Unchanged: the site is asked with its own mark.
    let_time_pass(&chain);
    *answer.lock().unwrap() = b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_vec();
    fetch(&chain, &sandbox.1);
    let report = chain.json(1)["fetch"]["pages"][0].clone();
    assert_eq!(
        (report["visit"].as_str(), report["matched"].as_u64()),
        (Some("unchanged"), Some(2)),
        "{report}"
    );
    assert!(
        requests.lock().unwrap()[1]
            .to_lowercase()
            .contains("if-none-match: \"v1\"")
    );
}

#[test]
fn a_broken_page_never_costs_the_cycle_nor_more_than_its_timeout() {
    let sandbox = Sandbox::start(&["--matches", "12"]);
    let chain = Chain::new();
    let (url, answer, _) = site();
    configure(&chain, &url);
    let huge = "x".repeat(200_000);
    let latin =
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<table><tr class=m><td class=h>K\xf6ln"
            .to_vec();
    for (bytes, word) in [
        (ok("<html><table class=new></table>"), "layout changed"),
        (ok("<tr class=m><div>"), "layout changed"),
        (ok("\u{1}garbage &&& <<<"), "layout changed"),
        (ok(&huge), "max_bytes"),
        (latin, "not UTF-8"),
        (
            b"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n".to_vec(),
            "HTTP 500",
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nConnection: close\r\n\r\n<html>".to_vec(),
            "broke off",
        ),
        (Vec::new(), "no whole answer within 2s"),
    ] {
        *answer.lock().unwrap() = bytes;
        let began = Instant::now();
        let said = message(&fetch(&chain, &sandbox.1));
        assert!(began.elapsed() < Duration::from_secs(30));
        let report = chain.json(1)["fetch"]["pages"][0].clone();
        let error = report["error"].as_str().unwrap_or_default();
        assert!(error.contains(word), "{word}: {report}");
        assert!(said.contains("Corner Shop Bets"), "{said}");
        fs::remove_file(chain.path().join("state/pages.json")).unwrap();
    }
}

#[test]
fn a_site_that_sends_us_on_does_not_tell_the_other_one_our_address() {
    let sandbox = Sandbox::start(&["--matches", "3"]);
    let (other, its_answer, its_requests) = site();
    *its_answer.lock().unwrap() = ok(&table(&[]));
    let other = other.split('?').next().unwrap();
    let (url, answer, _) = site();
    *answer.lock().unwrap() = format!(
        "HTTP/1.1 302 Found\r\nLocation: {other}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    let chain = Chain::new();
    configure(&chain, &url);
    fetch(&chain, &sandbox.1);
    let heard = its_requests.lock().unwrap().concat().to_lowercase();
    assert!(heard.contains("get /odds"), "it was followed: {heard}");
    assert!(
        !heard.contains("hush") && !heard.contains("referer"),
        "{heard}"
    );
}
