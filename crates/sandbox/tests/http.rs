//! The interface over a real socket: what a client of the provider would meet.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use flate2::read::GzDecoder;
use sandbox::Evening;
use sandbox::server::{Clock, Credentials, Server, Source};
use serde_json::Value;

const START: i64 = 1_764_442_800;

/// A server of its own for each test; its clock stands still.
fn serve(credentials: Credentials, requests_per_minute: u32) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let evening = Evening::new(1, 45, START);
    let source = Source::Evening(evening, Clock::new(START, 0.0));
    let server = Server::new(source, credentials, requests_per_minute);
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
    address
}

/// Head and body of the answer to a GET, with one more header line.
fn get(address: SocketAddr, target: &str, header: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {target} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n{header}\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    (head.to_ascii_lowercase(), answer[end + 4..].to_vec())
}

/// The JSON that `path` answers to a known user.
fn ask(address: SocketAddr, path: &str) -> Value {
    let and = if path.contains('?') { '&' } else { '?' };
    let (head, body) = get(
        address,
        &format!("/v1/football/{path}{and}user=me&secret=mine"),
        "",
    );
    assert!(head.starts_with("http/1.1 200"), "{head}");
    serde_json::from_slice(&body).unwrap()
}

fn total(body: &Value) -> u64 {
    assert_eq!(body["code"], 0, "{body}");
    let rows = body["results"].as_array().unwrap().len() as u64;
    assert_eq!(body["query"]["total"], rows);
    rows
}

#[test]
fn without_good_credentials_the_address_is_blamed() {
    let only = Credentials::Only {
        user: "me".to_owned(),
        secret: "mine".to_owned(),
    };
    let (any, only) = (serve(Credentials::Any, 0), serve(only, 0));
    let refused = r#"{"err":"IP is not authorized to access, please contact our business staff."}"#;
    for (address, query) in [
        (any, ""),
        (any, "?user=me"),
        (any, "?user=me&secret="),
        (any, "?user=&secret=mine"),
        (only, "?user=me&secret=other"),
        (only, "?user=you&secret=mine"),
    ] {
        let (head, body) = get(address, &format!("/v1/football/country/list{query}"), "");
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(String::from_utf8(body).unwrap(), refused, "{query}");
    }
    for address in [any, only] {
        assert_eq!(ask(address, "country/list")["code"], 0);
    }
}

#[test]
fn an_unknown_path_is_not_in_the_plan() {
    let address = serve(Credentials::Any, 0);
    let refused =
        r#"{"err":"URL is not authorized to access, please contact our business staff."}"#;
    for path in [
        "/",
        "/v1/football/",
        "/v1/football/nothing",
        "/v2/football/country/list",
    ] {
        let (head, body) = get(address, &format!("{path}?user=me&secret=mine"), "");
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert_eq!(String::from_utf8(body).unwrap(), refused, "{path}");
    }
}

#[test]
fn an_id_nobody_has_is_an_invalid_parameter_and_other_parameters_are_ignored() {
    let address = serve(Credentials::Any, 0);
    let live = ask(address, "match/detail_live?match_id=whatever");
    assert_eq!(live["results"].as_array().unwrap().len(), 45);
    for path in [
        "match/recent/list?uuid=nobodyknowsthis",
        "odds/history?uuid=%00",
        "odds/history",
        "team/additional/list?uuid=",
        "competition/additional/list?uuid=1",
    ] {
        let body = ask(address, path);
        assert_eq!(body["code"], 100_003, "{path}");
        assert_eq!(body["msg"], "Invalid parameter 'uuid' value.");
    }
}

