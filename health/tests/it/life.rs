//! An incident from its beginning to its end, over several lives of the watcher.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use journal::CycleOutcome::Ok as Good;
use journal::lock::Lock;

use crate::place::Place;
use crate::server::Answer::Status;
use crate::server::Server;
use crate::watcher::{
    Watch, an_hour_later, body, command, configure, dead, remembered, sink, status, titles, until,
};

/// Long enough for several evaluations, in which nothing may be told.
const QUIET: Duration = Duration::from_secs(1);

fn hook(server: &Server) -> String {
    sink("w", "webhook", &format!("url = \"{}\"", server.url("/")))
}

fn change(place: &Place, from: &str, to: &str) {
    let path = place.data("football-bot.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
}

#[test]
fn one_incident_is_told_once_reminded_of_once_an_hour_and_ended_once_whatever_is_killed() {
    let mut place = Place::new();
    drop(place.orchestrator());
    // What follows from it holds as well: old data, nothing done.
    place.cycle(1500, Good);
    place.files(1500, "thesports");
    let server = Server::start(vec![Status(200, "")]);
    configure(&place, &hook(&server));
    change(&place, "for = \"0s\"\nhold", "for = \"3s\"\nhold");

    let watch = Watch::start(&place);
    let pending = |key: &str| remembered(&place)["alerts"]["ServiceDown"][key].clone();
    until("it is seen", || pending("since").is_string());
    watch.kill();
    let (since, ready) = (pending("since"), pending("ready_from"));
    assert_eq!(server.requests().len(), 0, "it has not lasted yet");

    let watch = Watch::start(&place);
    let told = server.wait_for(1);
    assert_eq!(
        (pending("since"), pending("ready_from")),
        (since.clone(), ready),
        "the wait goes on and does not begin anew"
    );
    let at = |value: &serde_json::Value| {
        DateTime::parse_from_rfc3339(value.as_str().unwrap())
            .unwrap()
            .timestamp_millis()
    };
    assert_eq!(at(&body(&told[0].1)["alerts"][0]["startsAt"]), at(&since));
    // A kill before this is written down tells it twice rather than never.
    let delivered = |n: u64| until("it is delivered", || status(&place, "w")["delivered"] == n);
    delivered(1);
    until("it is written down", || pending("last_told").is_string());
    watch.kill();
    let watch = Watch::start(&place);
    thread::sleep(QUIET);
    watch.kill();

    an_hour_later(&place, "ServiceDown");
    let watch = Watch::start(&place);
    delivered(2);
    thread::sleep(QUIET);
    watch.kill();

    let _lock = Lock::take(
        &place.data("state/orchestrator.lock"),
        Duration::from_secs(60),
    );
    let watch = Watch::start(&place);
    delivered(3);
    thread::sleep(QUIET);
    watch.kill();
    let what = "vps1 ServiceDown: the orchestrator is not running, last cycle N ago";
    assert_eq!(
        titles(&server),
        [
            format!("[CRIT] {what}"),
            format!("[STILL N] {what}"),
            "[OK] vps1 ServiceDown is over after N (3 messages)".to_owned(),
        ],
        "and nothing of what follows from it"
    );
}

#[test]
fn silenced_while_it_fires_it_is_reminded_of_no_more_and_its_end_is_told() {
    let mut place = dead();
    let server = Server::start(vec![Status(200, "")]);
    configure(&place, &hook(&server));
    let watch = Watch::start(&place);
    server.wait_for(1);
    let silence = ["alerts", "silence", "ServiceDown", "--for", "1h"];
    assert!(command(&place, &silence).status().unwrap().success());
    until("it is written down", || {
        remembered(&place)["alerts"]["ServiceDown"]["last_told"].is_string()
            && status(&place, "w")["delivered"] == 1
    });
    watch.kill();
    an_hour_later(&place, "ServiceDown");
    let _watch = Watch::start(&place);
    thread::sleep(QUIET);
    assert_eq!(server.requests().len(), 1, "{:?}", titles(&server));
    let _lock = place.orchestrator();
    server.wait_for(2);
    assert!(titles(&server)[1].starts_with("[OK] vps1 ServiceDown is over"));
}

/// The numbers of the field: evaluated every five seconds, as by default.
#[test]
fn a_message_leaves_within_one_evaluation() {
    let mut place = Place::new();
    let lock = place.orchestrator();
    place.cycle(14, Good);
    place.files(14, "thesports");
    let server = Server::start(vec![Status(200, "")]);
    configure(&place, &hook(&server));
    change(&place, "every = \"250ms\"\n", "");
    let _watch = Watch::start(&place);
    until("it evaluates", || {
        remembered(&place)["evaluated_at"].is_string()
    });
    // Just after an evaluation, so that it has to wait for the next one.
    let (begun, at) = (Instant::now(), Utc::now());
    drop(lock);
    let told = server.wait_for(1)[0].0 - begun;
    let since = remembered(&place)["alerts"]["ServiceDown"]["since"].clone();
    let since = DateTime::parse_from_rfc3339(since.as_str().unwrap_or("2000-01-01T00:00:00Z"));
    eprintln!(
        "seen after {}, told after {told:?}",
        since.unwrap().to_utc() - at
    );
    // Five seconds, and as many for a machine that is busy with other things.
    assert!(told < Duration::from_secs(10), "{told:?}");
}

/// Step 1 is refused: who looks sees why at once, who is told is told why with the next evaluation.
#[test]
fn the_cause_is_in_the_first_message() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.cycle(30, Good);
    place.files(30, "thesports");
    let server = Server::start(vec![Status(200, "")]);
    configure(&place, &hook(&server));
    let _watch = Watch::start(&place);
    until("it evaluates", || {
        remembered(&place)["evaluated_at"].is_string()
    });
    place.failure(0, 77, "exit 77, provider refused: address not admitted");
    let told = body(&server.wait_for(1)[0].1);
    let notes = &told["alerts"][0]["annotations"];
    assert_eq!(told["alerts"][0]["labels"]["alertname"], "UpstreamAuth");
    let text = notes["description"].as_str().unwrap();
    assert!(text.contains("address not admitted"), "{text}");
    let next = "health logs --level error --since 1h --config data/football-bot.toml";
    assert_eq!(notes["next"], next);
}
