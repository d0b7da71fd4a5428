//! Step 1 against a provider that says exactly what we write: merged records, changes since a time, two
//! matches of the same names, price formats of pages, endpoints outside the plan. What a user loses if these
//! fail: a name, or a price at the wrong match.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use testkit::{Chain, message};

/// Answers by question: `path`, `path?uuid=ID` or `path?time`; nothing known is an empty list.
#[derive(Clone, Default)]
struct Provider {
    url: String,
    answers: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

const OUT_OF_PLAN: &str = r#"{"err":"URL is not authorized to access"}"#;

impl Provider {
    fn start() -> Provider {
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
                    let mut request = [0; 4096];
                    let length = stream.read(&mut request).unwrap_or(0);
                    let body = its.answer(&String::from_utf8_lossy(&request[..length]));
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

    fn answer(&self, request: &str) -> String {
        let target = request.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.trim_start_matches("/v1/football/");
        let value = |name: &str| {
            let pairs = query.split('&');
            pairs
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        let key = match (value("uuid"), value("time")) {
            (Some(id), _) => format!("{path}?uuid={id}"),
            (None, Some(_)) => format!("{path}?time"),
            (None, None) => path.to_owned(),
        };
        self.asked.lock().unwrap().push(key.clone());
        let answers = self.answers.lock().unwrap();
        answers
            .get(&key)
            .cloned()
            .unwrap_or_else(|| r#"{"code":0,"results":[]}"#.to_owned())
    }

    fn raw(&self, key: &str, body: &str) {
        let mut answers = self.answers.lock().unwrap();
        answers.insert(key.to_owned(), body.to_owned());
    }

    fn rows(&self, key: &str, rows: Value) {
        self.raw(key, &json!({"code": 0, "results": rows}).to_string());
    }

    /// Matches `(id, home team, away team)`, being played, of competition `c1`.
    fn matches(&self, matches: &[(&str, &str, &str)]) {
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

    fn team(&self, id: &str, name: &str) {
        let row = json!([{"id": id, "name": name, "updated_at": 1}]);
        self.rows(&format!("team/additional/list?uuid={id}"), row);
    }

    fn times_asked(&self, key: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| *one == key).count()
    }
}

fn run(chain: &Chain, provider: &Provider, settings: &[(&str, &str)]) -> Output {
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

fn cycle(chain: &Chain, provider: &Provider, settings: &[(&str, &str)]) -> (Value, String) {
    let output = run(chain, provider, settings);
    let said = message(&output);
    assert!(output.status.success(), "{said}");
    (chain.json(1), said)
}

#[test]
fn a_team_that_was_merged_into_another_has_that_one_s_record_too() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2")]);
    provider.team("t2", "Beta Rovers");
    // Merged twice, and then in a circle.
    for (id, name, into) in [
        ("t1", "Old Alpha", "t7"),
        ("t7", "Alpha", "t9"),
        ("t9", "Alpha Town", "t1"),
    ] {
        let row = json!([{"id": id, "name": name, "uid": into}]);
        provider.rows(&format!("team/additional/list?uuid={id}"), row);
    }
    let (document, _) = cycle(&Chain::new(), &provider, &[]);
    let teams = document["team_info"].as_object().unwrap();
    let mut ids: Vec<&String> = teams.keys().collect();
    ids.sort();
    assert_eq!(ids, ["t1", "t2", "t7", "t9"]);
    for id in ids {
        let key = format!("team/additional/list?uuid={id}");
        assert_eq!(provider.times_asked(&key), 1, "{id}");
    }
}

#[test]
fn names_are_refreshed_by_one_question_about_changes_and_not_one_by_one() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2")]);
    provider.team("t1", "Alpha Town");
    provider.team("t2", "Beta Rovers");
    let chain = Chain::new();
    let daily = [("REFERENCE_TTL", "1day")];
    cycle(&chain, &provider, &daily);
    cycle(&chain, &provider, &daily);
    assert_eq!(provider.times_asked("team/additional/list?time"), 0);
    let row = json!([{"id": "t1", "name": "Alpha City", "updated_at": 99},
                     {"id": "t8", "name": "Strangers", "updated_at": 99}]);
    provider.rows("team/additional/list?time", row);
    // Two days on, as far as the cache is concerned.
    let cache = chain.path().join("state/reference.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&cache).unwrap()).unwrap();
    for kind in ["team", "competition"] {
        for entry in kept[kind]["entries"].as_object_mut().unwrap().values_mut() {
            entry["at"] = (entry["at"].as_i64().unwrap() - 30 * 3600).into();
        }
    }
    fs::write(&cache, kept.to_string()).unwrap();
    let (document, _) = cycle(&chain, &provider, &daily);
    assert_eq!(provider.times_asked("team/additional/list?time"), 1);
    assert_eq!(provider.times_asked("team/additional/list?uuid=t1"), 1);
    let name = |id: &str| document["team_info"][id]["results"][0]["name"].clone();
    assert_eq!([name("t1"), name("t2")], ["Alpha City", "Beta Rovers"]);
    assert_eq!(document["team_info"].get("t8"), None);
}

#[test]
fn without_odds_update_in_the_plan_it_is_said_once_and_running_matches_are_all_asked_for() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2"), ("m2", "t2", "t1")]);
    provider.raw("odds/update", OUT_OF_PLAN);
    let chain = Chain::new();
    let (document, said) = cycle(&chain, &provider, &[]);
    assert_eq!(document["fetch"]["out_of_plan"], json!(["odds/update"]));
    assert!(said.contains("done without it"), "{said}");
    let (document, said) = cycle(&chain, &provider, &[]);
    assert!(!said.contains("done without it"), "said again: {said}");
    assert_eq!(provider.times_asked("odds/update"), 1);
    assert_eq!(document["fetch"]["by_endpoint"]["odds/history"], 2);
    assert_eq!(document["fetch"]["completeness"], 1.0);
}

#[test]
fn details_outside_the_plan_are_a_refusal_and_not_a_cycle_without_names() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2"), ("m2", "t2", "t1")]);
    let chain = Chain::new();
    cycle(&chain, &provider, &[]);
    let good = fs::read(chain.output(1)).unwrap();
    // Lapsed: what is known carries it on, until the matches are mostly others.
    provider.raw("match/recent/list?time", OUT_OF_PLAN);
    let (document, said) = cycle(&chain, &provider, &[]);
    assert_eq!(
        document["fetch"]["out_of_plan"],
        json!(["match/recent/list"])
    );
    assert!(said.contains("done without it"), "{said}");
    provider.matches(&[("m1", "t1", "t2"), ("m3", "t2", "t1"), ("m4", "t1", "t2")]);
    let kept = fs::read(chain.output(1)).unwrap();
    let output = run(&chain, &provider, &[]);
    let said = message(&output);
    assert_eq!(output.status.code(), Some(77), "{said}");
    assert!(
        said.contains("2 of 3 matches have neither names nor a kick-off"),
        "{said}"
    );
    assert_eq!(fs::read(chain.output(1)).unwrap(), kept);
    assert_ne!(kept, good);
    // As soon as the plan has it, the next run sees that.
    provider.rows("match/recent/list?time", json!([]));
    cycle(&chain, &provider, &[]);
    // And when nothing was known from the start.
    for id in ["m1", "m3", "m4"] {
        provider.raw(&format!("match/recent/list?uuid={id}"), OUT_OF_PLAN);
    }
    let output = run(&Chain::new(), &provider, &[]);
    assert_eq!(output.status.code(), Some(77), "{}", message(&output));
}

/// A site with one table.
fn site(rows: &[[&str; 5]]) -> String {
    let provider = Provider::start();
    let row = |cells: &[&str; 5]| format!("<tr><td>{}</tr>", cells.join("<td>"));
    let table: String = rows.iter().map(row).collect();
    provider.raw("/odds", &format!("<table>{table}</table>"));
    format!("{}/odds", provider.url)
}

fn page(book: &str, url: &str, more: &str) -> String {
    let column = |nth: u8| format!("\"td:nth-child({nth})\"");
    format!(
        "[[page]]\nbook = \"{book}\"\nurl = \"{url}\"\nrows = \"tr\"\nhome = {}\naway = {}\nhome_price = {}\n\
         draw_price = {}\naway_price = {}\n{more}\n",
        column(1),
        column(2),
        column(3),
        column(4),
        column(5)
    )
}

#[test]
fn pages_in_every_price_format_give_the_same_prices() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2")]);
    provider.team("t1", "Alpha Town");
    provider.team("t2", "Beta Rovers");
    let chain = Chain::new();
    let formats = [
        ("decimal", ["2.50", "3.25", "3.00"]),
        ("american", ["+150", "+225", "+200"]),
        ("fractional", ["6/4", "9/4", "2/1"]),
        ("hong_kong", ["1.50", "2.25", "2.00"]),
    ];
    let pages: String = formats
        .iter()
        .map(|(format, [home, draw, away])| {
            let url = site(&[["Alpha Town", "Beta Rovers", home, draw, away]]);
            page(format, &url, &format!("format = \"{format}\""))
        })
        .collect();
    fs::write(chain.path().join("football-bot.toml"), pages).unwrap();
    let (document, said) = cycle(&chain, &provider, &[]);
    let books = &document["page_odds"]["matches"]["m1"];
    for (nth, (format, _)) in formats.iter().enumerate() {
        let tick = &books[(1_000_001 + nth).to_string()]["eu"][0];
        let prices = [2, 3, 4].map(|place| tick[place].as_f64().unwrap());
        assert_eq!(prices, [2.5, 3.25, 3.0], "{format}: {said}");
    }
}

#[test]
fn two_matches_of_the_same_names_are_told_apart_by_an_alias_and_never_by_guess() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2"), ("m2", "t3", "t4")]);
    for (id, name) in [
        ("t1", "Alpha Town"),
        ("t2", "Beta Rovers"),
        ("t3", "Alpha Town"),
        ("t4", "Beta Rovers"),
    ] {
        provider.team(id, name);
    }
    let chain = Chain::new();
    let url = site(&[
        ["Alpha Town", "Beta Rovers", "2.50", "3.25", "3.00"],
        ["Alpha Ladies", "Beta Ladies", "1.50", "4.00", "7.00"],
    ]);
    let configure = |aliases: &str| {
        let text = page("Corner Shop", &url, aliases);
        fs::write(chain.path().join("football-bot.toml"), text).unwrap();
    };
    configure("");
    let (document, _) = cycle(&chain, &provider, &[]);
    let joined = document["page_odds"]["matches"].as_object();
    assert!(
        joined.is_none_or(|matches| matches.is_empty()),
        "neither is sure: {joined:?}"
    );
    let report = &document["fetch"]["pages"][0];
    assert_eq!(report["matched"], 0, "{report}");
    assert_eq!(report["unmatched"].as_array().unwrap().len(), 2, "{report}");
    configure("aliases = { \"Alpha Ladies\" = \"t3\", \"Beta Ladies\" = \"t4\" }");
    let _ = fs::remove_file(chain.path().join("state/pages.json"));
    let (document, _) = cycle(&chain, &provider, &[]);
    let matches = document["page_odds"]["matches"].as_object().unwrap();
    assert_eq!(matches.keys().collect::<Vec<_>>(), ["m2"]);
    assert_eq!(matches["m2"]["1000001"]["eu"][0][2], 1.5);
}
