//! Faults on the wire, as a client meets them; the control endpoint; a recording behind the interface.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use sandbox::Evening;
use sandbox::server::{
    Clock, Credentials, FAULTS, Faults, Latency, Recording, Requests, Server, Source,
};
use serde_json::{Value, json};

const START: i64 = 1_764_442_800;

fn serve(server: Server) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
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
    address
}

fn evening() -> Server {
    let source = Source::Evening(Evening::new(1, 8, START), Clock::new(START, 0.0));
    let faults = Faults::new(
        1,
        Latency::default(),
        Vec::new(),
        Duration::from_millis(300),
    );
    Server::new(source, Credentials::Any, 0).with_faults(faults)
}

/// Sends a request of `method` and gives head, body and how the connection ended.
fn talk(
    address: SocketAddr,
    method: &str,
    target: &str,
    body: &str,
) -> (String, Vec<u8>, Option<ErrorKind>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).err().map(|why| why.kind());
    let Some(at) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return (String::new(), answer, end);
    };
    let head = String::from_utf8(answer[..at].to_vec()).unwrap();
    (head.to_ascii_lowercase(), answer[at + 4..].to_vec(), end)
}

fn get(address: SocketAddr, path: &str) -> (String, Vec<u8>, Option<ErrorKind>) {
    let and = if path.contains('?') { '&' } else { '?' };
    let target = format!("/v1/football/{path}{and}user=known-user&secret=hush-hush");
    talk(address, "GET", &target, "")
}

fn switch(address: SocketAddr, rules: &str) -> Value {
    let (head, body, _) = talk(address, "POST", "/_sandbox/faults", rules);
    assert!(head.starts_with("http/1.1 200"), "{head}");
    serde_json::from_slice(&body).unwrap()
}

fn requests(address: SocketAddr) -> Vec<Value> {
    let (_, body, _) = talk(address, "GET", "/_sandbox/requests", "");
    let body: Value = serde_json::from_slice(&body).unwrap();
    body["requests"].as_array().unwrap().clone()
}

#[test]
fn every_fault_can_be_switched_on_and_off_while_it_runs() {
    let address = serve(evening());
    let (_, right, _) = get(address, "country/list");
    for (_, name, _) in FAULTS {
        let rule = format!("{name}:1:country/list");
        assert_eq!(switch(address, &rule)["faults"], json!([rule]));
        // What holds the line open or floods it has its own tests.
        if !matches!(name, "hang" | "stall" | "oversized") {
            let (head, body, end) = get(address, "country/list");
            let differs = (head, body, end) != get(address, "match/detail_live");
            assert!(differs, "{name}");
        }
    }
    assert_eq!(switch(address, "")["faults"], json!([]));
    assert_eq!(get(address, "country/list").1, right);
    let faults: Vec<_> = requests(address)
        .iter()
        .filter_map(|entry| entry["fault"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(faults.len(), FAULTS.len() - 3, "{faults:?}");
    let (head, said, _) = talk(address, "POST", "/_sandbox/faults", "nothing:1");
    assert!(head.starts_with("http/1.1 400"), "{head}");
    assert!(String::from_utf8(said).unwrap().contains("no fault"));
}

#[test]
fn an_answer_breaks_off_stalls_or_is_reset_on_the_wire() {
    let address = serve(evening());
    let length = |head: &str| -> usize {
        let line = head.lines().find(|line| line.starts_with("content-length"));
        line.unwrap().split(": ").nth(1).unwrap().parse().unwrap()
    };
    switch(address, "truncate:1");
    let (head, body, end) = get(address, "country/list");
    assert_eq!(end, None);
    assert_eq!(body.len(), length(&head) / 2);
    switch(address, "stall:1");
    let (head, body, end) = get(address, "country/list");
    assert_eq!(end, Some(ErrorKind::WouldBlock), "it is still open");
    assert_eq!(body.len(), length(&head) / 2);
    switch(address, "hang:1");
    let (_, body, end) = get(address, "country/list");
    assert_eq!((body.len(), end), (0, Some(ErrorKind::WouldBlock)));
    switch(address, "reset:1");
    let (_, body, end) = get(address, "country/list");
    assert_eq!((body.len(), end), (0, Some(ErrorKind::ConnectionReset)));
}

#[test]
fn right_answers_come_in_odd_ways_and_are_still_right() {
    let address = serve(evening());
    let (_, right, _) = get(address, "country/list");
    switch(address, "no-length:1");
    let (head, body, _) = get(address, "country/list");
    assert!(!head.contains("content-length") && !head.contains("transfer-encoding"));
    assert_eq!(body, right);
    switch(address, "chunked:1");
    let (head, body, _) = get(address, "country/list");
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(body.starts_with(b"3e8\r\n") && body.ends_with(b"0\r\n\r\n"));
    switch(address, "slow:1");
    let began = std::time::Instant::now();
    assert_eq!(get(address, "country/list").1, right);
    assert!(began.elapsed() >= Duration::from_millis(250));
    switch(address, "oversized:1");
    let (_, body, end) = get(address, "country/list");
    assert_eq!(end, None);
    assert_eq!(body.len(), right.len() + (80 << 20));
}

#[test]
fn the_record_of_requests_holds_everything_but_who_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("requests.jsonl");
    let server = evening().with_requests(Requests::to_file(&file).unwrap());
    let address = serve(server);
    get(address, "odds/history?uuid=nobodyknowsthis");
    get(address, "match/recent/list?time=1764442800");
    get(address, "hush-hush/known-user");
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        !text.contains("hush") && !text.contains("known-user"),
        "{text}"
    );
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["path"], "odds/history");
    assert_eq!(lines[0]["id"], "nobodyknowsthis");
    assert_eq!(lines[0]["status"], 200);
    assert_eq!(lines[0]["query"], json!(["uuid", "user", "secret"]));
    assert_eq!(lines[1]["time"], 1_764_442_800);
    assert!(lines[1]["bytes"].as_u64().unwrap() > 20);
    assert_eq!(requests(address).len(), 3);
    talk(address, "DELETE", "/_sandbox/requests", "");
    assert!(requests(address).is_empty());
}