#[test]
fn a_cycle_of_requests_gives_what_the_library_gives() {
    let address = serve(Credentials::Any, 0);
    let evening = Evening::new(1, 45, START);
    let live = ask(address, "match/detail_live");
    assert_eq!(live, evening.live_matches(START));
    for row in live["results"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        let detail = ask(address, &format!("match/recent/list?uuid={id}"));
        assert_eq!(Some(&detail), evening.match_detail(id, START).as_ref());
        let odds = ask(address, &format!("odds/history?uuid={id}"));
        assert_eq!(Some(&odds), evening.odds_history(id, START).as_ref());
        let team = detail["results"][0]["home_team_id"].as_str().unwrap();
        let row = ask(address, &format!("team/additional/list?uuid={team}"));
        assert_eq!(Some(row), evening.team(team));
    }
    let changed = ask(address, "odds/live");
    let rows = changed["results"].as_object().unwrap().values();
    for row in rows.flat_map(|rows| rows.as_array().unwrap()) {
        assert!(
            (START - 60..=START).contains(&row[2][0].as_i64().unwrap()),
            "{row}"
        );
        assert_eq!(row[3], row[2][7]);
    }
    assert!(
        !ask(address, "odds/update")["results"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn pages_end_with_an_empty_one_and_time_gives_changes_in_order() {
    let address = serve(Credentials::Any, 0);
    for list in [
        "match/recent/list",
        "team/additional/list",
        "competition/additional/list",
    ] {
        assert!(total(&ask(address, &format!("{list}?page=1"))) > 0);
        assert_eq!(total(&ask(address, &format!("{list}?page=2"))), 0);
        assert_eq!(ask(address, &format!("{list}?page=x"))["code"], 100_003);
        let all = ask(address, &format!("{list}?time=0"));
        assert!(total(&all) > 0);
        let times: Vec<_> = all["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["updated_at"].as_i64().unwrap())
            .collect();
        assert!(times.is_sorted(), "{list}");
        let newest = times.last().unwrap();
        assert_eq!(all["query"]["max_time"], *newest);
        assert_eq!(
            total(&ask(address, &format!("{list}?time={}", newest + 1))),
            0
        );
    }
    let diary = ask(address, &format!("match/diary?tsp={START}"));
    let kickoffs = diary["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["match_time"].as_i64().unwrap());
    let kickoffs: Vec<_> = kickoffs.collect();
    assert!(kickoffs.len() > 45 * 7, "{} in a day", kickoffs.len());
    assert!(
        kickoffs
            .iter()
            .all(|at| (START..START + 86_400).contains(at))
    );
}

#[test]
fn over_the_limit_an_endpoint_refuses_with_http_200_and_the_others_go_on() {
    let address = serve(Credentials::Any, 3);
    let live = ask(address, "match/detail_live");
    let id = live["results"][0]["id"].as_str().unwrap();
    let codes: Vec<_> = (0..5)
        .map(|_| ask(address, &format!("odds/history?uuid={id}"))["code"].clone())
        .collect();
    assert_eq!(codes, [0, 0, 0, 429, 429]);
    let refused = ask(address, &format!("odds/history?uuid={id}"));
    assert_eq!(refused["msg"], "Too Many Requests");
    assert_eq!(
        ask(address, &format!("match/recent/list?uuid={id}"))["code"],
        0
    );
    assert_eq!(ask(address, "match/detail_live")["code"], 0);
}

#[test]
fn bodies_are_packed_for_those_who_take_it_only() {
    let address = serve(Credentials::Any, 0);
    let target = "/v1/football/country/list?user=me&secret=mine";
    let (head, plain) = get(address, target, "");
    assert!(!head.contains("content-encoding"), "{head}");
    let (head, refused) = get(address, target, "Accept-Encoding: gzip;q=0, br\r\n");
    assert!(!head.contains("content-encoding"), "{head}");
    assert_eq!(plain, refused);
    let (head, packed) = get(address, target, "Accept-Encoding: br, gzip\r\n");
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(packed.len() * 2 < plain.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain);
}

#[test]
fn only_get_is_allowed() {
    let address = serve(Credentials::Any, 0);
    let mut stream = TcpStream::connect(address).unwrap();
    let post = "POST /v1/football/country/list HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(post.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}
