//! `health watch` and its sinks: who is told what, also when a sink answers badly or not at all.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use journal::CycleOutcome::{Failed, Ok as Good};
use serde_json::Value;

use crate::place::Place;
use crate::server::Answer::{Die, Hang, Status};
use crate::server::Server;

const TOKEN: &str = "123456:very-secret-token";

/// Configuration with these sinks, evaluated four times a second.
fn configure(place: &Place, rest: &str) {
    fs::create_dir_all(place.data("")).unwrap();
    fs::write(place.data("token"), format!("{TOKEN}\n")).unwrap();
    let rules = "[alerts.rule.CpuHigh]\nenabled = false\n[alerts.rule.MemoryHigh]\nenabled = false\n\
        [alerts.rule.DiskHigh]\nenabled = false\n[alerts.rule.DiskLow]\nenabled = false\n\
        [alerts.rule.ServiceDown]\nfor = \"0s\"\nhold = \"0s\"\n";
    let text = format!("[alerts]\nevery = \"250ms\"\nhost = \"vps1\"\n{rules}{rest}");
    fs::write(place.data("football-bot.toml"), text).unwrap();
}

fn sink(name: &str, kind: &str, rest: &str) -> String {
    format!("[[sink]]\nname = \"{name}\"\nkind = \"{kind}\"\n{rest}\n")
}

fn command(place: &Place, args: &[&str]) -> Command {
    let mut command = place.command(args);
    command.args(["--config", "data/football-bot.toml"]);
    command
}

/// A watcher that ends with the test.
struct Watch(Child);

impl Watch {
    fn start(place: &Place) -> Watch {
        let log = fs::File::options()
            .append(true)
            .create(true)
            .open(place.data("watch.txt"))
            .unwrap();
        Watch(
            command(place, &["watch", "-v"])
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap(),
        )
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn dead() -> Place {
    let mut place = Place::new();
    drop(place.orchestrator());
    place.cycle(14, Good);
    place.files(14, "thesports");
    place
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

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
    let mut written = String::from_utf8(listed.stdout).unwrap();
    written.push_str(&fs::read_to_string(place.data("watch.txt")).unwrap());
    for entry in fs::read_dir(place.data("state"))
        .unwrap()
        .chain(fs::read_dir(place.data("state/sinks")).unwrap())
    {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "json") {
            written.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    for secret in [TOKEN, "-secret", &server.url("")] {
        assert!(!written.contains(secret), "{secret} in {written}");
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
fn a_killed_watcher_neither_repeats_nor_forgets() {
    let mut place = dead();
    let server = Server::start(vec![Status(503, ""), Status(503, ""), Status(200, "")]);
    configure(
        &place,
        &sink("w", "webhook", &format!("url = \"{}\"", server.url("/"))),
    );
    let watch = Watch::start(&place);
    server.wait_for(1);
    watch.kill();
    let watch = Watch::start(&place);
    // What could not be delivered before the kill is delivered after it.
    server.wait_for(3);
    until("it is delivered", || {
        let text = fs::read_to_string(place.data("state/sinks/w.json")).unwrap_or_default();
        serde_json::from_str::<Value>(&text).is_ok_and(|v| v["delivered"] == 1)
    });
    watch.kill();
    let _lock = place.orchestrator();
    let _watch = Watch::start(&place);
    let requests = server.wait_for(4);
    let last = body(&requests[3].1);
    assert_eq!(last["status"], "resolved", "{last}");
    let firing = requests
        .iter()
        .filter(|(_, text)| body(text)["status"] == "firing")
        .count();
    assert_eq!(firing, 3, "two tries that failed, one that did not");
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
}

#[test]
fn one_watcher_at_a_time_and_a_signal_ends_it_at_once() {
    let place = dead();
    configure(&place, "");
    let mut watch = Watch::start(&place);
    until("it runs", || place.data("state/alerts.json").exists());
    let second = command(&place, &["watch"]).output().unwrap();
    assert_eq!(second.status.code(), Some(75));
    let pid = nix::unistd::Pid::from_raw(watch.0.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert!(watch.0.wait().unwrap().success());
}

#[test]
fn silences_history_and_tests_of_sinks_by_command() {
    let mut place = dead();
    let server = Server::start(vec![Status(401, "")]);
    configure(
        &place,
        &sink("w", "webhook", &format!("url = \"{}\"", server.url("/"))),
    );
    let run = |place: &Place, args: &[&str]| {
        let output = command(place, args).output().unwrap();
        let text =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text)
    };
    let (code, text) = run(&place, &["alerts", "test"]);
    assert_eq!(
        (code, text.contains("FAILED: HTTP 401")),
        (2, true),
        "{text}"
    );
    let (code, text) = run(
        &place,
        &["alerts", "silence", "servicedown", "--for", "20m"],
    );
    assert_eq!(
        (code, text.starts_with("ServiceDown is silenced until ")),
        (0, true),
        "{text}"
    );
    assert_eq!(run(&place, &["watch", "--once"]).0, 0);
    assert_eq!(server.requests().len(), 1, "silenced is not told");
    let (code, text) = run(&place, &["alerts"]);
    assert_eq!(code, 2, "silenced is not well");
    assert!(
        text.contains("CRITICAL  1 alert fires (1 silenced)"),
        "{text}"
    );
    let (_, text) = run(&place, &["alerts", "history"]);
    assert!(text.contains("FIRING   ServiceDown"), "{text}");
    assert!(
        run(&place, &["alerts", "unsilence", "all"])
            .1
            .contains("no longer")
    );
    assert_eq!(run(&place, &["alerts", "silence", "NoSuchThing"]).0, 3);
    let (code, text) = run(&place, &["alerts", "explain", "ServiceDown"]);
    assert_eq!((code, text.contains("FIRING")), (0, true), "{text}");
    let _lock = place.orchestrator();
    assert_eq!(run(&place, &["watch", "--once"]).0, 0);
    assert_eq!(run(&place, &["alerts"]).0, 0);
    assert!(
        run(&place, &["alerts", "history"])
            .1
            .contains("RESOLVED ServiceDown")
    );
}

#[test]
fn the_cause_is_told_and_not_its_consequences() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    let path = place.data("state/orchestrator.lock");
    let text = fs::read_to_string(&path).unwrap();
    let since = text.lines().nth(1).unwrap();
    fs::write(&path, text.replace(since, "since 2026-01-01T00:00:00Z")).unwrap();
    place.cycle(1500, Good);
    for n in 0..15 {
        place.cycle(890 - 60 * n, Failed);
    }
    place.files(1500, "thesports");
    let server = Server::start(vec![Status(200, "")]);
    configure(
        &place,
        &sink("w", "webhook", &format!("url = \"{}\"", server.url("/"))),
    );
    let text = fs::read_to_string(place.data("football-bot.toml")).unwrap();
    let rule = "[alerts.rule.UpstreamErrors]\nfor = \"0s\"\n[[sink]]";
    fs::write(
        place.data("football-bot.toml"),
        text.replace("[[sink]]", rule),
    )
    .unwrap();
    let _watch = Watch::start(&place);
    server.wait_for(1);
    thread::sleep(Duration::from_secs(2));
    let told: Vec<_> = server
        .requests()
        .iter()
        .map(|(_, text)| body(text)["alerts"][0]["labels"]["alertname"].clone())
        .collect();
    assert_eq!(told, ["UpstreamErrors"]);
    let listed = command(&place, &["alerts"]).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.contains("FailedCycles      waits on UpstreamErrors"),
        "{listed}"
    );
}
