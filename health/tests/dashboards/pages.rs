//! What `health serve` answers, to whom, and how large that is.

use std::fs;
use std::io::{BufWriter, Write};
use std::net::TcpListener;

use chrono::{TimeDelta, Utc};
use journal::CycleOutcome;
use serde_json::{Value, json};

use crate::place::Place;
use crate::product::{document_of, full_match};
use crate::server::Server;

pub const HOSTILE: &str = "<script>alert(1)</script>\"'&";

pub fn well() -> (Place, journal::lock::Lock) {
    let mut place = Place::new();
    let lock = place.orchestrator();
    place.files(10, "sandbox");
    for age in [130, 70, 10] {
        place.cycle(age, CycleOutcome::Ok);
    }
    let mut hostile = full_match("m2");
    hostile["home_team"] = json!(HOSTILE);
    hostile["competition"] = json!(HOSTILE);
    product(&place, 10, &[full_match("m1"), hostile]);
    (place, lock)
}

fn product(place: &Place, age: i64, matches: &[Value]) {
    let fetched = Utc::now() - TimeDelta::seconds(age);
    let until = pipeline::handoff::instant(fetched + TimeDelta::seconds(120));
    let text = document_of("sandbox", fetched, matches);
    let text = text.replacen(
        "\"data_age_s\"",
        &format!("\"fresh_until\":\"{until}\",\"data_age_s\""),
        1,
    );
    fs::write(place.data("step5/step5.json"), text).unwrap();
}

#[test]
fn every_address_answers_and_none_lets_a_page_load_from_elsewhere() {
    let (place, _lock) = well();
    fs::create_dir_all(place.data("logs")).unwrap();
    fs::write(
        place.data("logs/x_20261124.log"),
        "2026-11-24T06:00:00Z ERROR step1: <b>no</b>\n2026-11-24T06:00:01Z INFO  step2: well\n",
    )
    .unwrap();
    let server = Server::of(&place, &[]);
    for (path, kind, words) in [
        ("/", "text/html", "3 of 3 cycles good"),
        ("/?range=7d", "text/html", "Cycles, 7d"),
        ("/matches", "text/html", "+225"),
        (
            "/matches?format=decimal&sort=move&status=live&q=HJK",
            "text/html",
            "1 of 2 matches",
        ),
        ("/matches/m1", "text/html", "Consensus of 4 books"),
        ("/alerts", "text/html", "All 21 rules"),
        ("/logs", "text/html", "&lt;b&gt;no&lt;/b&gt;"),
        ("/api/v1/status", "application/json", "\"status\":\"pass\""),
        ("/api/v1/matches", "application/json", "\"fresh\":true"),
        ("/health", "application/health+json", "\"status\":\"pass\""),
        ("/livez", "text/plain", "ok"),
        ("/readyz", "text/plain", "ok"),
        (
            "/metrics",
            "text/plain; version=0.0.4",
            "football_bot_orchestrator_up 1",
        ),
        ("/style.css", "text/css", "prefers-color-scheme"),
        ("/live.js", "text/javascript", "fetch"),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.head.contains(&format!("content-type: {kind}")),
            "{path}: {}",
            answer.head
        );
        assert!(
            answer
                .head
                .contains("content-security-policy: default-src 'none'"),
            "{path}"
        );
        assert!(
            answer.head.contains("x-content-type-options: nosniff"),
            "{path}"
        );
        assert!(
            answer.body.contains(words),
            "{path} lacks {words}: {}",
            answer.body
        );
        if kind == "text/html" {
            let outside = answer
                .body
                .replace("http-equiv", "")
                .replace("http://www.w3.org/2000/svg", "");
            assert!(
                !outside.contains("http") && !outside.contains("//"),
                "{path}: {outside}"
            );
            assert!(
                !answer.body.contains(" style=") && !answer.body.contains("<script>"),
                "{path}"
            );
        }
    }
    let errors = server.get("/logs?level=error").body;
    assert!(errors.contains("&lt;b&gt;") && !errors.contains("step2: well"));
}

#[test]
fn names_are_escaped_and_the_api_has_them_as_they_are() {
    let (place, _lock) = well();
    let server = Server::of(&place, &[]);
    for path in ["/matches", "/matches/m2", "/matches?q=%3Cscript%3E"] {
        let body = server.get(path).body;
        assert!(body.contains("&lt;script&gt;alert(1)"), "{path}");
        assert!(!body.contains("<script>"), "{path}");
    }
    let answer: Value =
        serde_json::from_str(&server.get("/api/v1/matches?sort=time").body).unwrap();
    let names: Vec<_> = answer["matches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["home"].as_str().unwrap())
        .collect();
    assert!(names.contains(&HOSTILE));
    assert_eq!(
        answer["matches"][0]["result"]["prices"],
        json!([3.25, 3.6, 1.95])
    );
}

#[test]
fn old_data_and_a_dead_orchestrator_fail_their_probes() {
    let (place, lock) = well();
    product(&place, 500, &[full_match("m1")]);
    let server = Server::of(&place, &[]);
    assert_eq!(server.get("/readyz").status, 503);
    assert_eq!(server.get("/livez").status, 200);
    assert!(
        server
            .get("/matches")
            .body
            .contains("no price here may be bet on")
    );
    assert!(
        server
            .get("/api/v1/matches")
            .body
            .contains("\"fresh\":false")
    );
    drop(lock);
    drop(server);
    let server = Server::of(&place, &[]);
    assert_eq!(server.get("/livez").status, 503);
    assert_eq!(server.get("/health").status, 503);
    let page = server.get("/");
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("CRITICAL") && page.body.contains("not running"),
        "{}",
        page.body
    );
}

