//! A watcher with sinks that a test wants.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use journal::CycleOutcome::Ok as Good;
use serde_json::Value;

use crate::place::Place;

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
            command(place, &["watch", "-v"])
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
