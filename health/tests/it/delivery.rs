//! The sinks of `health watch`: each gets what it takes, also one that answers badly or not at all.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use journal::CycleOutcome::Ok as Good;
use serde_json::Value;

use crate::place::Place;
use crate::server::Answer::{Die, Hang, Says, Status};
use crate::server::Server;
use crate::watcher::{
    TOKEN, Watch, body, command, configure, dead, remembered, sink, status, until, written,
};

#[test]
fn every_kind_of_sink_gets_what_it_takes_and_no_token_is_written_anywhere() {
    let place = dead();
    let server = Server::start(vec![Status(200, "")]);
    let secret = |path: &str| {
        let file = place.data(&format!("url{}", path.replace('/', "_")));
        fs::create_dir_all(place.data("")).unwrap();
        fs::write(&file, server.url(path)).unwrap();
        format!("url_file = \"{}\"", file.display())
    };
    let telegram = format!(
        "to = \"42\"\nurl = \"{}\"\ntoken_file = \"data/token\"",
        server.url("")
    );
    let ntfy = format!(
        "url = \"{}\"\ntoken_file = \"data/token\"",
        server.url("/ntfy")
    );
    let out = place.data("command.json");
    let sinks = [
        sink("t", "telegram", &telegram),
        sink("d", "discord", &secret("/discord-secret")),
        sink("s", "slack", &secret("/slack-secret")),
        sink("n", "ntfy", &ntfy),
        sink(
            "w",
            "webhook",
            &format!("url = \"{}\"", server.url("/hook")),
        ),
        sink("p", "ping", &secret("/ping-secret")),
        sink(
            "c",
            "command",
            &format!("command = [\"sh\", \"-c\", \"cat > {}\"]", out.display()),
        ),
    ];
    configure(&place, &sinks.concat());
    let watch = Watch::start(&place);
    let requests = server.wait_for(6);
    let find = |start: &str| {
        requests
            .iter()
            .map(|(_, text)| text.as_str())
            .find(|text| text.starts_with(start))
            .unwrap_or_else(|| panic!("no {start} in {requests:?}"))
    };
    let first = "[CRIT] vps1 ServiceDown: the orchestrator is not running";
    let telegram = body(find(&format!("POST /bot{TOKEN}/sendMessage ")));
    assert!(
        telegram["text"].as_str().unwrap().starts_with(first),
        "{telegram}"
    );
    assert_eq!(
        (&telegram["chat_id"], &telegram["disable_notification"]),
        (&"42".into(), &false.into())
    );
    let discord = body(find("POST /discord-secret "));
    assert!(
        discord["embeds"][0]["title"]
            .as_str()
            .unwrap()
            .starts_with(first)
    );
    assert!(
        body(find("POST /slack-secret "))["text"]
            .as_str()
            .unwrap()
            .starts_with(first)
    );
    let ntfy = find("POST /ntfy ").to_lowercase();
    assert!(
        ntfy.contains("priority: 5") && ntfy.contains("title: [crit] vps1 servicedown"),
        "{ntfy}"
    );
    assert!(ntfy.contains(&format!("authorization: bearer {TOKEN}")));
    let hook = body(find("POST /hook "));
    assert_eq!(
        (hook["version"].as_str(), hook["status"].as_str()),
        (Some("4"), Some("firing"))
    );
    assert_eq!(hook["alerts"][0]["labels"]["alertname"], "ServiceDown");
    assert_eq!(
        hook["alerts"][0]["annotations"]["runbook_url"],
        "docs/ALERTS.md#servicedown"
    );
    find("POST /ping-secret/fail ");
    until("the command gets the same", || {
        fs::read_to_string(&out)
            .is_ok_and(|text| serde_json::from_str::<Value>(&text).is_ok_and(|v| v == hook))
    });
    let listed = command(&place, &["alerts"]).output().unwrap();
    assert_eq!(listed.status.code(), Some(2));
    drop(watch);
    let tried = command(&place, &["alerts", "test", "-vv"])
        .output()
        .unwrap();
    let mut text = written(&place, &["token", "url_", "football-bot.toml"]);
    for output in [listed, tried] {
        text.push_str(&String::from_utf8(output.stdout).unwrap());
        text.push_str(&String::from_utf8(output.stderr).unwrap());
    }
    for secret in [TOKEN, "-secret", &server.url("")] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_sink_that_asks_for_time_fails_or_dies_gets_the_message_in_the_end_and_once() {
    let place = dead();
    let server = Server::start(vec![
        Status(429, "Retry-After: 1\r\n"),
        Status(500, ""),
        Die,
        Status(200, ""),
    ]);
    configure(
        &place,
        &sink(
            "w",
            "webhook",
            &format!("url = \"{}\"", server.url("/hook")),
        ),
    );
    let _watch = Watch::start(&place);
    let requests = server.wait_for(4);
    assert!(requests[1].0 - requests[0].0 >= Duration::from_millis(990));
    until("its state is written", || {
        let text = fs::read_to_string(place.data("state/sinks/w.json")).unwrap_or_default();
        serde_json::from_str::<Value>(&text).is_ok_and(|v| v["queued"] == 0 && v["delivered"] == 1)
    });
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(server.requests().len(), 4, "delivered is delivered");
}

#[test]
fn a_sink_that_hangs_holds_up_neither_the_others_nor_the_evaluation() {
    let place = dead();
    let (hangs, works) = (
        Server::start(vec![Hang]),
        Server::start(vec![Status(200, "")]),
    );
    let sinks = [
        sink(
            "hangs",
            "webhook",
            &format!("url = \"{}\"\ntimeout = \"30s\"", hangs.url("/")),
        ),
        sink("works", "webhook", &format!("url = \"{}\"", works.url("/"))),
    ];
    configure(&place, &sinks.concat());
    let begun = Instant::now();
    let _watch = Watch::start(&place);
    let told = works.wait_for(1)[0].0;
    assert!(told - begun < Duration::from_secs(20));
    let evaluated = || fs::read_to_string(place.data("state/alerts.json")).unwrap_or_default();
    let before = evaluated();
    until("it goes on evaluating", || evaluated() != before);
}

#[test]
fn a_dead_mans_switch_is_called_once_a_good_cycle_and_told_of_what_is_critical() {
    let mut place = Place::new();
    let lock = place.orchestrator();
    place.cycle(2, Good);
    place.files(2, "thesports");
    let server = Server::start(vec![Status(200, "")]);
    fs::write(place.data("ping"), server.url("/uuid")).unwrap();
    configure(&place, &sink("dead", "ping", "url_file = \"data/ping\""));
    let _watch = Watch::start(&place);
    server.wait_for(1);
    thread::sleep(Duration::from_secs(1));
    place.cycle(0, Good);
    place.files(0, "thesports");
    let requests = server.wait_for(2);
    assert!(
        requests
            .iter()
            .all(|(_, text)| text.starts_with("POST /uuid ")),
        "{requests:?}"
    );
    drop(lock);
    assert!(server.wait_for(3)[2].1.starts_with("POST /uuid/fail "));
    thread::sleep(Duration::from_secs(1));
    assert_eq!(
        server.requests().len(),
        3,
        "who is stopped is not called well"
    );
}

#[test]
fn a_wait_that_is_asked_for_in_the_answer_is_kept() {
    let place = dead();
    let server = Server::start(vec![
        Says(429, r#"{"ok":false,"parameters":{"retry_after":1}}"#),
        Says(429, r#"{"message":"slow down","retry_after":1.5}"#),
        Status(200, ""),
    ]);
    let to = format!(
        "to = \"42\"\nurl = \"{}\"\ntoken_file = \"data/token\"",
        server.url("")
    );
    configure(&place, &sink("t", "telegram", &to));
    let _watch = Watch::start(&place);
    let requests = server.wait_for(3);
    assert!(requests[1].0 - requests[0].0 >= Duration::from_millis(990));
    assert!(requests[2].0 - requests[1].0 >= Duration::from_millis(1490));
    until("it is delivered", || status(&place, "t")["delivered"] == 1);
}

#[test]
fn ten_kilobytes_are_cut_to_what_a_sink_takes_and_never_lost() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.cycle(30, Good);
    place.files(30, "thesports");
    let server = Server::start(vec![Status(200, "")]);
    fs::create_dir_all(place.data("")).unwrap();
    let url = |path: &str| {
        let name = format!("url{}", path.replace('/', "_"));
        fs::write(place.data(&name), server.url(path)).unwrap();
        format!("url_file = \"data/{name}\"")
    };
    let telegram = format!(
        "to = \"42\"\nurl = \"{}\"\ntoken_file = \"data/token\"",
        server.url("")
    );
    let sinks = [
        sink("t", "telegram", &telegram),
        sink("d", "discord", &url("/d")),
        sink("s", "slack", &url("/s")),
        sink("n", "ntfy", &url("/n")),
        sink("w", "webhook", &url("/w")),
    ];
    configure(&place, &sinks.concat());
    let why = format!("exit 77, provider refused: {}", "ä&".repeat(3400));
    place.failure(2, 77, &why);
    let _watch = Watch::start(&place);
    let requests = server.wait_for(5);
    let find = |start: &str| {
        let mut texts = requests.iter().map(|(_, text)| text.as_str());
        texts.find(|text| text.starts_with(start)).unwrap()
    };
    let cut = |text: &serde_json::Value, limit: usize| {
        let text = text.as_str().unwrap();
        assert!(
            text.len() <= limit && text.len() > limit / 2,
            "{}",
            text.len()
        );
        assert!(text.ends_with('…') && text.contains("ä"), "{text}");
    };
    let title = "[CRIT] vps1 UpstreamAuth: the provider refuses us";
    let telegram = body(find("POST /bot"));
    cut(&telegram["text"], 4096);
    assert!(telegram["text"].as_str().unwrap().starts_with(title));
    let discord = body(find("POST /d "))["embeds"][0].clone();
    cut(&discord["description"], 4096);
    assert!(discord["title"].as_str().unwrap().starts_with(title));
    let slack = body(find("POST /s "));
    cut(&slack["attachments"][0]["text"], 8000);
    assert!(slack["text"].as_str().unwrap().starts_with(title));
    let ntfy = find("POST /n ").split_once("\r\n\r\n").unwrap().1;
    cut(&ntfy.into(), 4096);
    // A receiver of one's own gets all of it.
    let hook = body(find("POST /w "));
    let whole = hook["alerts"][0]["annotations"]["description"]
        .as_str()
        .unwrap();
    assert!(whole.contains(&why));
    for name in ["t", "d", "s", "n", "w"] {
        until("it is delivered", || {
            let status = status(&place, name);
            status["delivered"] == 1 && status["queued"] == 0
        });
    }
}

#[test]
fn a_dead_mans_switch_that_can_not_be_reached_is_a_warning_and_holds_up_nothing() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.cycle(2, Good);
    place.files(2, "thesports");
    // A port where nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    fs::write(place.data("ping"), format!("http://127.0.0.1:{port}/uuid")).unwrap();
    configure(&place, &sink("dead", "ping", "url_file = \"data/ping\""));
    fs::create_dir_all(place.data("state/sinks")).unwrap();
    let since = chrono::Utc::now() - chrono::TimeDelta::minutes(5);
    let before = format!(
        r#"{{"name":"dead","failing_since":"{}"}}"#,
        since.to_rfc3339()
    );
    fs::write(place.data("state/sinks/dead.json"), before).unwrap();
    let _watch = Watch::start(&place);
    until("it is tried", || {
        status(&place, "dead")["error"].is_string()
    });
    let report = command(&place, &["report"]).output().unwrap();
    let text = String::from_utf8(report.stdout).unwrap();
    let line = "WARNING  football-bot: the sink dead fails for 5 min\n";
    assert!(text.starts_with(line), "{text}");
    assert_eq!(report.status.code(), Some(1));
    assert!(!text.contains("uuid"), "{text}");
    let evaluated = || remembered(&place)["evaluated_at"].clone();
    let before = evaluated();
    until("it goes on evaluating", || evaluated() != before);
}
