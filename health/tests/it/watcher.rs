//! A watcher with sinks that a test wants.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use journal::CycleOutcome::Ok as Good;
use serde_json::Value;

use crate::place::Place;
use crate::server::Server;

pub const TOKEN: &str = "123456:very-secret-token";

/// Configuration with these sinks, evaluated four times a second.
pub fn configure(place: &Place, rest: &str) {
    fs::create_dir_all(place.data("")).unwrap();
    fs::write(place.data("token"), format!("{TOKEN}\n")).unwrap();
    let rules = "[alerts.rule.CpuHigh]\nenabled = false\n[alerts.rule.MemoryHigh]\nenabled = false\n\
        [alerts.rule.DiskHigh]\nenabled = false\n[alerts.rule.DiskLow]\nenabled = false\n\
        [alerts.rule.ServiceDown]\nfor = \"0s\"\nhold = \"0s\"\n";
    let text = format!("[alerts]\nevery = \"250ms\"\nhost = \"vps1\"\n{rules}{rest}");
    fs::write(place.data("football-bot.toml"), text).unwrap();
}

pub fn sink(name: &str, kind: &str, rest: &str) -> String {
    format!("[[sink]]\nname = \"{name}\"\nkind = \"{kind}\"\n{rest}\n")
}

pub fn command(place: &Place, args: &[&str]) -> Command {
    let mut command = place.command(args);
    command.args(["--config", "data/football-bot.toml"]);
    command
}

/// A watcher that ends with the test.
pub struct Watch(pub Child);

impl Watch {
    pub fn start(place: &Place) -> Watch {
        let log = fs::File::options()
            .append(true)
            .create(true)
            .open(place.data("watch.txt"))
            .unwrap();
        Watch(
            command(place, &["watch", "-vv"])
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap(),
        )
    }

    pub fn kill(mut self) {
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

pub fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

pub fn dead() -> Place {
    let mut place = Place::new();
    drop(place.orchestrator());
    place.cycle(14, Good);
    place.files(14, "thesports");
    place
}

pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Everything that was written below the data directory, but for what the test itself put there.
pub fn written(place: &Place, except: &[&str]) -> String {
    fn walk(folder: &Path, except: &[&str], text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), except, text);
            } else if !except.iter().any(|start| name.starts_with(start)) {
                // A temporary file may be gone again.
                let bytes = fs::read(entry.path()).unwrap_or_default();
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }
    let mut text = String::new();
    walk(&place.data(""), except, &mut text);
    text
}

/// What `state/alerts.json` says; nothing while it is not there.
pub fn remembered(place: &Place) -> Value {
    let text = fs::read_to_string(place.data("state/alerts.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Lets an hour and a minute go by since the last message of an alert; no watcher may run meanwhile.
pub fn an_hour_later(place: &Place, name: &str) {
    let mut state = remembered(place);
    let told = &mut state["alerts"][name]["last_told"];
    let at = DateTime::parse_from_rfc3339(told.as_str().unwrap()).unwrap();
    *told = (at - TimeDelta::minutes(61)).to_rfc3339().into();
    fs::write(place.data("state/alerts.json"), state.to_string()).unwrap();
}

/// How a sink's status has it.
pub fn status(place: &Place, sink: &str) -> Value {
    let path = place.data(&format!("state/sinks/{sink}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap_or_default()).unwrap_or_default()
}

/// The first lines of messages to a webhook, without what differs from run to run.
pub fn titles(server: &Server) -> Vec<String> {
    let lasted = regex::Regex::new(r"\d+ (s|min|h)").unwrap();
    let requests = server.requests();
    let title = |(_, text): &(Instant, String)| {
        let hook = body(text);
        let title = hook["commonAnnotations"]["summary"]
            .as_str()
            .unwrap()
            .to_owned();
        lasted.replace_all(&title, "N").into_owned()
    };
    requests.iter().map(title).collect()
}
