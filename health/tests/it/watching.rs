//! `health watch`: who is told what and when, also over its restarts, and the commands for silences.

use std::fs;
use std::thread;
use std::time::Duration;

use journal::CycleOutcome::{Failed, Ok as Good};
use serde_json::Value;

use crate::place::Place;
use crate::server::Answer::Status;
use crate::server::Server;
use crate::watcher::{Watch, body, command, configure, dead, sink, until};

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

#[test]
fn who_looks_while_nobody_watches_is_told_what_has_lasted_long_enough() {
    let mut place = Place::new();
    assert_eq!(place.health(&["alerts"]).code, 3, "no state to read");
    drop(place.orchestrator());
    place.cycle(14, Good);
    place.files(14, "thesports");
    let said = place.health(&["alerts"]);
    assert_eq!(said.code, 0, "it may be starting again: {}", said.stdout);
    let pending = "ServiceDown       an alert if it lasts for 30 s";
    assert!(said.stdout.contains(pending), "{}", said.stdout);
    // It should have been heard of 20 minutes ago.
    place.late_by(1200);
    place.files(1500, "thesports");
    let said = place.health(&["alerts"]);
    assert_eq!(said.code, 2, "{}", said.stdout);
    for words in [
        "CRITICAL  1 alert fires (0 silenced)\n\nCRITICAL  ServiceDown for 20 min\n",
        "DataStale         waits on ServiceDown, its cause: the data is 25 min old",
    ] {
        assert!(said.stdout.contains(words), "{}", said.stdout);
    }
    assert!(
        !place.data("state/alerts.json").exists(),
        "looking writes nothing"
    );
}

#[test]
fn who_looks_while_nobody_watches_is_told_that_the_provider_fails_for_long() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    for n in 0..6 {
        place.cycle(630 - 100 * n, Failed);
    }
    let said = place.health(&["alerts"]);
    let line = "WARNING  UpstreamErrors for 10 min\n";
    assert!(said.stdout.contains(line), "{}", said.stdout);
    // Failures with a good one between them have not lasted since the first.
    place.cycle(20, Good);
    place.cycle(10, Failed);
    let said = place.health(&["alerts"]).stdout;
    assert!(!said.contains("WARNING  UpstreamErrors"), "{said}");
}