#[test]
fn latency_can_be_set_while_it_runs() {
    let address = serve(evening());
    let (head, _, _) = talk(address, "POST", "/_sandbox/latency", "200ms");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let began = std::time::Instant::now();
    get(address, "country/list");
    assert!(began.elapsed() >= Duration::from_millis(200));
    let (head, _, _) = talk(address, "POST", "/_sandbox/latency", "soon");
    assert!(head.starts_with("http/1.1 400"), "{head}");
}

#[test]
fn a_recording_is_served_as_it_was_recorded() {
    let evening = Evening::new(1, 8, START);
    let made = evening.recording(START);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.json");
    fs::write(&file, serde_json::to_vec_pretty(&made).unwrap()).unwrap();
    let recording = Recording::read(&file).unwrap();
    assert_eq!(recording.matches(), 8);
    let source = Source::Recording(Box::new(recording));
    let address = serve(Server::new(source, Credentials::Any, 0));
    let ask = |path: &str| -> Value { serde_json::from_slice(&get(address, path).1).unwrap() };
    assert_eq!(ask("match/detail_live"), made["live_matches"]);
    assert_eq!(ask("country/list"), made["countries"]);
    for (key, path) in [
        ("match_details", "match/recent/list"),
        ("match_odds", "odds/history"),
        ("team_info", "team/additional/list"),
        ("competition_info", "competition/additional/list"),
    ] {
        let bodies = made[key].as_object().unwrap();
        assert!(!bodies.is_empty());
        for (id, body) in bodies {
            assert_eq!(&ask(&format!("{path}?uuid={id}")), body, "{path}");
        }
        assert_eq!(ask(&format!("{path}?uuid=another"))["code"], 100_003);
    }
    let all = ask("match/recent/list?time=0");
    assert_eq!(all["results"].as_array().unwrap().len(), 8);
    let newest = all["query"]["max_time"].as_i64().unwrap();
    let later = ask(&format!("match/recent/list?time={}", newest + 1));
    assert_eq!(later["results"], json!([]));
    let updates = ask("odds/update");
    assert!(made["match_odds"][updates["results"][0]["id"].as_str().unwrap()].is_object());
}

#[test]
fn an_evening_of_live_matches_has_nothing_else_for_a_quarter_of_an_hour() {
    let evening = Evening::all_live(1, 102, START);
    for now in [START, START + 450, START + 900] {
        let live = evening.live_matches(now);
        let rows = live["results"].as_array().unwrap();
        assert_eq!(rows.len(), 102);
        for row in rows {
            let status = row["score"][1].as_i64().unwrap();
            assert!((2..=4).contains(&status), "{status} at {now}");
        }
    }
}