#[test]
fn what_is_not_there_and_what_is_not_asked_for_rightly_is_refused() {
    let (place, _lock) = well();
    let server = Server::of(&place, &[]);
    assert_eq!(server.get("/nothing").status, 404);
    assert_eq!(server.get("/matches/../../etc/passwd").status, 404);
    assert_eq!(server.get("/matches/nobody").status, 404);
    assert_eq!(server.get(&format!("/{}", "x".repeat(2000))).status, 414);
    let ask = |head: &str| {
        server
            .ask(&format!("{head}\r\nConnection: close\r\n\r\n"))
            .status
    };
    assert_eq!(
        ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0"),
        405
    );
    assert_eq!(ask("GET / HTTP/1.1\r\nHost: evil.example"), 403);
    assert_eq!(ask("GET / HTTP/1.1\r\nHost: localhost:1"), 200);
    assert_eq!(ask("HEAD / HTTP/1.1\r\nHost: localhost:1"), 200);
}

#[test]
fn beyond_this_machine_a_token_is_needed_and_it_is_never_shown() {
    const TOKEN: &str = "correct-horse-battery";
    let (place, _lock) = well();
    let refused = place.health(&["serve", "--listen", "0.0.0.0:0", "--data-dir", "data"]);
    assert_eq!(refused.code, 3);
    assert!(
        refused.stderr.contains("a token is needed"),
        "{}",
        refused.stderr
    );
    let file = place.data("token");
    fs::write(&file, "short\n").unwrap();
    let named = file.display().to_string();
    let short = place.health(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--token-file",
        &named,
        "--data-dir",
        "data",
    ]);
    assert_eq!(short.code, 3);
    assert!(
        short.stderr.contains("too short") && !short.stderr.contains("`short`"),
        "{}",
        short.stderr
    );
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let server = Server::of(&place, &["--token-file", &named]);
    let without = server.get("/");
    assert_eq!(without.status, 401);
    assert!(without.head.contains("www-authenticate: basic") && !without.body.contains(TOKEN));
    assert_eq!(server.get("/metrics").status, 401);
    assert_eq!(server.get("/livez").status, 200);
    let with = |secret: &str| {
        server.ask(&format!("GET / HTTP/1.1\r\nHost: anything\r\nAuthorization: Bearer {secret}\r\nConnection: close\r\n\r\n"))
    };
    assert_eq!(with("wrong-horse-battery-x").status, 401);
    let page = with(TOKEN);
    assert_eq!(page.status, 200);
    assert!(!page.body.contains(TOKEN) && !page.head.contains(TOKEN));
}

#[test]
fn a_port_that_is_taken_is_said_with_what_to_do() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = place.health(&["serve", "--listen", &address]);
    assert_eq!(said.code, 3);
    assert!(
        said.stderr.contains(&address) && said.stderr.contains("--listen"),
        "{}",
        said.stderr
    );
    assert_eq!(place.health(&["serve", "--listen", "nonsense"]).code, 3);
}

#[test]
fn a_page_with_everything_on_it_stays_below_sixty_kilobytes() {
    let (place, _lock) = well();
    let many: Vec<_> = (0..150).map(|n| full_match(&format!("m{n}"))).collect();
    product(&place, 5, &many);
    let server = Server::of(&place, &[]);
    let shared = server.get("/style.css").body.len() + server.get("/live.js").body.len();
    for path in ["/", "/matches", "/matches/m1", "/alerts", "/logs"] {
        let all = server.get(path).body.len() + shared;
        assert!(all < 60_000, "{path}: {all} bytes");
    }
    let second = server.get("/matches?page=2").body;
    assert!(second.contains("150 of 150 matches") && second.contains("page=3"));
}

#[test]
fn price_histories_of_forty_megabytes_are_shown_and_not_held() {
    let (place, _lock) = well();
    let now = Utc::now().timestamp();
    // Newest first; the same prices for every match but ours, which stands last.
    let series = |home: f64| {
        let ticks = (0..6000).map(|n| json!([now - n * 2, "16", home, 3.6, 1.95, 2, 0, "0-0"]));
        json!({"code": 0, "results": {"2": {"eu": ticks.collect::<Vec<_>>()}}}).to_string()
    };
    let (others, ours) = (series(9.0), series(3.25));
    let mut file = BufWriter::new(fs::File::create(place.data("step1.json")).unwrap());
    write!(file, "{{\"match_odds\":{{").unwrap();
    let mut bytes = 0;
    while bytes < 40_000_000 {
        write!(file, "\"other{bytes}\":{others},").unwrap();
        bytes += others.len();
    }
    write!(file, "\"m1\":{ours}}}}}").unwrap();
    file.into_inner().unwrap();
    let server = Server::of(&place, &[]);
    for _ in 0..3 {
        let page = server.get("/matches/m1").body;
        assert!(page.contains("6000 prices"), "{page}");
        assert_eq!(server.get("/matches").status, 200);
    }
    assert!(server.peak() < 40_000_000, "{} bytes", server.peak());
}
